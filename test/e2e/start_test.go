package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// emulators are the static qemu-user programs that start other processors' programs.
var emulators = map[string]string{
	"linux/amd64": "", "linux/arm64": "qemu-aarch64-static", "rpi4": "qemu-arm-static",
	"linux/riscv64": "qemu-riscv64-static",
}

// inRoot is a command that sees root as its whole file system. A program of another
// processor is started by an emulator that is copied into root for it.
func inRoot(t *testing.T, root, target, dir string, argv ...string) *exec.Cmd {
	t.Helper()
	if name := emulators[target]; name != "" {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("%s is not installed (qemu-user-static)", name)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, "emulator"), b, 0o755); err != nil {
			t.Fatal(err)
		}
		argv = append([]string{"/emulator"}, argv...)
	}
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Path, cmd.Err = argv[0], nil // it is looked up in root
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	return cmd
}

// serve starts a server that listens on the address in its environment or arguments and
// returns its base URL once it answers.
func serve(t *testing.T, cmd *exec.Cmd, addr string) string {
	t.Helper()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %v: %v", cmd.Args, err)
	}
	gone := make(chan error, 1)
	go func() { gone <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-gone
		if t.Failed() {
			t.Logf("%v said:\n%s", cmd.Args, said.String())
		}
	})
	url := "http://" + addr
	for range 600 {
		select {
		case err := <-gone:
			gone <- err
			t.Fatalf("%v ended: %v\n%s", cmd.Args, err, said.String())
		case <-time.After(50 * time.Millisecond):
		}
		if res, err := http.Get(url); err == nil {
			res.Body.Close()
			return url
		}
	}
	t.Fatalf("%v does not answer", cmd.Args)
	return ""
}

// freeAddr is a loopback address that nobody listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// picture asks a server for its picture.
func picture(t *testing.T, url string) image.Image {
	t.Helper()
	res, err := http.Get(url + "/image.png")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(res.Body)
		t.Fatalf("GET /image.png: %s: %s", res.Status, b)
	}
	img, err := png.Decode(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := img.Bounds().Size(); got != (image.Point{X: 640, Y: 360}) {
		t.Fatalf("the picture is %v, want 640 by 360", got)
	}
	return img
}

// segments are the middles of the seven lines of count-plugin's first digit, a to g.
var segments = [7]image.Point{{70, 60}, {100, 90}, {100, 150}, {70, 180}, {40, 150}, {40, 90}, {70, 120}}

// lit are the lines of each digit.
var lit = [10]string{"abcdef", "bc", "abdeg", "abcdg", "bcfg", "acdfg", "acdefg", "abc", "abcdefg", "abcdfg"}

// digit reads the first digit off a picture; -1 when there is none.
func digit(img image.Image) int {
	var on strings.Builder
	for i, p := range segments {
		r, g, b, _ := img.At(p.X, p.Y).RGBA()
		if r > 0xf000 && g > 0xc000 && b < 0x7000 {
			on.WriteByte('a' + byte(i))
		}
	}
	for n, s := range lit {
		if s == on.String() {
			return n
		}
	}
	return -1
}

// qr reads the text of the QR code in a picture.
func qr(t *testing.T, img image.Image) string {
	t.Helper()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	res, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err != nil {
		t.Fatalf("no QR code in the picture: %v", err)
	}
	return res.GetText()
}

// checkCounts asks twice and wants the counter to go on.
func checkCounts(t *testing.T, url string) {
	t.Helper()
	first, second := digit(picture(t, url)), digit(picture(t, url))
	if first < 0 || second != (first+1)%10 {
		t.Errorf("the pictures count %d, %d", first, second)
	}
}

// checkQR wants the request's URL as a QR code.
func checkQR(t *testing.T, url string) {
	t.Helper()
	if got, want := qr(t, picture(t, url)), url+"/image.png"; got != want {
		t.Errorf("the QR code says %q, want %q", got, want)
	}
}

// untar unpacks a tar stream, gzipped or not, below dir.
func untar(t *testing.T, r io.Reader, dir string) {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	tr := tar.NewReader(r)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(strings.TrimPrefix(h.Name, "./"), "/")
		if name == "" {
			continue
		}
		root.MkdirAll(filepath.Dir(name), 0o755)
		switch h.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(name, 0o755)
		case tar.TypeSymlink:
			err = root.Symlink(h.Linkname, name)
		case tar.TypeLink:
			err = root.Link(h.Linkname, name)
		case tar.TypeReg:
			var f *os.File
			if f, err = root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, h.FileInfo().Mode().Perm()); err == nil {
				_, err = io.Copy(f, tr)
				err = errors.Join(err, f.Close())
			}
		default:
			err = fmt.Errorf("unexpected type %q", h.Typeflag)
		}
		if err != nil {
			t.Fatalf("unpack %s: %v", h.Name, err)
		}
	}
}

// untarFile unpacks a .tar or .tar.gz.
func untarFile(t *testing.T, file, dir string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if zr, err := gzip.NewReader(f); err == nil {
		r = zr
	} else {
		f.Seek(0, io.SeekStart)
	}
	untar(t, r, dir)
}

// imageConfig is what the tests read of an image's configuration.
type imageConfig struct {
	Architecture, OS, Variant string
	Config                    struct {
		Entrypoint   []string
		User         string
		ExposedPorts map[string]any
	}
}

// unpackImage unpacks the layers of an OCI layout (a tar file) into a folder as a container
// runtime would, and returns the image's configuration.
func unpackImage(t *testing.T, file, dir string) imageConfig {
	t.Helper()
	oci := t.TempDir()
	untarFile(t, file, oci)
	blob := func(digest string) string {
		return filepath.Join(oci, "blobs", "sha256", strings.TrimPrefix(digest, "sha256:"))
	}
	type descriptor struct{ Digest, MediaType string }
	var index struct{ Manifests []descriptor }
	readJSON(t, filepath.Join(oci, "index.json"), &index)
	if len(index.Manifests) != 1 {
		t.Fatalf("the layout has %d manifests, want 1", len(index.Manifests))
	}
	var m struct {
		Config descriptor
		Layers []descriptor
	}
	readJSON(t, blob(index.Manifests[0].Digest), &m)
	for _, l := range m.Layers {
		untarFile(t, blob(l.Digest), dir)
	}
	var c imageConfig
	readJSON(t, blob(m.Config.Digest), &c)
	return c
}

func readJSON(t *testing.T, file string, v any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
