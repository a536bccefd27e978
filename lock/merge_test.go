package lock

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/digest"
)

// packaged is a lock of one target with packages; each is "name version needs dependencies".
func packaged(needs string, packages ...string) *Lock {
	l := &Lock{
		Go: "1.26.0", Composition: Composition{App: "example.com/app"},
		Repositories: []Repository{{ID: "bookworm@1", Name: "debian-bookworm"}},
		Targets:      []Target{{Name: "rpi4", Repo: "debian-bookworm", Libc: "2.36", Needs: strings.Fields(needs), Roots: []string{"libc6"}, Cgo: true}},
	}
	for _, s := range packages {
		f := strings.Split(s, " ")
		p := Package{Target: "rpi4", Name: f[0], Version: f[1], Arch: "armhf", Repo: "bookworm@1", Path: "pool/" + f[0], Size: 1, SHA256: digest.OfString(f[0] + f[1]), Run: true}
		if f[2] != "" {
			p.For = strings.Split(f[2], ",")
		}
		if f[3] != "" {
			p.Depends = strings.Split(f[3], ",")
		}
		l.Packages = append(l.Packages, p)
	}
	return l
}

func names(l *Lock) (out []string) {
	for _, p := range l.Packages {
		out = append(out, p.Name)
	}
	return out
}

func TestMerge(t *testing.T) {
	a := packaged("pkg-config:a", "liba 1 pkg-config:a libc6", "libc6 1 libc6 ")
	a.Modules = []Module{{Path: "example.com/x", Version: "v1.9.0"}, {Path: "example.com/a", Replace: "local"}, {Path: "go", Version: "1.25"}}
	a.Sums, a.ModuleFiles = []string{"s1", "s2"}, []ModuleFile{{Path: "x/@v/v1.zip", Size: 1, SHA256: digest.OfString("1")}}
	b := packaged("pkg-config:b", "libb 1 pkg-config:b libc6", "libc6 1 libc6 ")
	b.Go, b.Zig = "1.26.8", &Zig{Version: "0.16.0"}
	b.Modules = []Module{{Path: "example.com/x", Version: "v1.10.0"}, {Path: "go", Version: "1.26.1"}}
	b.Sums = []string{"s2", "s3"}

	first, err := Merge(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := Merge(b, a); err != nil || cmp.Diff(first, second) != "" {
		t.Errorf("the order of locks matters: %v\n%s", err, cmp.Diff(first, second))
	}
	want := &Lock{
		Go: "1.26.8", Zig: b.Zig, Composition: a.Composition, Sums: []string{"s1", "s2", "s3"}, ModuleFiles: a.ModuleFiles, Repositories: a.Repositories,
		Modules: []Module{{Path: "example.com/a", Replace: "local"}, {Path: "example.com/x", Version: "v1.10.0"}, {Path: "go", Version: "1.26.1"}},
		Targets: []Target{{Name: "rpi4", Repo: "debian-bookworm", Libc: "2.36", Needs: []string{"pkg-config:a", "pkg-config:b"}, Roots: []string{"libc6"}, Cgo: true}},
	}
	want.Packages = []Package{a.Packages[0], b.Packages[0], a.Packages[1]}
	if d := cmp.Diff(want, first); d != "" {
		t.Error(d)
	}
	if !slices.Equal(a.Sums, []string{"s1", "s2"}) || len(a.Packages) != 2 {
		t.Error("a lock that was merged has changed")
	}
}

func TestMergeRefuses(t *testing.T) {
	one := packaged("pkg-config:a", "liba 1 pkg-config:a ")
	other := packaged("pkg-config:a", "liba 2 pkg-config:a ")
	suite := packaged("pkg-config:a", "libz 1 pkg-config:a ")
	suite.Targets[0].Repo, suite.Targets[0].Libc = "debian-trixie", "2.41"
	file, same := &Lock{Go: "1.26.0"}, &Lock{Go: "1.26.0"}
	file.ModuleFiles = []ModuleFile{{Path: "x/@v/v1.zip", Size: 1, SHA256: digest.OfString("1")}}
	same.ModuleFiles = []ModuleFile{{Path: "x/@v/v1.zip", Size: 1, SHA256: digest.OfString("2")}}
	for _, tt := range []struct {
		locks []*Lock
		want  string
	}{
		{nil, "none"},
		{[]*Lock{one, other}, "rpi4: package liba is 1 in one lock and 2 in another"},
		{[]*Lock{one, suite}, "debian-trixie (libc 2.41)"},
		{[]*Lock{file, same}, "module file x/@v/v1.zip"},
	} {
		if _, err := Merge(tt.locks...); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v, want %q", err, tt.want)
		}
	}
}

func TestNarrow(t *testing.T) {
	l := packaged("header:b.h pkg-config:a pkg-config:b",
		"liba 1 pkg-config:a libc6", "libb 1 pkg-config:b libc6,libbelow", "libbelow 1  libb", "libc6 1 libc6 ")
	for _, tt := range []struct {
		needs, roots string
		want         []string
		lacks        []string
	}{
		{"pkg-config:a", "libc6", []string{"liba", "libc6"}, nil},
		{"pkg-config:b", "libc6", []string{"libb", "libbelow", "libc6"}, nil},
		{"", "libc6", []string{"libc6"}, nil},
		{"header:b.h", "libc6", []string{"liba", "libb", "libbelow", "libc6"}, nil}, // which package has it is not recorded
		{"pkg-config:c", "tzdata", nil, []string{"rpi4: pkg-config:c", "rpi4: package tzdata"}},
	} {
		want := Target{Name: "rpi4", Repo: "debian-bookworm", Needs: strings.Fields(tt.needs), Roots: strings.Fields(tt.roots), Cgo: true}
		part, lacks := l.Narrow("rpi4", want)
		if d := cmp.Diff(tt.lacks, lacks); d != "" {
			t.Errorf("%s: %s", tt.needs, d)
			continue
		}
		if lacks == nil && !slices.Equal(names(part), tt.want) {
			t.Errorf("%s: %v, want %v", tt.needs, names(part), tt.want)
		}
	}
	if _, lacks := l.Narrow("linux/amd64", Target{}); !slices.Equal(lacks, []string{"target linux/amd64"}) {
		t.Errorf("a target that it lacks: %v", lacks)
	}
}
