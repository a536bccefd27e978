//go:build linux

package shlibdeps

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/graft-build/graft/internal/format/deb822"
	"github.com/graft-build/graft/test/dpkgdeps"
)

// A program that uses a variable of a library, a weak symbol, and versions of one.
const (
	programC = `
extern int plain(void), old(void), gone(void), unknown(void), other(void);
extern int variable;
extern int maybe(void) __attribute__((weak));
int main(void) { return plain() + variable + (maybe ? maybe() : 0) + PROGRAM; }
`
	libraryC = `
int plain(void) { return 0; }
int old(void) { return 0; }
int gone(void) { return 0; }
int unknown(void) { return 0; }
int maybe(void) { return 0; }
int variable = 1;
`
	versions = "FOO_1 { global: plain; old; gone; unknown; maybe; variable; local: *; };\n"
)

// world is two packages with a library each, and the programs that use them.
type world struct {
	dir      string
	packages []dpkgdeps.Package
}

func newWorld(t *testing.T, symbols, shlibs string) world {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("no gcc here")
	}
	w := world{dir: t.TempDir()}
	for _, p := range []string{"libfoo1", "libbar2"} {
		w.packages = append(w.packages, dpkgdeps.Package{Name: p, Version: "1:4.5-6", Tree: filepath.Join(w.dir, p)})
	}
	w.put(t, "libfoo1/control/symbols", symbols)
	w.put(t, "libbar2/control/shlibs", shlibs)
	w.put(t, "foo.c", libraryC)
	w.put(t, "foo.map", versions)
	w.put(t, "bar.c", "int other(void) { return 0; }\n")
	w.put(t, "libfoo1/data/usr/lib/x", "")
	w.put(t, "libbar2/data/usr/lib/x", "")
	w.gcc(t, "-shared", "-Wl,-soname,libfoo.so.1,--version-script=foo.map", "-o", "libfoo1/data/usr/lib/libfoo.so.1", "foo.c")
	w.gcc(t, "-shared", "-Wl,-soname,libbar.so.2", "-o", "libbar2/data/usr/lib/libbar.so.2", "bar.c")
	return w
}

func (w world) put(t *testing.T, name, text string) {
	t.Helper()
	name = filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if text == "" && strings.HasSuffix(filepath.Dir(name), "control") {
		return
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (w world) gcc(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command("gcc", append([]string{"-nostdlib", "-fPIC"}, args...)...)
	cmd.Dir = w.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
}

func (w world) libraries() []Library {
	return []Library{
		{"libbar.so.2", "libbar2", filepath.Join(w.dir, "libbar2/control"), "libbar2 (>= 1:4.5)"},
		{"libfoo.so.1", "libfoo1", filepath.Join(w.dir, "libfoo1/control"), "libfoo1 (>= 1:4.5)"},
	}
}

// program compiles the program with one more expression and no position independence, so
// that variable is copied.
func (w world) program(t *testing.T, expression string) string {
	t.Helper()
	w.put(t, "main.c", strings.ReplaceAll(programC, "PROGRAM", expression))
	w.gcc(t, "-fno-pic", "-no-pie", "-e", "main", "-Wl,--no-as-needed", "-o", "program", "main.c",
		"libfoo1/data/usr/lib/libfoo.so.1", "libbar2/data/usr/lib/libbar.so.2")
	return filepath.Join(w.dir, "program")
}

const shlibs = "udeb: libbar 2 libbar2-udeb\nlibbar 2 libbar2 (>= 2.1), libbar-data\n"

// TestCompute says what the rules come to; dpkg-shlibdeps must say the same where it is.
func TestCompute(t *testing.T) {
	const head = "libfoo.so.1 libfoo1 #MINVER#\n"
	for _, tt := range []struct {
		name, symbols, shlibs, expression, want string
		dpkg                                    string // what dpkg-shlibdeps says, if it is something else
	}{
		{"versions", head + " plain@FOO_1 1.2\n old@FOO_1 0.5\n", shlibs, "other()", "libbar-data, libbar2 (>= 2.1), libfoo1 (>= 1.2)", ""},
		{"oldest", head + " old@FOO_1 0.5\n none@FOO_1 0.6\n", shlibs, "0", "libbar-data, libbar2 (>= 2.1), libfoo1 (>= 0.5)", ""},
		{"weak", head + " plain@FOO_1 1.2\n maybe@FOO_1 1.3\n", shlibs, "0", "libbar-data, libbar2 (>= 2.1), libfoo1 (>= 1.3)", ""},
		// It means to count these too, and does not know how today's objdump writes them.
		{"copied", head + " plain@FOO_1 1.2\n variable@FOO_1 2.0\n", shlibs, "0", "libbar-data, libbar2 (>= 2.1), libfoo1 (>= 2.0)", "libbar-data, libbar2 (>= 2.1), libfoo1 (>= 1.2)"},
		{"no version in the file", head + " plain@Base 9\n maybe@FOO_1 1\n", shlibs, "0", "libbar-data, libbar2 (>= 2.1), libfoo1 (>= 1)", ""},
		{"gone", head + " plain@FOO_1 1.2\n#MISSING: 1.5# gone@FOO_1 3\n", shlibs, "gone()", "libbar-data, libbar2 (>= 2.1), libfoo1 (>= 1.2)", ""},
		{"template", "libfoo.so.1 libfoo1 #MINVER#, libfoo-common\n| libfoo1 (>> 4), libfoo1 (<< 5)\n* Build-Depends-Package: x\n plain@FOO_1 1\n old@FOO_1 7 1\n", shlibs, "old()",
			"libbar-data, libbar2 (>= 2.1), libfoo-common, libfoo1 (>= 1), libfoo1 (>> 4), libfoo1 (<< 5)", ""},
		{"alternatives", "libfoo.so.1 libfoo1 #MINVER# | libfoo1-gles #MINVER#\n plain@FOO_1 1.2\n", shlibs, "0",
			"libbar-data, libbar2 (>= 2.1), libfoo1 (>= 1.2) | libfoo1-gles (>= 1.2)", ""},
		{"without minimum", "libfoo.so.1 libfoo1\n plain@FOO_1 1.2\n", "libbar 2\n", "0", "libfoo1", ""},
		{"any version", head + " plain@FOO_1 0\n", shlibs, "0", "libbar-data, libbar2 (>= 2.1), libfoo1", ""},
		{"no symbols", "libfoo.so.1 libfoo1 #MINVER#\n", shlibs, "0", "libbar-data, libbar2 (>= 2.1), libfoo1", ""},
		{"patterns", head + " (regex)\"^p.*\" 5\n (symver)FOO_1 6\n *@FOO_1 7\n (optional)plain@FOO_1 1.1\n", shlibs, "0", "libbar-data, libbar2 (>= 2.1), libfoo1 (>= 1.1)", ""},
		{"order of versions", head + " plain@FOO_1 1.9\n old@FOO_1 1.10~rc1\n maybe@FOO_1 1:0\n", shlibs, "old()", "libbar-data, libbar2 (>= 2.1), libfoo1 (>= 1:0)", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.symbols, tt.shlibs)
			program := w.program(t, tt.expression)
			if got := computed(t, program, w.libraries()); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if missing := dpkgdeps.Tools("amd64"); len(missing) > 0 || runtime.GOARCH != "amd64" {
				t.Logf("not compared: no %v here", missing)
				return
			}
			dpkg, err := dpkgdeps.Depends(context.Background(), "amd64", w.packages, program)
			if err != nil || dpkg != tt.want && dpkg != tt.dpkg {
				t.Errorf("dpkg-shlibdeps: %s, want %s; %v", dpkg, tt.want, err)
			}
		})
	}
}

func computed(t *testing.T, program string, libraries []Library) string {
	t.Helper()
	list, err := Compute(program, libraries)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, d := range list {
		out = append(out, d.String())
	}
	return strings.Join(out, ", ")
}

// TestOtherwise is where dpkg-shlibdeps gives up: neither file knows the library.
func TestOtherwise(t *testing.T) {
	w := newWorld(t, "libother.so.1 libother1 #MINVER#\n", "libother 1 libother1\n")
	if got, want := computed(t, w.program(t, "0"), w.libraries()), "libbar2 (>= 1:4.5), libfoo1 (>= 1:4.5)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestComputeRefuses(t *testing.T) {
	w := newWorld(t, "libfoo.so.1 libfoo1 #MINVER#\n plain@FOO_1 -\n", shlibs)
	program := w.program(t, "0")
	if _, err := Compute(program, w.libraries()); err == nil || !strings.Contains(err.Error(), "package libfoo1: parse symbols: line 2") {
		t.Errorf("bad symbols: %v", err)
	}
	if _, err := Compute(program, w.libraries()[:1]); err == nil || !strings.Contains(err.Error(), "no package is known for libfoo.so.1") {
		t.Errorf("library of no package: %v", err)
	}
	if _, err := Compute(filepath.Join(w.dir, "main.c"), nil); err == nil || !strings.Contains(err.Error(), "not an ELF file") {
		t.Errorf("no program: %v", err)
	}
	if err := os.Remove(filepath.Join(w.dir, "libfoo1/control/symbols")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(w.dir, "libfoo1/control/symbols")); err != nil {
		t.Fatal(err)
	}
	if _, err := Compute(program, w.libraries()); err == nil {
		t.Error("a link out of the package was followed")
	}
}

func TestSimplify(t *testing.T) {
	for in, want := range map[string]string{
		"a, b, a":                        "a, b",
		"a, a (>= 1)":                    "a (>= 1)",
		"a | b, c, a":                    "a, c",
		"a (>= 2), b, a (>= 1)":          "a (>= 2), b",
		"a (>= 1), a (>= 2), a (>> 2)":   "a (>> 2)",
		"a (>= 1), a (<< 2)":             "a (>= 1), a (<< 2)",
		"a (<= 1), a (<< 1), a (= 1)":    "a (<< 1), a (= 1)",
		"a (= 3), a (>= 2), a (<= 3), a": "a (= 3)",
		"a:any, a":                       "a:any, a",
		"a (>= 1) | b, a (>= 2) | b":     "a (>= 2) | b",
		"a (>> 1), a (>= 1)":             "a (>> 1)",
		"a (>= 2), a (>> 1), a (>> 2)":   "a (>> 2)",
	} {
		list, err := deb822.ParseRelations(in)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range Simplify(list) {
			got = append(got, d.String())
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
