package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestInstall installs the Debian package into a system that was made for it, as its user does:
// apt brings the libraries, the service is enabled, the program answers with a picture, an
// upgrade keeps what was changed below /etc, purging leaves nothing.
func TestInstall(t *testing.T) { testInstall(t, "linux/amd64", "amd64") }

// TestInstallForeign is the same for a Raspberry Pi, under qemu-user.
func TestInstallForeign(t *testing.T) {
	if os.Getenv("GRAFT_TEST_FULL") == "" {
		t.Skip("a system for armhf under qemu-user takes minutes: set GRAFT_TEST_FULL=1")
	}
	testInstall(t, "rpi4", "armhf")
}

func testInstall(t *testing.T, target, arch string) {
	root := newSystem(t, arch)
	w := newWorld(t)
	for version, out := range map[string]string{"1.0.0": "old", "1.0.1": "new"} {
		w.must(t, "build", "examples/image-server", "--with", "examples/qr-plugin", "--target", target, "--format", "deb", "--app-version", version, "--out", out)
		deb := w.find(t, out, "deb", target)
		if err := os.Rename(deb, filepath.Join(root.dir, filepath.Base(deb))); err != nil {
			t.Fatal(err)
		}
	}
	before := root.files(t)

	root.must(t, "apt-get", "install", "-q", "-y", "--no-install-recommends", "./image-server_1.0.0_"+arch+".deb")
	if got := root.must(t, "dpkg-query", "-W", "-f", "${Status} ${Architecture}", "libcairo2"); got != "install ok installed "+arch {
		t.Errorf("libcairo2: %s", got)
	}
	for _, link := range []string{"multi-user.target.wants/image-server.service"} {
		if to, err := os.Readlink(filepath.Join(root.dir, "etc/systemd/system", link)); err != nil || to != "/lib/systemd/system/image-server.service" && to != "/usr/lib/systemd/system/image-server.service" {
			t.Errorf("the service is not enabled: %s, %v", to, err)
		}
	}
	if got := root.must(t, "getent", "passwd", "_image-server"); !strings.Contains(got, "nologin") {
		t.Errorf("user: %s", got)
	}
	root.must(t, "systemd-analyze", "verify", "--man=no", "/usr/lib/systemd/system/image-server.service")

	addr := freeAddr(t)
	cmd := inRoot(t, root.dir, target, "/", "/usr/bin/image-server")
	cmd.Env = append(cmd.Env, "ADDR="+addr)
	picture(t, serve(t, cmd, addr))

	conf := filepath.Join(root.dir, "etc/default/image-server")
	if err := os.WriteFile(conf, []byte("ADDR=:9999\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	root.must(t, "apt-get", "install", "-q", "-y", "./image-server_1.0.1_"+arch+".deb")
	if b, err := os.ReadFile(conf); err != nil || string(b) != "ADDR=:9999\n" {
		t.Errorf("after the upgrade: %q, %v", b, err)
	}
	if got := root.must(t, "dpkg-query", "-W", "-f", "${Version}", "image-server"); got != "1.0.1" {
		t.Errorf("version %s after the upgrade", got)
	}
	root.must(t, "apt-get", "purge", "-q", "-y", "image-server")
	for _, f := range root.files(t) {
		if strings.Contains(f, "image-server") && !slices.Contains(before, f) {
			t.Errorf("left after purging: %s", f)
		}
	}
}

// system is an installed Debian in a folder.
type system struct{ dir string }

// newSystem makes a minimal bookworm from the archive that this machine's apt knows.
func newSystem(t *testing.T, arch string) system {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("installing packages needs root")
	}
	if _, err := exec.LookPath("mmdebstrap"); err != nil {
		t.Skip("no mmdebstrap here")
	}
	if arch != "amd64" {
		if out, err := exec.Command("arch-test", arch).CombinedOutput(); err != nil {
			t.Skipf("this kernel does not start programs of %s (qemu-user-static registers them): %s", arch, out)
		}
	}
	out, err := exec.Command("apt-get", "indextargets", "--format", "$(SIGNED_BY) $(REPO_URI)", "Created-By: Packages", "Codename: bookworm", "Component: main").Output()
	line, _, _ := strings.Cut(string(out), "\n")
	signed, mirror, ok := strings.Cut(line, " ")
	if err != nil || !ok {
		t.Skipf("apt knows no bookworm here: %v", err)
	}
	source := "deb " + mirror + " bookworm main"
	if strings.HasPrefix(signed, "/") {
		source = "deb [signed-by=" + signed + "] " + mirror + " bookworm main"
	}
	dir := filepath.Join(t.TempDir(), "root")
	// The lists stay, so that packages can be installed at once.
	cmd := exec.CommandContext(t.Context(), "mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--architectures="+arch,
		"--skip=cleanup/apt", "bookworm", dir, source)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("mmdebstrap: %v\n%s", err, out)
	}
	return system{dir}
}

// must runs a command in the system.
func (s system) must(t *testing.T, argv ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "chroot", append([]string{s.dir}, argv...)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", "HOME=/root"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, out)
	}
	return string(out)
}

// files are the paths of all files of the system.
func (s system) files(t *testing.T) (out []string) {
	t.Helper()
	list, err := exec.Command("find", s.dir, "-xdev").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		out = append(out, strings.TrimPrefix(strings.TrimSpace(line), s.dir))
	}
	return out
}
