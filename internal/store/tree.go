package store

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/graft-build/graft/digest"
)

// TreePath returns where Tree puts the folder of that kind and key, for content that must
// name its own place.
func (s *Store) TreePath(kind string, key digest.Digest) string {
	return filepath.Join(s.dir, "trees", kind, key.Hex())
}

// Tree returns the folder that make produces for a key, and makes it only when the store
// does not have it: cached says which. key is the digest of everything that the content
// depends on.
//
// make fills an empty folder that only it sees. When it returns nil the folder is renamed to
// its place with all files read-only; when it fails, or the process dies, nothing is kept.
// One process at a time makes a tree; others wait for it. make may ask for other trees.
//
// The error of make is returned as it is.
func (s *Store) Tree(ctx context.Context, kind string, key digest.Digest, make func(ctx context.Context, dir string) error) (path string, cached bool, err error) {
	if err := checkKind(kind); err != nil {
		return "", false, err
	}
	if err := checkDigest(key); err != nil {
		return "", false, fmt.Errorf("make tree %s: %w", kind, err)
	}
	path = s.TreePath(kind, key)
	if s.haveTree(path) {
		return path, true, nil
	}
	tmp := filepath.Join(s.dir, "tmp", "tree."+kind+"."+key.Hex())
	unlock, err := s.lock(ctx, tmp+".lock", true)
	if err != nil {
		return "", false, fmt.Errorf("make tree %s %s: %w", kind, key.Short(), err)
	}
	defer unlock()
	if s.haveTree(path) {
		return path, true, nil
	}
	// A killed process may have left a beginning; we hold its lock, so nobody works on it.
	if err := removeAll(tmp); err != nil {
		return "", false, fmt.Errorf("make tree %s %s: %w", kind, key.Short(), err)
	}
	defer removeAll(tmp)
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return "", false, fmt.Errorf("make tree %s %s: %w", kind, key.Short(), err)
	}
	if err := make(ctx, tmp); err != nil {
		return "", false, err
	}
	// A make that overlooked the end of its context has not finished.
	if err := ctx.Err(); err != nil {
		return "", false, err
	}
	if err := s.settle(tmp, path); err != nil {
		return "", false, fmt.Errorf("make tree %s %s: %w", kind, key.Short(), err)
	}
	return path, false, nil
}

func (s *Store) haveTree(path string) bool {
	fi, ok := s.use(path)
	return ok && fi.IsDir()
}

// settle gives a finished folder its modes and its place.
func (s *Store) settle(tmp, path string) error {
	if err := seal(tmp); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return rename(tmp, path)
}

// seal makes files read-only and modes the same whatever the umask was. Folders stay
// writable for the owner, so that rm -r works on a store.
func seal(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		want := fs.FileMode(0o755)
		switch d.Type() {
		case fs.ModeDir:
		case fs.ModeSymlink:
			return nil
		case 0:
			want = 0o444
		default:
			return fmt.Errorf("%s is no file, folder or symbolic link", path)
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		if fi.Mode().IsRegular() && fi.Mode()&0o111 != 0 {
			want = 0o555
		}
		if fi.Mode().Perm() == want && fi.Mode()&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky) == 0 {
			return nil
		}
		return os.Chmod(path, want)
	})
}
