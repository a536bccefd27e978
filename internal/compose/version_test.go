package compose

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/module"

	"github.com/graft-build/graft/internal/run"
	"github.com/graft-build/graft/lock"
)

// need skips a test when a module cannot be had.
func need(t *testing.T, d Deps, path, version string) {
	t.Helper()
	c := &composer{Deps: d}
	if _, err := c.download(t.Context(), module.Version{Path: path, Version: version}); err != nil {
		t.Skip(err)
	}
}

// hostTarget is the target that a Spec without platforms has, on the machines tests run on.
var hostTarget = []lock.Target{{Name: "linux/amd64"}, {Name: "linux/arm64"}}

const plain = `
-- app/go.mod --
module example.com/plain

go 1.24
-- app/main.go --
package main

func main() { println("plain") }
`

func TestVersionPlugin(t *testing.T) {
	d, ev := testDeps(t)
	need(t, d, "rsc.io/quote", "v1.5.2")
	dir := tree(t, plain)
	spec := Spec{App: "app", Dir: dir, Plugins: []PluginSpec{{Ref: "rsc.io/quote@v1.5.2"}}}
	c, err := Compose(t.Context(), d, spec)
	if err != nil {
		t.Fatal(err)
	}
	want := []lock.Module{
		{Path: "example.com/plain", Replace: "local"},
		{Path: "golang.org/x/text", Version: "v0.0.0-20170915032832-14c0d48ead0c", Sum: "h1:qgOY6WgZOaTkIIMiVjBQcw93ERBE4m30iBm00nkL0i8="},
		{Path: "rsc.io/quote", Version: "v1.5.2", Sum: "h1:w5fcysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y="},
		{Path: "rsc.io/sampler", Version: "v1.3.0", Sum: "h1:7uVkIFmeBqHfdjD+gZwtXXI+RODJ2Wc4O7MPEh/QiW4="},
	}
	if diff := cmp.Diff(want, c.Modules); diff != "" {
		t.Error(diff)
	}
	goBuild(t, d, c)
	if v := c.Plugins[0]; v.Name != "quote" || v.Version != "v1.5.2" || v.Path != "rsc.io/quote" {
		t.Errorf("%+v", v)
	}

	t.Run("locked", func(t *testing.T) {
		ran := len(ev.commands)
		spec := spec
		spec.Locked = lockOf(c.Modules, c.Sums)
		again, err := Compose(t.Context(), d, spec)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, again); diff != "" {
			t.Error(diff)
		}
		if len(ev.commands) != ran {
			t.Errorf("it ran %q", ev.commands[ran:])
		}
	})
	t.Run("locked latest", func(t *testing.T) {
		spec := spec
		spec.Plugins = []PluginSpec{{Ref: "rsc.io/quote@latest"}}
		spec.Locked = lockOf(c.Modules, c.Sums)
		again, err := Compose(t.Context(), d, spec)
		if err != nil {
			t.Fatal(err)
		}
		if c.Key != again.Key {
			t.Error("another composition than with the version that the lock has")
		}
	})
	t.Run("locked without the plugin", func(t *testing.T) {
		spec := spec
		spec.Locked = lockOf(c.Modules[:2], c.Sums)
		_, err := Compose(t.Context(), d, spec)
		stale(t, err, "no module of the lock has rsc.io/quote@v1.5.2")
	})
	t.Run("no entry function", func(t *testing.T) {
		spec := spec
		spec.Entry, spec.Register = "Plugin", "{{.Entry}}()"
		_, err := Compose(t.Context(), d, spec)
		refusal(t, err, "plugin rsc.io/quote@v1.5.2", "package quote has no entry function", "func Plugin()")
	})
	t.Run("package of a module", func(t *testing.T) {
		spec := spec
		need(t, d, "golang.org/x/text", "v0.14.0")
		spec.Plugins = []PluginSpec{{Ref: "golang.org/x/text/language@v0.14.0"}}
		c, err := Compose(t.Context(), d, spec)
		if err != nil {
			t.Fatal(err)
		}
		if v := c.Plugins[0]; v.Module != "golang.org/x/text" || v.Path != "golang.org/x/text/language" {
			t.Errorf("%+v", v)
		}
	})
	t.Run("no such package", func(t *testing.T) {
		spec := spec
		spec.Plugins = []PluginSpec{{Ref: "rsc.io/quote/nothing@v1.5.2"}}
		_, err := Compose(t.Context(), d, spec)
		if err == nil || err.Error() != "plugin rsc.io/quote/nothing@v1.5.2: module rsc.io/quote@v1.5.2 has no package rsc.io/quote/nothing" {
			t.Errorf("got %v", err)
		}
		t.Log(err)
	})
	t.Run("no such version", func(t *testing.T) {
		spec := spec
		spec.Plugins = []PluginSpec{{Ref: "rsc.io/quote@v1.99.0"}}
		_, err := Compose(t.Context(), d, spec)
		if err == nil || !strings.Contains(err.Error(), "download module rsc.io/quote@v1.99.0") {
			t.Errorf("got %v", err)
		}
		t.Log(err)
	})
	t.Run("no program", func(t *testing.T) {
		_, err := Compose(t.Context(), d, Spec{App: "rsc.io/quote@v1.5.2", Dir: dir})
		refusal(t, err, "application rsc.io/quote@v1.5.2", "is package quote")
	})
	t.Run("wrong sum in the lock", func(t *testing.T) {
		mods := append([]lock.Module{}, c.Modules...)
		mods[2].Sum = "h1:AAAAysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y="
		spec := spec
		spec.Locked = lockOf(mods, c.Sums)
		_, err := Compose(t.Context(), d, spec)
		if err == nil || !strings.Contains(err.Error(), "the lock says h1:AAAA") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("offline", func(t *testing.T) {
		d := d
		d.Offline = true
		d.Go.Env = append(append([]string{}, d.Go.Env...), "GOMODCACHE="+t.TempDir())
		d.Go.ModCache = getenv(d.Go.Env, "GOMODCACHE")
		_, err := Compose(t.Context(), d, spec)
		if !errors.Is(err, ErrOffline) {
			t.Errorf("got %v", err)
		}
		t.Log(err)
	})
}

func stale(t *testing.T, err error, parts ...string) {
	t.Helper()
	var s *StaleError
	if !errors.As(err, &s) {
		t.Errorf("got %v, want a stale lock", err)
		return
	}
	for _, p := range parts {
		if !strings.Contains(s.Error(), p) {
			t.Errorf("got %q, want it to contain %q", s, p)
		}
	}
}

// A lock that gets a target more keeps its versions.
func TestNewPlatform(t *testing.T) {
	d, ev := testDeps(t)
	need(t, d, "github.com/mattn/go-isatty", "v0.0.20")
	dir := tree(t, plain)
	spec := Spec{App: "app", Dir: dir, Plugins: []PluginSpec{{Ref: "github.com/mattn/go-isatty@v0.0.20"}}, Platforms: platforms(t, "plan9/amd64")}
	c, err := Compose(t.Context(), d, spec)
	if err != nil {
		t.Fatal(err)
	}
	if sums := strings.Join(c.Sums, "\n"); strings.Contains(sums, "golang.org/x/sys v0.6.0 h1:") {
		t.Skipf("plan9 needs golang.org/x/sys now: %s", sums)
	}
	spec.Platforms = platforms(t, "plan9/amd64", "linux/amd64")
	spec.Locked = lockOf(c.Modules, c.Sums)
	spec.Locked.Targets = []lock.Target{{Name: "plan9/amd64"}}
	ran := len(ev.commands)
	more, err := Compose(t.Context(), d, spec)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(more.Sums, func(l string) bool { return strings.HasPrefix(l, "golang.org/x/sys v0.6.0 h1:") }) {
		t.Errorf("got %q", more.Sums)
	}
	if n := len(ev.commands) - ran; n != 1 {
		t.Errorf("%d processes, want one for the new platform", n)
	}
	goBuild(t, d, more)
}

func TestStale(t *testing.T) {
	d, _ := testDeps(t)
	need(t, d, "rsc.io/quote", "v1.5.2")
	dir := tree(t, server)
	c, err := Compose(t.Context(), d, serverSpec(t, dir, "./one", "./two"))
	if err != nil {
		t.Fatal(err)
	}
	locked := lockOf(c.Modules, c.Sums)
	locked.Composition.GoMod = c.Inputs
	tests := []struct {
		name, changes string
		edit          func(*Spec)
		what          string
	}{
		{name: "new requirement", changes: "-- one/go.mod --\nmodule example.com/one\n\ngo 1.24\n\nrequire example.com/api v0.0.0\n\nrequire rsc.io/quote v1.5.2\n", what: "plugin ./one requires rsc.io/quote@v1.5.2, which the lock does not have"},
		{name: "another plugin", changes: "-- three/go.mod --\nmodule example.com/three\n-- three/x.go --\npackage three\n", edit: func(s *Spec) {
			s.Plugins = append(s.Plugins, PluginSpec{Ref: "./three"})
			s.Entry, s.Register, s.Interface = "", "", ""
		}, what: "plugin ./three requires example.com/three"},
		{name: "no folder any more", changes: "-- app/go.mod --\nmodule example.com/app\n\ngo 1.24\n\nrequire example.com/api v0.0.0\n-- one/go.mod --\nmodule example.com/one\n-- two/go.mod --\nmodule example.com/two-plugin/v2\n", what: "example.com/api is not replaced, the lock has a folder"},
		{name: "lower requirement", changes: "-- one/go.mod --\nmodule example.com/one\n\ngo 1.24\n\nrequire example.com/api v0.0.0-0\n\nreplace example.com/api => ../api\n", what: "the requirements in go.mod files have changed"},
		{name: "another application", changes: "-- app/go.mod --\nmodule example.com/app2\n\ngo 1.24\n\nrequire example.com/api v0.0.0\n\nreplace example.com/api => ../api\n", what: "the application is example.com/app2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := tree(t, with(server, test.changes))
			spec := serverSpec(t, dir, "./one", "./two")
			spec.Locked = locked
			if test.edit != nil {
				test.edit(&spec)
			}
			_, err := Compose(t.Context(), d, spec)
			stale(t, err, test.what)
		})
	}
}

// A real application by version, with a plugin in a folder that knows its API.
func TestCaddy(t *testing.T) {
	if testing.Short() {
		t.Skip("it lists a large application")
	}
	d, ev := testDeps(t)
	const version = "v2.8.4"
	need(t, d, "github.com/caddyserver/caddy/v2", version)
	dir := tree(t, `
-- plugin/go.mod --
module example.com/hello

go 1.21

require github.com/caddyserver/caddy/v2 v2.8.0
-- plugin/hello.go --
package hello

import "github.com/caddyserver/caddy/v2"

type Hello struct{}

func init() { caddy.RegisterModule(Hello{}) }

func (Hello) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "hello.hello", New: func() caddy.Module { return new(Hello) }}
}
-- newer/go.mod --
module example.com/hello

go 1.21

require github.com/caddyserver/caddy/v2 v2.8.5
-- newer/hello.go --
package hello
`)
	spec := Spec{App: "github.com/caddyserver/caddy/v2/cmd/caddy@" + version, Dir: dir, Plugins: []PluginSpec{{Ref: "./plugin"}}}
	c, err := Compose(t.Context(), d, spec)
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "caddy" || c.Module != "github.com/caddyserver/caddy/v2" || c.Version != version || c.Modules[0].Sum == "" {
		t.Errorf("%s %s %s %+v", c.Name, c.Module, c.Version, c.Modules[0])
	}
	env := append(append(append([]string{}, d.Go.Env...), c.Env...), "CGO_ENABLED=0")
	argv := append([]string{d.Go.Exe, "list", "-deps", "-f", "{{.ImportPath}} {{.Dir}}"}, c.Flags...)
	out, err := run.Output(t.Context(), run.Cmd{Argv: append(argv, c.Package), Env: env, Dir: c.Dir})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "example.com/hello "+filepath.Dir(c.Dir)) {
		t.Error("the plugin is not part of the program")
	}
	if os.Getenv("GRAFT_TEST_LARGE") != "" {
		goBuild(t, d, c)
	}

	ran := len(ev.commands)
	spec.Locked = lockOf(c.Modules, c.Sums)
	again, err := Compose(t.Context(), d, spec)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, again); diff != "" {
		t.Error(diff)
	}
	if len(ev.commands) != ran {
		t.Errorf("with the lock it ran %q", ev.commands[ran:])
	}

	spec.Locked = nil
	spec.Plugins = []PluginSpec{{Ref: "./newer"}}
	_, err = Compose(t.Context(), d, spec)
	refusal(t, err, "plugin ./newer", "requires github.com/caddyserver/caddy/v2 v2.8.5, but the application is v2.8.4")
}

// lockOf is a lock of a composition whose application's module is the first.
func lockOf(mods []lock.Module, sums []string) *lock.Lock {
	app := mods[0].Path
	if mods[0].Version != "" {
		app += "@" + mods[0].Version
	}
	return &lock.Lock{Composition: lock.Composition{App: app}, Modules: mods, Sums: sums, Targets: hostTarget}
}
