package sysroot

import (
	"bufio"
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/internal/unpack"
)

// mirror is the Debian archive that the host is set up with; the test is skipped without one.
func mirror(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("needs the network")
	}
	files, _ := filepath.Glob("/etc/apt/sources.list.d/*.sources")
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			uri, ok := strings.CutPrefix(line, "URIs:")
			if uri = strings.TrimRight(strings.TrimSpace(uri), "/"); ok && strings.HasSuffix(uri, "/debian") {
				return uri
			}
		}
	}
	t.Skip("the host's apt sources name no Debian archive")
	return ""
}

// find returns bookworm's armhf packages of these names.
func find(t *testing.T, f *fetch.Fetcher, base string, names map[string]bool) []fetch.Item {
	t.Helper()
	raw, _, err := f.Get(t.Context(), []string{base + "/dists/bookworm/main/binary-armhf/Packages.xz"}, 64<<20)
	if err != nil {
		t.Skipf("the archive can't be reached: %v", err)
	}
	r, err := unpack.Decompress("Packages.xz", bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var items []fetch.Item
	field := map[string]string{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), ": "); ok {
			field[name] = value
		}
		if lines.Text() != "" {
			continue
		}
		if names[field["Package"]] {
			d, err := digest.Parse(field["SHA256"])
			if err != nil {
				t.Fatal(err)
			}
			size, _ := strconv.ParseInt(field["Size"], 10, 64)
			items = append(items, fetch.Item{Name: field["Package"], URLs: []string{base + "/" + field["Filename"]}, Size: size, SHA256: d})
		}
		clear(field)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if len(items) != len(names) {
		t.Fatalf("found %d of %d packages", len(items), len(names))
	}
	return items
}

// TestArchive makes a sysroot of real packages in two places: the same digest, the same
// content, and of each package what dpkg-deb unpacks.
func TestArchive(t *testing.T) {
	base := mirror(t)
	names := map[string]bool{
		"libcairo2-dev": true, "libcairo2": true, "libfreetype-dev": true, "libfreetype6": true, "libpng-dev": true, "libpng16-16": true,
		"libpixman-1-dev": true, "libpixman-1-0": true, "zlib1g": true, "zlib1g-dev": true, "libbsd-dev": true, "libc6": true, "x11proto-dev": true,
	}
	first := open(t)
	f := &fetch.Fetcher{Store: first}
	items := find(t, f, base, names)
	if _, err := f.All(t.Context(), items); err != nil {
		t.Fatal(err)
	}
	in := inputs(t, first, items)
	root, err := Build(t.Context(), first, armhf, in, nil)
	if err != nil {
		t.Fatal(err)
	}

	second := open(t)
	f = &fetch.Fetcher{Store: second}
	for i := range items {
		items[i].URLs = []string{"file://" + filepath.ToSlash(in[i].Blob)}
	}
	f.Offline = true
	if _, err := f.All(t.Context(), items); err != nil {
		t.Fatal(err)
	}
	again, err := Build(t.Context(), second, armhf, inputs(t, second, items), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(list(t, root.Dir), list(t, again.Dir)); diff != "" || root.Digest != again.Digest {
		t.Error(root.Digest, again.Digest, diff)
	}
	lib := filepath.Join(root.Dir, "lib", triplet)
	for _, name := range []string{
		"usr/include/cairo/cairo.h", "usr/lib/" + triplet + "/pkgconfig/cairo.pc", "usr/lib/" + triplet + "/libcairo.so",
		"lib/" + triplet + "/libz.so.1", "usr/lib/" + triplet + "/libz.so.1", "lib/ld-linux-armhf.so.3", "usr/share/doc/libcairo2/copyright",
	} {
		if _, err := os.Stat(filepath.Join(root.Dir, name)); err != nil {
			t.Error(err)
		}
	}
	if b, err := os.ReadFile(filepath.Join(lib, "libbsd.so")); err != nil || !strings.HasPrefix(string(b), "GROUP ( libbsd.so.0.") {
		t.Errorf("libbsd.so: %q, %v", b, err)
	}
	for _, p := range in {
		compare(t, first, p)
	}
}

func inputs(t *testing.T, s *store.Store, items []fetch.Item) []Input {
	t.Helper()
	var in []Input
	for _, it := range items {
		path, ok := s.Blob(it.SHA256)
		if !ok {
			t.Fatalf("%s is not in the store", it.Name)
		}
		in = append(in, Input{Name: it.Name, Blob: path, SHA256: it.SHA256})
	}
	return in
}

// compare checks a package's tree against what dpkg-deb unpacks.
func compare(t *testing.T, s *store.Store, p Input) {
	t.Helper()
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Log("dpkg-deb is not installed")
		return
	}
	tree, err := PackageTree(context.Background(), s, p)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if out, err := exec.Command("dpkg-deb", "-x", p.Blob, dir).CombinedOutput(); err != nil {
		t.Fatalf("dpkg-deb: %v: %s", err, out)
	}
	files := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		name := merged(filepath.ToSlash(rel))
		if isDoc(name) && filepath.Base(name) != "copyright" {
			return nil
		}
		files++
		want, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		got, err := os.ReadFile(filepath.Join(tree, "data", name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %s differs from dpkg-deb's: %v", p.Name, name, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	// And nothing else is in it.
	err = filepath.WalkDir(filepath.Join(tree, "data"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files--
		}
		return err
	})
	if err != nil || files != 0 {
		t.Errorf("%s: %d files more in dpkg-deb's tree, %v", p.Name, files, err)
	}
}
