package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// smallDisk mounts a disk of a size ("2m") and returns its folder and a function that
// gives it another size.
func smallDisk(t *testing.T, size string) (dir string, resize func(size string)) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("mounting a small disk takes root")
	}
	dir = t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("no small disk can be mounted here: %v, %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v, %s", err, out)
		}
	})
	return dir, func(size string) {
		t.Helper()
		if out, err := exec.Command("mount", "-o", "remount,size="+size, dir).CombinedOutput(); err != nil {
			t.Fatalf("remount: %v, %s", err, out)
		}
	}
}

// TestFullDisk lets the store's disk run full at every stage of a build: while the store is
// made, while packages arrive, are unpacked and compiled with. The first build with enough
// room succeeds with what the others left.
func TestFullDisk(t *testing.T) {
	w := newSmallWorld(t)
	_, url := w.mirror(t, "app/graft.lock")
	dir, resize := smallDisk(t, "4k")
	w = w.alone(t)
	w.store = filepath.Join(dir, "store")
	w.env = append(w.env, "GRAFT_MIRROR_DEBIAN="+url, "GRAFT_MIRROR_DEBIAN_SECURITY="+url)
	failed := 0
	for _, size := range []string{"4k", "100k", "1m", "5m", "9m", "20m", "24m", "40m"} {
		resize(size)
		before := tree(t, w.dir)
		_, stderr, status := w.run(t, "build", "app")
		if status == 0 {
			t.Logf("%s are enough", size)
			break
		}
		failed++
		if status != 3 || !strings.Contains(stderr, "no space left on device") || !strings.Contains(stderr, "make room") {
			t.Errorf("with %s: status %d, %s", size, status, stderr)
		}
		unchanged(t, "the folder", before, tree(t, w.dir))
	}
	if failed < 4 {
		t.Errorf("the disk was full %d times only", failed)
	}
	resize("1g")
	w.must(t, "build", "app")
	w.startsSmall(t, "dist")
}

// TestFullDist has no room for the artifacts.
func TestFullDist(t *testing.T) {
	w := newSmallWorld(t)
	w.must(t, "build", "app")
	dir, resize := smallDisk(t, "500k")
	before := w.read("app/graft.lock")
	_, stderr, status := w.run(t, "build", "app", "--out", filepath.Join(dir, "dist"))
	if status != 3 || !strings.Contains(stderr, "no space left on device") {
		t.Errorf("status %d, %s", status, stderr)
	}
	if left := tree(t, dir); len(left) > 0 || w.read("app/graft.lock") != before {
		t.Errorf("left behind: %v", left)
	}
	resize("50m")
	w.must(t, "build", "app", "--out", filepath.Join(dir, "dist"))
}
