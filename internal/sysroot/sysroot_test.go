package sysroot

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/format/deb/debtest"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/target"
)

var armhf = func() target.Target {
	t, err := target.Parse("rpi4")
	if err != nil {
		panic(err)
	}
	return t
}()

func open(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// put makes a package and keeps it in the store.
func put(t testing.TB, s *store.Store, p debtest.Package) Input {
	t.Helper()
	d, path, err := s.PutBytes(debtest.Bytes(t, p))
	if err != nil {
		t.Fatal(err)
	}
	return Input{Name: p.Name, Blob: path, SHA256: d}
}

// list returns every name below dir with its mode and content.
func list(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		line := fmt.Sprintf("%v %s", fi.Mode(), filepath.ToSlash(name))
		switch d.Type() {
		case fs.ModeSymlink:
			text, err := os.Readlink(path)
			if err != nil {
				return err
			}
			line += " -> " + text
		case 0:
			d, n, err := digest.OfFile(path)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %d %s", n, d.Short())
		}
		out = append(out, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// names strips modes and content from list.
func names(t testing.TB, dir string) string {
	var out []string
	for _, line := range list(t, dir) {
		if !strings.HasPrefix(line, "d") {
			out = append(out, strings.Join(strings.Fields(line)[1:2], " "))
		}
	}
	return strings.Join(out, " ")
}

const triplet = "arm-linux-gnueabihf"

func sample(t testing.TB, s *store.Store) []Input {
	return []Input{
		put(t, s, debtest.Package{
			Name: "libx1", Arch: "armhf", Control: map[string]string{"symbols": "libx.so.1 libx1\n", "shlibs": "libx 1 libx1\n"},
			Files: []debtest.File{
				{Name: "lib/" + triplet + "/libx.so.1.2", Content: "elf"},
				{Name: "lib/" + triplet + "/libx.so.1", Symlink: "libx.so.1.2"},
				{Name: "usr/share/doc/libx1/copyright", Content: "MIT"},
				{Name: "usr/share/doc/libx1/changelog.gz", Content: "old"},
				{Name: "usr/share/man/man3/x.3.gz", Content: "man"},
				{Name: "usr/share/locale/de/LC_MESSAGES/x.mo", Content: "mo"},
				{Name: "usr/share/lintian/overrides/libx1", Content: "l"},
			},
		}),
		put(t, s, debtest.Package{
			Name: "libx-dev", Arch: "armhf",
			Files: []debtest.File{
				{Name: "usr/include/x.h", Content: "#define X"},
				{Name: "usr/lib/" + triplet + "/libx.so", Symlink: "/lib/" + triplet + "/libx.so.1"},
				{Name: "usr/lib/" + triplet + "/liby.so", Content: "/* GNU ld script */\nGROUP ( /lib/" + triplet + "/libx.so.1 AS_NEEDED ( -lm ) )\n"},
				{Name: "usr/share/doc/libx-dev", Symlink: "libx1"},
				{Name: "usr/bin/x-config", Content: "#!/bin/sh", Mode: 0o755},
			},
		}),
		put(t, s, debtest.Package{Name: "ld", Arch: "armhf", Files: []debtest.File{{Name: "lib/ld-linux-armhf.so.3", Symlink: triplet + "/ld.so"}}}),
	}
}

func TestPackageTree(t *testing.T) {
	s := open(t)
	dir, err := PackageTree(t.Context(), s, sample(t, s)[0])
	if err != nil {
		t.Fatal(err)
	}
	want := "control/control control/shlibs control/symbols data/lib data/usr/lib/" + triplet + "/libx.so.1 data/usr/lib/" + triplet + "/libx.so.1.2" +
		" data/usr/share/doc/libx1/copyright data/usr/share/locale/de/LC_MESSAGES/x.mo"
	if diff := cmp.Diff(want, names(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestBuild(t *testing.T) {
	s := open(t)
	root, err := Build(t.Context(), s, armhf, sample(t, s), nil)
	if err != nil {
		t.Fatal(err)
	}
	usr := "usr/lib/" + triplet
	want := "lib usr/bin/x-config usr/include/x.h " + usr + "/libx.so " + usr + "/libx.so.1 " + usr + "/libx.so.1.2 " + usr + "/liby.so usr/lib/ld-linux-armhf.so.3" +
		" usr/share/doc/libx-dev usr/share/doc/libx1/copyright bin"
	got := names(t, root.Dir)
	if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
		t.Error(diff)
	}
	// Both views of a merged /usr, and the absolute link of the -dev package.
	for _, name := range []string{"lib/" + triplet + "/libx.so", usr + "/libx.so"} {
		if b, err := os.ReadFile(filepath.Join(root.Dir, name)); err != nil || string(b) != "elf" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	b, err := os.ReadFile(filepath.Join(root.Dir, usr, "liby.so"))
	if err != nil || string(b) != "GROUP ( libx.so.1 AS_NEEDED ( -lm ) )\n" {
		t.Errorf("linker script: %q, %v", b, err)
	}
	run, err := Runtime(t.Context(), s, armhf, sample(t, s), nil)
	if err != nil {
		t.Fatal(err)
	}
	if run.Digest == root.Digest || !strings.Contains(names(t, run.Dir), "usr/share/locale/de") {
		t.Errorf("runtime tree: %s", names(t, run.Dir))
	}
}

func sorted(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// TestSame builds twice, in different stores, with the packages in another order and twice.
func TestSame(t *testing.T) {
	var lists [2][]string
	var keys [2]digest.Digest
	for i := range 2 {
		s := open(t)
		in := sample(t, s)
		if i == 1 {
			in = []Input{in[2], in[0], in[1], in[0]}
		}
		root, err := Build(t.Context(), s, armhf, in, nil)
		if err != nil {
			t.Fatal(err)
		}
		lists[i], keys[i] = list(t, root.Dir), root.Digest
	}
	if diff := cmp.Diff(lists[0], lists[1]); diff != "" || keys[0] != keys[1] {
		t.Error(keys, diff)
	}
}

func TestConflict(t *testing.T) {
	s := open(t)
	pkg := func(name string, f ...debtest.File) Input {
		return put(t, s, debtest.Package{Name: name, Arch: "armhf", Files: f})
	}
	file := func(content string) debtest.File { return debtest.File{Name: "usr/lib/x", Content: content} }
	for _, tt := range []struct {
		name string
		a, b Input
		ok   bool
	}{
		{"same content", pkg("a", file("1")), pkg("b", file("1")), true},
		{"other content", pkg("a", file("1")), pkg("b", file("2")), false},
		{"other length", pkg("a", file("1")), pkg("b", file("22")), false},
		{"long, differs at the end", pkg("a", file(strings.Repeat("x", 70000)+"1")), pkg("b", file(strings.Repeat("x", 70000)+"2")), false},
		{"long, the same", pkg("a", file(strings.Repeat("x", 70000))), pkg("c", file(strings.Repeat("x", 70000))), true},
		{"empty", pkg("a", file("")), pkg("b", file("")), true},
		{"file and folder", pkg("a", file("1")), pkg("b", debtest.File{Name: "usr/lib/x/y", Content: "1"}), false},
		{"file and link", pkg("a", file("1")), pkg("b", debtest.File{Name: "usr/lib/x", Symlink: "y"}), false},
		{"same link", pkg("a", debtest.File{Name: "usr/lib/x", Symlink: "y"}), pkg("b", debtest.File{Name: "lib/x", Symlink: "/usr/lib/y"}), true},
		{"other link", pkg("a", debtest.File{Name: "usr/lib/x", Symlink: "y"}), pkg("b", debtest.File{Name: "usr/lib/x", Symlink: "z"}), false},
		{"both places of one file", pkg("a", file("1")), pkg("b", debtest.File{Name: "lib/x", Content: "2"}), false},
		{"documentation", pkg("a", debtest.File{Name: "usr/share/doc/x", Symlink: "y"}), pkg("b", debtest.File{Name: "usr/share/doc/x/copyright", Content: "b"}), true},
		{"documentation, the other way round", pkg("b", debtest.File{Name: "usr/share/doc/x", Symlink: "y"}), pkg("a", debtest.File{Name: "usr/share/doc/x/copyright", Content: "b"}), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Build(t.Context(), s, armhf, []Input{tt.a, tt.b}, nil)
			if (err == nil) != tt.ok {
				t.Fatalf("error %v", err)
			}
			if err != nil && !strings.Contains(err.Error(), "packages "+tt.a.Name+" and "+tt.b.Name+" both hold /usr/lib/x") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	s := open(t)
	good := put(t, s, debtest.Package{Name: "x", Arch: "armhf"})
	for _, tt := range []struct {
		name string
		in   Input
		want string
	}{
		{"another architecture", put(t, s, debtest.Package{Name: "x", Arch: "amd64"}), "package x is for amd64"},
		{"escape", put(t, s, debtest.Package{Name: "x", Arch: "armhf", Files: []debtest.File{{Name: "../f"}}}), `".."`},
		{"link out", put(t, s, debtest.Package{Name: "x", Arch: "armhf", Files: []debtest.File{{Name: "f", Symlink: "../../f"}}}), "leads outside"},
		{"missing file", Input{Name: "x", Blob: filepath.Join(t.TempDir(), "none"), SHA256: digest.OfString("none")}, "none"},
		{"damaged on the disk", Input{Name: "x", Blob: good.Blob, SHA256: digest.OfString("other")}, "wrong checksum"},
		{"no package", func() Input {
			d, path, err := s.PutBytes([]byte("<html>"))
			if err != nil {
				t.Fatal(err)
			}
			return Input{Name: "x", Blob: path, SHA256: d}
		}(), "not an ar archive"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Build(t.Context(), s, armhf, []Input{tt.in}, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "x") {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Build(ctx, s, armhf, []Input{good}, nil); err == nil {
		t.Error("a cancelled build succeeded")
	}
	if entries, _ := os.ReadDir(filepath.Join(s.Dir(), "tmp")); len(entries) > 0 {
		t.Errorf("left in tmp: %v", entries)
	}
}

func TestMergedLinks(t *testing.T) {
	s := open(t)
	in := put(t, s, debtest.Package{Name: "base-files", Arch: "armhf", Files: []debtest.File{
		{Name: "lib", Symlink: "usr/lib"}, {Name: "bin", Symlink: "usr/bin"}, {Name: "usr/lib/os-release", Content: "x"}, {Name: "etc/os-release", Symlink: "../lib/os-release"},
	}})
	root, err := Runtime(t.Context(), s, armhf, []Input{in}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := names(t, root.Dir); got != "etc/os-release lib usr/lib/os-release" {
		t.Errorf("tree: %s", got)
	}
	if b, err := os.ReadFile(filepath.Join(root.Dir, "etc/os-release")); err != nil || string(b) != "x" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestEvents(t *testing.T) {
	s := open(t)
	var mu sync.Mutex
	ended := map[string]int{}
	_, err := Build(t.Context(), s, armhf, sample(t, s), func(e event.Event) {
		b, ok := e.(event.Bytes)
		mu.Lock()
		defer mu.Unlock()
		if ok && b.End && b.Done == b.Total && b.Total > 0 {
			ended[b.Label]++
		}
	})
	if diff := cmp.Diff(map[string]int{"libx1": 1, "libx-dev": 1, "ld": 1}, ended); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestRewriteScript(t *testing.T) {
	name := "usr/lib/" + triplet + "/libbsd.so"
	for _, tt := range []struct{ in, want string }{
		{"OUTPUT_FORMAT(elf32-littlearm)\nGROUP ( /usr/lib/" + triplet + "/libbsd.so.0.11.7 AS_NEEDED(/lib/" + triplet + "/libmd.so) )", "GROUP ( libbsd.so.0.11.7 AS_NEEDED ( libmd.so ) )\n"},
		{"INPUT(/usr/lib/libfoo.a,\"/usr/lib/x y.a\" =/lib/a.so $SYSROOT/lib/b.so)", "INPUT ( ../libfoo.a \"../x y.a\" ../a.so ../b.so )\n"},
		{"INPUT ( //usr/lib/./" + triplet + "/a.so.1 )", "INPUT ( a.so.1 )\n"},
		{"INPUT(libncurses.so.6 -ltinfo)", "INPUT ( libncurses.so.6 -ltinfo )\n"},
		{"INPUT ( /../../../etc/x )", "INPUT ( ../../../etc/x )\n"},
		{"OUTPUT_FORMAT(elf32-littlearm)\n", ""},
		{"\x7fELF\x00GROUP ( /usr/lib/x )", ""},
	} {
		got, ok := rewriteScript(name, []byte(tt.in))
		if string(got) != tt.want || ok != (tt.want != "") {
			t.Errorf("%q\n got %q, %v\nwant %q", tt.in, got, ok, tt.want)
		}
	}
}
