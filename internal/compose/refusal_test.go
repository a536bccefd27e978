package compose

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// with replaces and adds files of a txtar text.
func with(base, changes string) string {
	a := txtar.Parse([]byte(base))
	for _, f := range txtar.Parse([]byte(changes)).Files {
		found := false
		for i := range a.Files {
			if a.Files[i].Name == f.Name {
				a.Files[i].Data, found = f.Data, true
			}
		}
		if !found {
			a.Files = append(a.Files, f)
		}
	}
	return string(txtar.Format(a))
}

func TestRefusals(t *testing.T) {
	const one = "plugin ./one"
	tests := []struct {
		name    string
		changes string
		plugins string // default "./one"
		edit    func(*Spec)
		who     string
		parts   []string
	}{
		{
			name:    "no entry function",
			changes: "-- one/one.go --\npackage one\n\nfunc plugin() {}\n",
			who:     one, parts: []string{"no entry function", "func Plugin() example.com/api.Plugin", "one: "},
		}, {
			name: "another function returns one",
			changes: `
-- one/one.go --
package one

import "example.com/api"

func New() api.Plugin { return nil }
`,
			who: one, parts: []string{"(New returns one)"},
		}, {
			name:    "entry is no function",
			changes: "-- one/one.go --\npackage one\n\nvar Plugin = 1\n",
			who:     one, parts: []string{"one.go:3", "is no function", "expected: func Plugin() example.com/api.Plugin"},
		}, {
			name:    "wrong result",
			changes: "-- one/one.go --\npackage one\n\ntype T struct{}\n\nfunc Plugin() *T { return nil }\n",
			who:     one, parts: []string{"plugin ./one: Plugin() returns *one.T, which lacks Name() string of example.com/api.Plugin (one/one.go:5)"},
		}, {
			name:    "wrong method",
			changes: "-- one/one.go --\npackage one\n\ntype T struct{}\n\nfunc (T) Name() int { return 0 }\n\nfunc Plugin() T { return T{} }\n",
			who:     one, parts: []string{"Plugin() returns one.T, whose Name() int should be Name() string of example.com/api.Plugin (one/one.go:7)"},
		}, {
			name:    "a pointer would do",
			changes: "-- one/one.go --\npackage one\n\ntype T struct{}\n\nfunc (*T) Name() string { return \"\" }\n\nfunc Plugin() T { return T{} }\n",
			who:     one, parts: []string{"which lacks Name() string of example.com/api.Plugin; *one.T has it (one/one.go:7)"},
		}, {
			name:    "no method at all",
			changes: "-- one/one.go --\npackage one\n\nfunc Plugin() int { return 0 }\n",
			who:     one, parts: []string{"Plugin() returns int, which lacks Name() string of example.com/api.Plugin (one/one.go:3)"},
		}, {
			name:    "no result",
			changes: "-- one/one.go --\npackage one\n\nfunc Plugin() {}\n",
			who:     one, parts: []string{"returns 0 values"},
		}, {
			name:    "type parameters",
			changes: "-- one/one.go --\npackage one\n\nfunc Plugin[T any]() T { panic(1) }\n",
			who:     one, parts: []string{"type parameters"},
		}, {
			name: "parameters that the application does not give",
			changes: `
-- one/one.go --
package one

import "example.com/api"

func Plugin(int) api.Plugin { return nil }
`,
			who: one, parts: []string{"plugins = append(plugins, one.Plugin)", "func(int) api.Plugin"},
		}, {
			name: "a type that fits, but not the statement",
			changes: `
-- one/one.go --
package one

type T struct{}

func (T) Name() string { return "" }

func Plugin() T { return T{} }
`,
			who: one, parts: []string{"plugins = append(plugins, one.Plugin)"},
		},
		{name: "package main", changes: "-- one/one.go --\npackage main\n\nfunc main() {}\n", who: one, parts: []string{"is package main, which nothing can import"}},
		{name: "no go files", changes: "-- one/one.go --\n-- one/one.txt --\n", who: one, parts: []string{"expected 'package'"}},
		{name: "only tests", changes: "-- none/go.mod --\nmodule example.com/none\n-- none/x_test.go --\npackage none\n", plugins: "./none", who: "plugin ./none", parts: []string{"no Go files"}},
		{name: "another system", changes: "-- one/one.go --\n//go:build windows\n\npackage one\n", who: one, parts: []string{"no Go files for linux/amd64"}},
		{name: "two package names", changes: "-- one/other.go --\npackage other\n", who: one, parts: []string{"found packages"}},
		{name: "no folder", plugins: "./three", who: "plugin", parts: []string{"./three: no such folder"}},
		{name: "module without version", plugins: "example.com/three", who: "plugin", parts: []string{"example.com/three@latest"}},
		{name: "file instead of a folder", plugins: "./one/one.go", who: "plugin", parts: []string{"no such folder"}},
		{name: "control character", plugins: "./one\n", who: "plugin", parts: []string{"control character"}},
		{name: "twice", plugins: "./one ./../{dir}/one", who: "plugin ./../{dir}/one", parts: []string{"example.com/one", "plugin ./one", "once"}},
		{
			name: "two copies of a module", plugins: "./one ./copy",
			changes: "-- copy/go.mod --\nmodule example.com/one\n-- copy/sub/x.go --\npackage sub\n-- copy/x.go --\npackage one\n",
			who:     "plugin ./copy", parts: []string{"once"},
		}, {
			name: "copy of the application", plugins: "./copy",
			changes: "-- copy/go.mod --\nmodule example.com/app\n-- copy/x.go --\npackage one\n", who: "plugin ./copy", parts: []string{"so is application app"},
		}, {
			name: "the application itself", plugins: "./app", who: "plugin ./app", parts: []string{"own package"},
		}, {
			name: "internal package", plugins: "./one/internal/x", changes: "-- one/internal/x/x.go --\npackage x\n",
			who: "plugin ./one/internal/x", parts: []string{"internal package"},
		},
		{name: "module path that is none", changes: "-- one/go.mod --\nmodule \"example.com/a b\"\n", who: one, parts: []string{"go.mod", "no valid import path"}},
		{name: "module path with a quote", changes: "-- one/go.mod --\nmodule \"example.com/a\\\"; evil\"\n", who: one, parts: []string{"go.mod"}},
		{name: "module path upwards", changes: "-- one/go.mod --\nmodule ../../evil\n", who: one, parts: []string{"no valid import path"}},
		{name: "reserved module path", changes: "-- one/go.mod --\nmodule std\n", who: one, parts: []string{"reserved"}},
		{name: "path of the standard library", changes: "-- one/go.mod --\nmodule fmt\n", who: one, parts: []string{"standard library"}},
		{name: "no module line", changes: "-- one/go.mod --\ngo 1.24\n", who: one, parts: []string{"no module line"}},
		{name: "go.mod that is none", changes: "-- one/go.mod --\nmodul example.com/one\n", who: one, parts: []string{"go.mod:1", "unknown directive"}},
		{name: "requires go", changes: "-- one/go.mod --\nmodule example.com/one\n\nrequire go v1.0.0\n", who: one},
		{
			name:    "replace without a module",
			changes: "-- one/go.mod --\nmodule example.com/one\n\ngo 1.24\n\nrequire example.com/x v1.0.0\nreplace example.com/x => ../../../../../../etc\n",
			who:     one, parts: []string{"go.mod:6", "no go.mod there"},
		}, {
			name:    "replace against the application",
			changes: "-- one/go.mod --\nmodule example.com/one\n\ngo 1.24\n\nrequire example.com/api v0.0.0\nreplace example.com/api => ../api2\n-- api2/go.mod --\nmodule example.com/api\n",
			who:     one, parts: []string{"go.mod:6", "api2", "but application app has", "make the lines agree"},
		}, {
			name:    "two plugins replace differently",
			plugins: "./one ./two",
			changes: "-- one/go.mod --\nmodule example.com/one\n\ngo 1.24\n\nrequire example.com/x v0.0.0\nreplace example.com/x => ../api\n-- two/go.mod --\nmodule example.com/two\n\ngo 1.24\n\nrequire example.com/x v0.0.0\nreplace example.com/x => ../one\n",
			who:     "plugin ./two", parts: []string{"make the lines agree"},
		}, {
			name:    "raises a pinned version",
			changes: pinned + "-- one/go.mod --\nmodule example.com/one\n\ngo 1.24\n\nrequire rsc.io/quote v1.5.2\n",
			who:     one, parts: []string{"raises rsc.io/quote to v1.5.2, but the application has v1.5.1"},
		}, {
			name:    "raises past a versioned replacement",
			changes: strings.ReplaceAll(pinned, "quote => rsc.io/quote v1.5.1", "quote v1.5.1 => example.com/fork v0.1.0") + "-- one/go.mod --\nmodule example.com/one\n\ngo 1.24\n\nrequire rsc.io/quote v1.5.2\n",
			who:     one, parts: []string{"replaces exactly that one with example.com/fork"},
		}, {
			name:    "sums that disagree",
			changes: "-- app/go.sum --\nrsc.io/quote v1.5.2 h1:w5fcysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y=\n-- one/go.sum --\nrsc.io/quote v1.5.2 h1:AAAAysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y=\n",
			who:     one, parts: []string{"go.sum", "rsc.io/quote@v1.5.2", "h1:AAAA", "h1:w5fc"},
		},
		{name: "application that is no program", edit: func(s *Spec) { s.App = "api" }, who: "application api", parts: []string{"is package api"}},
		{name: "application without a module", changes: "-- x/main.go --\npackage main\n", edit: func(s *Spec) { s.App = "x" }, who: "application x", parts: []string{"no go.mod", "go mod init"}},
		{name: "no application", edit: func(s *Spec) { s.App = "nowhere" }, who: "application", parts: []string{"no such folder"}},
		{name: "entry is no name", edit: func(s *Spec) { s.Entry = "Plugin(); evil" }, who: "plugins.entry"},
		{name: "entry is not exported", edit: func(s *Spec) { s.Entry = "plugin" }, who: "plugins.entry"},
		{name: "entry without register", edit: func(s *Spec) { s.Register = "" }, who: "plugins.register", parts: []string{"append"}},
		{name: "register is no template", edit: func(s *Spec) { s.Register = "{{.Entry" }, who: "plugins.register"},
		{name: "register knows no such thing", edit: func(s *Spec) { s.Register = "{{.Nothing}}" }, who: "plugins.register"},
		{name: "register is no statement", edit: func(s *Spec) { s.Register = "plugins = {{.Entry}} +" }, who: "plugins.register", parts: []string{"no Go statement"}},
		{name: "register closes the function", edit: func(s *Spec) { s.Register = "}\nfunc evil() {" }, who: "plugins.register", parts: []string{"beyond its place"}},
		{name: "register is endless", edit: func(s *Spec) {
			s.Register = `{{define "a"}}{{template "a"}}x{{template "a"}}{{end}}{{template "a"}}`
		}, who: "plugins.register"},
		{name: "register uses what is not there", edit: func(s *Spec) { s.Register = "plugin = append(plugins, {{.Entry}})" }, who: one, parts: []string{"undefined: plugin"}},
		{name: "interface is none", edit: func(s *Spec) { s.Interface = "Plugin" }, who: "plugins.interface", parts: []string{"example.com/api.Plugin"}},
		{name: "interface of no package", edit: func(s *Spec) { s.Interface = "example.com/nothing.Plugin" }, who: "plugins.interface", parts: []string{"example.com/nothing"}},
		{name: "interface of no type", edit: func(s *Spec) { s.Interface = "example.com/api.Nothing" }, who: "plugins.interface", parts: []string{"declares no type Nothing"}},
		{name: "interface in main", edit: func(s *Spec) { s.Interface = "example.com/app.Plugin" }, who: "plugins.interface", parts: []string{"package main"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := tree(t, with(server, test.changes))
			if test.plugins == "" {
				test.plugins = "./one"
			}
			var plugins []string
			for _, p := range strings.Split(test.plugins, " ") {
				plugins = append(plugins, strings.ReplaceAll(p, "{dir}", filepath.Base(dir)))
			}
			spec := serverSpec(t, dir, plugins...)
			if test.edit != nil {
				test.edit(&spec)
			}
			d, ev := testDeps(t)
			_, err := Compose(t.Context(), d, spec)
			refusal(t, err, strings.ReplaceAll(test.who, "{dir}", filepath.Base(dir)), test.parts...)
			for _, argv := range ev.commands {
				if len(argv) > 1 && argv[1] == "build" {
					t.Errorf("it compiled: %q", argv)
				}
			}
			t.Log(err)
		})
	}
}

const pinned = `
-- app/go.mod --
module example.com/app

go 1.24

require (
	example.com/api v0.0.0
	rsc.io/quote v1.5.1
)

replace example.com/api => ../api

replace rsc.io/quote => rsc.io/quote v1.5.1
`

// A pipe instead of a file must not stop graft for ever.
func TestPipes(t *testing.T) {
	for _, name := range []string{"one/go.mod", "one/go.sum", "one/pipe.go"} {
		dir := tree(t, server)
		os.Remove(filepath.Join(dir, name))
		if err := mkfifo(filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
		d, _ := testDeps(t)
		_, err := Compose(t.Context(), d, serverSpec(t, dir, "./one"))
		var r *Refusal
		if err == nil || name != "one/pipe.go" && !errors.As(err, &r) {
			t.Errorf("%s: got %v", name, err)
		}
		t.Log(err)
	}
}
