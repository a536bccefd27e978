package sysroot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// entry is one name of a union.
type entry struct {
	path string // of the original, in a package's tree
	from string // the package's name
	mode fs.FileMode
	link string // text of a symbolic link
	size int64
}

// merge fills dir with the union of the packages' trees.
func merge(ctx context.Context, dir string, in []Input, trees []string, fl flavour) error {
	all := map[string]entry{}
	for i, tree := range trees {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := collect(all, filepath.Join(tree, "data"), in[i].Name, fl); err != nil {
			return err
		}
	}
	if err := linkAlternatives(all, in, trees); err != nil {
		return err
	}
	if err := checkLinks(all, in); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	// In order of name, a folder comes before what is in it.
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := place(root, dir, name, all[name], fl); err != nil {
			return err
		}
	}
	return nil
}

// collect adds the entries of one tree.
func collect(all map[string]entry, data, pkg string, fl flavour) error {
	return filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == data {
			return err
		}
		rel, err := filepath.Rel(data, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if fl.drop(name) {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		e := entry{path: path, from: pkg, mode: fi.Mode(), size: fi.Size()}
		if e.mode.Type() == fs.ModeSymlink {
			if e.link, err = os.Readlink(path); err != nil {
				return err
			}
		}
		old, ok := all[name]
		if !ok {
			all[name] = e
			return nil
		}
		if err := agree(name, old, e); err != nil {
			return err
		}
		if d.IsDir() && !old.mode.IsDir() {
			return filepath.SkipDir // documentation: another package's link has this name
		}
		return nil
	})
}

// agree refuses two entries of one name that are not the same. In documentation the first
// one stays.
func agree(name string, a, b entry) error {
	same := a.mode.Type() == b.mode.Type()
	switch {
	case !same:
	case a.mode.Type() == fs.ModeSymlink:
		same = a.link == b.link
	case a.mode.IsRegular():
		var err error
		if same, err = equal(a, b); err != nil {
			return err
		}
	}
	if same || isDoc(name) {
		return nil
	}
	return fmt.Errorf("packages %s and %s both hold /%s, and not the same", a.from, b.from, name)
}

// equal compares the content of two files.
func equal(a, b entry) (bool, error) {
	if a.size != b.size {
		return false, nil
	}
	fa, err := os.Open(a.path)
	if err != nil {
		return false, err
	}
	defer fa.Close()
	fb, err := os.Open(b.path)
	if err != nil {
		return false, err
	}
	defer fb.Close()
	ba, bb := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, err := io.ReadFull(fa, ba)
		if _, errB := io.ReadFull(fb, bb[:n]); errB != nil && n > 0 {
			return false, errB
		}
		if !bytes.Equal(ba[:n], bb[:n]) {
			return false, nil
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// place makes one entry of the union.
func place(root *os.Root, dir, name string, e entry, fl flavour) error {
	local := filepath.FromSlash(name)
	switch e.mode.Type() {
	case fs.ModeDir:
		return root.Mkdir(local, 0o755)
	case fs.ModeSymlink:
		return root.Symlink(e.link, local)
	}
	if fl.scripts && maybeScript(name, e.size) {
		b, err := os.ReadFile(e.path)
		if err != nil {
			return err
		}
		if text, ok := rewriteScript(name, b); ok {
			return root.WriteFile(local, text, 0o644)
		}
	}
	// The union's folders are all made by us, none is a link, so the plain path is safe.
	if os.Link(e.path, filepath.Join(dir, local)) == nil {
		return nil
	}
	return copyFile(root, local, e)
}

// copyFile is for file systems without hard links, or with too many of one file.
func copyFile(root *os.Root, local string, e entry) error {
	src, err := os.Open(e.path)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := root.OpenFile(local, os.O_WRONLY|os.O_CREATE|os.O_EXCL, e.mode.Perm()|0o200)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	if e := dst.Close(); err == nil {
		err = e
	}
	return err
}
