package pacman

import (
	"strings"
	"testing"
)

func TestParseDepend(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Depend
	}{
		{"zlib", Depend{Name: "zlib"}},
		{"mingw-w64-clang-x86_64-libc++", Depend{Name: "mingw-w64-clang-x86_64-libc++"}},
		{"gtkmm-4.0>=4.10~rc+1-2", Depend{"gtkmm-4.0", ">=", "4.10~rc+1-2"}},
		{"a=1", Depend{"a", "=", "1"}}, {"a<1", Depend{"a", "<", "1"}}, {"a<=1~2-1", Depend{"a", "<=", "1~2-1"}},
		{"a>1:2-1", Depend{"a", ">", "1:2-1"}}, {"libfoo.so=1-64", Depend{"libfoo.so", "=", "1-64"}},
		{"glib2: for libcairo-gobject", Depend{Name: "glib2"}}, {"perl(Foo::Bar)", Depend{Name: "perl(Foo::Bar)"}},
	} {
		got, err := ParseDepend(c.in)
		if err != nil || got != c.want {
			t.Errorf("ParseDepend(%q) = %+v, %v", c.in, got, err)
		}
	}
	for _, in := range []string{"", "=1", ">=", "a>=", "a b", "../x", "a/b", ".a", "-a", "a\n", "é", strings.Repeat("a", 300), "a=1\t2", `a\b`, "a==1", "a>==1"} {
		if got, err := ParseDepend(in); err == nil {
			t.Errorf("ParseDepend(%q) = %+v, want an error", in, got)
		}
	}
}

func TestSatisfies(t *testing.T) {
	p := &Package{Name: "libc++", Version: "18.1.6-1", Provides: []Depend{{Name: "gcc-libs"}, {"libc++abi", "=", "18.1.6"}}}
	for dep, want := range map[string]bool{
		"libc++": true, "libc++>=18": true, "libc++>=18.1.6": true, "libc++=18.1.6": true, "libc++=18.1.6-2": false, "libc++<18": false,
		"gcc-libs": true, "gcc-libs>=1": false, "libc++abi>18": true, "libc++abi=18.1.6-9": true, "libc++abi<=18": false, "other": false,
		"libc++>18.1.6": false, "libc++>18.1": true,
	} {
		d, err := ParseDepend(dep)
		if err != nil {
			t.Fatal(err)
		}
		if got := MSYS2.Satisfies(d, p); got != want {
			t.Errorf("%s is met: %v, want %v", dep, got, want)
		}
	}
}

func FuzzParseDepend(f *testing.F) {
	for _, s := range []string{"a", "a>=1", "a=1~2-3", "a: b", "<", "a<>1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDepend(s)
		if err != nil {
			return
		}
		again, err := ParseDepend(d.String())
		if err != nil || again != d {
			t.Fatalf("%q reads as %+v, and that as %+v, %v", s, d, again, err)
		}
	})
}
