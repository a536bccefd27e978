package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// unpackBundle unpacks the bundle of a target into a folder of a root and returns the
// program's path in the root.
func unpackBundle(t *testing.T, w world, target, root, dir string) string {
	t.Helper()
	dir = filepath.Join(root, dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	untarFile(t, w.find(t, "dist", "tar.gz", target), dir)
	found, _ := filepath.Glob(filepath.Join(dir, "*", "bin", "tailored-server"))
	if len(found) != 1 {
		t.Fatalf("programs in the bundle: %q", found)
	}
	return strings.TrimPrefix(found[0], root)
}

// startBundle unpacks a bundle into a root where nothing else is.
func startBundle(t *testing.T, w world, target string) {
	root := t.TempDir()
	program := unpackBundle(t, w, target, root, "a folder with spaces")
	addr := freeAddr(t)
	url := serve(t, inRoot(t, root, target, "/", program, "-addr", addr), addr)
	checkCounts(t, url)
	checkQR(t, url)
}

// bundleReadOnly starts a bundle from a disk that nobody can write to, as a user who owns
// none of it.
func bundleReadOnly(t *testing.T, w world) {
	root, _ := smallDisk(t, "200m")
	program := unpackBundle(t, w, "linux/amd64", root, "opt")
	if out, err := exec.Command("mount", "-o", "remount,ro", root).CombinedOutput(); err != nil {
		t.Fatalf("remount: %v, %s", err, out)
	}
	if err := os.Mkdir(filepath.Join(root, "tmp"), 0o755); !errors.Is(err, syscall.EROFS) {
		t.Fatalf("the disk can be written to: %v", err)
	}
	addr := freeAddr(t)
	cmd := inRoot(t, root, "linux/amd64", "/", program, "-addr", addr)
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
	checkCounts(t, serve(t, cmd, addr))
}

// bundleByLink starts a bundle through a link to a link, in a root without /proc and on this
// machine, whose own libraries it must not take.
func bundleByLink(t *testing.T, w world) {
	root := t.TempDir()
	program := unpackBundle(t, w, "linux/amd64", root, "opt")
	bin := filepath.Join(root, "usr/local/bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{filepath.Join(bin, "server"): "../../.." + program, filepath.Join(root, "start"): "usr/local/bin/server"} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	addr := freeAddr(t)
	checkCounts(t, serve(t, inRoot(t, root, "linux/amd64", "/", "/start", "-addr", addr), addr))

	addr = freeAddr(t)
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, "start"), "-addr", addr)
	checkCounts(t, serve(t, cmd, addr))
	onlyOwnLibraries(t, cmd, filepath.Join(root, "opt"))
}

// bundleElsewhere starts a bundle made of bookworm's packages in a trixie that has the same
// libraries, newer, and is told to take those.
func bundleElsewhere(t *testing.T, w world) {
	host := bootstrap(t, "trixie", "", "--variant=extract", "--include=libcairo2,base-files")
	for _, name := range []string{"lib64/ld-linux-x86-64.so.2", "lib/x86_64-linux-gnu/libcairo.so.2"} {
		if _, err := os.Stat(filepath.Join(host.dir, name)); err != nil {
			t.Fatalf("the root is no trixie: %v", err)
		}
	}
	program := unpackBundle(t, w, "linux/amd64", host.dir, "opt")
	addr := freeAddr(t)
	cmd := inRoot(t, host.dir, "linux/amd64", "/", program, "-addr", addr)
	cmd.Env = append(cmd.Env, "LD_LIBRARY_PATH=/lib/x86_64-linux-gnu")
	url := serve(t, cmd, addr)
	checkCounts(t, url)
	checkQR(t, url)
	onlyOwnLibraries(t, cmd, filepath.Join(host.dir, "opt"))
}

// onlyOwnLibraries looks at the memory of a process: every library in it is below dir.
func onlyOwnLibraries(t *testing.T, cmd *exec.Cmd, dir string) {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	libraries := map[string]bool{}
	for line := range strings.Lines(string(maps)) {
		if at := strings.IndexByte(line, '/'); at >= 0 && strings.Contains(line[at:], ".so") {
			libraries[strings.TrimSpace(line[at:])] = true
		}
	}
	for name := range libraries {
		if !strings.HasPrefix(name, dir+"/") {
			t.Errorf("the program uses %s of the host", name)
		}
	}
	if len(libraries) < 5 {
		t.Errorf("libraries of the program: %v", libraries)
	}
}
