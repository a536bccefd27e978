package debsymbols

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const sample = `# comment
libfoo.so.1 libfoo1 #MINVER#, libbar1 (>= 2)
| libfoo1 (>> 1.4), libfoo1 (<< 1.5)
* Build-Depends-Package: libfoo-dev
 foo_a@Base 1.2
 foo_b@FOO_1 1:1.3-2 1
 foo_b@FOO_2 1.4~rc1 0
 (optional)foo_c@Base 0.9
 (arch=amd64|optional=x)"foo d@Base" 1.5
 (c++)"ns::f()@Base" 0.1
 (c++|regex)^ns::.*@Base$ 0.1
 (symver)FOO_9 0.1
 *@FOO_8 0.1
#MISSING: 1.6# foo_gone@Base 0.5
#DEPRECATED: 1.6#foo_old@Base 0.6
 broken@Base
 two@Base  1.0
()odd@Base 1
libother-2.0.so libother2 #MINVER#
 o@Base 3
libfoo.so.1 libfoo1a #MINVER#
 foo_e@Base 2
`

func TestParse(t *testing.T) {
	s, err := Parse([]byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	l, ok := s.Library("libfoo.so.1")
	if !ok || l.Fields["Build-Depends-Package"] != "libfoo-dev" {
		t.Fatalf("got %+v, %v", l, ok)
	}
	// The second header replaced the templates.
	if l.Template(0) != "libfoo1a #MINVER#" || l.Template(1) != "" || l.Template(-1) != "" {
		t.Errorf("templates %q", l.Templates)
	}
	for _, tt := range []struct {
		name, version string
		least         string
		template      int
		gone          bool
	}{
		{"foo_a", "", "1.2", 0, false}, {"foo_b", "FOO_1", "1:1.3-2", 1, false}, {"foo_b", "FOO_2", "1.4~rc1", 0, false},
		{"foo_c", "", "0.9", 0, false}, {"foo d", "", "1.5", 0, false}, {"foo_gone", "", "0.5", 0, true},
		{"foo_old", "", "0.6", 0, true}, {"foo_e", "", "2", 0, false},
	} {
		got, ok := l.Find(tt.name, tt.version)
		if !ok || got.Least.String() != tt.least || got.Template != tt.template || got.Gone != tt.gone {
			t.Errorf("%s@%s: %+v, %v; want %+v", tt.name, tt.version, got, ok, tt)
		}
	}
	for _, none := range []string{"foo_b", "ns::f()", "^ns::.*", "broken", "two", "odd"} {
		if got, ok := l.Find(none, ""); ok {
			t.Errorf("%s: %+v", none, got)
		}
	}
	// Symbols that are gone count, patterns don't.
	if v, ok := l.Oldest(0); !ok || v.String() != "0.5" {
		t.Errorf("oldest %v, %v", v, ok)
	}
	if _, ok := l.Oldest(7); ok {
		t.Error("an oldest version without symbols")
	}
	if o, ok := s.Library("libother-2.0.so"); !ok || o.Template(0) != "libother2 #MINVER#" {
		t.Errorf("got %+v", o)
	}
}

func TestParseRefuses(t *testing.T) {
	for in, want := range map[string]string{
		" a@Base 1\n":                    "line 1: a symbol before",
		"| liba1\n":                      "before the first library",
		"l.so.1 l1\n a@Base -\n":         "line 2: symbol a@Base",
		"l.so.1 l1\n#include \"x\"\n":    "can't include",
		"(arch=i386)#include \"../x\"\n": "can't include",
		strings.Repeat("\n", MaxSize+1):  "larger than",
	} {
		if _, err := Parse([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", in, err, want)
		}
	}
}

func TestShlibs(t *testing.T) {
	s, err := ParseShlibs([]byte("# comment\nlibz 1 zlib1g (>= 1:1.2.0), x\nudeb: libz 1 zlib1g-udeb\ndeb: libq 2 q-deb\nlibq 2 q-any\n" +
		"liba 1 first\nliba 1 second\nlibdb 5.3 libdb5.3\nodd: 1\nlibnone 0\nlibone 1 x\n"))
	if err != nil {
		t.Fatal(err)
	}
	for soname, want := range map[string]string{
		"libz.so.1": "zlib1g (>= 1:1.2.0), x", "libq.so.2": "q-deb", "liba.so.1": "first", "libdb-5.3.so": "libdb5.3", "libnone.so.0": "",
		"odd:.so.1": "",
	} {
		if got, ok := s.Depends(soname); !ok || got != want {
			t.Errorf("%s: %q, %v; want %q", soname, got, ok, want)
		}
	}
	for _, none := range []string{"libz.so.2", "libz.so", "libx.so.1", "libone.so.1", ""} {
		if got, ok := s.Depends(none); ok {
			t.Errorf("%s: %q", none, got)
		}
	}
}

func TestSplitSoname(t *testing.T) {
	for in, want := range map[string][3]string{
		"libz.so.1": {"libz", "1", "y"}, "libdb-5.3.so": {"libdb", "5.3", "y"}, "liba.so.b.so.2.3": {"liba.so.b", "2.3", "y"},
		"liba-1-2.so": {"liba-1", "2", "y"}, "libfoo.so": {}, "ld-linux-x86-64.so.2": {"ld-linux-x86-64", "2", "y"},
	} {
		lib, version, ok := SplitSoname(in)
		if lib != want[0] || version != want[1] || ok != (want[2] == "y") {
			t.Errorf("%s: %q %q %v", in, lib, version, ok)
		}
	}
}

// TestHost reads what the packages of this machine have.
func TestHost(t *testing.T) {
	files, _ := filepath.Glob("/var/lib/dpkg/info/*.symbols")
	if len(files) == 0 {
		t.Skip("no symbols files here")
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(b)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		n := 0
		for _, l := range s.libraries {
			n += len(l.symbols)
		}
		lines := strings.Count(string(b), "\n ") + strings.Count(string(b), "\n#MISSING")
		if len(s.libraries) == 0 || n > lines || n < lines*9/10 {
			t.Errorf("%s: %d symbols of %d lines in %d libraries", file, n, lines, len(s.libraries))
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(sample)
	f.Add("a b\n (x)'q@v' 1 2\n")
	f.Fuzz(func(t *testing.T, in string) {
		hang := time.AfterFunc(10*time.Second, func() { panic("hangs") })
		defer hang.Stop()
		if s, err := Parse([]byte(in)); err == nil {
			for _, l := range s.libraries {
				l.Oldest(0)
			}
		}
		if s, err := ParseShlibs([]byte(in)); err == nil {
			for _, l := range s.lines {
				if l.library == "" || l.version == "" {
					t.Errorf("line %+v", l)
				}
			}
		}
	})
}
