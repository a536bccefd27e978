package pack

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/graft-build/graft/internal/pack/bundle"
)

// tree is what an archive will hold: entries by path. Folders come into being with what is
// in them. It is written in the order of paths, so that it does not matter how it was filled.
type tree struct {
	entries map[string]entry
}

// entry is a file, a link or a folder.
type entry struct {
	mode   int64
	dir    bool
	link   string // target of a symbolic link
	uid    int
	open   func() (content, error) // of a file
	source string                  // path of the file that is the content, "" when there is none
	keep   bool                    // it is likely to be the same in the next archive
}

// content is a file's content while it is written.
type content struct {
	io.Reader
	size  int64
	close func() error
}

func newTree() *tree { return &tree{entries: map[string]entry{}} }

func (t *tree) dir(name string, mode int64, uid int) {
	t.entries[name] = entry{dir: true, mode: mode, uid: uid}
}

func (t *tree) bytes(name string, b []byte) {
	t.entries[name] = entry{mode: 0o644, open: func() (content, error) {
		return content{bytes.NewReader(b), int64(len(b)), func() error { return nil }}, nil
	}}
}

func (t *tree) file(name, path string, mode int64) {
	t.entries[name] = entry{mode: mode, source: path, open: func() (content, error) {
		f, size, err := openRegular(path)
		if err != nil {
			return content{}, err
		}
		return content{f, size, f.Close}, nil
	}}
}

// changed adds a file whose content is made from another's.
func (t *tree) changed(name, path string, mode int64, change func(r io.ReaderAt, size int64) (*bundle.Image, error)) {
	t.entries[name] = entry{mode: mode, open: func() (content, error) {
		f, size, err := openRegular(path)
		if err != nil {
			return content{}, err
		}
		img, err := change(f, size)
		if err != nil {
			f.Close()
			return content{}, err
		}
		return content{img.Reader(), img.Size(), f.Close}, nil
	}}
}

// keep says that a file is likely to be the same in the next archive.
func (t *tree) keep(name string) {
	e := t.entries[name]
	e.keep = true
	t.entries[name] = e
}

func (t *tree) link(name, to string) { t.entries[name] = entry{mode: 0o777, link: to} }

func (t *tree) has(name string) bool {
	_, ok := t.entries[name]
	return ok
}

// below says whether anything lies in a folder.
func (t *tree) below(dir string) bool {
	for name := range t.entries {
		if strings.HasPrefix(name, dir+"/") {
			return true
		}
	}
	return false
}

// parents adds the folders that lie between the archive's root and its entries.
func (t *tree) parents() error {
	for name := range maps.Clone(t.entries) {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if e, ok := t.entries[dir]; !ok {
				t.dir(dir, 0o755, 0)
			} else if !e.dir {
				return fmt.Errorf("%s lies in %s, which is no folder", name, dir)
			}
		}
	}
	return nil
}

// write writes everything as a tar archive.
func (t *tree) write(ctx context.Context, w io.Writer, at time.Time) error {
	if err := t.parents(); err != nil {
		return err
	}
	out := tar.NewWriter(w)
	gz, _ := w.(*blocks)
	kept := false
	for _, name := range slices.Sorted(maps.Keys(t.entries)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if keep := t.entries[name].keep; gz != nil && (keep || kept) {
			if err := errors.Join(out.Flush(), gz.cut(keep)); err != nil {
				return err
			}
			kept = keep
		}
		if err := t.entries[name].write(ctx, out, name, at); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return out.Close()
}

func (e entry) write(ctx context.Context, out *tar.Writer, name string, at time.Time) error {
	hdr := &tar.Header{Name: name, Mode: e.mode, Uid: e.uid, Gid: e.uid, ModTime: at, Typeflag: tar.TypeReg}
	switch {
	case e.dir:
		hdr.Typeflag, hdr.Name = tar.TypeDir, name+"/"
		return out.WriteHeader(hdr)
	case e.link != "":
		hdr.Typeflag, hdr.Linkname = tar.TypeSymlink, e.link
		return out.WriteHeader(hdr)
	}
	c, err := e.open()
	if err != nil {
		return err
	}
	defer c.close()
	hdr.Size = c.size
	if err := out.WriteHeader(hdr); err != nil {
		return err
	}
	n, err := io.Copy(out, &ctxReader{ctx, c})
	if err == nil && n < hdr.Size {
		err = io.ErrUnexpectedEOF // the file shrank meanwhile
	}
	return err
}

// openRegular opens a file that must be a regular one, and tells its size.
func openRegular(path string) (*os.File, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w", path, errNotRegular)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, fi.Size(), nil
}

// ctxReader ends a long copy when the context ends.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
