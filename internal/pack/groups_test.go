//go:build linux

package pack

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/closure"
)

func pkg(name, source string, size int64, depends ...string) Package {
	return Package{Provider: closure.Provider{Package: name}, Source: source, Size: size, Depends: depends}
}

// split is the rule's result: the packages of each layer.
func split(packages ...Package) (all []string) {
	for _, p := range groups(packages) {
		var names []string
		for _, pkg := range p.packages {
			names = append(names, pkg.Package)
		}
		all = append(all, p.name+": "+strings.Join(names, " "))
	}
	return all
}

func TestGroups(t *testing.T) {
	cairo := []Package{
		pkg("libcairo2", "cairo", 5, "libc6", "libxcb1"), pkg("libxcb1", "libxcb", 1, "libc6"), pkg("libxcb-shm0", "libxcb", 1, "libc6"),
		pkg("zlib1g", "zlib", 1, "libc6"), pkg("libstdc++6", "gcc-12", 9, "libc6", "gcc-12-base"),
		pkg("ca-certificates", "", 1), pkg("tzdata", "", 1),
		pkg("libc6", "glibc", 9, "libgcc-s1"), pkg("libgcc-s1", "gcc-12", 1, "gcc-12-base", "libc6"), pkg("gcc-12-base", "gcc-12", 1),
	}
	want := []string{
		"base: ca-certificates tzdata", "libc: gcc-12-base libc6 libgcc-s1", "cairo: libcairo2", "gcc-12: libstdc++6",
		"libxcb: libxcb-shm0 libxcb1", "zlib: zlib1g",
	}
	if d := cmp.Diff(want, split(cairo...)); d != "" {
		t.Error(d)
	}
	slices.Reverse(cairo)
	if d := cmp.Diff(want, split(cairo...)); d != "" {
		t.Errorf("the order of packages matters: %s", d)
	}
	if d := cmp.Diff([]string{"base: "}, split()); d != "" {
		t.Errorf("no packages: %s", d)
	}
}

// TestGroupsAreLimited has more source packages than layers: the largest keep theirs, and
// one more small package changes no layer but the common one.
func TestGroupsAreLimited(t *testing.T) {
	var many []Package
	for i := range 60 {
		many = append(many, pkg(fmt.Sprintf("lib%02d", i), "", int64(100+i*7%60)))
	}
	got := split(many...)
	if len(got) != 1+maxGroups || !strings.HasPrefix(got[maxGroups], "others: ") || strings.Count(got[maxGroups], " ") != 60-maxGroups+1 {
		t.Fatalf("%d layers: %q", len(got), got)
	}
	more := split(append(many, pkg("lib99", "", 1))...)
	if d := cmp.Diff(got[:maxGroups], more[:maxGroups]); d != "" || more[maxGroups] != got[maxGroups]+" lib99" {
		t.Errorf("one more: %s %s", d, more[maxGroups])
	}
}

// layersOf are an image's layers, the slowest first.
func layersOf(t *testing.T, in In) (out []v1.Hash) {
	t.Helper()
	img, err := buildImage(t.Context(), in, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range m.Layers {
		out = append(out, l.Digest)
	}
	return out
}

// TestLayersAreShared edits the program, and packs another one with fewer libraries: what is
// the same has the same digest.
func TestLayersAreShared(t *testing.T) {
	in := fixture(t)
	first := layersOf(t, in)
	edited := in
	edited.Program = filepath.Join(t.TempDir(), "edited")
	b, err := os.ReadFile(in.Program)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(edited.Program, append(b, "edited"...), 0o755); err != nil {
		t.Fatal(err)
	}
	second := layersOf(t, edited)
	if n := len(first) - 1; !slices.Equal(first[:n], second[:n]) || first[n] == second[n] {
		t.Errorf("an edit changes\n%v to\n%v", first, second)
	}
	other := edited
	other.Meta.Name, other.Meta.Version, other.Meta.Description = "other", "2", "Another program"
	other.Packages = slices.DeleteFunc(slices.Clone(in.Packages), func(p Package) bool { return p.Package == "libgreet1" })
	if third := layersOf(t, other); len(third) != len(first)-1 || !slices.Equal(first[:2], third[:2]) {
		t.Errorf("another program shares\n%v of\n%v", third, first)
	}
}

// remembered is a Memo.
type remembered map[digest.Digest][]byte

func (m remembered) Record(kind string, key digest.Digest) ([]byte, bool) {
	b, ok := m[digest.NewKey(kind).AddDigest("key", key).Digest()]
	return b, ok
}

func (m remembered) PutRecord(kind string, key digest.Digest, b []byte) error {
	m[digest.NewKey(kind).AddDigest("key", key).Digest()] = bytes.Clone(b)
	return nil
}

// locked adds a lock to Memo for layers that are written at the same time.
type locked struct {
	Memo
	turn chan struct{}
}

func (l locked) Record(kind string, key digest.Digest) ([]byte, bool) {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	return l.Memo.Record(kind, key)
}

func (l locked) PutRecord(kind string, key digest.Digest, b []byte) error {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	return l.Memo.PutRecord(kind, key, b)
}

// TestLayersAreKept packs with a memo, with a full one, and with one that knows another
// version of a package.
func TestLayersAreKept(t *testing.T) {
	in := fixture(t)
	want := layersOf(t, in)
	in.Packages = slices.Clone(in.Packages)
	for i := range in.Packages {
		in.Packages[i].SHA256 = digest.OfString(in.Packages[i].Package)
	}
	kept := remembered{}
	in.Memo = locked{kept, make(chan struct{}, 1)}
	for _, when := range []string{"empty", "full"} {
		if got := layersOf(t, in); !slices.Equal(got, want) {
			t.Errorf("%s memo: %v, want %v", when, got, want)
		}
		if len(kept) != 3 { // base, libc, libgreet1; not the program
			t.Errorf("%s memo: %d layers are kept", when, len(kept))
		}
	}
	in.Packages[4].SHA256 = digest.OfString("a new version")
	if layersOf(t, in); len(kept) != 4 {
		t.Errorf("a new version: %d layers are kept, want one more", len(kept))
	}
	in.OCI.Env = map[string]string{"B": "c"}
	in.Repo = "debian-trixie"
	if layersOf(t, in); len(kept) != 5 {
		t.Errorf("another os-release: %d layers are kept, want one more", len(kept))
	}
}
