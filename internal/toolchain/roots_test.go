package toolchain

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/internal/sysroot"
	"github.com/graft-build/graft/target"
)

// apt downloads packages of any architecture and suite through the machine's own sources,
// without touching its state.
type apt struct {
	dir     string
	options []string
}

var uris = regexp.MustCompile(`(?m)^URIs:\s*(\S+)`)

func newApt(t *testing.T, arch, suite string) *apt {
	t.Helper()
	base := aptBase()
	if base == "" {
		t.Skip("the machine has no apt sources of Debian")
	}
	for _, p := range []string{"apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(p); err != nil {
			t.Skip("no " + p)
		}
	}
	a := &apt{dir: t.TempDir()}
	for _, d := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(a.dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	list := fmt.Sprintf("deb [arch=%s signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n", arch, base, suite)
	for name, text := range map[string]string{"sources.list": list, "status": ""} {
		if err := os.WriteFile(filepath.Join(a.dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range []string{
		"Dir::State=" + a.dir, "Dir::State::lists=" + a.dir + "/lists", "Dir::State::status=" + a.dir + "/status",
		"Dir::Cache=" + a.dir + "/cache", "Dir::Etc::sourcelist=" + a.dir + "/sources.list", "Dir::Etc::sourceparts=/dev/null",
		"APT::Architecture=" + arch, "APT::Architectures=" + arch, "Acquire::Languages=none", "APT::Sandbox::User=root",
		"Acquire::Retries=0",
	} {
		a.options = append(a.options, "-o", o)
	}
	if _, err := a.run(t, "update", "-qq"); err != nil {
		t.Skipf("apt can't be asked: %v", err)
	}
	return a
}

func aptBase() string {
	files, _ := filepath.Glob("/etc/apt/sources.list.d/*.sources")
	for _, f := range files {
		b, err := os.ReadFile(f)
		if m := uris.FindSubmatch(b); err == nil && m != nil && strings.Contains(string(b), "debian-archive-keyring") {
			return string(m[1])
		}
	}
	b, err := os.ReadFile("/etc/apt/sources.list")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		for i := 1; i < len(f); i++ {
			if f[0] == "deb" && strings.Contains(f[i], "://") {
				return f[i]
			}
		}
	}
	return ""
}

func (a *apt) run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command("apt-get", append(append([]string{}, a.options...), args...)...)
	cmd.Dir = a.dir
	var msg strings.Builder
	cmd.Stderr = &msg
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("apt-get %s: %w\n%s", args[0], err, msg.String())
	}
	return string(out), nil
}

// closure lists what installing packages would install, as far as libraries go.
func (a *apt) closure(t *testing.T, pkgs ...string) []string {
	t.Helper()
	out, err := a.run(t, append([]string{"install", "-s", "-y", "--no-install-recommends"}, pkgs...)...)
	if err != nil {
		t.Skip(err)
	}
	var names []string
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) > 1 && f[0] == "Inst" && aboutLibraries.MatchString(f[1]) && !notLibraries.MatchString(f[1]) {
			names = append(names, f[1])
		}
	}
	return names
}

var (
	aboutLibraries = regexp.MustCompile(`^(lib|x11proto|xtrans|xorg|zlib|uuid|.*-dev$)`)
	notLibraries   = regexp.MustCompile(`perl|python|dpkg|debconf|^libc6|^libc-|^libcrypt|^linux-|-bin$|-tools$|^libnsl|^libtirpc|stdc\+\+|^libgcc-|-doc$|-data$`)
)

// fetch puts packages into the store and returns them.
func (a *apt) fetch(t *testing.T, s *store.Store, pkgs ...string) []sysroot.Input {
	t.Helper()
	if _, err := a.run(t, append([]string{"download"}, pkgs...)...); err != nil {
		t.Skip(err)
	}
	debs, _ := filepath.Glob(filepath.Join(a.dir, "*.deb"))
	var in []sysroot.Input
	for _, d := range debs {
		sum, size, err := digest.OfFile(d)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(d)
		if err != nil {
			t.Fatal(err)
		}
		blob, err := s.PutBlob(sum, size, f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(filepath.Base(d), "_")
		in = append(in, sysroot.Input{Name: name, Blob: blob, SHA256: sum})
	}
	return in
}

// root is a folder in which programs of another processor can be started.
type root struct{ dir, arch string }

// libcRoot is a root with the C library of a suite and what is given besides.
func libcRoot(t *testing.T, s *store.Store, arch, suite string, more ...string) *root {
	t.Helper()
	a := newApt(t, arch, suite)
	in := a.fetch(t, s, append([]string{"libc6"}, more...)...)
	r := &root{dir: t.TempDir(), arch: arch}
	for _, d := range []string{"usr/lib", "usr/lib64", "usr/bin", "etc", "tmp"} {
		if err := os.MkdirAll(filepath.Join(r.dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range []string{"lib", "lib64", "bin"} {
		if err := os.Symlink("usr/"+l, filepath.Join(r.dir, l)); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range in {
		// tar keeps the links above, which dpkg-deb -x replaces by folders.
		cmd := exec.Command("sh", "-c", `dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"`, "sh", p.Blob, r.dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("unpack %s: %v\n%s", p.Name, err, out)
		}
	}
	for name, text := range map[string]string{"etc/passwd": "root:x:0:0:root:/root:/bin/sh\n", "etc/hosts": "127.0.0.1 localhost\n"} {
		if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

var goArch = map[string]string{"armhf": "arm", "amd64": "amd64", "arm64": "arm64", "riscv64": "riscv64"}

// run starts a program with nothing around it but the root, and returns what it prints.
func (r *root) run(t *testing.T, qemu, program string) string {
	t.Helper()
	argv := []string{"chroot", r.dir}
	if os.Geteuid() != 0 {
		argv = append([]string{"unshare", "--user", "--map-root-user"}, argv...)
	}
	if goArch[r.arch] != runtime.GOARCH {
		path, err := exec.LookPath(qemu)
		if err != nil {
			t.Skip("no " + qemu)
		}
		copyIn(t, path, filepath.Join(r.dir, "qemu"))
		argv = append(argv, "/qemu")
	}
	copyIn(t, program, filepath.Join(r.dir, "program"))
	cmd := exec.Command(argv[0], append(argv[1:], "/program")...)
	cmd.Env = []string{"PATH=/usr/bin", "HOME=/"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("start %s in a root of %s: %v\n%s", program, r.arch, err, out)
	}
	return string(out)
}

func copyIn(t *testing.T, from, to string) {
	t.Helper()
	src, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	os.Remove(to)
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	defer dst.Close()
	if _, err := io.Copy(dst, src); err != nil {
		t.Fatal(err)
	}
}

// cairoKit is a kit with a sysroot that has cairo in it.
func cairoKit(t *testing.T, s *store.Store, z Zig, name, libc, arch, suite string) Kit {
	t.Helper()
	tg, err := target.Parse(name)
	if err != nil {
		t.Fatal(err)
	}
	a := newApt(t, arch, suite)
	in := a.fetch(t, s, a.closure(t, "libcairo2-dev", "libqrencode-dev")...)
	sr, err := sysroot.Build(t.Context(), s, tg, in, nil)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	k, err := Prepare(t.Context(), KitConfig{
		Store: s, Zig: z, Target: tg, LibcVersion: libc, Graft: self, Sysroot: sr.Dir, SysrootDigest: sr.Digest,
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// A program with a library of the distribution, for two processors, started there.
func TestCairo(t *testing.T) {
	s := sharedStore(t)
	z := realZig(t, s)
	for _, p := range platforms {
		if p.arch != "amd64" && p.arch != "armhf" && os.Getenv("GRAFT_TEST_FULL") == "" {
			continue
		}
		t.Run(p.target, func(t *testing.T) {
			k := cairoKit(t, s, z, p.target, p.libc, p.arch, p.suite)
			b := goBuild(t, k, sharedGoCache(s), "cairo")
			checkBinary(t, b, k, p.libc, "libc.so.6", "libcairo.so.2")
			a := newApt(t, p.arch, p.suite)
			root := libcRoot(t, s, p.arch, p.suite, append(a.closure(t, "libcairo2"), "libgcc-s1")...)
			if out := root.run(t, p.qemu, b.path); !strings.HasPrefix(out, "ffff8000 1.") {
				t.Errorf("cairo printed:\n%s", out)
			}
			if out := root.run(t, p.qemu, runMake(t, k)); out != "4 1\n" && out != "8 1\n" {
				t.Errorf("hello printed:\n%s", out)
			}
		})
	}
}

// runMake builds testdata/make with the environment of "graft exec".
func runMake(t *testing.T, k Kit) string {
	t.Helper()
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("no make")
	}
	dir := t.TempDir()
	cmd := exec.Command("make", "OUT="+dir)
	cmd.Dir = filepath.Join("testdata", "make")
	cmd.Env = append(k.ExecEnv(os.Getenv("PATH")), "HOME="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make: %v\n%s", err, out)
	}
	return filepath.Join(dir, "hello")
}
