package detect

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/compose"
	"github.com/graft-build/graft/internal/proxytest"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/target"
)

// testDeps counts the processes that are started.
func testDeps(t *testing.T) (compose.Deps, *int) {
	t.Helper()
	g, err := compose.FindGo(context.Background(), os.Environ(), nil)
	if err != nil {
		t.Skip(err)
	}
	s, err := store.Open(filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	return compose.Deps{Go: g, Store: s, Events: func(e event.Event) {
		if c, ok := e.(event.Command); ok && !c.End {
			ran++
		}
	}}, &ran
}

func parse(t *testing.T, name string) target.Target {
	t.Helper()
	tg, err := target.Parse(name)
	if err != nil {
		t.Fatal(err)
	}
	return tg
}

func tree(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := proxytest.Tree(dir, text); err != nil {
		t.Fatal(err)
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	return real
}

func composed(t *testing.T, d compose.Deps, s compose.Spec) compose.Composition {
	t.Helper()
	c, err := compose.Compose(t.Context(), d, s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The image server's needs come from its API and from a plugin, without anybody naming a
// package.
func TestExamples(t *testing.T) {
	dir, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	d, ran := testDeps(t)
	c := composed(t, d, compose.Spec{
		App: "image-server", Dir: dir, Plugins: []compose.PluginSpec{{Ref: "./count-plugin"}, {Ref: "./qr-plugin"}},
		Interface: "example.com/api.Plugin", Entry: "Plugin", Register: "plugins = append(plugins, {{.Entry}})",
	})
	want := []resolve.Need{
		{Kind: resolve.Header, Name: "cairo.h", From: []string{"example.com/api/cairo"}},
		{Kind: resolve.Header, Name: "qrencode.h", From: []string{"example.com/qr-plugin"}},
		{Kind: resolve.PkgConfig, Name: "cairo", From: []string{"example.com/api/cairo"}},
		{Kind: resolve.PkgConfig, Name: "libqrencode", From: []string{"example.com/qr-plugin"}},
	}
	for _, name := range []string{"linux/amd64", "rpi4", "linux/riscv64"} {
		*ran = 0
		r, err := Detect(t.Context(), d, c, parse(t, name), nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, r.Needs); diff != "" {
			t.Error(diff)
		}
		again, err := Detect(t.Context(), d, c, parse(t, name), nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Error(diff)
		}
		if *ran != 1 {
			t.Errorf("%s: %d processes, want 1", name, *ran)
		}
		if len(r.Notes) > 0 {
			t.Errorf("%q", r.Notes)
		}
	}
	r, err := Detect(t.Context(), d, c, parse(t, "linux/amd64"), nil)
	if err != nil {
		t.Fatal(err)
	}
	plugins := map[string]string{}
	for _, p := range r.Packages {
		if !p.Local || p.Version != "" || !strings.HasPrefix(p.Dir, dir) {
			t.Errorf("%+v", p)
		}
		plugins[p.ImportPath] = p.Plugin
	}
	if diff := cmp.Diff(map[string]string{
		"example.com/api": "", "example.com/api/cairo": "", "example.com/image-server": "",
		"example.com/count-plugin": "./count-plugin", "example.com/qr-plugin": "./qr-plugin",
	}, plugins); diff != "" {
		t.Error(diff)
	}
}

const app = `
-- app/go.mod --
module example.com/app

go 1.24
-- app/main.go --
package main

func main() {}
-- p/go.mod --
module example.com/p

go 1.24
-- p/p.go --
package p

// #cgo pkg-config: foo bar bar
// #cgo linux LDFLAGS: -lz -lm -lpthread -lz
// #cgo arm pkg-config: only-arm
// #cgo windows LDFLAGS: -lws2_32
// #cgo LDFLAGS: -L${SRCDIR}/lib -lown -L/usr/lib -lmissing
// #cgo CFLAGS: -I/usr/include/foo -I${SRCDIR}/include
import "C"
-- p/lib/libown.a --
!<arch>
-- p/p_windows.go --
package p
`

func TestNeeds(t *testing.T) {
	tests := []struct {
		target string
		want   []string
	}{
		{"linux/amd64", []string{"lib:missing", "lib:z", "pkg-config:bar", "pkg-config:foo"}},
		{"rpi4", []string{"lib:missing", "lib:z", "pkg-config:bar", "pkg-config:foo", "pkg-config:only-arm"}},
		{"linux/386", nil}, // no C there
	}
	dir := tree(t, app)
	d, _ := testDeps(t)
	c := composed(t, d, compose.Spec{App: "app", Dir: dir, Plugins: []compose.PluginSpec{{Ref: "./p"}}})
	for _, test := range tests {
		r, err := Detect(t.Context(), d, c, parse(t, test.target), nil)
		if test.want == nil {
			var e *Error
			if !errors.As(err, &e) || e.Problems[0].Plugin != "./p" || !strings.Contains(err.Error(), "build constraints exclude all Go files") {
				t.Errorf("got %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range r.Needs {
			got = append(got, n.String())
			if len(n.From) != 1 || n.From[0] != "example.com/p" {
				t.Errorf("%+v", n)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", test.target, diff)
		}
		notes := strings.Join(r.Notes, "\n")
		for _, part := range []string{"-lown is in its own folder", `"-L/usr/lib"`, `"-I/usr/include/foo"`} {
			if !strings.Contains(notes, part) {
				t.Errorf("got %s, want %s", notes, part)
			}
		}
		if strings.Contains(notes, "/include\"") {
			t.Errorf("its own include folder is taken for a foreign one: %s", notes)
		}
	}
}

func TestReadFlags(t *testing.T) {
	dir := t.TempDir()
	for _, f := range []string{"liba.so", "libexact.so.1"} {
		if err := os.WriteFile(filepath.Join(dir, f), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	glibc, musl := parse(t, "linux/amd64"), parse(t, "linux/amd64/musl")
	tests := []struct {
		name    string
		ldflags []string
		pc      []string
		target  target.Target
		libs    []string
		names   []string
	}{
		{name: "plain", ldflags: []string{"-lfoo", "-lbar"}, libs: []string{"bar", "foo"}},
		{name: "apart", ldflags: []string{"-l", "foo", "-l"}, libs: []string{"foo"}},
		{name: "exact", ldflags: []string{"-l:libfoo.a"}, libs: []string{":libfoo.a"}},
		{name: "for the linker", ldflags: []string{"-Wl,--start-group,-lfoo,--end-group"}, libs: []string{"foo"}},
		{name: "C library", ldflags: []string{"-lm", "-ldl", "-lpthread", "-lrt", "-lc", "-lutil", "-lresolv", "-lgcc_s"}},
		{name: "C++ library", ldflags: []string{"-lstdc++", "-lstdc++fs"}, libs: []string{"stdc++"}},
		{name: "C++ library of zig", ldflags: []string{"-lstdc++"}, target: musl},
		{name: "crypt of glibc is a package", ldflags: []string{"-lcrypt"}, libs: []string{"crypt"}},
		{name: "crypt of musl is not", ldflags: []string{"-lcrypt"}, target: musl},
		{name: "own", ldflags: []string{"-L" + dir, "-la"}},
		{name: "own, apart", ldflags: []string{"-L", dir, "-la"}},
		{name: "own, relative", ldflags: []string{"-L.", "-la"}},
		{name: "own, exact", ldflags: []string{"-L" + dir, "-l:libexact.so.1"}},
		{name: "own folder without it", ldflags: []string{"-L" + dir, "-lb"}, libs: []string{"b"}},
		{name: "elsewhere", ldflags: []string{"-L" + filepath.Dir(dir), "-l:" + filepath.Base(dir) + "/liba.so"}},
		{name: "upwards", ldflags: []string{"-L../../../../../../../usr/lib", "-lfoo"}, libs: []string{"foo"}},
		{name: "names that are none", ldflags: []string{"-l../../x", "-l-x", "-l$(rm)", "-l:"}},
		{name: "macOS", ldflags: []string{"-framework", "-lfoo"}},
		{name: "pkg-config flags", pc: []string{"--static", "foo", "foo"}, names: []string{"foo"}},
		{name: "pkg-config versions", pc: []string{"gtk+-3.0", ">=", "a/../b", "$(x)", "", "."}, names: []string{"gtk+-3.0"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.target.Name == "" {
				test.target = glibc
			}
			f := readFlags(listed{Dir: dir, CgoLDFLAGS: test.ldflags, CgoPkgConfig: test.pc}, test.target)
			if diff := cmp.Diff(test.libs, f.libs); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.names, f.pkgConfig); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzReadFlags(f *testing.F) {
	f.Add("-lfoo -L. -la", "foo --static")
	f.Add("-l -L -Wl,-l,-lx -framework", ">= a")
	tg, err := target.Parse("linux/amd64")
	if err != nil {
		f.Fatal(err)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, ldflags, pc string) {
		r := readFlags(listed{Dir: dir, CgoLDFLAGS: strings.Fields(ldflags), CgoPkgConfig: strings.Fields(pc)}, tg)
		for _, n := range append(r.libs, r.pkgConfig...) {
			if strings.ContainsAny(n, "/\\ $*?;\n") || strings.HasPrefix(n, "-") {
				t.Errorf("%q was taken for a name", n)
			}
		}
	})
}

// What go list reads is looked at again when it changes, and only then.
func TestMemo(t *testing.T) {
	dir := tree(t, app)
	d, ran := testDeps(t)
	spec := compose.Spec{App: "app", Dir: dir, Plugins: []compose.PluginSpec{{Ref: "./p"}}}
	rpi4 := parse(t, "rpi4")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	p, err := os.ReadFile(filepath.Join(dir, "p/p.go"))
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		name string
		edit func()
		runs int
		need string // the last one
	}{
		{"first", func() {}, 1, "pkg-config:only-arm"},
		{"nothing", func() {}, 0, "pkg-config:only-arm"},
		{"body", func() { write("p/p.go", string(p)+"\nfunc f() {}\n") }, 0, "pkg-config:only-arm"},
		{"test file", func() { write("p/p_test.go", "package p\n") }, 0, "pkg-config:only-arm"},
		{"documentation", func() { write("p/README", "x") }, 0, "pkg-config:only-arm"},
		{"header", func() { write("p/x.h", "") }, 1, "pkg-config:only-arm"},
		{"flag", func() { write("p/p.go", strings.Replace(string(p), "only-arm", "other", 1)) }, 1, "pkg-config:other"},
		{"back", func() { write("p/p.go", string(p)) }, 1, "pkg-config:only-arm"},
		{"new file", func() { write("p/q.go", "package p\n\n// #cgo pkg-config: zzz\nimport \"C\"\n") }, 1, "pkg-config:zzz"},
		{"new import", func() { write("p/q.go", "package p\n\nimport _ \"example.com/p/sub\"\n") }, -1, ""},
		{"folder of it", func() {
			if err := os.Mkdir(filepath.Join(dir, "p/sub"), 0o777); err != nil {
				t.Fatal(err)
			}
			write("p/sub/s.go", "package sub\n")
		}, 1, "pkg-config:only-arm"},
		{"edit in it", func() { write("p/sub/s.go", "package sub\n\n// #cgo pkg-config: zz\nimport \"C\"\n") }, 1, "pkg-config:zz"},
	}
	for _, step := range steps {
		step.edit()
		c := composed(t, d, spec)
		*ran = 0
		r, err := Detect(t.Context(), d, c, rpi4, nil)
		if step.runs < 0 {
			var e *Error
			if !errors.As(err, &e) {
				t.Errorf("%s: got %v", step.name, err)
			}
			t.Log(err)
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if *ran != step.runs {
			t.Errorf("%s: %d processes, want %d", step.name, *ran, step.runs)
		}
		if got := r.Needs[len(r.Needs)-1].String(); got != step.need {
			t.Errorf("%s: got %s, want %s", step.name, got, step.need)
		}
	}
}

// What cannot be loaded is shown where the user has it, with the plugin.
func TestErrors(t *testing.T) {
	tests := []struct {
		name, file, text string
		want             string
		stale            bool
	}{
		{"missing module", "p/q.go", "package p\n\nimport _ \"example.com/missing/x\"\n", "p/q.go:3:8: no go.mod requires a module that has package example.com/missing/x", false},
		{"missing folder", "p/q.go", "package p\n\nimport _ \"example.com/p/nothing\"\n", "p/q.go:3:8: module example.com/p has no package example.com/p/nothing", false},
		{"syntax", "p/q.go", "package p\n\nimport \"C\nfunc\n", "p/q.go:3:8: string literal not terminated", false},
		{"cycle", "p/q.go", "package p\n\nimport _ \"example.com/p/sub\"\n", "import cycle not allowed: example.com/app imports example.com/p imports example.com/p/sub imports example.com/p", false},
		{"two names", "p/q.go", "package q\n", "\n  found packages", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := tree(t, app+"-- p/sub/s.go --\npackage sub\n\nimport _ \"example.com/p\"\n")
			d, _ := testDeps(t)
			c := composed(t, d, compose.Spec{App: "app", Dir: dir, Plugins: []compose.PluginSpec{{Ref: "./p"}}})
			if err := os.WriteFile(filepath.Join(dir, test.file), []byte(test.text), 0o666); err != nil {
				t.Fatal(err)
			}
			_, err := Detect(t.Context(), d, c, parse(t, "linux/amd64"), nil)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			t.Log(err)
			if !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "(plugin ./p)") || e.Stale() != test.stale {
				t.Errorf("stale %v: %v", e.Stale(), err)
			}
		})
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}
