//go:build linux

package pack

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/graft-build/graft/internal/closure"
	"github.com/graft-build/graft/test/emptyroot"
)

// packedImage writes the image to a file and its layout to a folder.
func packedImage(t *testing.T, in In) (file, dir string) {
	t.Helper()
	file, dir = filepath.Join(t.TempDir(), "image.tar"), t.TempDir()
	b := packed(t, Docker{}, in)
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
	unpack(t, b, dir)
	return file, dir
}

// TestOCIIsValid reads the one file in both ways that others do.
func TestOCIIsValid(t *testing.T) {
	in := fixture(t)
	in.OCI.StopSignal = "SIGINT"
	in.OCI.Labels = map[string]string{"own": "label", "org.opencontainers.image.licenses": "Apache-2.0"}
	file, dir := packedImage(t, in)
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
	docker, err := tarball.ImageFromPath(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(docker); err != nil {
		t.Error(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	d := manifest.Manifests[0]
	if d.Platform.String() != "linux/amd64" || d.Annotations["org.opencontainers.image.ref.name"] != "1.2.0" {
		t.Errorf("got %+v", d)
	}
	img, err := index.Image(d.Digest)
	if err != nil {
		t.Fatal(err)
	}
	if x, _ := img.ConfigName(); func() v1.Hash { h, _ := docker.ConfigName(); return h }() != x {
		t.Error("the two readings differ")
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	want := v1.Config{
		User: "65532:65532", Entrypoint: []string{"/usr/bin/hello"}, Cmd: []string{"-x"}, WorkingDir: "/home/nonroot",
		Env:          []string{"A=b", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt", "TZ=UTC"},
		ExposedPorts: map[string]struct{}{"8080/tcp": {}},
		Labels: map[string]string{
			"org.opencontainers.image.title": "hello", "org.opencontainers.image.version": "1.2.0",
			"org.opencontainers.image.description": in.Meta.Description, "org.opencontainers.image.authors": in.Meta.Maintainer,
			"org.opencontainers.image.url": in.Meta.Homepage, "org.opencontainers.image.licenses": "Apache-2.0", "own": "label",
		},
		StopSignal: "SIGINT",
	}
	if diff := cmp.Diff(want, config.Config); diff != "" {
		t.Error(diff)
	}
	if config.OS != "linux" || config.Architecture != "amd64" || config.Created.Unix() != 1700000000 || len(config.History) != 4 || len(config.RootFS.DiffIDs) != 4 {
		t.Errorf("got %+v", config)
	}
	var load []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	b, _ := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err := json.Unmarshal(b, &load); err != nil || len(load) != 1 || !slices.Equal(load[0].RepoTags, []string{"hello:1.2.0"}) {
		t.Errorf("manifest.json: %s, %v", b, err)
	}
}

// rootOf unpacks all layers of an image.
func rootOf(t *testing.T, in In) (root string, names []string) {
	t.Helper()
	_, dir := packedImage(t, in)
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	manifest, _ := index.IndexManifest()
	img, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	m, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	root = t.TempDir()
	for _, l := range m.Layers {
		b, err := os.ReadFile(filepath.Join(dir, "blobs/sha256", l.Digest.Hex))
		if err != nil {
			t.Fatal(err)
		}
		for name, hdr := range unpack(t, b, root) {
			names = append(names, name)
			if hdr.ModTime.Unix() != 1700000000 || hdr.Uname != "" || (hdr.Uid != 0) != (name == "home/nonroot") {
				t.Errorf("%s: %v, %q, %d", name, hdr.ModTime, hdr.Uname, hdr.Uid)
			}
		}
	}
	slices.Sort(names)
	return root, slices.Compact(names)
}

// TestOCIStarts unpacks the layers over each other and starts the entry point there, as the image's user.
func TestOCIStarts(t *testing.T) {
	root, _ := rootOf(t, fixture(t))
	cmd := emptyroot.Command(t, root, "/usr/bin/hello", "1", "2", "3")
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: 65532, Gid: 65532}
		if err := os.Chmod(root, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd.Dir = "/home/nonroot"
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if s := saying(t, out); s.Greeting != "hello" || s.Root != 4 || s.Dir != "/home/nonroot" || os.Geteuid() == 0 && s.UID != 65532 {
		t.Errorf("got %+v", s)
	}
}

func TestOCIContents(t *testing.T) {
	root, names := rootOf(t, fixture(t))
	want := []string{
		"bin", "dev", "etc", "etc/debian_version", "etc/group", "etc/ld.so.conf.d", "etc/ld.so.conf.d/x.conf", "etc/nsswitch.conf", "etc/os-release", "etc/passwd",
		"etc/ssl", "etc/ssl/certs", "etc/ssl/certs/ca-certificates.crt", "home", "home/nonroot", "lib", "lib64", "proc", "root", "run", "sbin", "sys", "tmp",
		"usr", "usr/bin", "usr/bin/hello", "usr/lib", libdir,
		libdir + "/ld-linux-x86-64.so.2", libdir + "/libc.so.6", libdir + "/libgcc_s.so.1", libdir + "/libgreet.so.1", libdir + "/libgreet.so.1.0", libdir + "/libm.so.6",
		"usr/lib64", "usr/lib64/ld-linux-x86-64.so.2", "usr/sbin", "usr/share", "usr/share/doc",
		"usr/share/doc/ca-certificates", "usr/share/doc/ca-certificates/copyright", "usr/share/doc/gcc-12-base", "usr/share/doc/gcc-12-base/copyright",
		"usr/share/doc/hello", "usr/share/doc/hello/copyright", "usr/share/doc/libc6", "usr/share/doc/libc6/copyright", "usr/share/doc/libgcc-s1",
		"usr/share/doc/libgreet1", "usr/share/doc/libgreet1/copyright", "usr/share/greet", "usr/share/greet/greeting",
		"var", "var/lib", "var/lib/dpkg", "var/lib/dpkg/status.d", "var/lib/dpkg/status.d/libc6", "var/lib/dpkg/status.d/libgreet1", "var/lib/dpkg/status.d/libgreet1.md5sums", "var/tmp",
	}
	slices.Sort(want)
	if d := cmp.Diff(want, names); d != "" {
		t.Error(d)
	}
	b, _ := os.ReadFile(filepath.Join(root, bundlePath))
	if string(b) != "certificate A\ncertificate B\n" {
		t.Errorf("bundle %q", b)
	}
	if to, _ := os.Readlink(filepath.Join(root, "lib64")); to != "usr/lib64" {
		t.Errorf("lib64 leads to %q", to)
	}
	sums, _ := os.ReadFile(filepath.Join(root, "var/lib/dpkg/status.d/libgreet1.md5sums"))
	if string(sums) != "00000000000000000000000000000001  usr/share/greet/greeting\n" {
		t.Errorf("checksums of what is not there, or none: %q", sums)
	}
	passwd, _ := os.ReadFile(filepath.Join(root, "etc/passwd"))
	if !strings.Contains(string(passwd), "nonroot:x:65532:65532:") {
		t.Errorf("got %s", passwd)
	}
}

// TestOCIUnmerged takes trees as bookworm's packages have them, with /lib beside /usr/lib.
func TestOCIUnmerged(t *testing.T) {
	in := fixture(t)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"one/data/lib/x86_64-linux-gnu/libone.so.1.0": "1", "one/data/usr/lib/x86_64-linux-gnu/blas/libblas.so.3": "3",
		"two/data/lib/x86_64-linux-gnu/libtwo.so.2": "2", "two/data/usr/share/same": "s", "one/data/usr/share/same": "s",
	} {
		if err := put(filepath.Join(dir, name), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{
		"one/data/lib/x86_64-linux-gnu/libone.so.1":    "libone.so.1.0",
		"one/data/lib/x86_64-linux-gnu/libabs.so":      "/lib/x86_64-linux-gnu/libone.so.1",
		"one/data/lib/x86_64-linux-gnu/libup.so":       "../../usr/lib/x86_64-linux-gnu/blas/libblas.so.3",
		"one/data/usr/lib/x86_64-linux-gnu/libdown.so": "../../../lib/x86_64-linux-gnu/libone.so.1",
		"one/data/usr/lib/x86_64-linux-gnu/libevil.so": "../../../../../../../../etc/passwd",
	} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	in.Packages = nil
	for _, p := range []string{"one", "two"} {
		in.Packages = append(in.Packages, Package{Provider: closure.Provider{Package: p, Dir: filepath.Join(dir, p)}})
	}
	in.Closure = closure.Closure{Libraries: []closure.Library{{Name: "libblas.so.3", Package: "one", Place: "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3"}}}
	root, _ := rootOf(t, in)
	for name, want := range map[string]string{
		"libone.so.1": "libone.so.1.0", "libabs.so": "libone.so.1", "libup.so": "blas/libblas.so.3", "libdown.so": "libone.so.1",
		"libevil.so": "../../../etc/passwd", "libblas.so.3": "blas/libblas.so.3",
	} {
		if got, err := os.Readlink(filepath.Join(root, libdir, name)); err != nil || got != want {
			t.Errorf("%s leads to %q (%v), want %q", name, got, err, want)
		}
	}
	if b, err := os.ReadFile(filepath.Join(root, "lib/x86_64-linux-gnu/libtwo.so.2")); err != nil || string(b) != "2" {
		t.Errorf("got %q, %v", b, err)
	}
	if err := put(filepath.Join(dir, "two/data/usr/share/same"), []byte("other")); err != nil {
		t.Fatal(err)
	}
	err := OCI{}.Pack(t.Context(), in, discard{})
	if err == nil || !strings.Contains(err.Error(), "package two: usr/share/same is another one in package one") {
		t.Errorf("got %v", err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "one/data/usr/share/fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	err = OCI{}.Pack(t.Context(), in, discard{})
	if err == nil || !strings.Contains(err.Error(), "usr/share/fifo is neither file nor link") {
		t.Errorf("got %v", err)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func TestRelative(t *testing.T) {
	for _, tt := range [][3]string{
		{"usr/lib", "usr/lib/x/y", "x/y"}, {"usr/lib/x", "usr/lib/y", "../y"}, {"usr/lib", "etc/passwd", "../../etc/passwd"},
		{".", "usr/lib", "usr/lib"}, {"usr/lib", "usr/lib", "."}, {"usr/lib", "", "../.."}, {"usr/lib64", "usr/lib/z", "../lib/z"}, {"a", "ab/c", "../ab/c"},
	} {
		if got := relative(tt[0], tt[1]); got != tt[2] {
			t.Errorf("from %s to %q: %q, want %q", tt[0], tt[1], got, tt[2])
		}
	}
}

// TestDockerLoads asks a docker daemon, where there is one.
func TestDockerLoads(t *testing.T) {
	if exec.Command("docker", "info").Run() != nil {
		t.Skip("no docker daemon here")
	}
	file, _ := packedImage(t, fixture(t))
	if said, err := exec.Command("docker", "load", "-i", file).CombinedOutput(); err != nil || !strings.Contains(string(said), "hello:1.2.0") {
		t.Errorf("%v\n%s", err, said)
	}
	if said, err := exec.Command("docker", "run", "--rm", "hello:1.2.0").CombinedOutput(); err != nil || saying(t, said).Greeting != "hello" {
		t.Errorf("%v\n%s", err, said)
	}
	exec.Command("docker", "rmi", "hello:1.2.0").Run()
}
