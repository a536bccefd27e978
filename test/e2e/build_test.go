package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// all are the targets whose programs are started here.
var all = []string{"linux/amd64", "linux/arm64", "rpi4", "linux/riscv64"}

// TestTailored builds the image server with both plugins for every target in every format
// and starts what came out: the whole way of the README.
func TestTailored(t *testing.T) {
	w := newWorld(t)
	all := served(t, all)
	args := []string{"build", "examples/tailored", "--format", "tar.gz,deb,oci"}
	for _, target := range all {
		args = append(args, "--target", target)
	}
	w.must(t, args...)
	if n := len(w.artifacts(t, "dist")); n != 3*3*len(all)+2 { // each with its bill of materials and provenance, the index of images with its provenance
		t.Errorf("%d artifacts, want %d", n, 3*3*len(all)+2)
	}
	for _, target := range all {
		t.Run("image/"+target, func(t *testing.T) { startImage(t, w, target) })
		t.Run("bundle/"+target, func(t *testing.T) { startBundle(t, w, target) })
		t.Run("deb/"+target, func(t *testing.T) { checkDeb(t, w, target) })
		t.Run("inspect/"+target, func(t *testing.T) { askArtifacts(t, w, target) })
	}
	t.Run("bundle/read-only", func(t *testing.T) { bundleReadOnly(t, w) })
	t.Run("bundle/link", func(t *testing.T) { bundleByLink(t, w) })
	t.Run("bundle/other distribution", func(t *testing.T) { bundleElsewhere(t, w) })
	t.Run("explain", func(t *testing.T) { explain(t, w, "rpi4") })
	t.Run("index", func(t *testing.T) { checkIndex(t, w, all) })
	t.Run("container", func(t *testing.T) { runContainer(t, w) })
	t.Run("scanned", func(t *testing.T) { scanned(t, w) })
	t.Run("registry", func(t *testing.T) { publishTo(t, w, all, inProcess(t)) })
	t.Run("docker-registry", func(t *testing.T) { publishTo(t, w, all, dockerRegistry(t)) })
}

// explain asks where a library comes from, what there is and what is newer.
func explain(t *testing.T, w world, target string) {
	out := w.must(t, "why", "libfreetype6", "examples/tailored", "--target", target, "--offline")
	for _, want := range []string{"count-plugin (example.com/count-plugin)", "states pkg-config:cairo (./examples/api/cairo/cairo.go:", "libcairo2-dev", "libcairo.so.2 needs libfreetype.so.6"} {
		if !strings.Contains(out, want) {
			t.Errorf("why libfreetype6 lacks %q:\n%s", want, out)
		}
	}
	if out := w.must(t, "outdated", "examples/tailored", "--target", target); strings.Contains(out, "libcairo2") {
		t.Errorf("outdated directly after the lock was written:\n%s", out)
	}
	out = w.must(t, "list", "examples/tailored", "--target", target, "--offline")
	for _, want := range []string{"qr-plugin", "libcairo.so.2", "LGPL-2.1"} {
		if !strings.Contains(out, want) {
			t.Errorf("list lacks %q:\n%s", want, out)
		}
	}
}

// askArtifacts asks artifacts what they are made of.
func askArtifacts(t *testing.T, w world, target string) {
	for _, kind := range []string{"tar.gz", "deb", "oci"} {
		out := w.must(t, "inspect", w.find(t, "dist", kind, target))
		for _, want := range []string{"for " + target, "example.com/count-plugin", "example.com/qr-plugin", "libcairo2 1."} {
			if !strings.Contains(out, want) {
				t.Errorf("inspect of the %s lacks %q:\n%s", kind, want, out)
			}
		}
	}
}

func startImage(t *testing.T, w world, target string) {
	root := t.TempDir()
	c := unpackImage(t, w.find(t, "dist", "oci", target), root)
	if c.OS != "linux" || len(c.Config.Entrypoint) != 1 || c.Config.User == "" || c.Config.User == "0" {
		t.Errorf("configuration of the image: %+v", c)
	}
	if _, ok := c.Config.ExposedPorts["8080/tcp"]; !ok {
		t.Errorf("exposed ports: %v", c.Config.ExposedPorts)
	}
	if pem, err := os.ReadFile(filepath.Join(root, "etc/ssl/certs/ca-certificates.crt")); err != nil || bytes.Count(pem, []byte("BEGIN CERTIFICATE")) < 100 {
		t.Errorf("CA certificates: %v, %d of them", err, bytes.Count(pem, []byte("BEGIN CERTIFICATE")))
	}
	addr := freeAddr(t)
	url := serve(t, inRoot(t, root, target, "/", c.Config.Entrypoint[0], "-addr", addr), addr)
	checkCounts(t, url)
	checkQR(t, url)
}

func checkDeb(t *testing.T, w world, target string) {
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("dpkg-deb is not installed")
	}
	deb := w.find(t, "dist", "deb", target)
	field := func(name string) string {
		out, err := exec.Command("dpkg-deb", "--field", deb, name).CombinedOutput()
		if err != nil {
			t.Fatalf("dpkg-deb --field: %v\n%s", err, out)
		}
		return strings.TrimSpace(string(out))
	}
	arch := map[string]string{"linux/amd64": "amd64", "linux/arm64": "arm64", "rpi4": "armhf", "linux/riscv64": "riscv64"}[target]
	if got := field("Architecture"); got != arch {
		t.Errorf("Architecture: %s, want %s", got, arch)
	}
	for _, p := range []string{"libc6", "libcairo2", "libqrencode4"} {
		if !strings.Contains(field("Depends"), p) {
			t.Errorf("Depends: %s lacks %s", field("Depends"), p)
		}
	}
	if strings.Contains(field("Depends"), "-dev") {
		t.Errorf("Depends: %s names a development package", field("Depends"))
	}
	dir := t.TempDir()
	if out, err := exec.Command("dpkg-deb", "-x", deb, dir).CombinedOutput(); err != nil {
		t.Fatalf("dpkg-deb -x: %v\n%s", err, out)
	}
	for _, name := range []string{"usr/bin/tailored-server", "usr/share/doc/tailored-server/copyright"} {
		if fi, err := os.Stat(filepath.Join(dir, name)); err != nil || fi.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSameBytes builds the same twice, as different users in different places, and compares
// every byte. Nothing is shared: not the store, not Go's build cache, not the folders.
func TestSameBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("two whole builds take minutes; -short is set")
	}
	var dists [2]string
	var locked []byte
	for i := range dists {
		w := newWorld(t)
		w.store = filepath.Join(t.TempDir(), fmt.Sprintf("a store %d", i))
		w.home = t.TempDir()
		t.Cleanup(func() { removeAll(w.store) })
		w.env = []string{"TZ=" + []string{"Asia/Tokyo", "America/Lima"}[i], "GOCACHE=" + t.TempDir(), "GOMODCACHE=" + modCache(t), "LANG=" + []string{"C", "de_DE.UTF-8"}[i]}
		if i == 1 {
			deeper := filepath.Join(w.dir, "one", "level", "deeper")
			if err := os.MkdirAll(filepath.Dir(deeper), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(filepath.Join(w.dir, "examples"), deeper); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(deeper, filepath.Join(w.dir, "examples")); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(deeper, "tailored", "graft.lock"), locked, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		umask(t, []int{0o022, 0o077}[i], func() {
			w.must(t, "build", "examples/tailored", "--target", "linux/amd64", "--target", "rpi4", "--format", "tar.gz,deb,oci", "--jobs", fmt.Sprint(i+1))
		})
		b, err := os.ReadFile(filepath.Join(w.dir, "examples", "tailored", "graft.lock"))
		if err != nil {
			t.Fatal(err)
		}
		if i == 1 && !bytes.Equal(b, locked) {
			t.Error("the second build changed the lock")
		}
		locked, dists[i] = b, filepath.Join(w.dir, "dist")
	}
	compareDirs(t, dists[0], dists[1])
}

// modCache is the machine's module cache: what it holds is verified by go.sum.
func modCache(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func compareDirs(t *testing.T, a, b string) {
	t.Helper()
	left, right := names(t, a), names(t, b)
	if strings.Join(left, " ") != strings.Join(right, " ") {
		t.Errorf("%q against %q", left, right)
	}
	for _, name := range left {
		x, err := os.ReadFile(filepath.Join(a, name))
		if err != nil {
			t.Fatal(err)
		}
		y, _ := os.ReadFile(filepath.Join(b, name))
		if !bytes.Equal(x, y) {
			t.Errorf("%s differs", name)
		}
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}
