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

// TestInstallForeign is for a Raspberry Pi. Where the kernel can be told to start its programs
// by qemu-user it is the same; elsewhere apt finds and unpacks what the package depends on, no
// maintainer script runs, and the program is started by the emulator.
func TestInstallForeign(t *testing.T) {
	if os.Getenv("GRAFT_TEST_FULL") == "" {
		t.Skip("a system for armhf takes minutes: set GRAFT_TEST_FULL=1")
	}
	if emulate(t, "armhf", "arm") {
		testInstall(t, "rpi4", "armhf")
		return
	}
	w := newWorld(t)
	w.must(t, "build", "examples/image-server", "--with", "examples/qr-plugin", "--target", "rpi4", "--format", "deb", "--out", "dist")
	// apt takes the package from a repository that has nothing else.
	repo := filepath.Dir(w.find(t, "dist", "deb", "rpi4"))
	scan := exec.Command("dpkg-scanpackages", "--arch", "armhf", ".")
	scan.Dir = repo
	list, err := scan.Output()
	if err != nil {
		t.Skipf("dpkg-scanpackages: %v", err)
	}
	if err := os.WriteFile(filepath.Join(repo, "Packages"), list, 0o644); err != nil {
		t.Fatal(err)
	}
	root := bootstrap(t, "bookworm", "deb [trusted=yes] copy://"+repo+" ./", "--variant=extract", "--architectures=armhf", "--include=image-server")
	if list, _ := filepath.Glob(filepath.Join(root.dir, "usr/lib/arm-linux-gnueabihf/libcairo.so.2*")); len(list) == 0 {
		t.Error("apt did not bring libcairo2")
	}
	for _, name := range []string{"etc/default/image-server", "usr/lib/systemd/system/image-server.service"} {
		if _, err := os.Stat(filepath.Join(root.dir, name)); err != nil {
			t.Error(err)
		}
	}
	addr := freeAddr(t)
	cmd := inRoot(t, root.dir, "rpi4", "/", "/usr/bin/image-server")
	cmd.Env = append(cmd.Env, "ADDR="+addr)
	picture(t, serve(t, cmd, addr))
}

func testInstall(t *testing.T, target, arch string) {
	root := bootstrap(t, "bookworm", "", "--variant=apt", "--architectures="+arch)
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

// bootstrap makes a system of a suite of Debian from the archive that this machine's apt knows, and perhaps from
// one more.
func bootstrap(t *testing.T, suite, more string, args ...string) system {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("installing packages needs root")
	}
	if _, err := exec.LookPath("mmdebstrap"); err != nil {
		t.Skip("no mmdebstrap here")
	}
	out, err := exec.Command("apt-get", "indextargets", "--format", "$(SIGNED_BY) $(REPO_URI)", "Created-By: Packages", "Codename: bookworm", "Component: main").Output()
	line, _, _ := strings.Cut(string(out), "\n")
	signed, mirror, ok := strings.Cut(line, " ")
	if err != nil || !ok {
		t.Skipf("apt knows no bookworm here: %v", err)
	}
	source := "deb " + mirror + " " + suite + " main"
	if strings.HasPrefix(signed, "/") {
		source = "deb [signed-by=" + signed + "] " + mirror + " " + suite + " main"
	}
	dir := filepath.Join(t.TempDir(), "root")
	// The lists stay, so that packages can be installed at once. Nobody needs them on the disk.
	args = append([]string{"--quiet", "--mode=root", "--skip=cleanup/apt", "--dpkgopt=force-unsafe-io"}, args...)
	cmd := exec.CommandContext(t.Context(), "mmdebstrap", append(args, suite, dir, source+"\n"+more)...)
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
