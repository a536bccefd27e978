package pacman

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/digest"
)

const cairoDesc = `%FILENAME%
mingw-w64-clang-x86_64-cairo-1.18.0-3-any.pkg.tar.zst

%NAME%
mingw-w64-clang-x86_64-cairo

%BASE%
mingw-w64-cairo

%VERSION%
1.18.0-3

%DESC%
Cairo vector graphics library (mingw-w64)

%GROUPS%
mingw-w64-clang-x86_64-toolchain

%CSIZE%
884305

%ISIZE%
3934003

%SHA256SUM%
424bdf4eabbd810574703aa5aea1d4bb25c13495df6d675a4892b3d5d4ce511a

%LICENSE%
spdx:LGPL-2.1-or-later
OR
spdx:MPL-1.1

%ARCH%
any

%BUILDDATE%
1716409116

%PROVIDES%
cairo=1.18.0
virtual

%DEPENDS%
mingw-w64-clang-x86_64-libpng>=1.6
mingw-w64-clang-x86_64-zlib

%OPTDEPENDS%
mingw-w64-clang-x86_64-glib2: libcairo-gobject

`

func TestParseDesc(t *testing.T) {
	got, err := ParseDesc([]byte(cairoDesc))
	if err != nil {
		t.Fatal(err)
	}
	sum, _ := digest.Parse("424bdf4eabbd810574703aa5aea1d4bb25c13495df6d675a4892b3d5d4ce511a")
	want := &Package{
		FileName: "mingw-w64-clang-x86_64-cairo-1.18.0-3-any.pkg.tar.zst", Name: "mingw-w64-clang-x86_64-cairo",
		Base: "mingw-w64-cairo", Version: "1.18.0-3", Arch: "any", Size: 884305, Installed: 3934003, SHA256: sum, BuildDate: 1716409116,
		Licenses: []string{"spdx:LGPL-2.1-or-later", "OR", "spdx:MPL-1.1"},
		Depends:  []Depend{{"mingw-w64-clang-x86_64-libpng", ">=", "1.6"}, {Name: "mingw-w64-clang-x86_64-zlib"}},
		Provides: []Depend{{"cairo", "=", "1.18.0"}, {Name: "virtual"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestParseDescRefuses(t *testing.T) {
	for name, change := range map[string][2]string{
		"a lying size":        {"884305", "-1"},
		"a size of letters":   {"884305", "many"},
		"a huge size":         {"884305", "99999999999999999999"},
		"no size":             {"%CSIZE%\n884305\n\n", ""},
		"a path as file name": {"%FILENAME%\nmingw", "%FILENAME%\n../../mingw"},
		"a hidden file name":  {"%FILENAME%\nmingw", "%FILENAME%\n.mingw"},
		"no digest":           {"424bdf4eabbd810574703aa5aea1d4bb25c13495df6d675a4892b3d5d4ce511a", "424b"},
		"no name":             {"%NAME%\nmingw-w64-clang-x86_64-cairo\n", "%NAME%\n\n"},
		"two names":           {"%NAME%\nmingw-w64-clang-x86_64-cairo\n", "%NAME%\na\nb\n"},
		"a field twice":       {"%ARCH%\nany\n", "%ARCH%\nany\n\n%ARCH%\nany\n"},
		"a bad dependency":    {"x86_64-libpng>=1.6", "x86_64-libpng>="},
		"text between fields": {"%ARCH%\nany\n\n", "%ARCH%\nany\n\nhello\n\n"},
		"a slash in a name":   {"%NAME%\nmingw-", "%NAME%\na/../mingw-"},
		"a space in version":  {"%VERSION%\n1.18.0-3", "%VERSION%\n1.18 .0-3"},
	} {
		in := strings.Replace(cairoDesc, change[0], change[1], 1)
		if in == cairoDesc {
			t.Fatalf("%s: nothing changed", name)
		}
		if p, err := ParseDesc([]byte(in)); err == nil {
			t.Errorf("%s: accepted as %+v", name, p)
		}
	}
}

func FuzzParseDesc(f *testing.F) {
	f.Add([]byte(cairoDesc))
	f.Add([]byte("%NAME%\na\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseDesc(b)
		if err != nil {
			return
		}
		if strings.ContainsAny(p.FileName+p.Name+p.Version, "/\\\x00\n ") || p.Size <= 0 {
			t.Fatalf("accepted %+v", p)
		}
	})
}
