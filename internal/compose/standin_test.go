package compose

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/graft-build/graft/lock"
)

// TestStandIn composes with a folder for a module that no go.mod file of the application or
// the plugin has a line for, as those have it whose modules Nix brings.
func TestStandIn(t *testing.T) {
	bare := strings.ReplaceAll(server, "\nrequire example.com/api v0.0.0\n", "")
	bare = strings.ReplaceAll(strings.ReplaceAll(bare, "\nreplace example.com/api => ../api\n", ""), "\nreplace example.com/api => ./../api\n", "")
	dir := tree(t, bare)
	d, _ := testDeps(t)
	s := serverSpec(t, dir, "one")
	if _, err := Compose(t.Context(), d, s); err == nil {
		t.Error("composed without the module")
	}
	s.Replace = map[string]string{"example.com/api": filepath.Join(dir, "api")}
	c, err := Compose(t.Context(), d, s)
	if err != nil {
		t.Fatal(err)
	}
	if got := goRun(t, d, c); got != "one\n" {
		t.Errorf("it says %q", got)
	}
	for _, tt := range []struct{ path, dir, want string }{
		{"example.com/api", "app", "the module there is example.com/app"},
		{"example.com/api", "nowhere", "no go.mod in"},
		{"example.com/one", "one", "it is named twice"},
	} {
		s.Replace = map[string]string{tt.path: filepath.Join(dir, tt.dir)}
		if _, err := Compose(t.Context(), d, s); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s => %s: %v, want %q", tt.path, tt.dir, err, tt.want)
		}
	}
}

// TestStandInWins has the user's folder count before those of go.mod files.
func TestStandInWins(t *testing.T) {
	dir := tree(t, server+"-- mine/go.mod --\nmodule example.com/api\n\ngo 1.24\n-- mine/api.go --\npackage api\n\ntype Plugin interface{ Name() string }\n\nconst Mine = true\n")
	d, _ := testDeps(t)
	s := serverSpec(t, dir, "one")
	s.Replace = map[string]string{"example.com/api": filepath.Join(dir, "mine")}
	c, err := Compose(t.Context(), d, s)
	if err != nil {
		t.Fatal(err)
	}
	if got := goRun(t, d, c); got != "one\n" {
		t.Errorf("it says %q", got)
	}
	for _, l := range c.LocalDirs {
		if l.Path == "example.com/api" && filepath.Base(l.Root) != "mine" {
			t.Errorf("the module is %s", l.Root)
		}
	}
}

// TestDangling takes a plugin without the folder that its author has beside it.
func TestDangling(t *testing.T) {
	dir := tree(t, server)
	alone := filepath.Join(t.TempDir(), "one")
	if err := os.CopyFS(alone, os.DirFS(filepath.Join(dir, "one"))); err != nil {
		t.Fatal(err)
	}
	d, ev := testDeps(t)
	c, err := Compose(t.Context(), d, serverSpec(t, dir, alone))
	if err != nil {
		t.Fatal(err)
	}
	if got := goRun(t, d, c); got != "one\n" {
		t.Errorf("it says %q", got)
	}
	if !strings.Contains(strings.Join(ev.texts, "\n"), "replaces example.com/api with ../api, which is not there") {
		t.Errorf("told: %q", ev.texts)
	}
	// Nobody else has it: the line is a mistake.
	s := serverSpec(t, dir, alone)
	s.App = "one"
	if _, err := Compose(t.Context(), d, s); err == nil {
		t.Error("composed without the module")
	}
}

// TestLoose composes by a lock of another composition.
func TestLoose(t *testing.T) {
	dir := tree(t, server)
	d, _ := testDeps(t)
	s := serverSpec(t, dir, "one")
	s.Loose, s.Locked = true, &lock.Lock{
		Composition: lock.Composition{App: "example.com/app"},
		Modules: []lock.Module{
			{Path: "example.com/app", Replace: "local"}, {Path: "example.com/gone", Replace: "local"}, {Path: "example.com/api", Version: "v1.0.0", Sum: "h1:x"},
		},
		Targets: []lock.Target{{Name: "linux/amd64"}},
	}
	c, err := Compose(t.Context(), d, s)
	if err != nil {
		t.Fatal(err)
	}
	if got := goRun(t, d, c); got != "one\n" {
		t.Errorf("it says %q", got)
	}
	for _, m := range c.Modules {
		if m.Path == "example.com/gone" || m.Path == "example.com/api" && m.Replace != "local" {
			t.Errorf("module %+v", m)
		}
	}
}
