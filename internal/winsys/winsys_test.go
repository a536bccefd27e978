package winsys

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/graft-build/graft/internal/format/pe"
)

func TestIsAPISet(t *testing.T) {
	for name, want := range map[string]bool{
		"api-ms-win-core-memory-l1-1-7.dll": true, "API-MS-WIN-CRT-RUNTIME-L1-1-0.DLL": true, "ext-ms-win-ntuser-window-l1-1-4": true,
		"api-ms-win-crt-heap-l1-1-0": true, "ext-ms-onecore-appmodel-l1-1-10.dll": true,
		"api-ms-win-core-memory.dll": false, "api-l1-1-0": false, "kernel32.dll": false, "apixms-win-core-l1-1-0": false, "api--l1-1-0": false,
		"api-ms-win-core-memory-l1-1-": false, "api-ms-win-core-memory-l1-1-x": false, "api-../evil-l1-1-0": false, "": false,
	} {
		if got := IsAPISet(name); got != want {
			t.Errorf("IsAPISet(%q) = %v", name, got)
		}
	}
}

func TestRuntimeOf(t *testing.T) {
	for name, want := range map[string]Runtime{
		"MSVCRT.dll": MSVCRT, "ucrtbase.dll": UCRT, "api-ms-win-crt-stdio-l1-1-0.dll": UCRT, "kernel32.dll": "", "api-ms-win-crt-x": "",
	} {
		if got := RuntimeOf(name); got != want {
			t.Errorf("RuntimeOf(%q) = %q", name, got)
		}
	}
}

func TestLoad(t *testing.T) {
	const m = "libc/mingw/"
	lib := fstest.MapFS{
		m + "lib-common/kernel32.def.in":                    {Data: []byte("#include \"func.def.in\"\n\nLIBRARY \"KERNEL32.dll\"\nEXPORTS\nSleep\n")},
		m + "lib-common/winspool.def":                       {Data: []byte(";\n; text\nLIBRARY \"WINSPOOL.DRV\"\r\n")},
		m + "lib-common/windows.ai.machinelearning.def":     {Data: []byte("LIBRARY windows.ai.machinelearning\n")},
		m + "lib-common/api-ms-win-core-atoms-l1-1-0_x.def": {Data: []byte("LIBRARY api-ms-win-core-atoms-l1-1-0\n")},
		m + "lib-common/part.def.in":                        {Data: []byte("EXPORTS\nLIBRARYX\n")},
		m + "lib-common/README":                             {Data: []byte("LIBRARY readme.dll\n")},
		m + "lib64/ntoskrnl.def":                            {Data: []byte("LIBRARY \"ntoskrnl.exe\"\n")},
		m + "lib64/d3dx9_43.def":                            {Data: []byte("LIBRARY \"d3dx9_43.dll\"\n")},
		m + "lib64/d3dcompiler_43.def":                      {Data: []byte("LIBRARY \"D3DCOMPILER_43.dll\"\n")},
		m + "lib-common/d3dcompiler_47.def":                 {Data: []byte("LIBRARY \"D3DCOMPILER_47.dll\"\n")},
		m + "libarm32/combase.def":                          {Data: []byte("LIBRARY \"combase.dll\"\n")},
		m + "lib32/d3d8.def":                                {Data: []byte("LIBRARY d3d8.dll\n")},
	}
	s, err := Load(lib, "amd64")
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Keep()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Restore(lib, b)
	if err != nil || !reflect.DeepEqual(s, again) {
		t.Errorf("restored: %+v, %v", again, err)
	}
	for _, bad := range []string{"", "{}", "[]", `{"dlls":["a"]}`} {
		if _, err := Restore(lib, []byte(bad)); err == nil {
			t.Errorf("%q: accepted", bad)
		}
	}
	for name, want := range map[string]Kind{
		"kernel32.dll": DLL, "KERNEL32": DLL, "winspool.drv": DLL, "windows.ai.machinelearning.dll": DLL, "combase.dll": DLL, "msvcrt.dll": DLL,
		"api-ms-win-core-atoms-l1-1-0.dll": APISet, "api-ms-win-core-unheard-l9-9-9.dll": APISet, "d3dcompiler_47.dll": DLL,
		"ntoskrnl.exe": None, "d3dx9_43.dll": None, "d3dcompiler_43.dll": None, "readme.dll": None, "libcairo-2.dll": None, "d3d8.dll": None, "": None,
	} {
		if got := s.Provides(name); got != want {
			t.Errorf("Provides(%q) = %d, want %d", name, got, want)
		}
	}
	for name, want := range map[string]bool{"kernel32": true, "WinSpool": true, "d3dx9_43": true, "m": true, "combase": false, "part": false, "cairo": false} {
		if got := s.Links(name); got != want {
			t.Errorf("Links(%q) = %v", name, got)
		}
	}
	for _, arch := range []string{"riscv64", ""} {
		if _, err := Load(lib, arch); err == nil {
			t.Errorf("a Windows for %q", arch)
		}
	}
	if _, err := Load(fstest.MapFS{}, "amd64"); err == nil {
		t.Error("an empty folder: accepted")
	}
}

// zigLib is zig's lib folder, from ZIG_LIB_DIR or from the zig that is here.
func zigLib(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("ZIG_LIB_DIR"); dir != "" {
		return dir
	}
	zig := os.Getenv("GRAFT_ZIG")
	if zig == "" {
		zig, _ = exec.LookPath("zig")
	}
	if zig != "" {
		if out, err := exec.Command(zig, "env").Output(); err == nil {
			if m := regexp.MustCompile(`lib_dir"?\s*[=:]\s*"([^"]+)"`).FindSubmatch(out); m != nil {
				return string(m[1])
			}
		}
	}
	t.Skip("no zig on this machine: set ZIG_LIB_DIR")
	return ""
}

func TestLoadZig(t *testing.T) {
	dir := zigLib(t)
	for _, arch := range []string{"amd64", "arm64", "386", "arm"} {
		s, err := Load(os.DirFS(dir), arch)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"kernel32.dll", "user32.dll", "gdi32.dll", "msimg32.dll", "ole32.dll", "ws2_32.dll", "dwrite.dll", "advapi32.dll",
			"bcryptprimitives.dll", "ntdll.dll", "ucrtbase.dll", "shlwapi.dll", "crypt32.dll", "dnsapi.dll", "winmm.dll", "iphlpapi.dll", "d2d1.dll"} {
			if s.Provides(name) != DLL {
				t.Errorf("%s: Windows lacks %s", arch, name)
			}
		}
		for _, name := range []string{"libcairo-2.dll", "zlib1.dll", "vcruntime140.dll", "d3dx9_43.dll", "xinput1_3.dll", "libwinpthread-1.dll", "msvcp140.dll", "ntoskrnl.exe"} {
			if s.Provides(name) != None {
				t.Errorf("%s: Windows provides %s", arch, name)
			}
		}
		for _, name := range []string{"ws2_32", "gdi32", "msimg32", "dwrite", "m", "pthread", "uuid"} {
			if !s.Links(name) {
				t.Errorf("%s: zig does not link -l%s", arch, name)
			}
		}
		if s.Links("cairo") || s.Links("z") {
			t.Errorf("%s: zig links cairo or zlib", arch)
		}
	}
}

// TestBuiltinLibs compares the table with zig's source.
func TestBuiltinLibs(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(zigLib(t), "std/zig/target.zig"))
	if err != nil {
		t.Skip(err)
	}
	_, body, ok := strings.Cut(string(b), "fn isLibCLibName(")
	head, windows, ok2 := strings.Cut(body, "if (target.isMinGW()) {")
	windows, _, ok3 := strings.Cut(windows, "\n    }\n")
	if !ok || !ok2 || !ok3 {
		t.Skip("this zig's target.zig is written otherwise")
	}
	var want []string
	for _, m := range regexp.MustCompile(`name, "([^"]+)"\)`).FindAllStringSubmatch(head+windows, -1) {
		want = append(want, m[1])
	}
	sort.Strings(want)
	if !slices.Equal(want, builtinLibs) {
		t.Errorf("zig has %q", want)
	}
}

// TestWineNeedsWindowsOnly checks with hundreds of real DLLs: what wine's DLLs of the same
// name as Windows' import must be Windows' again, or wine's own.
func TestWineNeedsWindowsOnly(t *testing.T) {
	files, _ := filepath.Glob("/usr/lib/*/wine/x86_64-windows/*.dll")
	if len(files) == 0 {
		t.Skip("no wine on this machine (apt-get install wine64)")
	}
	s, err := Load(os.DirFS(zigLib(t)), "amd64")
	if err != nil {
		t.Fatal(err)
	}
	imported, unknown := make(map[string]bool), make(map[string]bool)
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		st, _ := f.Stat()
		file, err := pe.Read(f, st.Size())
		f.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, dll := range file.DLLs() {
			imported[strings.ToLower(dll)] = true
			if s.Provides(dll) == None {
				unknown[strings.ToLower(dll)] = true
			}
		}
	}
	t.Logf("%d DLLs import from %d, of which Windows is not known to provide %d", len(files), len(imported), len(unknown))
	if len(unknown)*4 > len(imported) {
		t.Errorf("too many: %v", unknown)
	}
	for name := range unknown {
		t.Log(name)
	}
}

func FuzzReadLibrary(f *testing.F) {
	f.Add("LIBRARY \"a.dll\"\n")
	f.Add("; x\nNAME a\n")
	f.Fuzz(func(t *testing.T, s string) {
		name, err := readLibrary(strings.NewReader(s))
		if err == nil && name != strings.ToLower(name) {
			t.Fatalf("%q from %q", name, s)
		}
	})
}
