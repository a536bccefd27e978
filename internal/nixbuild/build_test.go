package nixbuild

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/module"

	"github.com/graft-build/graft"
	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/compose"
	"github.com/graft-build/graft/internal/proxytest"
	"github.com/graft-build/graft/lock"
)

// The application and two plugins in folders; each plugin has a module of its own, and both
// have one in different versions, of which the older one needs something more.
const project = `
-- app/go.mod --
module example.com/app

go 1.26
-- app/main.go --
package main

import "fmt"

var parts []string

func main() { fmt.Println(parts) }
-- app/graft.yaml --
name: app
version: 1.0.0
app: .
plugins:
  entry: Name
  register: parts = append(parts, {{.Entry}}())
-- a/go.mod --
module example.com/a

go 1.26

require (
	example.com/only v1.0.0
	example.com/Shared v1.0.0
)

require example.com/below v1.0.0 // indirect
-- a/a.go --
package a

import (
	shared "example.com/Shared"
	"example.com/only"
)

func Name() string { return "a" + only.Name + shared.Name }
-- a/graft.yaml --
app: ../app
plugins: {use: [.]}
-- b/go.mod --
module example.com/b

go 1.26

require example.com/Shared v1.1.0

replace example.com/api => ../elsewhere
-- b/b.go --
package b

import shared "example.com/Shared"

func Name() string { return "b" + shared.Name }
-- b/graft.yaml --
app: ../app
plugins: {use: [.]}
`

const proxy = `
-- example.com/Shared@v1.0.0/go.mod --
module example.com/Shared

go 1.26

require example.com/below v1.0.0
-- example.com/Shared@v1.0.0/s.go --
package shared

import "example.com/below"

const Name = "old" + below.Name
-- example.com/Shared@v1.1.0/go.mod --
module example.com/Shared

go 1.26
-- example.com/Shared@v1.1.0/s.go --
package shared

const Name = "new"
-- example.com/below@v1.0.0/go.mod --
module example.com/below

go 1.26
-- example.com/below@v1.0.0/b.go --
package below

const Name = "below"
-- example.com/only@v1.0.0/go.mod --
module example.com/only

go 1.16
-- example.com/only@v1.0.0/o.go --
package only

const Name = "only"
`

// world is the project, a module proxy and an environment that knows no other.
type world struct {
	dir, proxy string
	env        []string
	goes       compose.Go
}

func newWorld(t *testing.T) world {
	t.Helper()
	w := world{dir: write(t, project), proxy: t.TempDir()}
	if err := proxytest.PublishTree(w.proxy, proxy); err != nil {
		t.Fatal(err)
	}
	w.env = append(os.Environ(), proxytest.Env(w.proxy, t.TempDir())...)
	var err error
	if w.goes, err = compose.FindGo(t.Context(), w.env, nil); err != nil {
		t.Skip(err)
	}
	// The Go toolchain of a host: what it has does not matter here, this Go builds.
	fake := write(t, "-- go.mod --\nmodule golang.org/toolchain\n-- VERSION --\ngo"+w.goes.Version+"\n-- bin/go --\n#!/bin/sh\n-- src/runtime/r.go --\npackage runtime\n")
	if err := proxytest.Publish(w.proxy, module.Version{Path: "golang.org/toolchain", Version: "v0.0.1-go" + w.goes.Version + ".plan9-mips"}, fake); err != nil {
		t.Fatal(err)
	}
	return w
}

func write(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := proxytest.Tree(dir, text); err != nil {
		t.Fatal(err)
	}
	return dir
}

func (w world) open(t *testing.T, dir string) *graft.Project {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := graft.Open(filepath.Join(w.dir, dir), graft.Config{Env: w.env, Store: t.TempDir(), Executable: exe})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// lock writes the lock of a folder and returns its file.
func (w world) lock(t *testing.T, dir string) string {
	t.Helper()
	res, err := w.open(t, dir).Lock(t.Context(), graft.Request{Targets: []string{"linux/arm64"}, Hosts: []string{"plan9/mips"}}, graft.Update{})
	if err != nil {
		t.Fatal(err)
	}
	return res.Path
}

// plan is a build of the application with plugins, with the files that locks name.
func (w world) plan(t *testing.T, locks []string, plugins ...string) Plan {
	t.Helper()
	p := Plan{Do: "build", Build: Build{
		App: filepath.Join(w.dir, "app"), Targets: []string{"linux/arm64"}, Formats: []string{"tar.gz"}, Locks: locks, Go: w.goes.Root,
		Plugins: []string{},
	}}
	for _, dir := range plugins {
		p.Plugins = append(p.Plugins, filepath.Join(w.dir, dir))
	}
	seen := map[string]bool{}
	for _, name := range locks {
		for _, f := range readLock(t, name).ModuleFiles {
			if !seen[f.Path] {
				p.ModuleFiles = append(p.ModuleFiles, ModuleFile{Path: f.Path, File: filepath.Join(w.proxy, f.Path)})
			}
			seen[f.Path] = true
		}
	}
	return p
}

func readLock(t *testing.T, name string) *lock.Lock {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l, err := lock.Parse(name, f)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (w world) run(t *testing.T, p Plan) (out string, err error) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out = filepath.Join(t.TempDir(), "out")
	b := Builder{Out: out, Top: t.TempDir(), Executable: exe, GoCache: os.Getenv("GOCACHE")}
	if b.GoCache == "" { // the user's, so that the standard library is compiled once
		if dir, err := os.UserCacheDir(); err == nil {
			b.GoCache = filepath.Join(dir, "go-build")
		}
	}
	return out, b.Run(t.Context(), p)
}

func TestRecorded(t *testing.T) {
	w := newWorld(t)
	var got []string
	for _, f := range readLock(t, w.lock(t, "a")).ModuleFiles {
		d, n, err := digest.OfFile(filepath.Join(w.proxy, f.Path))
		if err != nil || d != f.SHA256 || n != f.Size {
			t.Errorf("%s: %v %d, %v; the lock has %v %d", f.Path, d, n, err, f.SHA256, f.Size)
		}
		got = append(got, strings.TrimPrefix(f.Path, "example.com/"))
	}
	want := []string{
		"!shared/@v/v1.0.0.mod", "!shared/@v/v1.0.0.zip", "below/@v/v1.0.0.mod", "below/@v/v1.0.0.zip", "only/@v/v1.0.0.mod", "only/@v/v1.0.0.zip",
		"golang.org/toolchain/@v/v0.0.1-go" + w.goes.Version + ".plan9-mips.zip",
	}
	if !slices.Equal(got, want) {
		t.Errorf("recorded %v, want %v", got, want)
	}
}

// TestRecordedAgain: the same files again are no change.
func TestRecordedAgain(t *testing.T) {
	w := newWorld(t)
	w.lock(t, "a")
	res, err := w.open(t, "a").Lock(t.Context(), graft.Request{Targets: []string{"linux/arm64"}, Locked: true}, graft.Update{})
	if err != nil || len(res.Changes) > 0 {
		t.Errorf("%v, %+v", err, res)
	}
}

// TestBuild builds from a plugin's own lock, and from those of both plugins together, what
// graft build makes of the same locks elsewhere.
func TestBuild(t *testing.T) {
	w := newWorld(t)
	a, b := w.lock(t, "a"), w.lock(t, "b")
	for _, tt := range []struct {
		locks, plugins []string
	}{
		{[]string{a}, []string{"a"}},
		{[]string{b, a}, []string{"a", "b"}},
		{[]string{a, b}, []string{"b"}},
	} {
		sealed, err := w.run(t, w.plan(t, tt.locks, tt.plugins...))
		if err != nil {
			t.Errorf("%v: %v", tt.plugins, err)
			continue
		}
		out := t.TempDir()
		req := graft.Request{Targets: []string{"linux/arm64"}, Formats: []string{"tar.gz"}, Out: out, Plugins: []string{}, Locks: tt.locks}
		for _, p := range tt.plugins {
			req.Plugins = append(req.Plugins, filepath.Join(w.dir, p))
		}
		if len(tt.locks) == 1 {
			req.Locks = nil // it chooses the same itself
		}
		if _, err := w.open(t, "app").Build(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		const name = "app-1.0.0-linux-arm64.tar.gz"
		want, _, err := digest.OfFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		if got, _, err := digest.OfFile(filepath.Join(sealed, name)); err != nil || got != want {
			t.Errorf("%v: the artifact is %v, %v; graft build made %v", tt.plugins, got, err, want)
		}
	}
}

func TestUncovered(t *testing.T) {
	w := newWorld(t)
	a, b := w.lock(t, "a"), w.lock(t, "b")
	p := w.plan(t, []string{b}, "a", "b")
	if _, err := w.run(t, p); err == nil || !strings.Contains(err.Error(), "plugin ../a requires example.com/only@v1.0.0, which the lock does not have") {
		t.Errorf("a plugin without a lock: %v", err)
	}
	p = w.plan(t, []string{a}, "a")
	p.Targets = []string{"linux/riscv64"}
	if _, err := w.run(t, p); err == nil || !strings.Contains(err.Error(), "target linux/riscv64") {
		t.Errorf("another target: %v", err)
	}
	text, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), lock.FileName)
	if err := os.WriteFile(other, []byte(strings.Replace(string(text), `v1.0.0.zip","size":`, `v1.0.0.zip","size":1`, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	p = w.plan(t, []string{a, b}, "a", "b")
	p.Locks = append(p.Locks, other)
	if _, err := w.run(t, p); err == nil || !strings.Contains(err.Error(), "the locks do not go together: module file example.com/") {
		t.Errorf("locks that disagree: %v", err)
	}
	p = w.plan(t, []string{a}, "a")
	p.ModuleFiles = slices.DeleteFunc(p.ModuleFiles, func(f ModuleFile) bool { return strings.HasSuffix(f.Path, "only/@v/v1.0.0.zip") })
	if _, err := w.run(t, p); err == nil || !strings.Contains(err.Error(), "not among their module files") || !strings.Contains(err.Error(), "a/a.go:5:2") {
		t.Errorf("a missing file: %v", err)
	}
}
