package unpack

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// ZipOptions say how a zip archive is laid out.
type ZipOptions struct {
	Strip      int                    // drops that many leading parts of each name
	Keep       func(name string) bool // by the name that a file will have; nil keeps all
	Executable func(name string) bool // the same; modes in the archive do not count
}

// Zip extracts the regular files of a zip archive into root, which should be empty: a file whose
// name exists is an error, and so is one that is no regular file. Names that leave root are
// refused by it.
func Zip(ctx context.Context, f *os.File, root *os.Root, lim Limits, opt ZipOptions) error {
	lim = lim.orDefault()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	zr, err := zip.NewReader(f, fi.Size())
	if err != nil {
		return fmt.Errorf("unpack zip: %w", err)
	}
	if len(zr.File) > lim.Entries {
		return fmt.Errorf("unpack zip: more than %d entries", lim.Entries)
	}
	left := lim.Bytes
	for _, e := range zr.File {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := e.Name
		for range opt.Strip {
			_, name, _ = strings.Cut(name, "/")
		}
		if name == "" || strings.HasSuffix(name, "/") || opt.Keep != nil && !opt.Keep(name) {
			continue
		}
		mode := os.FileMode(0o644)
		if opt.Executable != nil && opt.Executable(name) {
			mode = 0o755
		}
		n, err := unzipFile(e, root, name, mode, min(left, lim.FileBytes))
		if err != nil {
			return fmt.Errorf("unpack %q: %w", shorten(e.Name), err)
		}
		left -= n
	}
	return nil
}

func unzipFile(e *zip.File, root *os.Root, name string, mode os.FileMode, limit int64) (int64, error) {
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
	w, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
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
