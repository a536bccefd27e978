package compose

import (
	"slices"
	"strings"
	"testing"
)

// What the compiler accepts must not be refused, however much of it the check leaves out.
func TestAccepted(t *testing.T) {
	tests := []struct {
		name     string
		changes  string
		register string
	}{
		{name: "a type that implements it", register: "add({{.Entry}}())", changes: `
-- app/add.go --
package main

import "example.com/api"

func add(p api.Plugin) { plugins = append(plugins, func() api.Plugin { return p }) }
-- one/one.go --
package one

type T struct{ base }

type base struct{}

func (*base) Name() string { return "" }

func Plugin() *T { return new(T) }
`},
		{name: "an alias", changes: `
-- one/one.go --
package one

import a "example.com/api"

type P = a.Plugin

func Plugin() P { return nil }
`},
		{name: "types of the standard library", changes: `
-- api/api.go --
package api

import (
	"context"
	"database/sql"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"reflect"
	"runtime"
	"sync/atomic"
	"syscall"
	"text/template"
	"time"
)

type Plugin interface {
	http.Handler
	fs.FileInfo
	Run(context.Context, *sql.DB, *slog.Logger, *rand.Rand, os.Signal, reflect.Type, syscall.Signal, runtime.MemStats, *atomic.Int64, *template.Template) (time.Duration, error)
}
-- one/one.go --
package one

import (
	"context"
	"database/sql"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"reflect"
	"runtime"
	"sync/atomic"
	"syscall"
	"text/template"
	"time"

	"example.com/api"
)

type plugin struct {
	fs.FileInfo
	*http.ServeMux
}

func (*plugin) Run(context.Context, *sql.DB, *slog.Logger, *rand.Rand, os.Signal, reflect.Type, syscall.Signal, runtime.MemStats, *atomic.Int64, *template.Template) (d time.Duration, err error) {
	return
}

var _ api.Plugin = (*plugin)(nil)

func Plugin() api.Plugin { return &plugin{} }
`},
		{name: "type parameters", changes: `
-- api/api.go --
package api

type Of[T any] interface{ Name() T }

type Plugin = Of[string]
`},
		{name: "C in the application and the plugin", changes: `
-- app/c.go --
package main

// #include <stdlib.h>
import "C"

var size C.size_t = C.sizeof_int

func free(p *C.char) C.int { return 0 }
-- one/c.go --
package one

// #include <stdlib.h>
import "C"

type held struct{ p *C.char }

func (h *held) Name() string { return C.GoString(h.p) }

const side = C.sizeof_int

type grid [side]C.int
`},
		{name: "package names that are not the path's last element", changes: `
-- api/sub/go-things.v3/t.go --
package things

type Thing struct{}
-- api/api.go --
package api

import "example.com/api/sub/go-things.v3"

type Plugin interface{ Do(things.Thing) }
-- one/one.go --
package one

import (
	"example.com/api"
	"example.com/api/sub/go-things.v3"
)

type t struct{}

func (t) Do(things.Thing) {}

func Plugin() api.Plugin { return t{} }
`},
		{name: "dot imports", changes: `
-- one/one.go --
package one

import . "example.com/api"

func Plugin() Plugin_ { return nil }

type Plugin_ = Named
-- api/more.go --
package api

type Named = Plugin
`},
		{name: "a variable of a literal's type", changes: `
-- app/main.go --
package main

import "example.com/api"

var plugins = []func() api.Plugin{}

func main() {}
`},
		{name: "a registry", register: `registry.Add("{{.Path}}", {{.Entry}})`, changes: `
-- api/registry.go --
package api

type Registry struct{ all map[string]func() Plugin }

func New(size int) *Registry { return &Registry{make(map[string]func() Plugin, size)} }

func (r *Registry) Add(name string, p func() Plugin) { r.all[name] = p }

var Default = New(defaultSize)

const defaultSize = 8
-- app/registry.go --
package main

import "example.com/api"

var registry = api.Default
`},
		{name: "array lengths", changes: `
-- one/one.go --
package one

import "example.com/api"

const (
	a = iota + 1
	b
	size = a * b
)

type T [size]int

func (T) Name() string { return "" }

var list = [...]int{1, 2, 3}

type U [len(list)]T

func Plugin() api.Plugin { return T{} }
`},
		{name: "braces in raw strings", changes: "-- one/one.go --\npackage one\n\nimport \"example.com/api\"\n\nfunc text() string {\n\treturn `\n}\nfunc Plugin() int {\n`\n}\n\nfunc Plugin() api.Plugin { return nil }\n"},
		{name: "a syntax error is for the compiler", changes: "-- one/x.go --\npackage one\n\nfunc {\n"},
		{name: "an import cycle is for the compiler", changes: "-- one/sub/s.go --\npackage sub\n\nimport _ \"example.com/one\"\n-- one/x.go --\npackage one\n\nimport _ \"example.com/one/sub\"\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := tree(t, with(server, test.changes))
			d, ev := testDeps(t)
			c := &composer{Deps: d, spec: serverSpec(t, dir, "./one")}
			if test.register != "" {
				c.spec.Register = test.register
			}
			if err := c.locate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := c.checkPackages(); err != nil {
				if strings.HasSuffix(test.name, "is for the compiler") {
					t.Skip(err)
				}
				t.Fatal(err)
			}
			file, err := c.generate()
			if err != nil {
				t.Fatal(err)
			}
			r, err := c.union()
			if err != nil {
				t.Fatal(err)
			}
			quick := c.newSources(r)
			if err := c.checkEntries(quick, file); err != nil && !quick.unknown {
				t.Errorf("the quick check refuses: %v", err)
			}
			whole := c.newSources(r)
			whole.whole = true
			if err := c.checkEntries(whole, file); err != nil && !whole.unknown {
				t.Errorf("the whole check refuses: %v", err)
			}
			if slices.ContainsFunc(ev.texts, func(s string) bool { return strings.Contains(s, "compiler") }) {
				t.Errorf("told %q", ev.texts)
			}
		})
	}
}
