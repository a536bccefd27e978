package stamp

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/format/decompress"
	"github.com/graft-build/graft/internal/format/rpm"
)

// Limits of one file; all content of a bomb counts.
const (
	maxContent  = 16 << 30 // bytes, unpacked
	maxEntries  = 500_000
	maxPrograms = 1000
	maxDepth    = 4 // archives in archives: an image is a tar of compressed tars
)

// ErrUnknown says that a file is neither a program nor an archive.
var ErrUnknown = errors.New("it is neither a program nor an archive (deb, rpm, apk, pkg.tar.zst, zip, tar, tar.gz, image for OCI or Docker)")

// Read finds the Go programs in a file: a program itself, a package (deb, rpm, apk,
// archlinux), a zip, a tar however it is compressed, an OCI image as a tar or as a folder, a
// Docker image. kind says which of these it is, with the words of the manifest's formats.
// Programs that graft made come first, then by path.
func Read(ctx context.Context, name string) (kind string, programs []Program, err error) {
	r := &reader{ctx: ctx, left: maxContent}
	if fi, err := os.Stat(name); err != nil {
		return "", nil, err
	} else if fi.IsDir() {
		kind, err = r.folder(name)
		return kind, r.sorted(), err
	} else if !fi.Mode().IsRegular() {
		return "", nil, fmt.Errorf("read %s: %w", name, ErrUnknown)
	}
	f, err := os.Open(name)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	if kind, err = r.file(f); err != nil {
		return "", nil, fmt.Errorf("read %s: %w", name, err)
	}
	return kind, r.sorted(), nil
}

type reader struct {
	ctx     context.Context
	left    int64
	entries int
	found   []Program
}

func (r *reader) sorted() []Program {
	made := func(p Program) int {
		if p.Stamp != nil {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(r.found, func(a, b Program) int {
		if d := made(a) - made(b); d != 0 {
			return d
		}
		return strings.Compare(a.Path, b.Path)
	})
	return slices.CompactFunc(r.found, func(a, b Program) bool { return a.Path == b.Path && (a.Stamp == nil) == (b.Stamp == nil) })
}

// file reads the file that was asked for.
func (r *reader) file(f *os.File) (kind string, err error) {
	var head [4]byte
	if _, err := f.ReadAt(head[:], 0); err == nil && string(head[:]) == "PK\x03\x04" {
		return "zip", r.zip(f)
	}
	kind, err = r.stream("", f, 0)
	if err == nil && kind == "" {
		err = ErrUnknown
	}
	return kind, err
}

// folder reads an OCI image layout.
func (r *reader) folder(dir string) (kind string, err error) {
	if _, err := os.Stat(filepath.Join(dir, "oci-layout")); err != nil {
		return "", fmt.Errorf("read %s: it is a folder, and not an OCI image layout", dir)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	err = fs.WalkDir(root.FS(), "blobs", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := root.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = r.stream(name, f, 1)
		return err
	})
	return "oci", err
}

func (r *reader) zip(f *os.File) error {
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	z, err := zip.NewReader(f, fi.Size())
	if err != nil {
		return err
	}
	for _, e := range z.File {
		if !e.Mode().IsRegular() {
			continue
		}
		c, err := e.Open()
		if err != nil {
			return fmt.Errorf("%.200q: %w", e.Name, err)
		}
		_, err = r.stream(e.Name, c, 1)
		if err = errors.Join(err, c.Close()); err != nil {
			return fmt.Errorf("%.200q: %w", e.Name, err)
		}
	}
	return nil
}

// stream reads what may be a program or an archive; kind is "" when it is neither.
func (r *reader) stream(name string, in io.Reader, depth int) (kind string, err error) {
	if r.entries++; r.entries > maxEntries {
		return "", fmt.Errorf("more than %d files", maxEntries)
	}
	b := bufio.NewReaderSize(&meter{r, in}, 4096)
	head, err := b.Peek(512)
	if err != nil && err != io.EOF {
		return "", err
	}
	switch {
	case isProgram(head):
		return "program", r.program(name, b)
	case depth >= maxDepth:
		return "", nil
	case bytes.HasPrefix(head, []byte("!<arch>\n")) && depth == 0:
		return "deb", r.deb(b)
	case bytes.HasPrefix(head, []byte(rpm.Magic)) && depth == 0:
		return "rpm", r.rpm(b)
	case len(head) == 512 && string(head[257:262]) == "ustar":
		return r.tar(b, depth)
	case isCompressed(head):
		return r.compressed(name, b, depth)
	}
	return "", nil
}

func isCompressed(head []byte) bool {
	for _, m := range []string{"\x1f\x8b\x08", "\xfd7zXZ\x00", "\x28\xb5\x2f\xfd"} {
		if bytes.HasPrefix(head, []byte(m)) {
			return true
		}
	}
	return false
}

func (r *reader) compressed(name string, in io.Reader, depth int) (string, error) {
	c, err := decompress.Open(name, in)
	if err != nil {
		return "", r.inside(err, depth)
	}
	defer c.Close()
	kind, err := r.stream(name, c, depth+1)
	return kind, r.inside(err, depth)
}

// inside forgives a file of an archive that looks like an archive itself and is none.
func (r *reader) inside(err error, depth int) error {
	if depth == 0 || r.ctx.Err() != nil || errors.Is(err, errMuch) {
		return err
	}
	return nil
}

func (r *reader) program(name string, in io.Reader) error {
	p, err := scan(in)
	if err != nil || p.Stamp == nil && p.Go == "" && p.Build == nil && name != "" {
		return err
	}
	if len(r.found) == maxPrograms {
		return fmt.Errorf("more than %d programs", maxPrograms)
	}
	p.Path = name
	r.found = append(r.found, p)
	return nil
}

var errMuch = fmt.Errorf("it unpacks to more than %d bytes", int64(maxContent))

// meter counts what is read, and ends it when it is too much or nobody waits any more.
type meter struct {
	r  *reader
	in io.Reader
}

func (m *meter) Read(p []byte) (int, error) {
	if err := m.r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := m.in.Read(p)
	if m.r.left -= int64(n); m.r.left < 0 {
		return n, errMuch
	}
	return n, err
}
