package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/graft-build/graft/internal/format/pe"
	"github.com/graft-build/graft/test/standin"
)

// oldProgram is C with a library, threads, and calls of the C runtime.
const oldProgram = `package main

/*
#cgo pkg-config: zlib
#cgo LDFLAGS: -lpthread -lws2_32
#include <stdio.h>
#include <pthread.h>
#include <winsock2.h>
#include <zlib.h>
#ifdef _UCRT
#error the headers are zig's
#endif
static void *worker(void *p) { *(unsigned long *)p = crc32(0, (unsigned char *)"graft", 5); return NULL; }
static unsigned long sum(void) {
	unsigned long out = htons(0);
	pthread_t t;
	if (pthread_create(&t, NULL, worker, &out) || pthread_join(t, NULL)) return 0;
	printf("C with zlib %s\n", zlibVersion());
	fflush(stdout);
	return out;
}
*/
import "C"

import "fmt"

func main() { fmt.Printf("crc %08x\n", uint32(C.sum())) }
`

// TestMingw64 builds against msvcrt, from packages that Debian's of MinGW-w64 were made into,
// and starts the result.
func TestMingw64(t *testing.T) {
	if _, err := exec.LookPath("apt-get"); err != nil {
		t.Skip("the packages are made from Debian's, and there is no apt-get")
	}
	mirror := t.TempDir()
	if err := standin.Mingw64(t.Context(), mirror, t.TempDir()); err != nil {
		t.Skipf("no packages for mingw64: %v", err)
	}
	w := world{dir: t.TempDir(), store: shared, env: []string{standin.Variable + "=" + standin.Address(mirror)}}
	for name, text := range map[string]string{
		"go.mod": "module example.com/old\n\ngo 1.26\n", "main.go": oldProgram,
		"graft.yaml": "name: old\ntargets: [windows/amd64]\nrepositories: {msys2: {suite: mingw64}}\n",
	} {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.must(t, "build")
	dir := t.TempDir()
	unzip(t, w.find(t, "dist", "zip", "windows/amd64"), dir)
	folder := filepath.Join(dir, "old-0.0.0-windows-amd64")
	f := readPE(t, filepath.Join(folder, "old.exe"))
	for _, dll := range f.DLLs() {
		if strings.HasPrefix(dll, "api-ms-win-crt-") || strings.EqualFold(dll, "ucrtbase.dll") {
			t.Errorf("the program imports %s", dll)
		}
	}
	if !slices.Contains(f.DLLs(), "msvcrt.dll") {
		t.Errorf("the program imports %q, want msvcrt.dll", f.DLLs())
	}
	for _, dll := range []string{"zlib1.dll", "libwinpthread-1.dll"} {
		if _, err := os.Stat(filepath.Join(folder, dll)); err != nil {
			t.Error(err)
		}
	}
	t.Run("static", func(t *testing.T) { staticMingw64(t, w) })
	wine(t)
	if out := w.must(t, "run", "--target", "windows/amd64"); !strings.Contains(out, "C with zlib 1.") || !strings.Contains(out, "crc 01dcec44") {
		t.Errorf("it says %q", out)
	}
	t.Run("in one call", func(t *testing.T) { oneCall(t, w) })
	t.Run("C++", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(w.dir, "b.cc"), []byte("int b;\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, stderr, status := w.run(t, "build")
		if status == 0 || !strings.Contains(stderr, "C++ for mingw64 wants gcc's libstdc++") {
			t.Errorf("exit status %d\n%s", status, stderr)
		}
	})
}

// staticMingw64 links everything as archives: their licences go along instead of the DLLs.
func staticMingw64(t *testing.T, w world) {
	before := w.read("main.go")
	defer w.write(t, "main.go", before)
	w.write(t, "main.go", strings.Replace(before, "LDFLAGS:", "LDFLAGS: -static", 1))
	w.must(t, "build", "--out", "static")
	dir := t.TempDir()
	unzip(t, w.find(t, "static", "zip", "windows/amd64"), dir)
	folder := filepath.Join(dir, "old-0.0.0-windows-amd64")
	if _, err := os.Stat(filepath.Join(folder, "zlib1.dll")); err == nil {
		t.Error("zlib is linked statically, and zlib1.dll is there")
	}
	for name, want := range map[string]string{"zlib/zlib/COPYING": "Jean-loup Gailly", "crt-git/crt-git/COPYING": "mingw-w64"} {
		b, err := os.ReadFile(filepath.Join(folder, "licences/packages/mingw-w64-x86_64-"+name))
		if err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%v, %.100s", err, b)
		}
	}
}

// oneCall compiles and links with one call of cc, programs with main and with WinMain alone.
func oneCall(t *testing.T, w world) {
	for name, text := range map[string]string{
		"a.c": "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n",
		"g.c": "#include <windows.h>\nint WINAPI WinMain(HINSTANCE a, HINSTANCE b, LPSTR c, int d) { return 7; }\n",
	} {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(filepath.Join(w.dir, name))
	}
	w.must(t, "exec", "--target", "windows/amd64", "--", "sh", "-c", "$CC a.c -o a.exe && $CC -mwindows g.c -o g.exe")
	for name, subsystem := range map[string]pe.Subsystem{"a.exe": pe.Console, "g.exe": pe.GUI} {
		if f := readPE(t, filepath.Join(w.dir, name)); f.Subsystem != subsystem || !slices.Contains(f.DLLs(), "msvcrt.dll") {
			t.Errorf("%s: subsystem %v, imports %q", name, f.Subsystem, f.DLLs())
		}
	}
}

func readPE(t *testing.T, name string) *pe.File {
	t.Helper()
	h, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	fi, err := h.Stat()
	if err != nil {
		t.Fatal(err)
	}
	f, err := pe.Read(h, fi.Size())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return f
}
