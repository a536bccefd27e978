package pacman

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/resolve"
)

// graphics is a small image of MSYS2: cairo and what it declares, with the ways in which
// packages there use, and do not use, each other.
var graphics = []fake{
	{name: "cairo", version: "1.18.0-3", depends: []string{"gcc-libs", "glib2", "libpng>=1.6", "gettext-runtime", "zlib", "ca-certificates", "stubs", "=winpty"},
		files: map[string]string{
			"bin/libcairo-2.dll":             dll("KERNEL32.dll", "LIBPNG16-16.dll", "api-ms-win-crt-heap-l1-1-0.dll"),
			"bin/libcairo-gobject-2.dll":     dll("libcairo-2.dll", "libgobject-2.0-0.dll"),
			"lib/libcairo.dll.a":             importLibrary("libcairo-2.dll"),
			"lib/pkgconfig/cairo.pc":         "prefix=/clang64\nName: cairo\nVersion: 1\nRequires.private: libpng\nLibs: -L${prefix}/lib -lcairo -lws2_32\n",
			"include/cairo/cairo.h":          "#include <cairo-features.h>\n#include \"cairo-version.h\"\n# include <windows.h>\n#include <stubs/stub.h>\n",
			"include/cairo/cairo-features.h": "", "include/cairo/cairo-version.h": "",
		}},
	{name: "glib2", depends: []string{"gettext-runtime", "python", "pcre2"}, files: map[string]string{
		"bin/libgobject-2.0-0.dll": dll("libglib-2.0-0.dll"), "bin/libglib-2.0-0.dll": dll("libintl-8.dll", "libpcre2-8-0.dll"), "bin/glib-mkenums": "#!/usr/bin/python\n",
		"lib/libglib-2.0.dll.a": importLibrary("libglib-2.0-0.dll"), "lib/pkgconfig/glib-2.0.pc": "Name: glib\nVersion: 2\nLibs: -lglib-2.0 -lintl\n",
		"include/glib-2.0/glib.h": "#include <libintl.h>\n", "lib/glib-2.0/include/glibconfig.h": "",
	}},
	{name: "libpng", version: "1.6.43-1", depends: []string{"gcc-libs", "zlib"}, files: map[string]string{
		"bin/libpng16-16.dll": dll("zlib1.dll"), "lib/libpng16.dll.a": importLibrary("libpng16-16.dll"), "lib/pkgconfig/libpng.pc": "Name: libpng\nVersion: 1.6\nRequires.private: zlib\n", "include/png.h": "",
	}},
	{name: "zlib", depends: []string{"=bzip2-of-msys"}, files: map[string]string{
		"bin/zlib1.dll": dll("KERNEL32.dll"), "lib/libz.dll.a": importLibrary("zlib1.dll"), "lib/libz.a": "!<arch>\n", "lib/pkgconfig/zlib.pc": "Name: zlib\nVersion: 1\nLibs: -lz\n", "include/zlib.h": ""}},
	{name: "gettext-runtime", depends: []string{"libiconv"}, files: map[string]string{"bin/libintl-8.dll": dll("libiconv-2.dll"), "lib/libintl.dll.a": importLibrary("libintl-8.dll"), "include/libintl.h": ""}},
	{name: "libiconv", files: map[string]string{"bin/libiconv-2.dll": dll(), "bin/iconv.exe": dll(), "include/iconv.h": ""}},
	{name: "pcre2", depends: []string{"glib2"}, files: map[string]string{"bin/libpcre2-8-0.dll": dll(), "include/pcre2.h": ""}},
	{name: "python", depends: []string{"tk", "zlib"}, files: map[string]string{"bin/python.exe": dll(), "bin/libpython3.11.dll": dll("zlib1.dll"), "include/python3.11/Python.h": "", "lib/python3.11/os.py": ""}},
	{name: "tk", files: map[string]string{"bin/tk86.dll": dll(), "include/tk.h": ""}},
	{name: "libc++", depends: []string{"libunwind"}, provides: []string{"gcc-libs", "libc++abi=18.1.6"}, files: map[string]string{"bin/libc++.dll": dll("libunwind.dll"), "include/c++/v1/vector": ""}},
	{name: "libunwind", files: map[string]string{"bin/libunwind.dll": dll()}},
	{name: "ca-certificates", files: map[string]string{"etc/ssl/certs/ca-bundle.crt": "x"}},
	{name: "stubs", files: map[string]string{"include/stubs/stub.h": ""}},
	{name: "headers-git", files: map[string]string{"include/_mingw.h": "", "include/windows.h": ""}},
	{name: "crt-git", depends: []string{"headers-git"}, files: map[string]string{"lib/libmingw32.a": "!<arch>\n", "lib/libws2_32.a": "!<arch>\n"}},
	{name: "boost", depends: []string{"boost-libs", "headers-git", "python"}, files: map[string]string{"lib/libboost_system.dll.a": importLibrary("libboost_system.dll"), "include/boost/version.hpp": ""}},
	{name: "boost-libs", depends: []string{"libiconv"}, files: map[string]string{"bin/libboost_system.dll": dll()}},
	{name: "meta", depends: []string{"cairo", "python"}, files: map[string]string{"share/licenses/meta/COPYING": ""}},
	{name: "broken", depends: []string{"zlib", "gone>=2"}, files: map[string]string{"include/broken.h": ""}},
	{name: "pixbuf", depends: []string{"libpng"}, files: map[string]string{"bin/libpixbuf.dll": dll(), "lib/pixbuf/loaders/png.dll": dll("libpng16-16.dll"), "bin/text.dll": "not a DLL"}},
}

func openFake(t testing.TB, f fakeRepo) *Repository {
	t.Helper()
	cfg := config(t, clang64(t), f.write(t))
	if f.key != nil {
		cfg.keys = keyringOf(f.key)
		cfg.Now = f.when.AddDate(0, 1, 0)
	} else {
		cfg.Unsigned = true
	}
	r, err := Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestDependsFollowsUse(t *testing.T) {
	r := openFake(t, fakeRepo{packages: graphics})
	for name, want := range map[string]string{
		"cairo":   "glib2 libpng stubs", // cairo-gobject uses glib; not zlib, gettext or the C++ runtime
		"glib2":   "gettext-runtime pcre2",
		"libpng":  "zlib",
		"pcre2":   "",
		"boost":   "boost-libs", // its import libraries are of DLLs there
		"meta":    "cairo python",
		"pixbuf":  "libpng", // by a plugin outside of bin
		"python":  "zlib",
		"zlib":    "",
		"libc++":  "libunwind",
		"crt-git": "", // the C runtime's own
	} {
		if got := dependencies(t, r, name); got != want {
			t.Errorf("%s needs %q, want %q", name, got, want)
		}
	}
	left, err := r.LeftOut(context.Background(), r.findPackage("cairo")[0].Package)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range left {
		got = append(got, strings.TrimPrefix(l.Package, prefix))
	}
	if s := strings.Join(got, " "); s != "libc++ gettext-runtime zlib ca-certificates " || left[len(left)-1].Reason != foreign {
		t.Errorf("left out: %q: %+v", s, left)
	}
	deps, err := r.Depends(context.Background(), r.findPackage("broken")[0].Package)
	if err != nil || len(deps) != 1 || deps[0].Text != prefix+"gone>=2" || len(deps[0].Candidates) != 0 {
		t.Errorf("a missing dependency: %+v, %v", deps, err)
	}
	if _, err := r.Depends(context.Background(), resolve.Package{Name: "mingw-w64-clang-x86_64-cairo"}); err == nil {
		t.Error("a package of another repository: accepted")
	}
}

func TestClosuresSmall(t *testing.T) {
	r := openFake(t, fakeRepo{packages: graphics})
	res, err := resolve.Closures(context.Background(), r, []resolve.Need{{Kind: resolve.PkgConfig, Name: "cairo"}, {Kind: resolve.Library, Name: "ws2_32"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []resolve.Package
	for _, p := range res.Packages {
		got = append(got, p.Package)
	}
	if names(got) != "cairo gettext-runtime glib2 libiconv libpng pcre2 stubs zlib" {
		t.Errorf("got %s\n%s", names(got), strings.Join(res.Decisions, "\n"))
	}
	all, err := r.Closure("cairo")
	var me *MissingError
	if !errors.As(err, &me) || me.Dependency != "bzip2-of-msys" && me.Dependency != "winpty" {
		t.Errorf("the whole closure: %s, %v", names(all), err)
	}
	_, err = resolve.Closures(context.Background(), r, []resolve.Need{{Kind: resolve.PkgConfig, Name: "cairoo"}}, nil)
	var missing *resolve.MissingError
	if !errors.As(err, &missing) || len(missing.Needs) != 1 || strings.Join(missing.Needs[0].Similar, " ") != "cairo" {
		t.Errorf("a need that nothing meets: %v", err)
	}
}

func TestClosureWhole(t *testing.T) {
	r := openFake(t, fakeRepo{packages: []fake{
		{name: "a", depends: []string{"b", "virtual", "v2>=2"}}, {name: "b", depends: []string{"c"}}, {name: "c", depends: []string{"a", "c"}}, // a cycle
		{name: "p1", provides: []string{"virtual", "v2=1"}}, {name: "p2", version: "2~1.0-1", provides: []string{"virtual", "v2=2"}},
		{name: "self", provides: []string{"it"}, depends: []string{"it"}}, {name: "lonely", depends: []string{"nobody"}},
		{name: "picky", depends: []string{"p2<2~0"}}, {name: "Case"}, {name: "case", depends: []string{"Case"}},
		{name: "c++-x.y+z", depends: []string{"p2>=2~1"}},
	}})
	for asked, want := range map[string]string{
		"a":         "a b c p1 p2",
		"p2 a":      "a b c p2", // what is asked for provides first
		"self":      "self",
		"virtual":   "p1",
		"case":      "Case case",
		"c++-x.y+z": "c++-x.y+z p2",
	} {
		got, err := r.Closure(strings.Fields(asked)...)
		if err != nil || names(got) != want {
			t.Errorf("%s: %q, %v, want %q", asked, names(got), err, want)
		}
	}
	for asked, want := range map[string]string{
		"lonely": "package " + prefix + "lonely needs " + prefix + "nobody, which no package is or provides",
		"picky":  "package " + prefix + "picky needs " + prefix + "p2<2~0, which no package is or provides",
		"none":   "no package is or provides none",
		"a b":    `parse dependency "a b"`,
	} {
		list := []string{asked}
		if _, err := r.Closure(list...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", asked, err)
		}
	}
}

func TestFormats(t *testing.T) {
	for _, ending := range []string{"zst", "xz", "gz"} {
		r := openFake(t, fakeRepo{packages: graphics, ending: ending})
		if got := dependencies(t, r, "cairo"); got != "glib2 libpng stubs" {
			t.Errorf("%s: cairo needs %q", ending, got)
		}
	}
}

func TestWithoutFileLists(t *testing.T) {
	f := fakeRepo{packages: graphics, noFiles: true}
	cfg := config(t, clang64(t), f.write(t))
	cfg.Unsigned = true
	var warnings []string
	cfg.Events = func(e event.Event) {
		if w, ok := e.(event.Warning); ok {
			warnings = append(warnings, w.Text)
		}
	}
	r, err := Open(context.Background(), cfg)
	if err != nil || len(warnings) != 1 {
		t.Fatalf("%v, warnings %q", err, warnings)
	}
	if got := dependencies(t, r, "libpng"); got != "libc++ zlib" {
		t.Errorf("libpng needs %q", got)
	}
	if got := r.findPackage("cairo"); len(got) != 1 {
		t.Errorf("cairo by name: %v", got)
	}
	again, err := Reopen(cfg, r.State())
	if err != nil || again.files != nil {
		t.Errorf("reopened: %v", err)
	}
}
