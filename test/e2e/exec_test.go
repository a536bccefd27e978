package e2e

import (
	"debug/elf"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// locked is what the tests read of a graft.lock.
type locked struct {
	Packages []struct {
		Target, Name, Path, SHA256 string
		Size                       int64
	}
}

func (w world) lock(t *testing.T, name string) locked {
	t.Helper()
	var l locked
	readJSON(t, filepath.Join(w.dir, filepath.FromSlash(name)), &l)
	return l
}

// blob is the path of a locked package in the store.
func (w world) blob(t *testing.T, l locked, target, name string) string {
	t.Helper()
	for _, p := range l.Packages {
		if p.Target == target && p.Name == name {
			return blobPath(w.store, p.SHA256)
		}
	}
	t.Fatalf("the lock has no %s for %s", name, target)
	return ""
}

// blobPath is where a store keeps the content of a digest ("sha256:abcd…").
func blobPath(store, digest string) string {
	hex := strings.TrimPrefix(digest, "sha256:")
	return filepath.Join(store, "blobs", "sha256", hex[:2], hex)
}

// rootWith is an empty root into which locked packages are unpacked.
func (w world) rootWith(t *testing.T, l locked, target string, names ...string) string {
	t.Helper()
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("dpkg-deb is not installed")
	}
	root := t.TempDir()
	for _, name := range names {
		if out, err := exec.Command("dpkg-deb", "-x", w.blob(t, l, target, name), root).CombinedOutput(); err != nil {
			t.Fatalf("dpkg-deb: %v\n%s", err, out)
		}
	}
	return root
}

const helloC = `#include <stdio.h>

int main(void)
{
	puts("hello");
	return 0;
}
`

// TestExecCC compiles C by hand and starts it with nothing but the locked C library.
func TestExecCC(t *testing.T) {
	w := newWorld(t)
	w.write(t, "c/hello.c", helloC)
	w.write(t, "c/graft.yaml", "name: hello\n") // with a manifest the lock lies beside it
	w.dir = filepath.Join(w.dir, "c")
	w.must(t, "exec", "--target", "rpi4", "--", "sh", "-c", "$CC -o hello hello.c")
	root := w.rootWith(t, w.lock(t, "graft.lock"), "rpi4", "libc6")
	copyFile(t, filepath.Join(w.dir, "hello"), filepath.Join(root, "hello"))
	out, err := inRoot(t, root, "rpi4", "/", "/hello").CombinedOutput()
	if err != nil || string(out) != "hello\n" {
		t.Errorf("hello: %v, %q", err, out)
	}
	checkARM(t, filepath.Join(w.dir, "hello"))
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o755); err != nil {
		t.Fatal(err)
	}
}

func checkARM(t *testing.T, file string) {
	t.Helper()
	f, err := elf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Machine != elf.EM_ARM {
		t.Errorf("%s is for %v", filepath.Base(file), f.Machine)
	}
}

const cairoC = `#include <cairo.h>
#include <stdio.h>

int main(void)
{
	cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 3, 4);
	printf("%d %s\n", cairo_image_surface_get_height(s), cairo_version_string());
	return cairo_surface_status(s);
}
`

const makefile = `picture: picture.o
	$(CC) -o $@ picture.o $$($(PKG_CONFIG) --libs cairo)
picture.o: picture.c
	$(CC) $(CFLAGS) $$($(PKG_CONFIG) --cflags cairo) -c picture.c
`

// TestExecMake builds a C program with its own Makefile against a library of the archive.
func TestExecMake(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("make is not installed")
	}
	w := newWorld(t)
	w.write(t, "c/picture.c", cairoC)
	w.write(t, "c/Makefile", makefile)
	w.write(t, "c/graft.yaml", "packages:\n  debian:\n    build: [libcairo2-dev]\n")
	w.dir = filepath.Join(w.dir, "c")
	w.must(t, "exec", "--target", "rpi4", "--", "make")
	checkARM(t, filepath.Join(w.dir, "picture"))
	l := w.lock(t, "graft.lock")
	var libs []string
	for _, p := range l.Packages {
		if p.Target == "rpi4" && !strings.HasSuffix(p.Name, "-dev") {
			libs = append(libs, p.Name)
		}
	}
	root := w.rootWith(t, l, "rpi4", libs...)
	copyFile(t, filepath.Join(w.dir, "picture"), filepath.Join(root, "picture"))
	out, err := inRoot(t, root, "rpi4", "/", "/picture").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "4 1.") {
		t.Errorf("picture: %v, %q", err, out)
	}
}

// TestExecGo builds a module as its author does, with go build.
func TestExecGo(t *testing.T) {
	w := newWorld(t)
	before := tree(t, w.dir)
	w.must(t, "exec", "-C", "examples/image-server", "--target", "rpi4", "--", "go", "build", "./...")
	// The one program among the packages: go build writes it where it is started.
	const program = "examples/image-server/image-server"
	checkARM(t, filepath.Join(w.dir, program))
	for _, name := range added(before, tree(t, w.dir)) {
		if name != program && filepath.Base(name) != "graft.lock" {
			t.Errorf("graft exec wrote %s", name)
		}
	}
}

// TestExecStatus wants exec to be like the command itself.
func TestExecStatus(t *testing.T) {
	w := newWorld(t)
	w.write(t, "c/hello.c", helloC)
	w.dir = filepath.Join(w.dir, "c")
	stdout, stderr, status := w.run(t, "exec", "--target", "linux/amd64", "--", "sh", "-c", "echo out; echo err >&2; exit 9")
	if stdout != "out\n" || stderr != "err\n" || status != 9 {
		t.Errorf("stdout %q, stderr %q, status %d", stdout, stderr, status)
	}
	if _, stderr, status = w.run(t, "exec", "--target", "linux/amd64", "--", "no-such-command"); status != 3 || !strings.Contains(stderr, "no-such-command") {
		t.Errorf("a command that does not exist: status %d, %q", status, stderr)
	}
	env := map[string]string{}
	for line := range strings.Lines(w.must(t, "exec", "--target", "rpi4", "--", "env")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		env[name] = value
	}
	for name, want := range map[string]string{"GOOS": "linux", "GOARCH": "arm", "GOARM": "7", "CGO_ENABLED": "1"} {
		if env[name] != want {
			t.Errorf("%s=%s, want %s", name, env[name], want)
		}
	}
	for _, name := range []string{"CC", "CXX", "AR", "PKG_CONFIG"} {
		if _, err := os.Stat(env[name]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if b, err := json.Marshal(env); err != nil || strings.Contains(string(b), "GRAFT_SHIM") {
		t.Errorf("environment: %v", err)
	}
}
