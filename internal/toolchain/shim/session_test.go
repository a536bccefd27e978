package shim

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/internal/format/pc"
)

// fakeKit makes a kit whose zig is a script that prints its arguments and environment.
func fakeKit(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	dir := t.TempDir()
	sys := filepath.Join(dir, "sysroot", "usr", "lib", "t")
	if err := os.MkdirAll(filepath.Join(sys, "pkgconfig"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := testSpec()
	s.Version, s.Zig, s.Lib, s.Cache, s.Sysroot = SpecVersion, "zig", "lib", "cache", "sysroot"
	s.PkgConfig = []string{"/usr/lib/t/pkgconfig"}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		SpecFile:                             string(b),
		"zig":                                "#!/bin/sh\nfor a; do echo \"$a\"; done\nenv\n",
		"sysroot/usr/lib/t/libfoo.so":        "",
		"sysroot/usr/lib/t/pkgconfig/foo.pc": "Name: foo\nDescription: a\nVersion: 1.2\nCflags: -I/usr/include/foo -mthreads\nLibs: -Wl,--push-state,-rpath-link,/x -lfoo -Wl,--fatal-warnings\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// ask calls a tool that answers itself.
func ask(t *testing.T, dir, tool string, args ...string) (string, int) {
	t.Helper()
	var out, errOut bytes.Buffer
	exit, ok := Main(append([]string{filepath.Join(dir, "bin", tool)}, args...), []string{LogVariable + "=" + filepath.Join(dir, "log")}, nil, &out, &errOut)
	if !ok {
		t.Fatalf("%s is no tool", tool)
	}
	return out.String() + errOut.String(), exit
}

func TestQueries(t *testing.T) {
	dir := fakeKit(t)
	lib := filepath.Join(dir, "sysroot/usr/lib/t")
	tests := []struct{ args, want string }{
		{"-Wl,--version", linkerVersion},
		{"-Xlinker --version", linkerVersion},
		{"-print-file-name=libfoo.so", lib + "/libfoo.so"},
		{"-m64 --print-file-name libfoo.so", lib + "/libfoo.so"},
		{"-print-file-name=none.so", "none.so"},
		{"--print-prog-name ar", dir + "/bin/ar"},
		{"-print-prog-name=objdump", "objdump"},
		{"-print-sysroot", dir + "/sysroot"},
		{"-print-multiarch", "t"},
		{"-dumpmachine", "t"},
		{"-print-multi-os-directory", "../lib"},
		{"-print-multi-lib", ".;"},
		{"-print-search-dirs", "install: " + dir + "\nprograms: =" + dir + "/bin\nlibraries: =" + lib + ":" + dir + "/sysroot/usr/lib"},
	}
	for _, tt := range tests {
		got, exit := ask(t, dir, "cc", strings.Fields(tt.args)...)
		if got != tt.want+"\n" || exit != 0 {
			t.Errorf("%s: exit %d\n%swant\n%s", tt.args, exit, got, tt.want)
		}
	}
}

// The answers to the Go linker's questions come without zig.
func TestProbe(t *testing.T) {
	dir := fakeKit(t)
	for _, flag := range []string{"-no-pie", "-Qunused-arguments", "-Wl,--build-id=0x1234567890abcdef", "-Wl,--compress-debug-sections=zlib", "-Wl,--export-dynamic-symbol=main"} {
		got, exit := ask(t, dir, "cc", "-m64", "-Wl,-z,relro", "-o", "/tmp/go-link-123/a.out", flag, "/tmp/go-link-123/trivial.c")
		if got != "" || exit != 0 {
			t.Errorf("%s: exit %d, %s", flag, exit, got)
		}
	}
	s := &session{spec: testSpec()}
	for _, args := range []string{
		"-o /tmp/go-link-123/a.out -Wl,--unknown /tmp/go-link-123/trivial.c",
		"-o /home/me/a.out -no-pie /home/me/trivial.c",
		"-o /tmp/go-link-123/a.out -no-pie /tmp/go-link-123/other.c",
		"-no-pie",
		"",
	} {
		if s.probe(strings.Fields(args)) {
			t.Errorf("%s: answered", args)
		}
	}
}

func TestPkgConfig(t *testing.T) {
	dir := fakeKit(t)
	want := "-I" + dir + "/sysroot/usr/include/foo -Wl,--push-state -lfoo\n"
	for _, tool := range []string{"pkg-config", "t-pkg-config"} {
		if got, exit := ask(t, dir, tool, "--cflags", "--libs", "--", "foo"); got != want || exit != 0 {
			t.Errorf("%s: exit %d, %s want %s", tool, exit, got, want)
		}
	}
	if got, exit := ask(t, dir, "pkg-config", "--libs", "bar"); exit != 1 || !strings.Contains(got, "Package 'bar' not found") {
		t.Errorf("exit %d, %s", exit, got)
	}
}

func TestLog(t *testing.T) {
	dir := fakeKit(t)
	ask(t, dir, "cc", "-dumpmachine")
	ask(t, dir, "cc", "-Wl,--version")
	f, err := os.Open(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := ReadLog(f)
	want := []Entry{{Tool: "cc", Args: []string{"-dumpmachine"}}, {Tool: "cc", Args: []string{"-Wl,--version"}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestIdentify(t *testing.T) {
	dir := fakeKit(t)
	bin := filepath.Join(dir, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "cc"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	path := []string{"PATH=/nonexistent:" + bin}
	tests := []struct {
		arg0 string
		env  []string
		want tool
	}{
		{filepath.Join(bin, "cc"), nil, toolCC},
		{filepath.Join(bin, "c++"), nil, toolCXX},
		{filepath.Join(dir, "path", "arm-linux-gnueabihf-g++"), nil, toolCXX},
		{filepath.Join(dir, "path", "arm-linux-gnueabihf-pkg-config"), nil, toolPkgConfig},
		{filepath.Join(dir, "path", "x-ranlib"), nil, toolRanlib},
		{"cc", path, toolCC},
		{"cc", nil, noTool},
		{filepath.Join(bin, "graft"), nil, noTool},
		{filepath.Join(dir, "cc"), nil, noTool},
		{"", nil, noTool},
	}
	for _, tt := range tests {
		got, kit := identify(tt.arg0, tt.env)
		if got != tt.want || got != noTool && kit != dir {
			t.Errorf("%s: %v in %q", tt.arg0, got, kit)
		}
	}
}

// A name of a tool is not enough to be one.
func TestNoShim(t *testing.T) {
	empty := t.TempDir()
	for _, argv := range [][]string{nil, {"graft"}, {filepath.Join(empty, "bin", "cc"), "-c"}, {"/usr/bin/cc"}} {
		if _, ok := Main(argv, nil, nil, nil, nil); ok {
			t.Errorf("%q is a shim", argv)
		}
	}
	if err := os.WriteFile(filepath.Join(empty, SpecFile), []byte(`{"version":99}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, exit := ask(t, empty, "cc", "-c"); exit != 1 || !strings.Contains(got, "its version is 99") {
		t.Errorf("exit %d, %s", exit, got)
	}
	if err := os.WriteFile(filepath.Join(empty, SpecFile), []byte(`{`), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, exit := ask(t, empty, "cc", "-c"); exit != 1 || !strings.Contains(got, "unexpected end of JSON") {
		t.Errorf("exit %d, %s", exit, got)
	}
}

func TestEnvironment(t *testing.T) {
	s := &session{spec: testSpec(), env: []string{"HOME=/h", "CPATH=/usr/include", "LIBRARY_PATH=/l", "ZIG_LIB_DIR=/x", "PWD=/src", "CCC_OVERRIDE_OPTIONS=+-g"}}
	got := s.zigEnv([]string{"-c", "x.c", "-o", "/tmp/go-build42/b001/x.o"})
	want := []string{"HOME=/h", "PWD=/src", "ZIG_LIB_DIR=/zig/lib", "ZIG_GLOBAL_CACHE_DIR=/cache", "ZIG_LOCAL_CACHE_DIR=/tmp/go-build42/zig"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLocalCache(t *testing.T) {
	tests := []struct {
		args []string
		cwd  string
		want string
	}{
		{[]string{"-o", "/tmp/go-build123/b001/exe/a.out"}, "/src", "/tmp/go-build123/zig"},
		{[]string{"-o", "/tmp/go-link-9/a.out"}, "/src", "/tmp/go-link-9/zig"},
		{[]string{"-o", "/dev/null"}, "/tmp/go-build123", "/tmp/go-build123/zig"},
		{[]string{"-o", "x.o"}, "/src/go-build", ""},
		{[]string{"-o"}, "", ""},
	}
	for _, tt := range tests {
		if got := localCache(tt.args, tt.cwd); got != tt.want {
			t.Errorf("%q in %s: %s, want %s", tt.args, tt.cwd, got, tt.want)
		}
	}
}

func TestClean(t *testing.T) {
	tests := []struct{ in, want string }{
		{"-lfoo -Wl,--fatal-warnings", "-lfoo"},
		{"-Wl,-rpath-link,/x,--as-needed -Wl,-Map -lfoo", "-Wl,--as-needed -lfoo"},
		{"-Wl,--export-dynamic -pthread", "-Wl,--export-dynamic -pthread"},
		{"-mthreads -I/x -static-libgcc", "-I/x"},
		{"-Wl,--start-group -la -lb -Wl,--end-group", "-Wl,--start-group -la -lb -Wl,--end-group"},
		{"-Wl,-z,text", "-Wl,-z,text"},
	}
	for _, tt := range tests {
		var got []string
		for _, f := range cleanFlags(pc.Flags(strings.Fields(tt.in))) {
			got = append(got, f.Words()...)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestLoadRelative(t *testing.T) {
	dir := fakeKit(t)
	s, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s.Zig != filepath.Join(dir, "zig") || s.Sysroot != filepath.Join(dir, "sysroot") {
		t.Errorf("%+v", s)
	}
}

func TestRevision(t *testing.T) {
	if Revision().IsZero() || Revision() != Revision() {
		t.Error("the revision is not one")
	}
	names, err := source.ReadDir(".")
	if err != nil || !slices.ContainsFunc(names, func(e os.DirEntry) bool { return e.Name() == "flags.go" }) {
		t.Errorf("the table of flags is not in the source: %v", err)
	}
}
