//go:build linux

package bundle

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/graft-build/graft/test/emptyroot"
)

var startTargets = []struct{ goarch, qemu, zig string }{
	{"amd64", "x86_64", "x86_64-linux-gnu"},
	{"arm64", "aarch64", "aarch64-linux-gnu"},
	{"arm", "arm", "arm-linux-gnueabihf"},
	{"riscv64", "riscv64", "riscv64-linux-gnu"},
}

// TestStart starts relocated programs of every processor in an empty root, with a loader
// that checks what the stub tells it (testdata/loader.c).
func TestStart(t *testing.T) {
	zig := zig(t)
	cache := t.TempDir()
	for _, tt := range startTargets {
		t.Run(tt.goarch, func(t *testing.T) {
			dir := t.TempDir()
			loader := filepath.Join(dir, "ld-test.so")
			flags := []string{"-target", tt.zig, "-Os", "-g0", "-std=c11", "-Wall", "-Werror", "-ffreestanding", "-fno-builtin",
				"-fPIC", "-fvisibility=hidden", "-fno-stack-protector", "-fno-sanitize=all", "-fno-unwind-tables", "-fno-asynchronous-unwind-tables", "-nostdlib"}
			compile(t, zig, cache, append(flags, "-shared", "-Wl,-e,_start,-soname,ld-test.so", "-o", loader, "testdata/loader.c")...)
			for _, kind := range []string{"-pie", "-no-pie"} {
				t.Run(kind[1:], func(t *testing.T) {
					program := filepath.Join(dir, "program"+kind)
					compile(t, zig, cache, append(flags, kind, "-Wl,-dynamic-linker,/lib/ld-test.so", "-o", program, "testdata/program.c", loader)...)
					start(t, tt.goarch, tt.qemu, program, loader)
				})
			}
		})
	}
}

func compile(t *testing.T, zig, cache string, argv ...string) {
	t.Helper()
	cmd := exec.Command(zig, append([]string{"cc"}, argv...)...)
	cmd.Env = append(os.Environ(), "ZIG_LOCAL_CACHE_DIR="+cache, "ZIG_GLOBAL_CACHE_DIR="+cache)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("zig cc %v: %v\n%s", argv, err, said)
	}
}

func start(t *testing.T, goarch, qemu, program, loader string) {
	root := t.TempDir()
	top := filepath.Join(root, "a folder")
	install(t, program, filepath.Join(top, "bin", "program"), func(r io.ReaderAt, size int64) (*Image, error) {
		return Relocate(r, size, Layout{Libraries: "../lib/x", Loader: "ld-test.so"})
	})
	install(t, loader, filepath.Join(top, "lib", "x", "ld-test.so"), WithoutRunpath)
	for name, to := range map[string]string{"absolute": "/a folder/bin/program", "relative": "a folder/bin/program", "two": "/relative"} {
		if err := os.Symlink(to, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	native := goarch == runtime.GOARCH
	for _, argv := range [][]string{{"/a folder/bin/program"}, {"a folder/bin/program"}, {"/absolute"}, {"./relative"}, {"/two"}} {
		want := "rpath $ORIGIN/../lib/x\nprogram " + argv[0] + "\n"
		if native {
			want = strings.Replace(want, "$ORIGIN/../lib/x", "/a folder/bin/../lib/x", 1) // there is no /proc
		} else {
			argv = append([]string{emptyroot.Qemu(t, root, qemu)}, argv...)
		}
		said, err := emptyroot.Command(t, root, argv...).CombinedOutput()
		got := strings.Replace(string(said), "/./", "/", 1)
		if err != nil || got != want {
			t.Errorf("%q: got %q, %v; want %q", argv, got, err, want)
		}
	}
	if !native {
		return
	}
	cmd := exec.Command(filepath.Join(root, "relative"))
	cmd.Args[0] = "another name"
	if said, err := cmd.CombinedOutput(); err != nil || string(said) != "rpath $ORIGIN/../lib/x\nprogram another name\n" {
		t.Errorf("with /proc: got %q, %v", said, err)
	}
	failures(t, root, top)
}

// failures are starts that cannot work and must say why.
func failures(t *testing.T, root, top string) {
	refuse := func(want string, argv ...string) {
		t.Helper()
		cmd := emptyroot.Command(t, root, argv...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Run(); cmd.ProcessState.ExitCode() != 127 || !strings.Contains(stderr.String(), want) {
			t.Errorf("%q: got %q, %v; want status 127 and %q", argv, stderr.String(), err, want)
		}
	}
	if err := os.Rename(filepath.Join(top, "lib"), filepath.Join(top, "gone")); err != nil {
		t.Fatal(err)
	}
	refuse("cannot start: no loader at /a folder/bin/../lib/x/ld-test.so", "/a folder/bin/program")
	if err := os.Rename(filepath.Join(top, "gone"), filepath.Join(top, "lib")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(top, filepath.Join(root, "a:b")); err != nil {
		t.Fatal(err)
	}
	refuse("no colon or dollar may be in the path", "/a:b/bin/program")
	if said, err := exec.Command(filepath.Join(root, "a:b/bin/program")).CombinedOutput(); err != nil {
		t.Errorf("a colon in the path is no problem with /proc: %v, %s", err, said)
	}
	program := filepath.Join(root, "a:b/bin/program")
	if os.Geteuid() == 0 {
		if err := os.Chown(program, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(program, 0o755|os.ModeSetuid); err != nil {
			t.Fatal(err)
		}
		refuse("setuid", "/a:b/bin/program")
	}
	if err := os.WriteFile(filepath.Join(root, "a:b/lib/x/ld-test.so"), []byte("\x7fELF short"), 0o755); err != nil {
		t.Fatal(err)
	}
	if os.Chmod(program, 0o755) == nil {
		said, _ := exec.Command(program).CombinedOutput()
		if !strings.Contains(string(said), "cannot load ld-test.so") {
			t.Errorf("damaged loader: got %q", said)
		}
	}
}

func install(t *testing.T, from, to string, change func(io.ReaderAt, int64) (*Image, error)) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	img, err := change(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(img.Reader())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, out, 0o755); err != nil {
		t.Fatal(err)
	}
}
