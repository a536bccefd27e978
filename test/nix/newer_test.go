package nix

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// inside is set in the environment of these tests when they run in a newer system.
const inside = "GRAFT_TEST_NIX_INSIDE"

// enter makes a folder the root of a mount namespace of its own, since Nix's sandbox needs a
// root that is a mount, and starts a command there. What the tests take from this machine keeps its path.
const enter = `set -e
root=$1; shift
mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
mkdir -p old
mount -t proc proc proc
mount --rbind /dev dev
mount --rbind /sys sys
while [ "$1" != -- ]; do
  mkdir -p "./$1"; mount --bind "$1" "./$1"; shift
done
shift
pivot_root . old
umount -l /old
cd "$1"; shift
exec "$@"
`

// TestNewerNix runs all these tests with the Nix of Debian's next release.
func TestNewerNix(t *testing.T) {
	here(t)
	switch {
	case os.Getenv(inside) != "":
		t.Skip("it is running")
	case os.Getenv("GRAFT_TEST_FULL") == "":
		t.Skip("a system with a newer Nix takes minutes: set GRAFT_TEST_FULL=1")
	}
	if _, err := exec.LookPath("mmdebstrap"); err != nil {
		t.Skip("mmdebstrap is not installed (mmdebstrap)")
	}
	dir := t.TempDir()
	root := filepath.Join(dir, "root")
	t.Cleanup(func() { removeAll(root) })
	make := exec.CommandContext(t.Context(), "mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--include=nix-bin,git,ca-certificates,qemu-user", "trixie", root)
	if out, err := make.CombinedOutput(); err != nil {
		t.Skipf("no trixie to be had: %v\n%s", err, out)
	}
	program := filepath.Join(dir, "nix.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{dir, repository, place.store}
	for _, name := range []string{"GOROOT", "GOMODCACHE", "GOCACHE"} {
		out, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, strings.TrimSpace(string(out)))
	}
	if mirror, ok := strings.CutPrefix(os.Getenv("GRAFT_MIRROR_MSYS2"), "file://"); ok {
		paths = append(paths, mirror)
	}
	if common, err := exec.Command("git", "rev-parse", "--path-format=absolute", "--git-common-dir").Output(); err == nil {
		paths = append(paths, strings.TrimSpace(string(common)))
	}
	for i, name := range []string{"/etc/resolv.conf", "/etc/ssl/certs/ca-certificates.crt"} {
		if b, err := os.ReadFile(name); err == nil {
			if err := write(filepath.Join(root, name), string(b)); err != nil {
				t.Fatal(i, err)
			}
		}
	}
	argv := append([]string{"unshare", "--mount", "sh", "-c", enter, "sh", root}, paths...)
	argv = append(argv, "--", folder, program, "-test.v", "-test.timeout=2h", "-test.skip=TestWindows") // it takes longest, and differs least
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	goroot := paths[3]
	cmd.Env = append(os.Environ(), "HOME=/root", inside+"=1", "GRAFT_E2E_STORE="+place.store, "TMPDIR=/tmp", "PATH="+filepath.Join(goroot, "bin")+":/usr/sbin:/usr/bin:/sbin:/bin")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
