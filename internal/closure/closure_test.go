package closure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/graft-build/graft/target"
)

// world is a set of package trees with real libraries, made by the host's C compiler.
type world struct {
	t   *testing.T
	dir string
	t64 target.Target

	programs int
}

const libdir = "usr/lib/x86_64-linux-gnu"

func newWorld(t *testing.T) *world {
	tt, err := target.Parse("linux/amd64")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("no C compiler here")
	}
	if out, _ := exec.Command("gcc", "-dumpmachine").Output(); !strings.HasPrefix(string(out), "x86_64-linux") {
		t.Skip("the C compiler is for another system")
	}
	return &world{t: t, dir: t.TempDir(), t64: tt}
}

func (w *world) path(pkg, rel string) string {
	p := filepath.Join(w.dir, pkg, "data", rel)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		w.t.Fatal(err)
	}
	return p
}

// link compiles source to a file of a package.
func (w *world) link(pkg, rel, source string, flags ...string) string {
	w.t.Helper()
	out := w.path(pkg, rel)
	argv := append([]string{"-nostdlib", "-fno-stack-protector", "-x", "c", "-", "-x", "none", "-Wl,--allow-shlib-undefined,--no-as-needed", "-o", out}, flags...)
	cmd := exec.Command("gcc", argv...)
	cmd.Stdin = strings.NewReader(source)
	if said, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("gcc %v: %v\n%s", argv, err, said)
	}
	return out
}

func (w *world) lib(pkg, rel, soname, source string, flags ...string) string {
	w.t.Helper()
	return w.link(pkg, rel, source, append(flags, "-shared", "-Wl,-soname,"+soname)...)
}

func (w *world) symlink(pkg, rel, to string) {
	if err := os.Symlink(to, w.path(pkg, rel)); err != nil {
		w.t.Fatal(err)
	}
}

// versions writes a version script.
func (w *world) versions(names ...string) string {
	p := filepath.Join(w.t.TempDir(), "map")
	text := ""
	for _, n := range names {
		text += n + " { f_" + strings.ReplaceAll(n, ".", "_") + "; };\n"
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
	return "-Wl,--version-script=" + p
}

func (w *world) compute(program string, pkgs ...string) (Closure, error) {
	var in []Provider
	for _, p := range pkgs {
		in = append(in, Provider{Package: p, Dir: filepath.Join(w.dir, p)})
	}
	return Compute(context.Background(), program, in, w.t64)
}

const start = "void _start(void) {}"

// program links a program to libraries, with a loader in the package libc.
func (w *world) program(flags ...string) string {
	w.t.Helper()
	w.lib("libc", "lib64/ld-linux-x86-64.so.2", "ld-linux-x86-64.so.2", "")
	w.programs++
	return w.link("app", fmt.Sprint("app", w.programs), start, append(flags, "-Wl,-dynamic-linker,/lib64/ld-linux-x86-64.so.2", "-pie")...)
}

func names(c Closure) (out []string) {
	for _, l := range c.Libraries {
		out = append(out, l.Name+" "+l.Package)
	}
	return out
}

func TestCompute(t *testing.T) {
	w := newWorld(t)
	c := w.lib("c", "lib/x86_64-linux-gnu/libc.so.6", "libc.so.6", "")
	z := w.lib("z", libdir+"/libz.so.1.2", "libz.so.1", "", c)
	w.symlink("z", libdir+"/libz.so.1", "libz.so.1.2")
	a := w.lib("a", libdir+"/real/liba.so.0", "liba.so.0", "", z)
	w.symlink("b", libdir+"/liba.so.0", "/usr/lib/x86_64-linux-gnu/real/liba.so.0") // absolute, into another package
	w.lib("gcc", "lib/x86_64-linux-gnu/libgcc_s.so.1", "libgcc_s.so.1", "", c)
	os.Symlink("nowhere", w.path("evil", libdir+"/libz.so.1"))
	os.Symlink("../../../../../../../etc/passwd", w.path("evil", libdir+"/libc.so.6"))
	os.Symlink("liba.so.0", w.path("evil", libdir+"/liba.so.0"))

	got, err := w.compute(w.program(a, c), "evil", "b", "a", "z", "c", "gcc", "libc")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"liba.so.0 b", "libc.so.6 c", "libz.so.1 z", "ld-linux-x86-64.so.2 libc", "libgcc_s.so.1 gcc"}
	if d := cmp.Diff(want, names(got)); d != "" {
		t.Error(d)
	}
	if l, _ := got.Find("liba.so.0"); !strings.HasSuffix(l.Path, "a/data/"+libdir+"/real/liba.so.0") || l.Place != "/"+libdir+"/liba.so.0" || !l.Listed {
		t.Errorf("got %+v", l)
	}
	if got.Loader != "ld-linux-x86-64.so.2" || got.Static {
		t.Errorf("loader %q, static %v", got.Loader, got.Static)
	}
	if d := cmp.Diff([]string{"b", "c"}, got.Packages(true)); d != "" {
		t.Error(d)
	}
}

func TestComputePrivateFolder(t *testing.T) {
	w := newWorld(t)
	blas := w.lib("blas", libdir+"/blas/libblas.so.3", "libblas.so.3", "")
	got, err := w.compute(w.program(blas), "blas", "libc")
	if err != nil {
		t.Fatal(err)
	}
	if l, ok := got.Find("libblas.so.3"); !ok || l.Listed || l.Place != "/"+libdir+"/blas/libblas.so.3" {
		t.Errorf("got %+v", l)
	}
}

func TestComputeStatic(t *testing.T) {
	w := newWorld(t)
	got, err := w.compute(w.link("app", "static", start, "-static"))
	if err != nil || !got.Static || len(got.Libraries) != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestComputeFaults(t *testing.T) {
	w := newWorld(t)
	w.lib("old", libdir+"/libv.so.1", "libv.so.1", "void f_V_1_0(void){} void f_V_1_9(void){}", w.versions("V_1.0", "V_1.9"))
	newer := w.lib("newer", libdir+"/libv.so.1", "libv.so.1", "void f_V_1_0(void){} void f_V_1_10(void){}", w.versions("V_1.0", "V_1.10"))
	gone := w.lib("gone", libdir+"/libgone.so.2", "libgone.so.2", "")
	user := w.lib("user", libdir+"/libuser.so.1", "libuser.so.1", "", gone)
	calls := w.link("app", "calls", "void f_V_1_10(void); void _start(void) { f_V_1_10(); }", newer, "-Wl,-dynamic-linker,/lib64/ld-linux-x86-64.so.2", "-pie")
	elsewhere := w.link("app", "elsewhere", start, user, "-Wl,-dynamic-linker,/opt/ld.so", "-Wl,-rpath,/opt/lib", "-pie")
	// What the linker records when a library has no SONAME is the path it was given.
	bare := w.link("bare", libdir+"/libbare.so", "", "-shared")
	byPath := w.link("app", "bypath", start, bare, "-Wl,-dynamic-linker,/lib64/ld-linux-x86-64.so.2", "-pie")
	// A stand-in without a SONAME, as zig makes one, leads to the name of the development link.
	w.link("standin", "libq.so", "", "-shared")
	linkName := w.link("app", "linkname", start, "-L"+filepath.Join(w.dir, "standin/data"), "-lq", "-Wl,-dynamic-linker,/lib64/ld-linux-x86-64.so.2", "-pie")
	w.lib("q", libdir+"/libq.so.4", "libq.so.4", "")
	w.symlink("q", libdir+"/libq.so", "libq.so.4")

	// An ELF file of another processor, and one that is cut off.
	b, err := os.ReadFile(gone)
	if err != nil {
		t.Fatal(err)
	}
	foreign := slices.Clone(b)
	foreign[18] = 183
	for name, b := range map[string][]byte{w.path("foreign", libdir+"/libgone.so.2"): foreign, w.path("cut", libdir+"/libgone.so.2"): b[:100]} {
		if err := os.WriteFile(name, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}

	tests := []struct {
		name, program string
		packages      []string
		want          []string
	}{
		{"missing", w.program(gone, user), []string{"user", "libc"}, []string{"no package of the target has libgone.so.2, needed by app1, libuser.so.1"}},
		{"unfit", w.program(gone), []string{"foreign", "cut", "libc"}, []string{
			"no package of the target has libgone.so.2, needed by app2 (usr/lib/x86_64-linux-gnu/libgone.so.2 of package foreign is for EM_AARCH64; ",
			"of package cut can't be read: read ELF: ",
		}},
		{"no loader", w.program(), []string{"gone"}, []string{"has ld-linux-x86-64.so.2, needed by app3"}},
		{"too new", calls, []string{"old", "libc"}, []string{"calls needs V_1.10 of libv.so.1 for f_V_1_10; the target's has up to V_1.9"}},
		{"loader, paths", elsewhere, []string{"user", "gone", "libc"}, []string{"it asks for the loader /opt/ld.so", "it looks for libraries in /opt/lib"}},
		{"name for linking", linkName, []string{"q", "libc"}, []string{"it needs libq.so by a name that is only for linking; the library is called libq.so.4"}},
		{"by path", byPath, []string{"bare", "libc"}, []string{"it needs a library by its path, /"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.compute(tt.program, tt.packages...)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v\nwant in it: %s", err, want)
				}
			}
		})
	}
	if _, err := w.compute(calls, "newer", "libc"); err != nil {
		t.Errorf("the version is there: %v", err)
	}
	arm, _ := target.Parse("rpi4")
	w.t64 = arm
	if _, err := w.compute(w.program(), "libc"); err == nil || !strings.Contains(err.Error(), "it is made for EM_X86_64, not for rpi4") {
		t.Errorf("got %v", err)
	}
}

// TestLdd compares closures with what the host's loader says, over programs of this machine.
func TestLdd(t *testing.T) {
	ldd, err := exec.LookPath("ldd")
	if err != nil {
		t.Skip("no ldd here")
	}
	tt, err := target.Host("linux", "amd64")
	if err != nil {
		t.Skip(err)
	}
	host := t.TempDir()
	if err := os.Symlink("/", filepath.Join(host, "data")); err != nil {
		t.Fatal(err)
	}
	programs := []string{"/bin/ls", "/usr/bin/git", "/usr/bin/apt", "/usr/bin/readelf", "/usr/bin/curl"}
	n := 0
	for _, p := range programs {
		said, err := exec.Command(ldd, p).Output()
		if err != nil || strings.Contains(string(said), "not a dynamic") {
			continue
		}
		var want []string
		for line := range strings.Lines(string(said)) {
			if f := strings.Fields(line); len(f) > 0 && f[0] != "linux-vdso.so.1" {
				want = append(want, filepath.Base(f[0]))
			}
		}
		c, err := Compute(context.Background(), p, []Provider{{Package: "host", Dir: host}}, tt)
		if err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		var got []string
		for _, l := range c.Libraries {
			if l.Name != "libgcc_s.so.1" || slices.Contains(want, l.Name) {
				got = append(got, l.Name)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: ldd (-), closure (+)\n%s", p, d)
		}
		n++
	}
	if n == 0 {
		t.Skip("no program to compare")
	}
	t.Logf("%d programs", n)
}

func TestCompareVersions(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"2.4", "2.36", -1}, {"2.36", "2.4", 1}, {"2.36", "2.36", 0}, {"2", "2.0", 0}, {"1.2.3", "1.2", 1}, {"", "1", -1}} {
		if got := CompareVersions(tt.a, tt.b); (got < 0) != (tt.want < 0) || (got > 0) != (tt.want > 0) {
			t.Errorf("%s, %s: got %d", tt.a, tt.b, got)
		}
	}
}
