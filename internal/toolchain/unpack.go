package toolchain

import (
	"archive/tar"
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/graft-build/graft/internal/unpack"
)

// limits of what an archive of zig unpacks to; 0.16 has 350 MB in 20,000 files.
var limits = unpack.Limits{Entries: 60_000, Bytes: 2 << 30, FileBytes: 1 << 30}

// unpackArchive unpacks what matters of an official archive: zig and lib. All is below one
// folder, which has the archive's name.
func (c *ZigConfig) unpackArchive(ctx context.Context, name, blob, dir string) error {
	f, err := os.Open(blob)
	if err != nil {
		return err
	}
	defer f.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	keep := func(n string) bool {
		lib, ok := strings.CutPrefix(n, "lib/")
		return n == c.exeName() || ok && keepLib(lib)
	}
	if strings.HasSuffix(name, ".zip") {
		return unzip(ctx, f, root, keep)
	}
	r, err := unpack.Decompress(name, f)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = unpack.Tar(ctx, r, root, limits, unpack.Options{
		Strip:  1,
		Filter: func(n string, _ *tar.Header) bool { return keep(n) },
	})
	return err
}

// unpackPackage unpacks an npm package, all of which is below the folder "package".
func (c *ZigConfig) unpackPackage(ctx context.Context, p Package, blob, dir string) error {
	f, err := os.Open(blob)
	if err != nil {
		return err
	}
	defer f.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	r, err := unpack.Decompress(p.File.Name, f)
	if err != nil {
		return err
	}
	defer r.Close()
	rename := func(n string) string {
		n, ok := strings.CutPrefix(n, "package/")
		switch {
		case !ok:
			return ""
		case p.Dir != "":
			if !keepLib(n) {
				return ""
			}
			return path.Join(p.Dir, n)
		case n == "bin/"+c.exeName():
			return c.exeName()
		}
		return ""
	}
	_, err = unpack.Tar(ctx, r, root, limits, unpack.Options{Rename: rename})
	return err
}

// unzip is unpack.Tar for the zip archives that zig has for Windows.
func unzip(ctx context.Context, f *os.File, root *os.Root, keep func(string) bool) error {
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	zr, err := zip.NewReader(f, fi.Size())
	if err != nil {
		return fmt.Errorf("unpack zip: %w", err)
	}
	if len(zr.File) > limits.Entries {
		return fmt.Errorf("unpack zip: more than %d entries", limits.Entries)
	}
	left := limits.Bytes
	for _, e := range zr.File {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, name, _ := strings.Cut(e.Name, "/")
		if name == "" || strings.HasSuffix(name, "/") || !keep(name) {
			continue
		}
		n, err := unzipFile(e, root, name, min(left, limits.FileBytes))
		if err != nil {
			return fmt.Errorf("unpack %q: %w", e.Name, err)
		}
		left -= n
	}
	return nil
}

func unzipFile(e *zip.File, root *os.Root, name string, limit int64) (int64, error) {
	if !e.Mode().IsRegular() {
		return 0, errors.New("it is no regular file")
	}
	r, err := e.Open()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return 0, err
	}
	w, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, err
	}
	defer w.Close()
	n, err := io.Copy(w, io.LimitReader(r, limit+1))
	if err != nil {
		return n, err
	}
	if n > limit {
		return n, errors.New("its content is too large")
	}
	return n, w.Close()
}
