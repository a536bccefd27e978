package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/graft-build/graft/internal/store"
)

// caches is the folder of the store with zig's caches, one for each zig: the C library's stubs,
// the C++ library and zig's runtime, compiled once for each target, and under "local" what
// compilers outside the go command left. zig checks what it finds there itself.
const caches = "zig-cache"

// usedFile is written at each use of a cache, so that its time tells when that was.
const usedFile = "used"

// cache is zig's global cache.
func (c *KitConfig) cache() string {
	return filepath.Join(c.Store.Dir(), caches, c.Zig.Digest.Short())
}

// markUsed makes a cache's folder, if need be, and says that it is in use.
func markUsed(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, usedFile), nil, 0o644)
}

// CollectCaches removes zig's caches that no kit used since before, and in the others what is
// older than that in their local parts. It returns the number of bytes it freed. Kits that
// find their cache gone have it made again.
func CollectCaches(ctx context.Context, s *store.Store, before time.Time) (int64, error) {
	root := filepath.Join(s.Dir(), caches)
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("collect zig's caches: %w", err)
	}
	var freed int64
	var errs []error
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return freed, err
		}
		dir := filepath.Join(root, e.Name())
		if older(filepath.Join(dir, usedFile), before) {
			n, err := removeTree(dir)
			freed += n
			errs = append(errs, err)
			continue
		}
		for _, part := range []string{"o", "h", "z", "tmp"} {
			n, err := removeOld(filepath.Join(dir, "local", part), before)
			freed += n
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return freed, fmt.Errorf("collect zig's caches: %w", err)
	}
	return freed, nil
}

// older says whether a file was written before a time, or is not there.
func older(name string, before time.Time) bool {
	fi, err := os.Lstat(name)
	return errors.Is(err, fs.ErrNotExist) || err == nil && fi.ModTime().Before(before)
}

func removeOld(dir string, before time.Time) (freed int64, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, e := range entries {
		if name := filepath.Join(dir, e.Name()); older(name, before) {
			n, err := removeTree(name)
			freed += n
			errs = append(errs, err)
		}
	}
	return freed, errors.Join(errs...)
}

// removeTree removes a file or folder. It is renamed first, so that nobody finds half of it.
func removeTree(name string) (freed int64, err error) {
	filepath.WalkDir(name, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // what can't be counted is still removed
		}
		if fi, err := d.Info(); err == nil && fi.Mode().IsRegular() {
			freed += fi.Size()
		}
		return nil
	})
	trash := name
	if !strings.HasSuffix(name, ".removed") {
		trash = name + ".removed"
		if err := os.Rename(name, trash); err != nil {
			return 0, err
		}
	}
	return freed, os.RemoveAll(trash)
}
