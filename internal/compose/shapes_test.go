package compose

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/store"
)

// Applications and plugins of other shapes than two folders side by side.
func TestShapes(t *testing.T) {
	const main = `
-- app/go.mod --
module example.com/app

go 1.24
-- app/main.go --
package main

import "fmt"

var names []string

func main() { fmt.Println(names) }
`
	tests := []struct {
		name    string
		text    string
		app     string // default app
		plugins []string
		tags    []string
		entry   string
		reg     string
		want    string // printed
		mod     string // a line of the go.mod
		note    string // told
	}{
		{
			name: "plugin in the application's module", plugins: []string{"./app/plugins/a"},
			text: "-- app/plugins/a/a.go --\npackage a\n\nfunc Name() string { return \"a\" }\n", want: "[a]\n",
		}, {
			name: "internal plugin in the application's module", plugins: []string{"./app/internal/a"},
			text: "-- app/internal/a/a.go --\npackage a\n\nfunc Name() string { return \"a\" }\n", want: "[a]\n",
		}, {
			name: "plugin module nested in the application's", plugins: []string{"./app/plugins/a"},
			text: "-- app/plugins/a/go.mod --\nmodule example.com/app/plugins/a\n\ngo 1.24\n-- app/plugins/a/a.go --\npackage a\n\nfunc Name() string { return \"a\" }\n", want: "[a]\n",
			mod: "replace example.com/app/plugins/a => ../modules/example.com/app/plugins/a@local",
		}, {
			name: "plugin package below its module", plugins: []string{"./p/sub"},
			text: "-- p/go.mod --\nmodule example.com/p\n\ngo 1.24\n-- p/sub/a.go --\npackage a\n\nfunc Name() string { return \"a\" }\n", want: "[a]\n",
		}, {
			name: "two plugins of one module", plugins: []string{"./p/a", "./p/b"},
			text: "-- p/go.mod --\nmodule example.com/p\n\ngo 1.24\n-- p/a/a.go --\npackage same\n\nfunc Name() string { return \"a\" }\n-- p/b/b.go --\npackage same\n\nfunc Name() string { return \"b\" }\n", want: "[a b]\n",
		}, {
			name: "modules whose paths begin alike", plugins: []string{"./p", "./q"},
			text: "-- p/go.mod --\nmodule example.com/p\n\ngo 1.24\n-- p/a.go --\npackage a\n\nfunc Name() string { return \"a\" }\n-- q/go.mod --\nmodule example.com/p/q\n\ngo 1.24\n-- q/a.go --\npackage a\n\nfunc Name() string { return \"q\" }\n", want: "[a q]\n",
		}, {
			name: "module paths that differ in case", plugins: []string{"./p", "./q"},
			text: "-- p/go.mod --\nmodule example.com/P\n\ngo 1.24\n-- p/a.go --\npackage a\n\nfunc Name() string { return \"P\" }\n-- q/go.mod --\nmodule example.com/Q\n\ngo 1.24\n-- q/a.go --\npackage a\n\nfunc Name() string { return \"Q\" }\n", want: "[P Q]\n",
			mod: "replace example.com/P => ../modules/example.com/!p@local",
		}, {
			name: "module path without a dot", plugins: []string{"./p"},
			text: "-- p/go.mod --\nmodule my/plugin\n\ngo 1.24\n-- p/a.go --\npackage a\n\nfunc Name() string { return \"a\" }\n", want: "[a]\n",
			mod: "replace my/plugin => ../modules/my/plugin@local",
		}, {
			name: "folder with a space and an at sign", plugins: []string{"./a b@c"},
			text: "-- a b@c/go.mod --\nmodule example.com/p\n\ngo 1.24\n-- a b@c/a.go --\npackage a\n\nfunc Name() string { return \"a\" }\n", want: "[a]\n",
		}, {
			name: "package names that the application uses", plugins: []string{"./p", "./q"},
			text: "-- p/go.mod --\nmodule example.com/p\n\ngo 1.24\n-- p/a.go --\npackage names\n\nfunc Name() string { return \"p\" }\n-- q/go.mod --\nmodule example.com/q\n\ngo 1.24\n-- q/a.go --\npackage append\n\nfunc Name() string { return \"q\" }\n", want: "[p q]\n",
		}, {
			name: "application below its module", app: "app/cmd/tool", plugins: []string{"./app/plugins/a"},
			text: "-- app/cmd/tool/main.go --\npackage main\n\nvar names []string\n\nfunc main() { print(len(names)) }\n-- app/plugins/a/a.go --\npackage a\n\nfunc Name() string { return \"a\" }\n",
		}, {
			name: "a file of the generated one's name", plugins: []string{"./app/plugins/a"},
			text: "-- app/graft_plugins.go --\npackage main\n\nfunc init() { names = append(names, \"own\") }\n-- app/plugins/a/a.go --\npackage a\n\nfunc Name() string { return \"a\" }\n", want: "[own a]\n",
		}, {
			name: "vendored application", plugins: []string{"./app/plugins/a"},
			text: "-- app/vendor/modules.txt --\n# example.com/x v1.0.0\n-- app/plugins/a/a.go --\npackage a\n\nfunc Name() string { return \"a\" }\n", want: "[a]\n",
		}, {
			name: "build tags", plugins: []string{"./app/plugins/a"}, tags: []string{"special"},
			text: "-- app/plugins/a/a.go --\n//go:build special\n\npackage a\n\nfunc Name() string { return \"a\" }\n", want: "[a]\n",
		}, {
			name: "workspace", plugins: []string{"./p"},
			text: "-- go.work --\ngo 1.24\n\nuse ./nowhere\n-- p/go.mod --\nmodule example.com/p\n\ngo 1.24\n-- p/a.go --\npackage a\n\nfunc Name() string { return \"a\" }\n", want: "[a]\n",
		}, {
			name: "carried replace lines", plugins: []string{"./p"},
			text: "-- p/go.mod --\nmodule example.com/p\n\ngo 1.24\n\nrequire example.com/lib v1.2.3\n\nreplace (\n\texample.com/lib v1.2.3 => ./lib\n\texample.com/unused => ../nowhere\n\texample.com/app => ../../other\n)\n-- p/lib/go.mod --\nmodule example.com/lib\n\ngo 1.24\n-- p/lib/l.go --\npackage lib\n\nconst Name = \"lib\"\n-- p/a.go --\npackage a\n\nimport \"example.com/lib\"\n\nfunc Name() string { return lib.Name }\n", want: "[lib]\n",
			mod: "replace example.com/lib v1.2.3 => ../modules/example.com/lib@v1.2.3",
		}, {
			name: "plugin named by another plugin's replace line", plugins: []string{"./p", "./q"},
			text: "-- p/go.mod --\nmodule example.com/p\n\ngo 1.24\n\nrequire example.com/q v0.0.0\n\nreplace example.com/q => ../old\n-- p/a.go --\npackage a\n\nimport q \"example.com/q\"\n\nfunc Name() string { return \"p\" + q.Name() }\n-- q/go.mod --\nmodule example.com/q\n\ngo 1.24\n-- q/q.go --\npackage q\n\nfunc Name() string { return \"new\" }\n-- old/go.mod --\nmodule example.com/q\n-- old/q.go --\npackage q\n\nfunc Name() string { return \"old\" }\n", want: "[pnew new]\n",
			note: "./q is used instead",
		}, {
			name: "newer language", plugins: []string{"./p"},
			text: "-- app/go.mod --\nmodule example.com/app\n\ngo 1.21\n-- p/go.mod --\nmodule example.com/p\n\ngo 1.24\n-- p/a.go --\npackage a\n\nfunc Name() string { return \"a\" }\n", want: "[a]\n",
			mod: "godebug default=go1.21", note: "the application, written for go 1.21, is compiled with it",
		}, {
			name: "no go line", plugins: []string{"./p"},
			text: "-- app/go.mod --\nmodule example.com/app\n-- p/go.mod --\nmodule example.com/p\n-- p/a.go --\npackage a\n\nfunc Name() string { return \"a\" }\n", want: "[a]\n",
			mod: "go 1.16",
		}, {
			name: "settings of the application", plugins: []string{"./p"},
			text: "-- app/go.mod --\nmodule example.com/app\n\ngo 1.24\n\ntoolchain go1.24.1\n\ngodebug asynctimerchan=1\n\ntool example.com/app/plugins/x\n\nexclude example.com/z v1.0.0\n\nretract v1.0.0\n-- p/go.mod --\nmodule example.com/p\n\ngo 1.24\n-- p/a.go --\npackage a\n\nfunc Name() string { return \"a\" }\n", want: "[a]\n",
			mod: "godebug asynctimerchan=1",
		}, {
			name: "statement with all it can use", plugins: []string{"./p"}, entry: "Name",
			reg:  "if n := {{.Entry}}(); n != \"\" {\n\tnames = append(names, n+\"{{.Path}}{{.Version}}\", {{.Package}}.Name()) // done\n}",
			text: "-- p/go.mod --\nmodule example.com/p\n\ngo 1.24\n-- p/a.go --\npackage a\n\nfunc Name() string { return \"a\" }\n", want: "[aexample.com/p a]\n",
		}, {
			name: "statement that uses nothing", plugins: []string{"./p"}, reg: "names = append(names, `x`)",
			text: "-- p/go.mod --\nmodule example.com/p\n\ngo 1.24\n-- p/a.go --\npackage a\n\nfunc Name() string { return \"a\" }\n", want: "[x]\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := tree(t, with(main, test.text))
			before := snapshot(t, dir)
			spec := Spec{App: "app", Dir: dir, Tags: test.tags, Entry: "Name", Register: "names = append(names, {{.Entry}}())"}
			if test.app != "" {
				spec.App = test.app
			}
			if test.reg != "" {
				spec.Entry, spec.Register = test.entry, test.reg
			}
			for _, p := range test.plugins {
				spec.Plugins = append(spec.Plugins, PluginSpec{Ref: p})
			}
			d, ev := testDeps(t)
			c, err := Compose(t.Context(), d, spec)
			if err != nil {
				t.Fatal(err)
			}
			c.Flags = append(c.Flags, "-tags="+strings.Join(test.tags, ","))
			if got := goRun(t, d, c); got != test.want {
				t.Errorf("it prints %q, want %q", got, test.want)
			}
			mod := read(t, filepath.Join(filepath.Dir(c.Dir), "go.mod"))
			if !strings.Contains(mod, test.mod) {
				t.Errorf("got\n%s\nwant it to contain %q", mod, test.mod)
			}
			if test.note != "" && !slices.ContainsFunc(ev.texts, func(s string) bool { return strings.Contains(s, test.note) }) {
				t.Errorf("told %q, want %q", ev.texts, test.note)
			}
			if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
				t.Errorf("the user's tree has changed: %s", diff)
			}
		})
	}
}

// Folders that are symbolic links are the folders that they point to.
func TestLinks(t *testing.T) {
	dir := tree(t, server)
	for _, n := range []string{"app", "one"} {
		if err := os.Symlink(filepath.Join(dir, n), filepath.Join(dir, n+"-link")); err != nil {
			t.Skip(err)
		}
	}
	d, _ := testDeps(t)
	a, err := Compose(t.Context(), d, serverSpec(t, dir, "./one"))
	if err != nil {
		t.Fatal(err)
	}
	spec := serverSpec(t, dir, "./one-link")
	spec.App = "app-link"
	b, err := Compose(t.Context(), d, spec)
	if err != nil {
		t.Fatal(err)
	}
	if a.Key != b.Key || a.Dir != b.Dir {
		t.Errorf("got %s and %s", a.Dir, b.Dir)
	}
	_, err = Compose(t.Context(), d, serverSpec(t, dir, "./one", "./one-link"))
	refusal(t, err, "plugin ./one-link", "so is plugin ./one")
}

// Settings of the user's that would change what the go command does have no effect.
func TestUserSettings(t *testing.T) {
	dir := tree(t, server)
	env := append(os.Environ(), "GOFLAGS=-mod=vendor -tags=none", "GOWORK="+filepath.Join(dir, "go.work"), "GOOS=plan9", "GO111MODULE=off", "CC=false", "GOENV=off")
	g, err := FindGo(t.Context(), env, nil)
	if err != nil {
		t.Skip(err)
	}
	s, err := store.Open(filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	d, _ := testDeps(t)
	a, err := Compose(t.Context(), Deps{Go: g, Store: s}, serverSpec(t, dir, "./one"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Compose(t.Context(), d, serverSpec(t, dir, "./one"))
	if err != nil {
		t.Fatal(err)
	}
	if a.Key != b.Key {
		t.Error("the compositions differ")
	}
}

// After an edit only what it can have changed is looked at again.
func TestEdits(t *testing.T) {
	dir := tree(t, server)
	d, ev := testDeps(t)
	compose := func() error {
		_, err := Compose(t.Context(), d, serverSpec(t, dir, "./one"))
		return err
	}
	declared := func() digest.Digest {
		c := &composer{Deps: d, spec: serverSpec(t, dir, "./one")}
		if err := c.locate(t.Context()); err != nil {
			t.Fatal(err)
		}
		return c.declsOf(filepath.Join(dir, "one"))
	}
	edit := func(old, new string) {
		t.Helper()
		name := filepath.Join(dir, "one", "one.go")
		text := read(t, name)
		if !strings.Contains(text, old) {
			t.Fatalf("no %q", old)
		}
		if err := os.WriteFile(name, []byte(strings.Replace(text, old, new, 1)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := compose(); err != nil {
		t.Fatal(err)
	}
	ran := len(ev.commands)
	edit(`return "one"`, `return "uno" /* a comment */`)
	if err := compose(); err != nil {
		t.Fatal(err)
	}
	edit("type plugin", "const size = 3\n\ntype plugin")
	before := declared()
	edit("size = 3", "size = 4")
	if declared() != before {
		t.Error("a constant that says nothing of any type counts")
	}
	edit("func Plugin() api.Plugin {", "func Plugin() *plugin {")
	edit("return plugin{}", "return nil")
	refusal(t, compose(), "plugin ./one", "func() *one.plugin")
	edit("func Plugin() *plugin {", "func Plugin() api.Plugin {")
	if err := compose(); err != nil {
		t.Fatal(err)
	}
	if len(ev.commands) != ran {
		t.Errorf("it ran %q", ev.commands[ran:])
	}
}

func TestLocate(t *testing.T) {
	dir := tree(t, server)
	d, _ := testDeps(t)
	a, err := Locate(t.Context(), d, Spec{App: "app", Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.EvalSymlinks(filepath.Join(dir, "app"))
	if err != nil {
		t.Fatal(err)
	}
	want := App{Module: "example.com/app", Package: "example.com/app", Root: root, Dir: root}
	if a != want {
		t.Errorf("got %+v, want %+v", a, want)
	}
}

func TestMissingRequirement(t *testing.T) {
	d, _ := testDeps(t)
	need(t, d, "rsc.io/quote", "v1.5.2")
	dir := tree(t, with(server, "-- one/sub/s.go --\npackage sub\n\nimport _ \"rsc.io/quote\"\n-- one/import.go --\npackage one\n\nimport _ \"rsc.io/quote\"\n"))
	_, err := Compose(t.Context(), d, serverSpec(t, dir, "./one"))
	refusal(t, err, "plugin ./one", "it imports rsc.io/quote, but no go.mod requires a module that has it", "go mod tidy")
	t.Log(err)
}
