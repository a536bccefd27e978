package compose

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ordered is an application that states the order of its plugins in two files of its own, one
// of them in another package, and has plugins in its own module and in ones that it requires.
const ordered = `
-- kit/go.mod --
module example.com/kit

go 1.24
-- kit/clock/clock.go --
package clock

func Setup(name string) string { return name + "=clock" }
-- kit/bell/v2/bell.go --
package bell

func Setup(name string) string { return name + "=bell" }
-- app/go.mod --
module example.com/app

go 1.24

require example.com/kit v1.0.0

replace example.com/kit => ../kit
-- app/cmd/server/main.go --
package main

import (
	"fmt"

	"example.com/app/core"
)

func main() { fmt.Println(core.Order, core.All(), title) }
-- app/cmd/server/title.go --
package main

const title = "untitled"
-- app/core/order.go --
package core

var Order = []string{"none"}

func All() []string { return nil }
-- app/plugin/log/log.go --
package log

func Setup(name string) string { return name + "=log" }
-- plugin/go.mod --
module example.com/plugin

go 1.24
-- plugin/log.go --
package log

func Setup(name string) string { return name + "=other log" }
-- order.tmpl --
package core

import (
{{range .Plugins}}  {{.Alias}} {{quote .Path}}
{{end}})

var Order = []string{ {{- range .Plugins}}{{quote (or (index .Options "directive") (base .Path))}}, {{end -}} }

func All() (out []string) {
{{range where .Plugins "kind" "first"}}out = append(out, {{.Alias}}.Setup({{go .Options.kind}}))
{{end -}}
{{range where .Plugins "kind" 2}}out = append(out, {{.Alias}}.Setup("second"))
{{end -}}
	return out
}
-- title.tmpl --
package main

const title = "{{.Name}} {{.Version}} of {{.App.Path}} in {{.App.Module}}{{.App.Version}}"
`

func orderedSpec(t *testing.T, dir string) Spec {
	t.Helper()
	return Spec{
		App: "./app/cmd/server", Dir: dir, Platforms: platforms(t, "linux/amd64"), Name: "served", Version: "1.2.3",
		Files: []FileSpec{
			{Template: filepath.Join(dir, "order.tmpl"), Shown: "order.tmpl", To: "../../core/order.go"},
			{Template: filepath.Join(dir, "title.tmpl"), Shown: "title.tmpl", To: "title.go"},
		},
		Plugins: []PluginSpec{
			{Ref: "example.com/kit/bell/v2", Options: map[string]any{"kind": uint64(2)}},
			{Ref: "example.com/app/plugin/log", Options: map[string]any{"kind": "first"}},
			{Ref: "./plugin", Options: map[string]any{"kind": "first", "directive": "out"}},
			{Ref: "example.com/kit/clock", Alias: "watch", Options: map[string]any{"kind": "first"}},
		},
	}
}

func TestFiles(t *testing.T) {
	d, _ := testDeps(t)
	dir := tree(t, ordered)
	before := snapshot(t, dir)
	spec := orderedSpec(t, dir)
	c, err := Compose(t.Context(), d, spec)
	if err != nil {
		t.Fatal(err)
	}
	const want = "[bell log out clock] [first=log first=other log first=clock second=bell] served 1.2.3 of example.com/app/cmd/server in example.com/app\n"
	if got := goRun(t, d, c); got != want {
		t.Errorf("it prints\n%swant\n%s", got, want)
	}
	const file = `package core

import (
	bell "example.com/kit/bell/v2"
	log "example.com/app/plugin/log"
	log2 "example.com/plugin"
	watch "example.com/kit/clock"
)
`
	got := read(t, filepath.Join(filepath.Dir(c.Dir), "files", "core", "order.go"))
	// gofmt sorts imports by their paths.
	for _, line := range strings.Split(file, "\n") {
		if !strings.Contains(got, line) {
			t.Errorf("no %q in\n%s", line, got)
		}
	}
	if plugins := read(t, filepath.Join(filepath.Dir(c.Dir), "plugins.go")); strings.Contains(plugins, "import") {
		t.Errorf("what the application's file imports is imported again:\n%s", plugins)
	}
	if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
		t.Errorf("the user's folders have changed: %s", diff)
	}
	text := "core/order.go:9:2: bad\n" + filepath.Join(c.Dir, "cmd", "server", "title.go") + ":3: bad\n"
	made := filepath.Join(filepath.Dir(c.Dir), "files")
	if got, want := c.Rewriter("").Rewrite(text), filepath.Join(made, "core", "order.go")+":9:2: bad\n"+filepath.Join(made, "cmd", "server", "title.go")+":3: bad\n"; got != want {
		t.Errorf("positions in generated files become\n%swant\n%s", got, want)
	}

	t.Run("a plugin that no file imports", func(t *testing.T) {
		spec := orderedSpec(t, dir)
		spec.Files = spec.Files[1:]
		c, err := Compose(t.Context(), d, spec)
		if err != nil {
			t.Fatal(err)
		}
		if plugins := read(t, filepath.Join(filepath.Dir(c.Dir), "plugins.go")); strings.Count(plugins, "\t_ ") != 4 {
			t.Errorf("got\n%s", plugins)
		}
	})
	t.Run("locked, another import", func(t *testing.T) {
		spec := spec
		spec.Locked = lockOf(c.Modules, c.Sums)
		spec.Locked.Composition.GoMod = c.Inputs
		if _, err := Compose(t.Context(), d, spec); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "title.tmpl"), "package main\n\nimport _ \"example.com/other\"\n\nconst title = \"\"\n")
		_, err := Compose(t.Context(), d, spec)
		stale(t, err, "what generated files import")
		spec.Locked = nil
		_, err = Compose(t.Context(), d, spec)
		refusal(t, err, "plugins.files", "it imports example.com/other, but no go.mod requires a module that has it")
	})
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestFileRefusals(t *testing.T) {
	tests := []struct {
		name, template, to string // default: title.go
		who, place         string
		part               string
	}{
		{"no action end", "package main\n\n{{range .Plugins}", "", "plugins.files", "title.tmpl:3", "bad character"},
		{"not closed", "package main\n\n{{range .Plugins}}\n", "", "plugins.files", "title.tmpl:4", "unexpected EOF"},
		{"unknown function", "package main\n// {{title .Name}}\n", "", "plugins.files", "title.tmpl:2", `function "title" not defined`},
		{"unknown field", "package main\n\n// {{.Plugin}}\n", "", "plugins.files", "title.tmpl:3:5", "can't evaluate field Plugin"},
		{"unknown option", "package main\n{{range .Plugins}}\n// {{.Options.size}}{{end}}\n", "", "plugins.files", "title.tmpl:3:13", `no entry for key "size"`},
		{"no Go", "package main\n\nconst title = {{.Name}} {{.Version}}\n", "", "plugins.files", "title.tmpl", `what it makes is no Go: line 3 of it, "const title = served 1.2.3": expected`},
		{"endless", `{{define "a"}}package main{{template "a"}}{{end}}{{template "a"}}`, "", "plugins.files", "title.tmpl:1", ""},
		{"outside", "x", "../../../x.go", "plugins.files", "", "not in the application's module"},
		{"absolute", "x", "/x.go", "plugins.files", "", "not in the application's module"},
		{"go.mod", "x", "../../go.mod", "plugins.files", "", "cannot be made by a template"},
		{"another module", "x", "../../sub/x.go", "plugins.files", "", "is in another module, sub"},
	}
	d, _ := testDeps(t)
	dir := tree(t, with(ordered, "-- app/sub/go.mod --\nmodule example.com/app/sub\n"))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			spec := orderedSpec(t, dir)
			write(t, filepath.Join(dir, "title.tmpl"), tt.template)
			spec.Files = spec.Files[1:]
			if tt.to != "" {
				spec.Files[0].To = tt.to
			}
			_, err := Compose(t.Context(), d, spec)
			refusal(t, err, tt.who, tt.place, tt.part)
		})
	}
	t.Run("no template", func(t *testing.T) {
		spec := orderedSpec(t, dir)
		spec.Files[0].Template, spec.Files[0].Shown = filepath.Join(dir, "none.tmpl"), "none.tmpl"
		_, err := Compose(t.Context(), d, spec)
		refusal(t, err, "plugins.files", "read template none.tmpl: no such file")
		if strings.Contains(err.Error(), dir) {
			t.Errorf("got %v", err)
		}
	})
}

// A template's file may be new, need not be Go, and may be embedded.
func TestEmbeddedFile(t *testing.T) {
	d, _ := testDeps(t)
	dir := tree(t, `
-- app/go.mod --
module example.com/app

go 1.24
-- app/main.go --
package main

import _ "embed"

//go:embed list.txt
var list string

func main() { print() }
-- app/print.go --
package main

import "fmt"

func print() { fmt.Print(list) }
-- p/go.mod --
module example.com/p

go 1.24
-- p/p.go --
package p
-- list.tmpl --
{{range .Plugins}}{{.Path}} {{.Package}} {{.Module}}
{{end}}`)
	c, err := Compose(t.Context(), d, Spec{
		App: "app", Dir: dir, Plugins: []PluginSpec{{Ref: "./p"}},
		Files: []FileSpec{{Template: filepath.Join(dir, "list.tmpl"), Shown: "list.tmpl", To: "list.txt"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := goRun(t, d, c), "example.com/p p example.com/p\n\n"; got != want {
		t.Errorf("it prints %q, want %q", got, want)
	}
}

func TestRegisterOptions(t *testing.T) {
	d, _ := testDeps(t)
	dir := tree(t, `
-- app/go.mod --
module example.com/app

go 1.24

require example.com/registry v1.0.0

replace example.com/registry => ../registry
-- app/main.go --
package main

import (
	"fmt"

	"example.com/registry"
)

func main() { fmt.Println(registry.All) }
-- registry/go.mod --
module example.com/registry

go 1.24
-- registry/registry.go --
package registry

var All []string

func Add(s string) { All = append(All, s) }
-- p/go.mod --
module example.com/registry2

go 1.24
-- p/p.go --
package registry

import "fmt"

func New(size int, names []string) string { return fmt.Sprint(size, names) }
`)
	spec := Spec{
		App: "app", Dir: dir, Entry: "New", Imports: []string{"example.com/registry"},
		Register: `registry.Add({{.Entry}}({{go .Options.size}}, {{go .Options.names}}) + "{{.Package}} {{.Alias}}")`,
		Plugins:  []PluginSpec{{Ref: "./p", Options: map[string]any{"size": uint64(3), "names": []any{"a", "b\n"}}}},
	}
	c, err := Compose(t.Context(), d, spec)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := goRun(t, d, c), "[3 [a b\n]registry registry2]\n"; got != want {
		t.Errorf("it prints %q, want %q", got, want)
	}
	t.Run("named import", func(t *testing.T) {
		spec := spec
		spec.Imports = []string{"reg example.com/registry", "unused example.com/registry"}
		spec.Register = strings.Replace(spec.Register, "registry.Add", "reg.Add", 1)
		c, err := Compose(t.Context(), d, spec)
		if err != nil {
			t.Fatal(err)
		}
		goBuild(t, d, c)
	})
	t.Run("option missing", func(t *testing.T) {
		spec := spec
		spec.Plugins = []PluginSpec{{Ref: "./p"}}
		_, err := Compose(t.Context(), d, spec)
		refusal(t, err, "plugins.register", `for plugin ./p`, `no entry for key "size"`)
	})
	t.Run("alias taken", func(t *testing.T) {
		spec := spec
		spec.Plugins = []PluginSpec{{Ref: "./p", Alias: "main"}}
		_, err := Compose(t.Context(), d, spec)
		refusal(t, err, "plugin ./p", `alias "main"`)
	})
	t.Run("import that nothing has", func(t *testing.T) {
		spec := spec
		spec.Imports = []string{"example.com/registry", "_x example.com/none"}
		spec.Register += "; _x.F()"
		_, err := Compose(t.Context(), d, spec)
		refusal(t, err, "plugins.imports", "it imports example.com/none")
	})
	t.Run("no such package in the application's module", func(t *testing.T) {
		spec := spec
		spec.Plugins = []PluginSpec{{Ref: "example.com/app/none"}}
		_, err := Compose(t.Context(), d, spec)
		refusal(t, err, "plugin example.com/app/none", "the application's module example.com/app has no package")
	})
}
