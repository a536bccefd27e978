package closure

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/internal/format/pe/petest"
	"github.com/graft-build/graft/internal/winsys"
	"github.com/graft-build/graft/target"
)

// system is a Windows of two DLLs.
func system(t *testing.T) *winsys.System {
	t.Helper()
	const m = "libc/mingw/lib-common/"
	s, err := winsys.Load(fstest.MapFS{
		m + "kernel32.def": {Data: []byte("LIBRARY KERNEL32.dll\n")},
		m + "ws2_32.def":   {Data: []byte("LIBRARY WS2_32.dll\n")},
	}, "amd64")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// windowsPackage writes files of a package, by their place below its prefix.
func windowsPackage(t *testing.T, name string, files map[string]petest.DLL) Provider {
	t.Helper()
	dir := t.TempDir()
	for place, d := range files {
		file := filepath.Join(dir, "data", "clang64", place)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		d.Name = filepath.Base(place)
		if err := os.WriteFile(file, d.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Provider{Package: name, Dir: dir, Prefix: "clang64"}
}

func computePE(t *testing.T, program petest.DLL, loaded []string, packages ...Provider) (Closure, error) {
	t.Helper()
	tt, err := target.Parse("windows/amd64")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "a.exe")
	if err := os.WriteFile(file, program.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return ComputePE(t.Context(), file, packages, tt, Windows{System: system(t), Loaded: loaded})
}

func imports(dll string, names ...string) petest.Import { return petest.Import{DLL: dll, Names: names} }

func exports(names ...string) (out []petest.Export) {
	for _, n := range names {
		name, forward, _ := strings.Cut(n, ">")
		out = append(out, petest.Export{Name: name, Forward: forward})
	}
	return out
}

// shipped are the DLLs of a closure with their folders.
func shipped(c Closure) (out []string) {
	for _, l := range c.Libraries {
		out = append(out, strings.TrimPrefix(l.Folder+"/"+l.Name, "/"))
	}
	return out
}

func TestComputePE(t *testing.T) {
	libs := windowsPackage(t, "libs", map[string]petest.DLL{
		"bin/libA-1.dll":     {Exports: exports("a", "b"), Imports: []petest.Import{imports("KERNEL32.dll", "Sleep"), imports("libb.dll", "b")}},
		"bin/libb.dll":       {Exports: exports("b", "gone>nowhere.x", "f>libforward.f")},
		"bin/libforward.dll": {Exports: exports("f")},
		"bin/libdelay.dll":   {Exports: exports("d"), Imports: []petest.Import{imports("LIBA-1.DLL", "a")}}, // a cycle
		"bin/unused.dll":     {Exports: exports("u")},
		"bin/ws2_32.dll":     {Exports: exports("w")}, // Windows' own comes first
	})
	plugins := windowsPackage(t, "plugins", map[string]petest.DLL{
		"lib/loaders/png.dll":   {Imports: []petest.Import{imports("libpng.dll", "")}},
		"lib/loaders/other.txt": {},
		"bin/libpng.dll":        {Exports: exports("p")},
	})
	program := petest.DLL{
		Imports: []petest.Import{imports("kernel32.DLL", "Sleep"), imports("liba-1.dll", "a"), imports("WS2_32.dll", "", ""), imports("api-ms-win-crt-heap-l1-1-0.dll", "malloc")},
		Delayed: []petest.Import{imports("libdelay.dll", "d")},
	}
	c, err := computePE(t, program, []string{"lib/loaders"}, libs, plugins)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"lib/loaders/png.dll", "libA-1.dll", "libdelay.dll", "libpng.dll", "libb.dll", "libforward.dll"}
	if d := cmp.Diff(want, shipped(c)); d != "" {
		t.Error(d)
	}
	if p := c.Packages(false); strings.Join(p, " ") != "libs plugins" || c.Static {
		t.Errorf("packages %q, static %v", p, c.Static)
	}
	c, err = computePE(t, petest.DLL{Imports: []petest.Import{imports("kernel32.dll", "Sleep")}}, nil, libs)
	if err != nil || len(c.Libraries) > 0 || !c.Static {
		t.Errorf("a program of Windows' own: %q, %v", shipped(c), err)
	}
}

func TestComputePEFaults(t *testing.T) {
	libs := windowsPackage(t, "libs", map[string]petest.DLL{
		"bin/liba.dll": {Exports: exports("a", "away>gone.x"), Imports: []petest.Import{imports("lost.dll", "l")}},
		"bin/libo.dll": {Exports: exports("o"), Imports: []petest.Import{imports("MSVCRT.dll", "malloc")}},
		"bin/arm.dll":  {Machine: 0xaa64, Exports: exports("r")},
		"lib/deep.dll": {},
	})
	for name, tt := range map[string]struct {
		program petest.DLL
		loaded  []string
		says    []string
	}{
		"missing":  {petest.DLL{Imports: []petest.Import{imports("none.dll", "n"), imports("liba.dll", "a")}}, nil, []string{"neither Windows nor a package of the target has none.dll, needed by a.exe", "has lost.dll, needed by liba.dll"}},
		"delayed":  {petest.DLL{Delayed: []petest.Import{imports("late.dll", "n")}}, nil, []string{"has late.dll, needed by a.exe"}},
		"deep":     {petest.DLL{Imports: []petest.Import{imports("deep.dll", "n")}}, nil, []string{"has deep.dll, needed by a.exe"}},
		"symbol":   {petest.DLL{Imports: []petest.Import{imports("libo.dll", "o", "p", "q")}}, nil, []string{"a.exe imports p, q from libo.dll, which does not have it"}},
		"ordinal":  {petest.DLL{Imports: []petest.Import{imports("libo.dll", "", "")}}, nil, []string{"imports #2 from libo.dll"}},
		"runtime":  {petest.DLL{Imports: []petest.Import{imports("libo.dll", "o")}}, nil, []string{"libo.dll uses the C runtime msvcrt (MSVCRT.dll), and the target's is ucrt"}},
		"machine":  {petest.DLL{Imports: []petest.Import{imports("arm.dll", "r")}}, nil, []string{"arm.dll is made for arm64, not for windows/amd64"}},
		"forward":  {petest.DLL{Imports: []petest.Import{imports("liba.dll", "away")}}, nil, []string{"has gone.dll, needed by liba.dll"}},
		"no match": {petest.DLL{}, []string{"lib/*/x.dll"}, []string{"no DLL of its packages fits windows.dlls: lib/*/x.dll"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := computePE(t, tt.program, tt.loaded, libs)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%v, want an *Error", err)
			}
			for _, s := range tt.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%v, want %q", err, s)
				}
			}
		})
	}
	broken := filepath.Join(t.TempDir(), "data", "clang64", "bin")
	if err := os.MkdirAll(broken, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(broken, "x.dll"), []byte("MZ"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := Provider{Package: "broken", Dir: filepath.Dir(filepath.Dir(filepath.Dir(broken))), Prefix: "clang64"}
	_, err := computePE(t, petest.DLL{Imports: []petest.Import{imports("x.dll", "x")}}, nil, p)
	if err == nil || !strings.Contains(err.Error(), "bin/x.dll of package broken: ") {
		t.Errorf("a broken DLL: %v", err)
	}
}

// TestRuntimesApart has a program for each C runtime and DLLs of both.
func TestRuntimesApart(t *testing.T) {
	libs := windowsPackage(t, "libs", map[string]petest.DLL{
		"bin/libold.dll":   {Exports: exports("o"), Imports: []petest.Import{imports("msvcrt.dll", "malloc")}},
		"bin/libnew.dll":   {Exports: exports("n"), Imports: []petest.Import{imports("api-ms-win-crt-heap-l1-1-0.dll", "malloc")}},
		"bin/libplain.dll": {Exports: exports("p"), Imports: []petest.Import{imports("libnew.dll", "n")}},
	})
	old, err := target.Parse("windows/amd64")
	if err != nil {
		t.Fatal(err)
	}
	old.ABI.Libc = string(winsys.MSVCRT)
	for dll, says := range map[string]string{
		"libold.dll": "", "libnew.dll": "libnew.dll uses the C runtime ucrt (api-ms-win-crt-heap-l1-1-0.dll), and the target's is msvcrt",
		"libplain.dll": "libnew.dll uses the C runtime ucrt",
	} {
		file := filepath.Join(t.TempDir(), "a.exe")
		program := petest.DLL{Imports: []petest.Import{imports("msvcrt.dll", "exit"), imports(dll, dll[3:4])}}
		if err := os.WriteFile(file, program.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ComputePE(t.Context(), file, []Provider{libs}, old, Windows{System: system(t)})
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s: %v, want %q", dll, err, says)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{"lib/x/*.dll", "lib/x/a.dll", true}, {"lib/x/*.dll", "lib/x/y/a.dll", false}, {"lib/x", "lib/x/y/a.dll", true}, {"lib/x/", "lib/x/a", true},
		{"lib/*/loaders", "lib/2.10/loaders/a.dll", true}, {"lib", "library/a", false}, {"[", "a", false}, {"a", "a", true},
	} {
		if got := Matches(tt.pattern, tt.name); got != tt.want {
			t.Errorf("Matches(%q, %q) = %v", tt.pattern, tt.name, got)
		}
	}
}

// TestDelayedAndOrdinals takes a program of a real linker, which the tests of package pe build
// again: it imports from foo.dll at start and from late.dll when first called, by name and by
// ordinal each.
func TestDelayedAndOrdinals(t *testing.T) {
	system := Windows{System: system(t)}
	amd64, err := target.Parse("windows/amd64")
	if err != nil {
		t.Fatal(err)
	}
	const program = "../format/pe/testdata/delay-amd64.exe"
	foo := petest.DLL{Exports: exports("a", "b", "c", "d", "e", "f", "foo")} // the last has ordinal 7
	whole := windowsPackage(t, "libs", map[string]petest.DLL{"bin/Foo.dll": foo, "bin/late.dll": {Exports: exports("late")}, "bin/other.dll": {}})
	c, err := ComputePE(t.Context(), program, []Provider{whole}, amd64, system)
	if err != nil || strings.Join(shipped(c), " ") != "Foo.dll late.dll" {
		t.Errorf("shipped %q, %v", shipped(c), err)
	}
	foo.Exports = foo.Exports[5:]
	short := windowsPackage(t, "libs", map[string]petest.DLL{"bin/foo.dll": foo})
	_, err = ComputePE(t.Context(), program, []Provider{short}, amd64, system)
	for _, says := range []string{"imports #7 from foo.dll", "has late.dll, needed by delay-amd64.exe"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}
