package pe

import (
	"archive/tar"
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

func readFile(t *testing.T, name string) *File {
	t.Helper()
	h, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	st, err := h.Stat()
	if err != nil {
		t.Fatal(err)
	}
	f, err := Read(h, st.Size())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return f
}

// delayImports is what testdata/program.c asks for.
var (
	startImports = []Import{{DLL: "foo.dll", Symbols: []Symbol{{Ordinal: 7}, {Name: "foo"}}}}
	delayImports = []Import{{DLL: "late.dll", Symbols: []Symbol{{Name: "late"}, {Ordinal: 9}}}}
)

func TestReadLinkedByLLD(t *testing.T) {
	for name, m := range map[string]Machine{"delay-amd64.exe": AMD64, "delay-arm64.exe": ARM64} {
		f := readFile(t, filepath.Join("testdata", name))
		if f.Machine != m || f.DLL || f.Subsystem != Console {
			t.Errorf("%s: %+v", name, f)
		}
		if d := cmp.Diff([2][]Import{startImports, delayImports}, [2][]Import{f.Imports, f.Delayed}); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if len(f.Exports) != 1 || f.Exports[0].Name != "entry" {
			t.Errorf("%s: exports %+v", name, f.Exports)
		}
	}
}

// TestDelayOracle compares delay imports with llvm-readobj; objdump does not print them.
func TestDelayOracle(t *testing.T) {
	tool, err := exec.LookPath("llvm-readobj")
	if err != nil {
		t.Skip("no llvm-readobj on this machine")
	}
	for _, name := range []string{"testdata/delay-amd64.exe", "testdata/delay-arm64.exe"} {
		out, err := exec.Command(tool, "--coff-imports", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for _, m := range regexp.MustCompile(`(?m)^(?:(DelayImport|Import) \{\n  Name: (\S+)| +Symbol: (\S*) ?\((\d+)\))`).FindAllStringSubmatch(string(out), -1) {
			want = append(want, strings.Join(m[1:], " "))
		}
		for i, list := range [][]Import{readFile(t, name).Imports, readFile(t, name).Delayed} {
			for _, imp := range list {
				got = append(got, []string{"Import", "DelayImport"}[i]+" "+imp.DLL+"  ")
				for _, s := range imp.Symbols {
					got = append(got, fmt.Sprintf("  %s %d", s.Name, s.Ordinal))
				}
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// TestReadBuilt links testdata/program.c anew with the zig that is here.
func TestReadBuilt(t *testing.T) {
	zig := os.Getenv("GRAFT_ZIG")
	if zig == "" {
		if zig, _ = exec.LookPath("zig"); zig == "" {
			t.Skip("no zig on this machine: set GRAFT_ZIG")
		}
	}
	source, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for cpu, machine := range map[string]string{"x86_64": "i386:x86-64", "aarch64": "arm64"} {
		dir := t.TempDir()
		for _, args := range [][]string{
			{"cc", "-target", cpu + "-windows-gnu", "-O2", "-fno-sanitize=undefined", "-c", filepath.Join(source, "program.c"), "-o", "program.obj"},
			{"dlltool", "-m", machine, "-d", filepath.Join(source, "foo.def"), "-l", "foo.lib"},
			{"dlltool", "-m", machine, "-d", filepath.Join(source, "late.def"), "-l", "late.lib"},
			{"lld-link", "/entry:entry", "/subsystem:console", "/nodefaultlib", "/delayload:late.dll", "program.obj", "foo.lib", "late.lib", "/out:delay.exe"},
		} {
			cmd := exec.Command(zig, args...)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "ZIG_LOCAL_CACHE_DIR="+filepath.Join(dir, "cache"), "ZIG_GLOBAL_CACHE_DIR="+filepath.Join(dir, "cache"))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("zig %s: %v\n%s", args[0], err, out)
			}
		}
		f := readFile(t, filepath.Join(dir, "delay.exe"))
		if d := cmp.Diff([2][]Import{startImports, delayImports}, [2][]Import{f.Imports, f.Delayed}); d != "" {
			t.Errorf("%s: %s", cpu, d)
		}
	}
}

// TestObjdumpOracle compares imports and exports with GNU objdump over every DLL of wine and
// of the stand-in repository.
func TestObjdumpOracle(t *testing.T) {
	tool, err := exec.LookPath("objdump")
	if err != nil {
		t.Skip("no objdump on this machine")
	}
	var files []string
	for _, pattern := range []string{"/usr/lib/*/wine/x86_64-windows/*.dll", "/usr/lib/*/wine/x86_64-windows/*.exe"} {
		m, _ := filepath.Glob(pattern)
		files = append(files, m...)
	}
	files = append(files, standinDLLs(t)...)
	if len(files) == 0 {
		t.Skip("no DLLs here: neither wine's (apt-get install wine64) nor ../shared/testdata/msys2-standin")
	}
	if testing.Short() && len(files) > 40 {
		files = files[:40]
	}
	imports, exports := 0, 0
	for _, name := range files {
		cmd := exec.Command(tool, "-p", name)
		pipe, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		want := parseObjdump(t, pipe)
		if err := cmd.Wait(); err != nil {
			t.Logf("objdump does not read %s", name)
			continue
		}
		imports += len(want.Imports)
		exports += len(want.Names) + len(want.Forwards)
		if d := cmp.Diff(want, asObjdump(readFile(t, name))); d != "" {
			t.Errorf("%s: objdump - and we +: %s", name, d)
		}
	}
	t.Logf("%d files, %d imports, %d exports agree", len(files), imports, exports)
}

// dump is what both readers say, in a comparable form.
type dump struct {
	Imports, Names, Forwards []string
}

var (
	importLine  = regexp.MustCompile(`^\t[0-9a-f]+\t +([0-9a-f]+) ? (\S+)`)
	nameLine    = regexp.MustCompile(`^\t\[ *(\d+)\] (\S+)$`)
	forwardLine = regexp.MustCompile(`^\t\[ *\d+\] \+base\[ *(\d+)\] [0-9a-f]+ Forwarder RVA -- (\S+)`)
)

func parseObjdump(t *testing.T, r io.Reader) dump {
	var d dump
	state := ""
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		line := s.Text()
		switch {
		case strings.HasPrefix(line, "\tDLL Name: "):
			d.Imports = append(d.Imports, line[len("\tDLL Name: "):])
			state = "import"
		case strings.HasPrefix(line, "[Ordinal/Name Pointer] Table"):
			state = "names"
		case strings.HasPrefix(line, "Export Address Table --"):
			state = "addresses"
		case state == "import":
			if m := importLine.FindStringSubmatch(line); m != nil {
				if strings.HasPrefix(m[2], "<none>") {
					n, _ := strconv.ParseUint(m[1], 16, 32)
					d.Imports = append(d.Imports, fmt.Sprintf("#%d", n&0xffff))
				} else {
					d.Imports = append(d.Imports, m[2]+" "+m[1])
				}
			}
		case state == "addresses":
			if m := forwardLine.FindStringSubmatch(line); m != nil {
				d.Forwards = append(d.Forwards, m[1]+" "+m[2])
			}
		case state == "names":
			if m := nameLine.FindStringSubmatch(line); m != nil {
				d.Names = append(d.Names, m[2]+" "+m[1])
			} else if line == "" {
				state = ""
			}
		}
	}
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	sort.Strings(d.Forwards)
	return d
}

func asObjdump(f *File) dump {
	var d dump
	for _, imp := range f.Imports {
		d.Imports = append(d.Imports, imp.DLL)
		for _, s := range imp.Symbols {
			if s.Name == "" {
				d.Imports = append(d.Imports, s.String())
			} else {
				d.Imports = append(d.Imports, fmt.Sprintf("%s %d", s.Name, s.Ordinal))
			}
		}
	}
	base := ^uint32(0)
	for _, e := range f.Exports {
		base = min(base, e.Ordinal)
	}
	forwards := make(map[string]bool)
	for _, e := range f.Exports {
		if e.Name != "" {
			d.Names = append(d.Names, fmt.Sprintf("%s %d", e.Name, e.Ordinal-base))
		}
		if e.Forward != nil {
			forwards[fmt.Sprintf("%d %s.%s", e.Ordinal, strings.TrimSuffix(e.Forward.DLL, ".dll"), e.Forward.Symbol)] = true
		}
	}
	for s := range forwards {
		d.Forwards = append(d.Forwards, s)
	}
	sort.Strings(d.Forwards)
	return d
}

// standinDLLs unpacks the DLLs of the stand-in repository's packages.
func standinDLLs(t *testing.T) []string {
	dir := os.Getenv("GRAFT_TEST_SHARED")
	if dir == "" {
		_, file, _, _ := runtime.Caller(0)
		dir = filepath.Join(filepath.Dir(file), "../../../../shared")
	}
	packages, _ := filepath.Glob(filepath.Join(dir, "testdata/msys2-standin/mingw/clang64/*.pkg.tar.zst"))
	tmp := t.TempDir()
	var out []string
	for _, p := range packages {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		z, err := zstd.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		for r := tar.NewReader(z); ; {
			h, err := r.Next()
			if err != nil {
				break
			}
			if strings.HasSuffix(h.Name, ".dll") {
				content, err := io.ReadAll(r)
				if err != nil {
					t.Fatal(err)
				}
				name := filepath.Join(tmp, path.Base(h.Name))
				if err := os.WriteFile(name, content, 0o644); err != nil {
					t.Fatal(err)
				}
				out = append(out, name)
			}
		}
		z.Close()
	}
	return out
}
