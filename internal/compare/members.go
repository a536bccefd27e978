// Package compare tells artifacts apart: what is in a .deb, a zip, a tar archive or an image,
// down to the files of archives in archives, and what the first difference of two is, in
// words. The facade's Verify and Diff ask it.
package compare

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/format/ar"
	"github.com/graft-build/graft/internal/format/decompress"
)

// Limits of one file; all content of archives in archives counts.
const (
	maxContent = 16 << 30 // bytes, unpacked
	maxMembers = 200_000
	maxDepth   = 5
)

// Member is a file in an artifact, or the artifact itself.
type Member struct {
	Path    string // names of the archives and of the file, separated by ": "; "" is the artifact
	Meta    string // what the archive says of it: mode, owner, time, where a link leads
	Size    int64
	Digest  digest.Digest
	Archive bool // its members stand before it
	Derived bool // it follows from others: lists of checksums, manifests of images
}

// Name is the last element of the member's path.
func (m Member) Name() string {
	parts := strings.Split(m.Path, ": ")
	return parts[len(parts)-1]
}

// Members lists what is in a file, in the order of the file; an archive follows its members.
func Members(ctx context.Context, name string) ([]Member, error) {
	r := &reader{ctx: ctx, left: maxContent}
	err := r.open(name)
	return r.found, err
}

// content returns the bytes of one member, nil when they are more than limit.
func content(ctx context.Context, name, member string, limit int64) ([]byte, error) {
	r := &reader{ctx: ctx, left: maxContent, want: &member, limit: limit}
	err := r.open(name)
	return r.got, err
}

type reader struct {
	ctx   context.Context
	left  int64
	found []Member
	want  *string // member whose content is kept
	limit int64
	got   []byte
}

func (r *reader) open(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	if !fi.Mode().IsRegular() {
		return fmt.Errorf("read %s: it is no file", name)
	}
	var head [4]byte
	if _, err := f.ReadAt(head[:], 0); err == nil && string(head[:]) == "PK\x03\x04" {
		if err := r.zip(f, fi.Size()); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
	}
	if err := r.file("", "", f, 0); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

func (r *reader) zip(f *os.File, size int64) error {
	z, err := zip.NewReader(f, size)
	if err != nil {
		return err
	}
	for _, e := range z.File {
		if strings.HasSuffix(e.Name, "/") {
			continue
		}
		c, err := e.Open()
		if err != nil {
			return fmt.Errorf("%.200q: %w", e.Name, err)
		}
		err = r.file(clean(e.Name), fmt.Sprintf("mode %v, method %d, time %s", e.Mode(), e.Method, e.Modified.UTC().Format("2006-01-02 15:04:05")), c, 1)
		if err = errors.Join(err, c.Close()); err != nil {
			return fmt.Errorf("%.200q: %w", e.Name, err)
		}
	}
	return nil
}

// file reads a member to its end, what is in it first.
func (r *reader) file(name, meta string, in io.Reader, depth int) error {
	h := digest.NewHash()
	size := &counter{}
	keep := r.want != nil && *r.want == name
	var kept bytes.Buffer
	sinks := []io.Writer{h, size}
	if keep {
		sinks = append(sinks, &capped{&kept, r.limit + 1})
	}
	b := bufio.NewReaderSize(io.TeeReader(&meter{r, in}, io.MultiWriter(sinks...)), 4096)
	before := len(r.found)
	// A zip's members were read by its table.
	if depth > 0 || before == 0 {
		if err := r.inside(name, b, depth); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, b); err != nil {
		return err
	}
	if keep && size.n <= r.limit {
		r.got = kept.Bytes()
	}
	return r.add(Member{Path: name, Meta: meta, Size: size.n, Digest: digest.Sum(h), Archive: len(r.found) > before || name == "" && before > 0})
}

func (r *reader) add(m Member) error {
	if len(r.found) == maxMembers {
		return fmt.Errorf("more than %d members", maxMembers)
	}
	m.Derived = derived(m)
	r.found = append(r.found, m)
	return nil
}

// derived knows by name what follows from other members.
func derived(m Member) bool {
	switch m.Name() {
	case "md5sums", "control", "index.json", "manifest.json", "":
		return true
	}
	return m.Archive || strings.HasPrefix(m.Name(), descriptor)
}

// inside reads the members of an archive. What only looks like one is none.
func (r *reader) inside(name string, b *bufio.Reader, depth int) error {
	head, err := b.Peek(512)
	if err != nil && err != io.EOF {
		return err
	}
	if err = nil; depth >= maxDepth {
		return nil
	}
	switch {
	case bytes.HasPrefix(head, []byte("!<arch>\n")) && depth == 0:
		return r.ar(b)
	case len(head) == 512 && string(head[257:262]) == "ustar":
		err = r.tar(name, b, depth)
	case packed(head):
		err = r.packed(name, b, depth)
	}
	if err != nil && depth > 0 && r.ctx.Err() == nil && !errors.Is(err, errMuch) {
		return nil
	}
	return err
}

func packed(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\x1f\x8b\x08")) || bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")) || bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd"))
}

func (r *reader) packed(name string, in io.Reader, depth int) error {
	c, err := decompress.Open(name, in)
	if err != nil {
		return err
	}
	defer c.Close()
	b := bufio.NewReaderSize(&meter{r, c}, 4096)
	if head, err := b.Peek(512); err == nil && string(head[257:262]) == "ustar" {
		return r.tar(name, b, depth)
	}
	return r.file(join(name, Unpacked), "", b, depth+1)
}

func (r *reader) ar(in io.Reader) error {
	members, err := ar.NewReader(in)
	if err != nil {
		return err
	}
	for {
		h, err := members.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = r.file(clean(h.Name), "", members, 1)
		}
		if err != nil {
			return err
		}
	}
}

// Unpacked is the name of the content of a compressed file that is no archive.
const Unpacked = "unpacked"

// descriptor begins the name of an image's manifest or configuration.
const descriptor = "description "

func (r *reader) tar(name string, in io.Reader, depth int) error {
	t := tar.NewReader(in)
	blobs := 0
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		meta := fmt.Sprintf("type %c, mode %04o, owner %d:%d, time %s", h.Typeflag, h.Mode, h.Uid, h.Gid, h.ModTime.UTC().Format("2006-01-02 15:04:05"))
		if h.Linkname != "" {
			meta += ", to " + h.Linkname
		}
		var content io.Reader = t
		at := clean(h.Name)
		if depth == 0 && strings.HasPrefix(at, "blobs/sha256/") && h.Typeflag == tar.TypeReg {
			// The parts of an image are named by their digests; here they are numbered.
			blobs++
			b := bufio.NewReader(t)
			content, at = b, fmt.Sprintf("layer file %d", blobs)
			if head, _ := b.Peek(1); string(head) == "{" {
				at = fmt.Sprintf("%s%d", descriptor, blobs)
			}
		}
		if err := r.file(join(name, at), meta, content, depth+1); err != nil {
			return fmt.Errorf("%.200q: %w", h.Name, err)
		}
	}
}

func clean(name string) string {
	return path.Clean(strings.ReplaceAll(strings.TrimPrefix(name, "./"), ": ", ":_"))
}

func join(parent, name string) string {
	if parent == "" {
		return name
	}
	return parent + ": " + name
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

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// capped keeps the first bytes.
type capped struct {
	b    *bytes.Buffer
	left int64
}

func (c *capped) Write(p []byte) (int, error) {
	n := min(int64(len(p)), c.left)
	c.b.Write(p[:n])
	c.left -= n
	return len(p), nil
}
