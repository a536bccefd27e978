package graft

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/graft-build/graft/internal/compile"
	"github.com/graft-build/graft/internal/detect"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/manifest"
	"github.com/graft-build/graft/target"
)

func TestAskedChanges(t *testing.T) {
	was := []string{"application .", "plugin ../a", "plugin ../b", "tag x", "repositories.debian.suite bookworm"}
	tests := []struct {
		name string
		now  []string
		want []string
	}{
		{"plugin added", append(slices.Clone(was), "plugin ../c"), []string{"plugin ../c is new"}},
		{"plugin removed", slices.Delete(slices.Clone(was), 1, 2), []string{"plugin ../a is gone"}},
		{"order", []string{was[0], was[2], was[1], was[3], was[4]}, []string{"the order of plugins or packages has changed"}},
		{"tag and suite", []string{was[0], was[1], was[2], "tag y", "repositories.debian.suite trixie"},
			[]string{"tag y is new", "repositories.debian.suite is trixie, the lock has bookworm", "tag x is gone"}},
		{"suite no longer named", was[:4], []string{"repositories.debian.suite bookworm is gone"}},
		{"application", append([]string{"application ../other"}, was[1:]...), []string{"application is ../other, the lock has ."}},
	}
	for _, tt := range tests {
		if got := askedChanges(&lock.Lock{Asked: was}, tt.now); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestBlameForUndefinedSymbol(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "p.go"), []byte("package p\n// int gone(void);\nimport \"C\"\nfunc f() { C.gone() }\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	found := detect.Result{Packages: []detect.Package{
		{ImportPath: "example.com/p", Plugin: "../p", Cgo: true, Dir: dir, Files: []string{"p.go"}},
		{ImportPath: "example.com/app"},
	}}
	for symbol, want := range map[string]string{"gone": "../p", "other": ""} {
		e := &compile.Error{Failures: []compile.Failure{{Package: "example.com/app", Output: "ld.lld: error: undefined symbol: " + symbol + "\n"}}}
		if blame(e, found); e.Failures[0].Plugin != want {
			t.Errorf("%s: plugin %q is blamed, want %q", symbol, e.Failures[0].Plugin, want)
		}
	}
}

// Whoever has several targets must see which of them lacks a package.
func TestMissingNamesTarget(t *testing.T) {
	on, err := target.Parse("rpi4")
	if err != nil {
		t.Fatal(err)
	}
	s := &session{Project: &Project{manifest: &manifest.Manifest{}}, plan: &plan{}}
	missing := &resolve.MissingError{Needs: []resolve.MissingNeed{{Need: resolve.Need{Kind: resolve.PkgConfig, Name: "oci8"}}}}
	want := "no package of " + on.Repo + " for rpi4 meets pkg-config:oci8"
	if got := s.place(on, missing).Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNotPartNamesNeed(t *testing.T) {
	err := notPart("MagickWand", []string{"libmagickwand", "pkg-config:MagickWand"}, nil)
	if !strings.HasSuffix(err.Error(), "did you mean pkg-config:MagickWand?") {
		t.Error(err)
	}
}
