package nixbuild

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/internal/toolchain"
	"github.com/graft-build/graft/internal/unpack"
)

// goLimits are above what a Go toolchain has: 1.26 has 15,000 files, 250 MB.
var goLimits = unpack.Limits{Entries: 100_000, Bytes: 4 << 30, FileBytes: 1 << 30}

// unpackGo unpacks the zip of a module golang.org/toolchain. Zips of modules have no modes: as
// the go command does, the commands are made executable.
func (b Builder) unpackGo(ctx context.Context, zip string) error {
	f, err := os.Open(zip)
	if err != nil {
		return err
	}
	defer f.Close()
	root, err := makeRoot(b.Out)
	if err != nil {
		return err
	}
	defer root.Close()
	err = unpack.Zip(ctx, f, root, goLimits, unpack.ZipOptions{
		Strip: 2, // golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64/
		Executable: func(name string) bool {
			return strings.HasPrefix(name, "bin/") || strings.HasPrefix(name, "pkg/tool/")
		},
	})
	if err != nil {
		return fmt.Errorf("unpack Go: %w", err)
	}
	if _, err := root.Stat("bin/go"); err != nil {
		return fmt.Errorf("unpack Go: %s is no Go toolchain", zip)
	}
	return nil
}

func makeRoot(dir string) (*os.Root, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return os.OpenRoot(dir)
}

// unpackZig makes the output the pinned zig.
func (b Builder) unpackZig(ctx context.Context, files []string) error {
	s, err := store.Open(filepath.Join(b.Top, "zig-store"))
	if err != nil {
		return err
	}
	for _, name := range files {
		if err := addFile(s, name, digest.Digest{}); err != nil {
			return fmt.Errorf("unpack zig: %w", err)
		}
	}
	z, err := toolchain.GetZig(ctx, toolchain.ZigConfig{
		Store: s, Events: b.Events,
		Fetcher: &fetch.Fetcher{Store: s, Events: b.Events, Offline: true, Jobs: 1},
	})
	if err != nil {
		return err
	}
	return move(filepath.Dir(z.Exe), b.Out)
}

// addFile puts a file into a store; with a digest only when it has that.
func addFile(s *store.Store, name string, want digest.Digest) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if !want.IsZero() {
		_, err = s.PutBlob(want, -1, f)
		return err
	}
	const largest = 1 << 30
	_, _, err = s.AddBlob(f, largest)
	return err
}

// move renames a folder, or copies it where the two places are on different file systems.
func move(from, to string) error {
	// A tree of the store is read-only, and so is its own folder: that one has to be writable
	// for its parent to change.
	if err := os.Chmod(from, 0o755); err != nil {
		return err
	}
	if os.Rename(from, to) == nil {
		return nil
	}
	return copyTree(from, to)
}

// copyTree copies folders, files and symbolic links with their modes.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		at := filepath.Join(to, rel)
		fi, err := e.Info()
		switch {
		case err != nil:
			return err
		case e.IsDir():
			return os.MkdirAll(at, 0o755)
		case e.Type() == fs.ModeSymlink:
			link, err := os.Readlink(name)
			if err != nil {
				return err
			}
			return os.Symlink(link, at)
		}
		return copyFile(name, at, fi.Mode().Perm())
	})
}
