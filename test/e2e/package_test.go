package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pinned is a locked package's path, size and digest.
var pinned = regexp.MustCompile(`"name":"zlib1g-dev",.*"path":"([^"]*)","size":([0-9]+),"sha256":"sha256:([0-9a-f]+)"`)

// repin makes the lock say another size and digest of zlib1g-dev.
func (w world) repin(t *testing.T, size int, sum string) {
	t.Helper()
	l := w.read("app/graft.lock")
	m := pinned.FindStringSubmatchIndex(l)
	if m == nil {
		t.Fatalf("no zlib1g-dev in the lock:\n%s", l)
	}
	w.write(t, "app/graft.lock", l[:m[4]]+fmt.Sprint(size)+l[m[5]:m[6]]+sum+l[m[7]:])
}

// checkRefused builds, wants an error, and everything to be as it was.
func (w world) checkRefused(t *testing.T, status int, want ...string) {
	t.Helper()
	before := tree(t, w.dir)
	_, stderr, got := w.run(t, "build", "app")
	if got != status {
		t.Errorf("status %d, want %d\n%s", got, status, stderr)
	}
	for _, s := range want {
		if !strings.Contains(stderr, s) {
			t.Errorf("no %q in\n%s", s, stderr)
		}
	}
	unchanged(t, "the folder", before, tree(t, w.dir))
}

// TestWrongChecksum has a lock whose digest no mirror's file has.
func TestWrongChecksum(t *testing.T) {
	w := newSmallWorld(t)
	w.must(t, "build", "app")
	size := 0
	fmt.Sscan(pinned.FindStringSubmatch(w.read("app/graft.lock"))[2], &size)
	wrong := strings.Repeat("ab", 32)
	w.repin(t, size, wrong)
	w.checkRefused(t, 4, "zlib1g-dev", "wrong checksum", wrong[:12], "nothing of it was kept")
	if _, err := os.Stat(blobPath(w.store, "sha256:"+wrong)); err == nil {
		t.Error("the store has a blob of the wrong digest")
	}
	w.repin(t, size+1, wrong)
	w.checkRefused(t, 4, "zlib1g-dev", "wrong size")
}

// TestBadMirror has mirrors whose package is not what the lock says.
func TestBadMirror(t *testing.T) {
	w := newSmallWorld(t)
	dir, url := w.mirror(t, "app/graft.lock")
	m := pinned.FindStringSubmatch(w.read("app/graft.lock"))
	file := filepath.Join(dir, filepath.FromSlash(m[1]))
	right, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w = w.alone(t)
	w.env = append(w.env, "GRAFT_MIRROR_DEBIAN="+url, "GRAFT_MIRROR_DEBIAN_SECURITY="+url)
	cut := w.withoutNetwork(t) // no other mirror can help
	if err := os.WriteFile(file, right[:len(right)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	cut.checkRefused(t, 4, "zlib1g-dev", "wrong size", url)
	if err := os.WriteFile(file, bytes.Repeat([]byte("x"), len(right)), 0o644); err != nil {
		t.Fatal(err)
	}
	cut.checkRefused(t, 4, "zlib1g-dev", "wrong checksum", url)
	if _, err := os.Stat(blobPath(w.store, "sha256:"+m[3])); err == nil {
		t.Error("the wrong content was kept")
	}
	// With a network another mirror has it. The user hears of the bad one.
	_, stderr, status := w.run(t, "build", "app")
	if status != 0 || !strings.Contains(stderr, "warning: ") || !strings.Contains(stderr, "zlib1g-dev") {
		t.Errorf("status %d, %s", status, stderr)
	}
	w.startsSmall(t, "dist")
}

// TestHostilePackage has locks that pin packages that are none, or worse.
func TestHostilePackage(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		deb        []byte
	}{
		{"no archive", "zlib1g-dev", []byte("hello")},
		{"cut off", "zlib1g-dev", deb(tarGz(entry{"./usr/include/zlib.h", tar.TypeReg, "x"}))[:150]},
		{"leaves the root", "../", deb(tarGz(entry{"./../../../../../../../../escaped", tar.TypeReg, "x"}))},
		{"absolute link", "zlib1g-dev", deb(tarGz(entry{"./usr/out", tar.TypeSymlink, "../../../../../../.."}, entry{"./usr/out/escaped", tar.TypeReg, "x"}))},
		{"device", "zlib1g-dev", deb(tarGz(entry{"./dev/null", tar.TypeChar, ""}))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newSmallWorld(t)
			dir, url := w.mirror(t, "app/graft.lock")
			m := pinned.FindStringSubmatch(w.read("app/graft.lock"))
			if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(m[1])), tt.deb, 0o644); err != nil {
				t.Fatal(err)
			}
			w.repin(t, len(tt.deb), fmt.Sprintf("%x", sha256.Sum256(tt.deb)))
			w.env = append(w.env, "GRAFT_MIRROR_DEBIAN="+url, "GRAFT_MIRROR_DEBIAN_SECURITY="+url)
			w.checkRefused(t, 1, "zlib1g-dev", tt.want)
			for _, name := range []string{"/escaped", filepath.Join(w.store, "escaped")} {
				if _, err := os.Lstat(name); err == nil {
					t.Errorf("%s was written", name)
				}
			}
		})
	}
}

// entry is a file of a package that a test makes.
type entry struct {
	name    string
	kind    byte
	content string // or a link's text
}

func tarGz(entries ...entry) []byte {
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	tw := tar.NewWriter(zw)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Mode: 0o644}
		switch e.kind {
		case tar.TypeReg:
			h.Size = int64(len(e.content))
		case tar.TypeSymlink:
			h.Linkname = e.content
		}
		tw.WriteHeader(h)
		if e.kind == tar.TypeReg {
			tw.Write([]byte(e.content))
		}
	}
	tw.Close()
	zw.Close()
	return b.Bytes()
}

// deb is a Debian package with that data.
func deb(data []byte) []byte {
	control := "Package: zlib1g-dev\nVersion: 1\nArchitecture: amd64\nMaintainer: x <x@example.com>\nDescription: x\n"
	b := []byte("!<arch>\n")
	for _, m := range []struct {
		name string
		data []byte
	}{
		{"debian-binary", []byte("2.0\n")},
		{"control.tar.gz", tarGz(entry{"./control", tar.TypeReg, control})},
		{"data.tar.gz", data},
	} {
		b = append(b, fmt.Sprintf("%-16s%-12d%-6d%-6d%-8s%-10d`\n", m.name, 0, 0, 0, "100644", len(m.data))...)
		b = append(b, m.data...)
		if len(m.data)%2 == 1 {
			b = append(b, '\n')
		}
	}
	return b
}
