package compose

import (
	"strings"
	"testing"
)

// A module that calls itself otherwise than it is called.
func TestPathsDisagree(t *testing.T) {
	d, _ := proxied(t, `
-- example.com/p@v1.0.0/go.mod --
module example.com/other

go 1.24
-- example.com/p@v1.0.0/p.go --
package p
-- example.com/v@v1.0.0/go.mod --
module example.com/v/v2

go 1.24
-- example.com/v@v1.0.0/v.go --
package v
`)
	for plugin, want := range map[string]string{
		"example.com/p@v1.0.0": "module example.com/p calls itself example.com/other; use that path",
		"example.com/v@v1.0.0": "module example.com/v calls itself example.com/v/v2; use that path",
	} {
		_, err := Compose(t.Context(), d, Spec{App: "app", Dir: tree(t, plain), Plugins: []PluginSpec{{Ref: plugin}}})
		refusal(t, err, "plugin "+plugin, want)
	}
	t.Run("folder", func(t *testing.T) {
		// A folder's name says nothing: the module's path and the package's name count.
		dir := tree(t, plain+"-- folder/go.mod --\nmodule example.com/quite/other/v3\n\ngo 1.24\n-- folder/x.go --\npackage third\n\nfunc F() {}\n")
		c, err := Compose(t.Context(), d, Spec{App: "app", Dir: dir, Plugins: []PluginSpec{{Ref: "./folder"}}, Entry: "F", Register: "{{.Entry}}()"})
		if err != nil {
			t.Fatal(err)
		}
		if p := c.Plugins[0]; p.Path != "example.com/quite/other/v3" || p.Name != "third" {
			t.Errorf("%+v", p)
		}
	})
	t.Run("replace line", func(t *testing.T) {
		dir := tree(t, plain+"-- p/go.mod --\nmodule example.com/p\n\ngo 1.24\n-- p/p.go --\npackage p\n")
		write(t, dir+"/app/go.mod", "module example.com/plain\n\ngo 1.24\n\nrequire example.com/q v1.0.0\n\nreplace example.com/q => ../p\n")
		_, err := Compose(t.Context(), d, Spec{App: "app", Dir: dir, Plugins: []PluginSpec{{Ref: "example.com/q"}}})
		refusal(t, err, "plugin example.com/q", "the application replaces its module example.com/q with a folder that calls itself example.com/p")
	})
}

// A plugin may import packages of the application's module, which is the main module: that of
// its go.mod does not count. What is package main nobody can import.
func TestPluginImportsApplication(t *testing.T) {
	const app = `
-- app/go.mod --
module example.com/app

go 1.24
-- app/cmd/app/main.go --
package main

import "example.com/app/api"

func main() { api.Run() }
-- app/api/api.go --
package api

var run []func()

func Add(f func()) { run = append(run, f) }

func Run() {
	for _, f := range run {
		f()
	}
}
-- p/go.mod --
module example.com/p

go 1.24

require example.com/app v0.7.0

replace example.com/app => ../elsewhere
`
	tests := []struct {
		name, plugin string
		out, refused string
		parts        []string
	}{
		{name: "its API", plugin: "package p\n\nimport (\n\t\"os\"\n\n\t\"example.com/app/api\"\n)\n\nfunc init() { api.Add(func() { os.Stdout.WriteString(\"plugin\\n\") }) }\n", out: "plugin\n"},
		{name: "its program", plugin: "package p\n\nimport _ \"example.com/app/cmd/app\"\n", refused: "plugin ./p",
			parts: []string{"p.go:3: it imports example.com/app/cmd/app, which is package main: nothing can import that; what plugins need has to be in a package of its own"}},
	}
	d, _ := testDeps(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := tree(t, app+"-- p/p.go --\n"+tt.plugin)
			c, err := Compose(t.Context(), d, Spec{App: "./app/cmd/app", Dir: dir, Plugins: []PluginSpec{{Ref: "./p"}}})
			switch {
			case tt.refused != "":
				refusal(t, err, tt.refused, tt.parts...)
			case err != nil:
				t.Fatal(err)
			default:
				if got := goRun(t, d, c); !strings.HasSuffix(got, tt.out) {
					t.Errorf("it prints %q", got)
				}
			}
		})
	}
}
