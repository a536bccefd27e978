package graft

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/graft-build/graft/internal/detect"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/manifest"
	"github.com/graft-build/graft/target"
)

func TestStageLockLeavesNothingWhenDropped(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dist")
	s := &session{plan: &plan{lockFile: filepath.Join(dir, lock.FileName)}}
	_, drop, err := s.stageLock(nil, &lock.Lock{Go: "1.26.0"})
	if err != nil {
		t.Fatal(err)
	}
	drop()
	if _, err := os.Lstat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder that was made for the lock stays: %v", err)
	}
	put, drop, err := s.stageLock(nil, &lock.Lock{Go: "1.26.0"})
	if err != nil {
		t.Fatal(err)
	}
	if err := put(); err != nil {
		t.Fatal(err)
	}
	drop()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 || files[0].Name() != lock.FileName {
		t.Errorf("got %v, %v; want the lock alone", files, err)
	}
}

func TestChoiceChanges(t *testing.T) {
	amd64, err := target.Parse("linux/amd64")
	if err != nil {
		t.Fatal(err)
	}
	found := detect.Result{
		Needs:    []resolve.Need{{Kind: resolve.PkgConfig, Name: "blas"}},
		Packages: []detect.Package{{Cgo: true}},
	}
	tests := []struct {
		name   string
		choose map[string]string
		locked string // what the package in the lock is for
		want   []string
	}{
		{"none", nil, "pkg-config:blas", nil},
		{"of a need that nobody has", map[string]string{"lib:foo": "libfoo-dev"}, "pkg-config:blas", nil},
		{"the locked one", map[string]string{"pkg-config:blas": "libblas-dev"}, "package:libblas-dev", nil},
		{"added", map[string]string{"pkg-config:blas": "libblas-dev"}, "pkg-config:blas",
			[]string{"linux/amd64: libblas-dev is now chosen for pkg-config:blas"}},
		{"removed", nil, "package:libblas-dev", []string{"linux/amd64: libblas-dev is no longer chosen"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := manifest.Manifest{Packages: map[string]manifest.Packages{"debian": {Choose: tt.choose}}}
			s := &session{plan: &plan{m: m}}
			old := &lock.Lock{Packages: []lock.Package{{Target: amd64.Name, Name: "libblas-dev", For: []string{tt.locked}}}}
			if got := s.choiceChanges(old, amd64, found); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
