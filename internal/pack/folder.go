package pack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Bundle writes what TarGz packs to a folder that exists and is empty: dir/bin/NAME starts
// from there, on Windows dir/NAME.exe. It is for starting a program on the spot.
func Bundle(ctx context.Context, in In, dir string) error {
	if err := in.check(); err != nil {
		return err
	}
	t, err := bundleTree(in)
	if err != nil {
		return fmt.Errorf("bundle %s for %s: %w", in.Meta.Name, in.Target.Name, err)
	}
	for _, name := range slices.Sorted(maps.Keys(t.entries)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		rel, err := filepath.Rel(in.stem(), filepath.FromSlash(name))
		if err != nil || !filepath.IsLocal(rel) {
			return fmt.Errorf("bundle %s: entry %q leaves the bundle", in.Meta.Name, name)
		}
		if err := t.entries[name].place(filepath.Join(dir, rel)); err != nil {
			return fmt.Errorf("bundle %s for %s: %w", in.Meta.Name, in.Target.Name, err)
		}
	}
	return nil
}

// place makes the entry at path.
func (e entry) place(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	switch {
	case e.dir:
		return os.MkdirAll(path, 0o755)
	case e.link != "":
		return os.Symlink(e.link, path)
	}
	c, err := e.open()
	if err != nil {
		return err
	}
	defer c.close()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, os.FileMode(e.mode))
	if err != nil {
		return err
	}
	_, err = io.Copy(f, c)
	return errors.Join(err, f.Close())
}
