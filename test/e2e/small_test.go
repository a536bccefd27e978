package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// newSmallWorld is a folder with a small application that uses one C library, and with a
// lock for it. Many tests can afford to build it.
func newSmallWorld(t *testing.T) world {
	t.Helper()
	w := world{dir: t.TempDir(), store: shared}
	w.write(t, "app/go.mod", "module example.com/app\n\ngo 1.24\n")
	w.write(t, "app/graft.yaml", "name: app\ntargets: [linux/amd64]\nformats: [tar.gz]\n")
	w.write(t, "app/main.go", `package main

// #cgo pkg-config: zlib
// #include <zlib.h>
import "C"
import "fmt"

func main() { fmt.Println("zlib", C.GoString(C.zlibVersion())) }
`)
	if lockOfSmall == "" {
		w.must(t, "lock", "app")
		lockOfSmall = w.read("app/graft.lock")
	}
	w.write(t, "app/graft.lock", lockOfSmall)
	return w
}

// lockOfSmall is the lock of the small application, chosen once.
var lockOfSmall string

// startsSmall starts the small application out of its bundle.
func (w world) startsSmall(t *testing.T, dist string) {
	t.Helper()
	dir := t.TempDir()
	untarFile(t, w.find(t, dist, "tar.gz", "linux/amd64"), dir)
	found, err := filepath.Glob(filepath.Join(dir, "*", "bin", "app"))
	if err != nil || len(found) != 1 {
		t.Fatalf("programs in the bundle: %q", found)
	}
	out, err := exec.Command(found[0]).CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "zlib 1.") {
		t.Errorf("the program: %v, %q", err, out)
	}
}

// mirror is a folder with the packages of a lock as an archive has them, and its address.
func (w world) mirror(t *testing.T, lockName string) (dir, url string) {
	t.Helper()
	w.must(t, "fetch", filepath.Dir(lockName))
	dir = t.TempDir()
	for _, p := range w.lock(t, lockName).Packages {
		path := filepath.Join(dir, filepath.FromSlash(p.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		copyFile(t, blobPath(w.store, p.SHA256), path)
	}
	return dir, "file://" + dir
}

// alone gives the world a store of its own, which has the shared one's zig.
func (w world) alone(t *testing.T) world {
	t.Helper()
	zigs, err := filepath.Glob(filepath.Join(shared, "trees", "zig", "*", "zig"))
	if err != nil || len(zigs) == 0 {
		t.Fatalf("the shared store has no zig: %v", err)
	}
	w.store = filepath.Join(t.TempDir(), "store")
	t.Cleanup(func() { removeAll(w.store) })
	w.env = append(w.env, "GRAFT_ZIG="+zigs[0])
	return w
}

// wrap starts graft through another command.
func (w world) wrap(t *testing.T, command ...string) world {
	t.Helper()
	if _, err := exec.LookPath(command[0]); err != nil {
		t.Skipf("%s is not installed", command[0])
	}
	w.wrapper = command
	return w
}

// withoutNetwork starts graft in a network namespace that has not even a loopback device up.
func (w world) withoutNetwork(t *testing.T) world {
	t.Helper()
	command := []string{"unshare", "--net"}
	if os.Geteuid() != 0 {
		command = []string{"unshare", "--map-root-user", "--net"}
	}
	if out, err := exec.Command(command[0], append(command[1:], "true")...).CombinedOutput(); err != nil {
		t.Skipf("no network namespace can be made here: %v, %s", err, out)
	}
	return w.wrap(t, command...)
}
