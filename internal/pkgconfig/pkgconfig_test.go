package pkgconfig

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/internal/format/pc"
)

// tree makes a sysroot with .pc files, and returns its configuration.
func tree(t testing.TB, files map[string]string) Config {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sysroot := filepath.Join(root, "sysroot")
	return Config{
		Sysroot: sysroot, Dirs: []string{filepath.Join(sysroot, "usr/lib/pkgconfig"), filepath.Join(sysroot, "usr/share/pkgconfig")},
		SystemInclude: []string{"/usr/include"}, SystemLib: []string{"/usr/lib"},
	}
}

func file(version, rest string) string {
	return "prefix=/usr\nName: n\nDescription: d\nVersion: " + version + "\n" + rest
}

func ask(cfg Config, args string) (string, string, int) {
	var out, errOut bytes.Buffer
	exit := Run(cfg, strings.Fields(args), &out, &errOut)
	return strings.ReplaceAll(out.String(), cfg.Sysroot, "SYS"), strings.ReplaceAll(errOut.String(), cfg.Sysroot, "SYS"), exit
}

func TestRelocation(t *testing.T) {
	cfg := tree(t, map[string]string{
		"sysroot/usr/lib/pkgconfig/a.pc": file("1", "share=${prefix}/share\nCflags: -I${prefix}/include -I${prefix}/include/a -isystem /usr/x -DDATA=\"/usr/share/a\" -I${pc_sysrootdir}/usr/y\n"+
			"Libs: -L${prefix}/lib -L/usr/lib/a -Wl,-rpath,/usr/lib/a /usr/lib/liba.a -la\n"),
		"sysroot/usr/share/pkgconfig/here.pc": file("2", "Cflags: -I${pcfiledir}/inc\nRequires: a\n"),
		"own/pkgconfig/own.pc":                file("3", "Cflags: -I/own/include\nRequires: a\n"),
	})
	own := filepath.Join(filepath.Dir(cfg.Sysroot), "own", "pkgconfig")
	tests := []struct {
		args, want string
		env        []string
	}{
		{"--cflags a", "-ISYS/usr/include/a -isystem SYS/usr/x -DDATA=/usr/share/a -ISYS/usr/y", nil},
		{"--libs a", "-LSYS/usr/lib/a -Wl,-rpath,/usr/lib/a SYS/usr/lib/liba.a -la", nil},
		{"--cflags --keep-system-cflags a", "-ISYS/usr/include -ISYS/usr/include/a -isystem SYS/usr/x -DDATA=/usr/share/a -ISYS/usr/y", nil},
		{"--libs-only-L a", "-LSYS/usr/lib -LSYS/usr/lib/a", []string{"PKG_CONFIG_ALLOW_SYSTEM_LIBS=1"}},
		{"--variable=share a", "SYS/usr/share", nil},
		{"--variable=pc_sysrootdir a", "SYS", nil},
		{"--define-variable=prefix=/opt --variable=share a", "SYS/opt/share", nil},
		{"--define-variable prefix=/opt --variable prefix a", "SYS/opt", nil},
		{"--cflags-only-I here", "-ISYS/usr/share/pkgconfig/inc -ISYS/usr/include/a -ISYS/usr/y", nil},
		// What is not in the sysroot says itself where it is.
		{"--cflags-only-I own", "-I/own/include -ISYS/usr/include/a -ISYS/usr/y", []string{"PKG_CONFIG_PATH=" + own}},
		{"--cflags-only-I --with-path=" + own + " own", "-I/own/include -ISYS/usr/include/a -ISYS/usr/y", nil},
		{"--modversion " + filepath.Join(own, "own.pc"), "3", nil},
		{"--list-package-names", "a\nhere", nil},
		{"--list-all", "a                              n - d\nhere                           n - d", nil},
		{"--license a", "a: NOASSERTION", nil},
		{"--modversion -- a here", "1\n2", nil},
		{"--about", "graft's pkg-config, after pkgconf " + Version, nil},
	}
	for _, tt := range tests {
		cfg := cfg
		cfg.Env = tt.env
		out, errOut, exit := ask(cfg, tt.args)
		if exit != 0 || errOut != "" || strings.TrimSuffix(out, "\n") != tt.want {
			t.Errorf("%s: exit %d\n got %swant %s\n%s", tt.args, exit, out, tt.want, errOut)
		}
	}
}

func TestFailures(t *testing.T) {
	cfg := tree(t, map[string]string{
		"sysroot/usr/lib/pkgconfig/a.pc":      file("1", "Requires: b >= 2\n"),
		"sysroot/usr/lib/pkgconfig/b.pc":      file("1", ""),
		"sysroot/usr/lib/pkgconfig/c.pc":      file("1", "Requires.private: none\nLibs: -lc\n"),
		"sysroot/usr/lib/pkgconfig/broken.pc": "Libs: 'x\n",
		"sysroot/usr/lib/pkgconfig/x.pc/y":    "a folder",
		"outside.pc":                          file("1", ""),
	})
	searched := "Package %s was not found in the pkg-config search path:\n  SYS/usr/lib/pkgconfig\n  SYS/usr/share/pkgconfig\n"
	tests := []struct{ args, out, err string }{
		{"--libs none", "", fmt.Sprintf(searched, "none") + "Package 'none' not found\n"},
		{"--cflags c", "", fmt.Sprintf(searched, "none") + "Package 'none', required by 'c', not found\n"},
		{"--libs a", "", "Package dependency requirement 'b >= 2' of 'a' could not be satisfied: its version is '1'\n"},
		{"--libs --short-errors none", "", "Package 'none' not found\n"},
		{"--libs --errors-to-stdout --short-errors none", "Package 'none' not found\n", ""},
		{"--libs --silence-errors none", "", ""},
		{"--exists none", "", ""},
		{"--exists --print-errors --short-errors none", "", "Package 'none' not found\n"},
		{"--exists b < 1", "", ""},
		{"--libs broken", "", "read SYS/usr/lib/pkgconfig/broken.pc: line 1: Libs: quote without its end\n"},
		{"--libs x", "", fmt.Sprintf(searched, "x") + "Package 'x' not found\n"},
		{"--libs --short-errors ../../../../outside", "", "Package '../../../../outside' not found\n"},
		{"--libs", "", "Please specify at least one package name on the command line.\n"},
		{"--nonsense", "", "pkg-config: unknown option --nonsense\n"},
		{"--digraph b", "", "pkg-config: unknown option --digraph\n"},
		{"--variable", "", "pkg-config: option --variable wants a value\n"},
		{"--define-variable=x b", "", "pkg-config: --define-variable wants NAME=VALUE, not \"x\"\n"},
		{"--maximum-traverse-depth=x b", "", "pkg-config: --maximum-traverse-depth wants a number, not \"x\"\n"},
		{"--relocate=/x b", "", "pkg-config: option --relocate has no meaning in a sysroot\n"},
		{"--atleast-version=2 b", "", ""},
		{"--uninstalled b", "", ""},
	}
	for _, tt := range tests {
		out, errOut, exit := ask(cfg, tt.args)
		if diff := cmp.Diff(tt.out+"|"+tt.err, out+"|"+errOut); exit != 1 || diff != "" {
			t.Errorf("%s: exit %d (-want +got):\n%s", tt.args, exit, diff)
		}
	}
	// What only a private requirement misses does not matter to a shared link.
	if out, _, exit := ask(cfg, "--libs c"); exit != 0 || out != "-lc\n" {
		t.Errorf("--libs c: exit %d, %s", exit, out)
	}
}

// Modules that double the ways to the next are each visited once, in the order of linking, as
// abseil's need it: pkgconf itself takes hours there.
func TestBranching(t *testing.T) {
	files := map[string]string{}
	for i := range 60 {
		files[fmt.Sprintf("sysroot/usr/lib/pkgconfig/m%d.pc", i)] = file("1", fmt.Sprintf("Requires: m%d m%d\nLibs: -lm%d\n", i+1, i+1, i))
	}
	files["sysroot/usr/lib/pkgconfig/m60.pc"] = file("1", "Libs: -lend\n")
	cfg := tree(t, files)
	start := time.Now()
	out, errOut, exit := ask(cfg, "--libs m0")
	if exit != 0 || !strings.HasPrefix(out, "-lm0 -lm1 -lm2 ") || !strings.HasSuffix(out, "-lm59 -lend\n") {
		t.Errorf("exit %d, %.200s %s", exit, errOut, out)
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("it took %v", d)
	}
}

// A sysroot lacks what only private requirements ask for; a static link does not do without.
func TestLenientPrivate(t *testing.T) {
	cfg := tree(t, map[string]string{
		"sysroot/usr/lib/pkgconfig/a.pc": file("1", "Requires: b\nLibs: -la\n"),
		"sysroot/usr/lib/pkgconfig/b.pc": file("1", "Requires.private: gone\nCflags: -DB\nLibs: -lb\n"),
		"sysroot/usr/lib/pkgconfig/c.pc": file("1", "Requires: gone\n"),
	})
	cfg.LenientPrivate = true
	for args, want := range map[string]int{"--cflags --libs a": 0, "--exists a": 0, "--static --libs a": 1, "--cflags c": 1} {
		if out, errOut, exit := ask(cfg, args); exit != want {
			t.Errorf("%s: exit %d: %s%s", args, exit, out, errOut)
		}
	}
}

func TestClean(t *testing.T) {
	cfg := tree(t, map[string]string{"sysroot/usr/lib/pkgconfig/a.pc": file("1", "Libs: -la -Wl,--bad\n")})
	cfg.Clean = func(flags []pc.Flag) []pc.Flag { return flags[:1] }
	if out, _, _ := ask(cfg, "--libs a"); out != "-la\n" {
		t.Errorf("got %s", out)
	}
}

// No .pc file makes the command crash or loop.
func FuzzRun(f *testing.F) {
	for name, text := range odd {
		f.Add(text, odd["depends"], "--cflags --libs --static "+name)
	}
	f.Fuzz(func(t *testing.T, a, b, args string) {
		cfg := tree(t, map[string]string{"sysroot/usr/lib/pkgconfig/a.pc": a, "sysroot/usr/lib/pkgconfig/b.pc": b})
		for _, q := range []string{args, "--cflags --libs --static a b", "--list-all", "--print-variables a", "--exists a >= 1"} {
			ask(cfg, q)
		}
	})
}
