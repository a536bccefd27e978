package cpp

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// cases are sources with what they include from outside: "name" when that is sure, "name?"
// when only likely; what is merely possible is left out.
var cases = []struct {
	name, text string // a.c, or files of which a.c is the first
	want       string
}{
	{"plain", "#include <a.h>\n # include\t<b/c.h> // why\n#include \"q.h\"\n", "a.h b/c.h \"q.h\""},
	{"comments", "/* #include <no.h>\n#include <no2.h> */ int x; // #include <no3.h>\n/**/#include <yes.h>\n", "yes.h"},
	{"strings", "char *s = \"/*\";\n#include <yes.h>\nchar *t = \"*/ \\\" // \";\nchar c = '\"';\n#include <yes2.h>\n", "yes.h yes2.h"},
	{"prose in what is left out", "#if 0\ndon't \"close\n#endif\n#include <yes.h>\n", "yes.h"},
	{"error's prose", "#ifdef NOPE\n#error don't do this\n#endif\n#include <yes.h>\n", "yes.h"},
	{"continued", "#if defined(ON) && \\\n  !defined(OFF)\n#include \\\n<yes.h>\n#endif\n", "yes.h"},
	{"carriage returns", "#ifdef ON\r\n#include <yes.h>\r\n#endif\r\n", "yes.h"},
	{"systems", "#ifdef __linux__\n#include <l.h>\n#elif defined(_WIN32)\n#include <w.h>\n#else\n#include <o.h>\n#endif\n", "l.h"},
	{"other systems", "#if defined(_WIN32) || defined(__APPLE__)\n#include <w.h>\n#else\n#include <l.h>\n#endif\n", "l.h"},
	{"nested", "#if 0\n#if 1\n#include <no.h>\n#else\n#include <no.h>\n#endif\n#elif 1\n#if ON == 3\n#include <yes.h>\n#endif\n#endif\n", "yes.h"},
	{"configuration", "#ifdef HAVE_X\n#include <x.h>\n#endif\n#if HAVE_Y\n#include <y.h>\n#endif\n#if !HAVE_Z\n#include <z.h>\n#endif\n", "z.h"},
	{"absent after a header of the system", "#include <a.h>\n#ifndef NO_X\n#include <x.h>\n#endif\n#if !NO_Y\n#include <y.h>\n#endif\n", "a.h x.h? y.h?"},
	{"versions of others", "#include <glib.h>\n#if GLIB_CHECK_VERSION(2, 4, 0)\n#include <no.h>\n#else\n#include <no2.h>\n#endif\n#if FOO_VERSION >= 3\n#include <no3.h>\n#endif\n", "glib.h"},
	{"has include", "#if __has_include(<a.h>)\n#include <a.h>\n#endif\n", ""},
	{"reserved", "#ifdef __SSE9__\n#include <no.h>\n#endif\n#ifndef __SOMETHING__\n#include <no2.h>\n#endif\n", ""},
	{"reserved guard", "#ifndef __A_H__\n#define __A_H__\n#include <yes.h>\n#endif\n#if !defined(_B_H)\n#define _B_H 1\n#include <yes2.h>\n#endif\n", "yes.h yes2.h"},
	{"macros", "#define H <yes.h>\n#define K H\n#include K\n#define V 4\n#if V * 2 == 8 && (V << 1) > 7\n#include <yes2.h>\n#endif\n", "yes.h yes2.h"},
	{"undefined again", "#define A 1\n#undef A\n#ifdef A\n#include <no.h>\n#endif\n", ""},
	{"defined under a condition", "#ifdef __SSE9__\n#define A 1\n#endif\n#ifdef A\n#include <no.h>\n#endif\n#ifndef A\n#include <no2.h>\n#endif\n", ""},
	{"arithmetic", "#if (2 ? 1 : 0) && 0x10 == 16UL && 010 == 8 && -1 < 0 && ~0 == -1 && 7 % 4 == 3 && !(1 ^ 1) && 1'000 == 1000\n#include <yes.h>\n#endif\n", "yes.h"},
	{"nonsense", "#if (\n#include <no.h>\n#elif )\n#include <no.h>\n#endif\n#if 1 / 0\n#include <no.h>\n#endif\n#endif\n#else\n#include <yes.h>\n", "yes.h"},
	{"what cannot be a name", "#include <>\n#include \"\n#include\n#include <a\n#include X\n", ""},
	{"its own", "-- a.c --\n#include \"own.h\"\n#include <sub/own.h>\n-- own.h --\n#ifndef OWN\n#define OWN\n#include <o.h>\n#include \"own.h\"\n#define HAVE_X 1\n#endif\n-- inc/sub/own.h --\n#ifdef HAVE_X\n#include \"next.h\"\n#endif\n-- inc/sub/next.h --\n#include <n.h>\n", "o.h n.h"},
	{"a circle", "-- a.c --\n#include \"b.h\"\n-- b.h --\n#include \"c.h\"\n-- c.h --\n#include \"b.h\"\n#include <yes.h>\n", "yes.h"},
}

func scan(t testing.TB, text string) []Include {
	files := map[string]string{"a.c": text}
	if strings.HasPrefix(text, "-- ") {
		for _, f := range txtar.Parse([]byte(text)).Files {
			files[f.Name] = string(f.Data)
		}
	}
	s := New(Config{
		Defines: map[string]string{"__linux__": "1", "ON": "3"},
		Absent:  func(name string) bool { return name == "_WIN32" || name == "__APPLE__" },
		Angle:   []string{"inc"},
		Read: func(name string) ([]byte, bool) {
			text, ok := files[name]
			return []byte(text), ok
		},
	})
	return s.Scan("a.c", nil)
}

func TestScan(t *testing.T) {
	for _, tt := range cases {
		var got []string
		for _, in := range scan(t, tt.text) {
			name := in.Name
			if in.Quoted {
				name = `"` + name + `"`
			}
			switch in.Is {
			case Sure:
			case Likely:
				name += "?"
			default:
				continue
			}
			if !slices.Contains(got, name) {
				got = append(got, name)
			}
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

// The compiler includes every header that is said to be sure, and none that is said not to be
// included.
func TestCompilerAgrees(t *testing.T) {
	cc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("there is no gcc")
	}
	for _, tt := range cases {
		if strings.Contains(tt.name, "nonsense") || strings.Contains(tt.name, "cannot") || strings.Contains(tt.name, "versions") || strings.Contains(tt.name, "circle") || strings.Contains(tt.name, "arithmetic") {
			continue // errors, or an end that only gcc's depth brings
		}
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			files := []txtar.File{{Name: "a.c", Data: []byte(tt.text)}}
			if strings.HasPrefix(tt.text, "-- ") {
				files = txtar.Parse([]byte(tt.text)).Files
			}
			for _, f := range files {
				name := filepath.Join(dir, f.Name)
				if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, f.Data, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command(cc, "-nostdinc", "-U_WIN32", "-U__APPLE__", "-D__linux__=1", "-DON=3", "-Iinc", "-M", "-MG", "a.c")
			cmd.Dir = dir
			if err := os.MkdirAll(filepath.Join(dir, "inc"), 0o777); err != nil {
				t.Fatal(err)
			}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			read := strings.Fields(strings.ReplaceAll(string(out), "\\\n", " "))
			for _, in := range scan(t, tt.text) {
				if in.Is == Sure && !slices.Contains(read, in.Name) {
					t.Errorf("%s:%d: %s is not included by gcc: %s", in.File, in.Line, in.Name, out)
				}
			}
		})
	}
}

func FuzzScan(f *testing.F) {
	for _, tt := range cases {
		f.Add(tt.text)
	}
	f.Add("#if " + strings.Repeat("(", 1000) + "1\n")
	f.Add(strings.Repeat("#if 1\n", 1000))
	f.Add("#define A A+A\n#define B A+A\n#if B\n#endif\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, in := range scan(t, text) {
			if in.Name == "" || strings.ContainsAny(in.Name, "\n>") && !in.Quoted {
				t.Errorf("%+v", in)
			}
		}
	})
}

// Files that include each other many times end soon.
func TestBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("-- a.c --\n#include \"f0.h\"\n")
	for i := range 60 {
		fmt.Fprintf(&b, "-- f%d.h --\n#include \"f%d.h\"\n#include \"f%d.h\"\n", i, i+1, i+1)
	}
	scan(t, b.String())
}
