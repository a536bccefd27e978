package pacman

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/resolve"
)

// blobs counts what a store keeps.
func blobs(t *testing.T, dir string) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(filepath.Join(dir, "blobs"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestOpenSigned(t *testing.T) {
	start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	key, stranger := newKey(t, start, 0), newKey(t, start, 0)
	when := start.AddDate(0, 0, 10)
	ctx := context.Background()
	flip := func(what string) func(string, []byte) []byte {
		return func(name string, b []byte) []byte {
			if name != what {
				return b
			}
			b = bytes.Clone(b)
			b[len(b)/2] ^= 1
			return b
		}
	}
	for name, c := range map[string]struct {
		repo fakeRepo
		want string // "" for success
	}{
		"signed":              {fakeRepo{key: key}, ""},
		"a changed database":  {fakeRepo{key: key, change: flip("clang64.files")}, "is bad"},
		"a changed signature": {fakeRepo{key: key, change: flip("clang64.files.sig")}, "verify signature of"},
		"another's key":       {fakeRepo{key: stranger}, "signed by none of MSYS2's packagers"},
		"no signature":        {fakeRepo{}, "it has no signature"},
		"a page for an answer": {fakeRepo{key: key, change: func(n string, b []byte) []byte {
			if strings.HasSuffix(n, ".sig") {
				return []byte("<html>not found</html>")
			}
			return b
		}}, "damaged"},
	} {
		c.repo.packages, c.repo.when = graphics, when
		cfg := config(t, clang64(t), c.repo.write(t))
		cfg.keys, cfg.Now = keyringOf(key), when.AddDate(0, 1, 0)
		r, err := Open(ctx, cfg)
		if c.want == "" {
			if err != nil || r.State().Date != when.Format(time.RFC3339) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		var se *SignatureError
		if err == nil || !errors.As(err, &se) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if n := blobs(t, cfg.Store.Dir()); n != 0 {
			t.Errorf("%s: %d files left behind", name, n)
		}
	}
}

func TestVerifyPackages(t *testing.T) {
	start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	key, stranger := newKey(t, start, 0), newKey(t, start, 0)
	when := start.AddDate(0, 0, 10)
	libpng := prefix + "libpng-1.6.43-1-any.pkg.tar.zst"
	zlib := prefix + "zlib-1.0-1-any.pkg.tar.zst"
	iconv := prefix + "libiconv-1.0-1-any.pkg.tar.zst"
	pcre := prefix + "pcre2-1.0-1-any.pkg.tar.zst"
	r := openFake(t, fakeRepo{packages: graphics, key: key, when: when, change: func(name string, b []byte) []byte {
		switch name {
		case zlib + ".sig":
			return nil
		case iconv + ".sig":
			return sign(t, stranger, "x", when)
		case pcre + ".sig":
			return sign(t, key, "other content", when)
		}
		return b
	}})
	ctx := context.Background()
	one := func(name string) resolve.Package { return r.findPackage(name)[0].Package }
	if err := r.Verify(ctx, one("libpng"), one("cairo")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"zlib": "it has no signature", "libiconv": "signed by none", "pcre2": "is bad"} {
		var se *SignatureError
		if err := r.Verify(ctx, one(name)); !errors.As(err, &se) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What was good once is not asked for again.
	root := strings.TrimPrefix(r.bases[0], "file://")
	if err := os.Remove(filepath.Join(root, "mingw/clang64", libpng+".sig")); err != nil {
		t.Fatal(err)
	}
	if err := r.Verify(ctx, one("libpng")); err != nil {
		t.Error(err)
	}
}

func TestLyingPackage(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"a changed byte": func(b []byte) []byte { b = bytes.Clone(b); b[len(b)-1] ^= 1; return b },
		"a byte more":    func(b []byte) []byte { return append(bytes.Clone(b), 0) },
		"a byte less":    func(b []byte) []byte { return b[:len(b)-1] },
		"no file":        func([]byte) []byte { return nil },
	} {
		r := openFake(t, fakeRepo{packages: graphics, change: func(file string, b []byte) []byte {
			if strings.Contains(file, "-cairo-") {
				return change(b)
			}
			return b
		}})
		before := blobs(t, r.cfg.Store.Dir())
		_, err := r.Depends(context.Background(), r.findPackage("cairo")[0].Package)
		if err == nil || !strings.Contains(err.Error(), "cairo") {
			t.Errorf("%s: %v", name, err)
		}
		if n := blobs(t, r.cfg.Store.Dir()); n != before {
			t.Errorf("%s: %d files kept", name, n-before)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	ctx := context.Background()
	env := clang64(t)
	for name, repo := range map[string]fakeRepo{
		"no packages":        {},
		"two of one name":    {packages: []fake{{name: "a"}, {name: "a", version: "2-1"}}},
		"a path that leaves": {packages: []fake{{name: "a", files: map[string]string{"../../etc/passwd": ""}}}},
		"text":               {packages: graphics, change: func(string, []byte) []byte { return []byte("hello") }},
		"a cut database":     {packages: graphics, change: func(_ string, b []byte) []byte { return b[:len(b)-9] }},
	} {
		cfg := config(t, env, repo.write(t))
		cfg.Unsigned = true
		if _, err := Open(ctx, cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if n := blobs(t, cfg.Store.Dir()); n != 0 {
			t.Errorf("%s: %d files left behind", name, n)
		}
	}
	cfg := config(t, env)
	cfg.Unsigned = true
	if _, err := Open(ctx, cfg); err == nil || !strings.Contains(err.Error(), "address of its own") {
		t.Errorf("unsigned and official: %v", err)
	}
	var offline *fetch.OfflineError
	if _, err := Open(ctx, config(t, env)); !errors.As(err, &offline) {
		t.Errorf("offline: %v", err)
	}
	for _, bad := range []string{"ftp://x/y", "https://", "https://host/?q", "file:relative", "%zz"} {
		if _, err := Open(ctx, config(t, env, bad)); err == nil {
			t.Errorf("address %q: accepted", bad)
		}
	}
	if _, err := ParseEnvironment("mingw32"); err == nil {
		t.Error("mingw32: known")
	}
}

// TestInspectHostile looks into packages that lie about what they hold.
func TestInspectHostile(t *testing.T) {
	ctx := context.Background()
	env := clang64(t)
	whole := pack(t, "zst", fake{files: map[string]string{"bin/a.dll": dll("b.dll"), "include/a.h": "#include <b.h>\n"}}.tar())
	for name, b := range map[string][]byte{
		"a broken DLL":    pack(t, "zst", fake{files: map[string]string{"bin/a.dll": dll("b.dll")[:0x300]}}.tar()),
		"a cut archive":   whole[:len(whole)-5],
		"a long name":     pack(t, "zst", []tarEntry{{"clang64/" + strings.Repeat("x", maxPath), ""}}),
		"too many things": pack(t, "zst", fake{files: map[string]string{"include/a.h": includes(maxNames + 1)}}.tar()),
		"no archive":      []byte("hello, I am a package of text, and long enough to be read as one"),
	} {
		if f, err := inspect(ctx, "x.pkg.tar.zst", bytes.NewReader(b), env, t.TempDir()); err == nil {
			t.Errorf("%s: accepted: %d DLLs, %d headers", name, len(f.DLLs), len(f.Headers))
		}
	}
	f, err := inspect(ctx, "x.pkg.tar.zst", bytes.NewReader(whole), env, t.TempDir())
	if err != nil || strings.Join(f.DLLs, " ") != "b.dll" || strings.Join(f.Headers, " ") != "b.h" {
		t.Errorf("%+v, %v", f, err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := inspect(cancelled, "x.pkg.tar.zst", bytes.NewReader(whole), env, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func includes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "#include <h%d.h>\n", i)
	}
	return b.String()
}

func TestIncluded(t *testing.T) {
	for line, want := range map[string]string{
		"#include <a.h>": "a.h", "  #  include\t\"b/c.h\" // x": "b/c.h", "#include<d.h>": "d.h", "#include FOO": "", "include <a.h>": "",
		"#include <../a.h>": "", "#include </etc/passwd>": "", "#include <a.h": "", "#include \"a.h>": "", "#includes <a.h>": "", "": "", "#": "", "#include <>": "",
	} {
		if got, _ := included([]byte(line)); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

func TestURLs(t *testing.T) {
	state := (&Repository{}).State()
	state.Format = Format
	got, err := URLs([]string{"file:///srv/m/", "https://repo.msys2.org/"}, state, "mingw/clang64/a-libc++-1~2-1-any.pkg.tar.zst")
	var want []string
	for _, base := range slices.Concat([]string{"file:///srv/m", "https://repo.msys2.org", "https://mirror.msys2.org"}, secondary) {
		want = append(want, base+"/mingw/clang64/a-libc++-1~2-1-any.pkg.tar.zst")
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := URLs(nil, state, "../x"); err == nil {
		t.Error("a path that leaves: accepted")
	}
	state.Format = "deb"
	if _, err := URLs(nil, state, "x"); err == nil {
		t.Error("a repository of Debian: accepted")
	}
}

func FuzzInspect(f *testing.F) {
	entries := fake{files: map[string]string{
		"bin/a.dll": dll("b.dll", "c.dll"), "lib/liba.dll.a": importLibrary("a.dll"), "include/a.h": "#include <b.h>\n",
		"lib/pkgconfig/a.pc": "Name: a\nVersion: 1\nRequires: b >= 2\nLibs: -la\n",
	}}.tar()
	f.Add(tarOf(f, entries))
	env := environments[0]
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		facts, err := inspect(context.Background(), "fuzz", bytes.NewReader(b), env, dir)
		if err != nil {
			return
		}
		for _, name := range facts.Headers {
			if !safePath(name) {
				t.Fatalf("header %q", name)
			}
		}
	})
}

func FuzzReadIndex(f *testing.F) {
	desc := fake{name: "a", version: "1-1", depends: []string{"b>=1"}, provides: []string{"v=1"}}.desc("a.pkg.tar.zst", nil)
	desc = strings.Replace(desc, "%CSIZE%\n0", "%CSIZE%\n1", 1)
	entries := []tarEntry{{prefix + "a-1-1/files", "%FILES%\nclang64/bin/a.dll\nclang64/include/a.h\n"}, {prefix + "a-1-1/desc", desc}}
	f.Add(tarOf(f, entries))
	f.Add(pack(f, "zst", entries))
	env := environments[0]
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := readIndex("fuzz", bytes.NewReader(b), env, true)
		if err != nil {
			return
		}
		for i, p := range x.packages {
			if x.byName[p.Name] != i || p.Size <= 0 || strings.ContainsAny(p.FileName, "/\\") {
				t.Fatalf("package %+v", p)
			}
		}
	})
}
