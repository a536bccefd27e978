package pacman

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/internal/store"
)

func clang64(t testing.TB) Environment {
	t.Helper()
	e, err := ParseEnvironment("clang64")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// config is that of a test's own store and fetcher, offline save for file addresses.
func config(t testing.TB, env Environment, mirrors ...string) Config {
	t.Helper()
	s, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		Environment: env, Mirrors: mirrors, Store: s, Fetcher: &fetch.Fetcher{Store: s, Offline: true},
		Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Events: func(event.Event) {},
	}
}

func openStandin(t testing.TB) *Repository {
	t.Helper()
	cfg := config(t, clang64(t), "file://"+shared(t, "msys2-standin"))
	cfg.Unsigned = true
	r, err := Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// names are the packages' names without the environment's prefix.
func names(list []resolve.Package) string {
	var out []string
	for _, p := range list {
		out = append(out, strings.TrimPrefix(p.Name, "mingw-w64-clang-x86_64-"))
	}
	return strings.Join(out, " ")
}

// dependencies are the first candidates' names.
func dependencies(t testing.TB, r *Repository, name string) string {
	t.Helper()
	list := r.findPackage(name)
	if len(list) == 0 {
		t.Fatalf("no package %s", name)
	}
	deps, err := r.Depends(context.Background(), list[0].Package)
	if err != nil {
		t.Fatal(err)
	}
	var out []resolve.Package
	for _, d := range deps {
		if len(d.Candidates) == 0 {
			t.Errorf("%s: nothing meets %s", name, d.Text)
			continue
		}
		out = append(out, d.Candidates[0])
	}
	return names(out)
}

func TestStandin(t *testing.T) {
	r := openStandin(t)
	ctx := context.Background()
	if s := r.State(); s.Name != "msys2-clang64" || s.Format != "pacman" || s.Index.IsZero() || s.Date == "" {
		t.Errorf("state %+v", s)
	}
	for need, want := range map[string]string{
		"pkg-config cairo":      "cairo clang64/lib/pkgconfig/cairo.pc",
		"pkg-config libpng":     "libpng clang64/lib/pkgconfig/libpng.pc",
		"lib qrencode":          "qrencode clang64/lib/libqrencode.dll.a",
		"lib z":                 "zlib clang64/lib/libz.dll.a",
		"lib :libz.a":           "zlib clang64/lib/libz.a",
		"header cairo/cairo.h":  "cairo clang64/include/cairo/cairo.h",
		"header cairo.h":        "cairo clang64/include/cairo/cairo.h",
		"header zlib.h":         "zlib clang64/include/zlib.h",
		"package expat":         "expat ",
		"package gcc-libs":      "libc++ ",
		"pkg-config gtk+-3.0":   "",
		"lib nothing":           "",
		"header ../zlib.h":      "",
		"header no/such/file.h": "",
	} {
		kind, what, _ := strings.Cut(need, " ")
		found, err := r.Find(ctx, resolve.Need{Kind: resolve.NeedKind(kind), Name: what})
		if err != nil {
			t.Errorf("%s: %v", need, err)
		}
		var got string
		if len(found) > 0 {
			got = names([]resolve.Package{found[0].Package}) + " " + found[0].File
		}
		if got != want {
			t.Errorf("%s: %q, want %q", need, got, want)
		}
	}
	for name, want := range map[string]resolve.Traits{
		"cairo":             {Develop: true, Library: true},
		"libwinpthread-git": {Library: true},
		"libc++":            {Empty: true},
	} {
		got, err := r.Traits(ctx, r.findPackage(name)[0].Package)
		if err != nil {
			t.Error(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	for name, want := range map[string]string{
		"cairo":      "freetype fontconfig lzo2 pixman libpng zlib", // not libc++, of which nothing uses anything
		"fontconfig": "expat freetype",
		"freetype":   "libpng zlib",
		"libpng":     "zlib",
		"qrencode":   "",
		"libc++":     "libwinpthread-git", // has nothing of its own: stands for what it declares
	} {
		if got := dependencies(t, r, name); got != want {
			t.Errorf("%s needs %q, want %q", name, got, want)
		}
	}
	left, err := r.LeftOut(ctx, r.findPackage("cairo")[0].Package)
	if err != nil || len(left) != 1 || left[0].Package != "mingw-w64-clang-x86_64-libc++" || !strings.Contains(left[0].Reason, "cairo") {
		t.Errorf("left out: %+v, %v", left, err)
	}
	all, err := r.Closure("cairo")
	if err != nil || names(all) != "cairo expat fontconfig freetype libc++ libpng libwinpthread-git lzo2 pixman zlib" {
		t.Errorf("closure: %s, %v", names(all), err)
	}
	if got := strings.Join(r.Chain([]string{"mingw-w64-clang-x86_64-cairo"}, "mingw-w64-clang-x86_64-expat"), " → "); !strings.Contains(got, "cairo → mingw-w64-clang-x86_64-fontconfig → ") {
		t.Errorf("chain: %s", got)
	}
	if got := names(r.OwnerOfDLL("LIBCAIRO-2.DLL")); got != "cairo" {
		t.Errorf("owner of libcairo-2.dll: %q", got)
	}
	owners, err := r.Owners(ctx, "clang64/share/aclocal/freetype2.m4")
	if err != nil || names(owners) != "freetype" {
		t.Errorf("owners: %s, %v", names(owners), err)
	}
}

// TestReopen answers from the store alone, and does not look into packages again.
func TestReopen(t *testing.T) {
	r := openStandin(t)
	want := dependencies(t, r, "cairo")
	cfg := r.cfg
	cfg.Mirrors = []string{"file:///nowhere"}
	again, err := Reopen(cfg, r.State())
	if err != nil {
		t.Fatal(err)
	}
	if got := dependencies(t, again, "cairo"); got != want {
		t.Errorf("%q, before %q", got, want)
	}
	state := r.State()
	state.Index[0] ^= 1
	if _, err := Reopen(cfg, state); err == nil {
		t.Error("a state that the store lacks: opened")
	}
}

// TestStandinClosures resolves what the examples need.
func TestStandinClosures(t *testing.T) {
	r := openStandin(t)
	for needs, want := range map[string]string{
		"pkg-config cairo,pkg-config libqrencode": "cairo expat fontconfig freetype libpng lzo2 pixman qrencode zlib",
		"lib qrencode":       "qrencode",
		"lib z,header png.h": "libpng zlib",
	} {
		var list []resolve.Need
		for _, n := range strings.Split(needs, ",") {
			kind, name, _ := strings.Cut(n, " ")
			list = append(list, resolve.Need{Kind: resolve.NeedKind(kind), Name: name, From: []string{"example.com/app"}})
		}
		res, err := resolve.Closures(context.Background(), r, list, nil)
		if err != nil {
			t.Errorf("%s: %v", needs, err)
			continue
		}
		var got []resolve.Package
		for _, p := range res.Packages {
			if !p.Build || !p.Run {
				t.Errorf("%s: %s is for building %v, for running %v", needs, p.Name, p.Build, p.Run)
			}
			got = append(got, p.Package)
		}
		if names(got) != want {
			t.Errorf("%s: %s, want %s", needs, names(got), want)
		}
		t.Log(strings.Join(res.Decisions, "\n"))
	}
}
