// Package debtest makes Debian packages for tests, in memory and always the same bytes.
package debtest

import (
	"archive/tar"
	"bytes"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/graft-build/graft/internal/format/ar"
)

// Package says what a package contains.
type Package struct {
	Name, Version, Arch string            // "" become "test", "1", "all"
	Fields              string            // further lines of the control file
	Control             map[string]string // further members of the control part
	Files               []File
}

// File is one entry of the data part. Folders above it are added by themselves.
type File struct {
	Name    string // "usr/lib/libx.so"; a trailing slash makes a folder
	Content string
	Symlink string // goal of a symbolic link
	Hard    string // name of the file that this is a hard link to
	Mode    int64  // 0: 0644
}

// Bytes returns the .deb.
func Bytes(t testing.TB, p Package) []byte {
	t.Helper()
	control := map[string]string{}
	maps.Copy(control, p.Control)
	control["control"] = "Package: " + or(p.Name, "test") + "\nVersion: " + or(p.Version, "1") +
		"\nArchitecture: " + or(p.Arch, "all") + "\nMaintainer: Test <test@example.com>\nDescription: test\n" + p.Fields
	var files []File
	for _, name := range slices.Sorted(maps.Keys(control)) {
		files = append(files, File{Name: name, Content: control[name]})
	}
	var b bytes.Buffer
	w := ar.NewWriter(&b)
	member(t, w, "debian-binary", []byte("2.0\n"))
	member(t, w, "control.tar.gz", gz(t, Tar(t, files)))
	member(t, w, "data.tar.gz", gz(t, Tar(t, p.Files)))
	must(t, w.Flush())
	return b.Bytes()
}

// Tar returns a tar stream of files as dpkg-deb lays it out.
func Tar(t testing.TB, files []File) []byte {
	t.Helper()
	var b bytes.Buffer
	tw := tar.NewWriter(&b)
	made := map[string]bool{}
	var folder func(dir string)
	folder = func(dir string) {
		if made[dir] {
			return
		}
		made[dir] = true
		name := "./"
		if dir != "." {
			folder(path.Dir(dir))
			name += dir + "/"
		}
		must(t, tw.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755}))
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name, "/") {
			folder(path.Clean(f.Name))
			continue
		}
		folder(path.Dir(f.Name))
		h := &tar.Header{Typeflag: tar.TypeReg, Name: "./" + f.Name, Mode: f.Mode, Size: int64(len(f.Content))}
		switch {
		case f.Symlink != "":
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, f.Symlink, 0
		case f.Hard != "":
			h.Typeflag, h.Linkname, h.Size = tar.TypeLink, "./"+f.Hard, 0
		}
		if h.Mode == 0 {
			h.Mode = 0o644
		}
		must(t, tw.WriteHeader(h))
		if h.Size > 0 {
			_, err := tw.Write([]byte(f.Content))
			must(t, err)
		}
	}
	must(t, tw.Close())
	return b.Bytes()
}

func member(t testing.TB, w *ar.Writer, name string, b []byte) {
	t.Helper()
	must(t, w.WriteHeader(ar.Header{Name: name, Size: int64(len(b))}))
	_, err := w.Write(b)
	must(t, err)
}

func gz(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(b)
	must(t, err)
	must(t, w.Close())
	return out.Bytes()
}

func or(s, alt string) string {
	if s == "" {
		return alt
	}
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
