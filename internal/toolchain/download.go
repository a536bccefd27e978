package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/store"
)

// source is one way to get zig. fill puts zig's executable and its lib folder into dir.
type source struct {
	name  string
	blobs []digest.Digest // what it needs, when that is known in advance
	fill  func(ctx context.Context, dir string) error
}

// download makes the tree of zig in the store from the first source that has it.
func (c *ZigConfig) download(ctx context.Context, pin Pin) (Zig, error) {
	if pin.Host == "" {
		return Zig{}, fmt.Errorf("get zig %s: there is no pinned release for %s; set GRAFT_ZIG to a zig of that version", c.Release.Version, c.host())
	}
	origin := "the store"
	dir, _, err := c.Store.Tree(ctx, treeKind, c.key(pin), func(ctx context.Context, dir string) error {
		var err error
		origin, err = c.fromSources(ctx, pin, dir)
		return err
	})
	if err != nil {
		return Zig{}, err
	}
	return c.at(dir, pin, origin), nil
}

func (c *ZigConfig) fromSources(ctx context.Context, pin Pin, dir string) (string, error) {
	fail := &SourceError{Version: c.Release.Version}
	for _, s := range c.sources(pin) {
		err := c.from(ctx, s, pin, dir)
		if err == nil {
			return s.name, nil
		}
		var bad *ContentError
		if ctx.Err() != nil || errors.As(err, &bad) || store.IsMismatch(err) {
			return "", fmt.Errorf("get zig %s from %s: %w", c.Release.Version, s.name, err)
		}
		fail.Causes = append(fail.Causes, fmt.Errorf("%s: %w", s.name, err))
		if err := clear(dir); err != nil {
			return "", err
		}
	}
	var offline *fetch.OfflineError
	if errors.As(fail, &offline) {
		return "", &fetch.OfflineError{Missing: []string{"zig " + c.Release.Version}}
	}
	return "", fail
}

func (c *ZigConfig) from(ctx context.Context, s source, pin Pin, dir string) error {
	if err := s.fill(ctx, dir); err != nil {
		return err
	}
	return c.verify(pin, dir)
}

// sources returns the ways, those first that need no network because the store has the files.
func (c *ZigConfig) sources(pin Pin) []source {
	all := []source{{
		name: "the official archive", blobs: []digest.Digest{pin.Archive.SHA256},
		fill: func(ctx context.Context, dir string) error { return c.official(ctx, pin, dir) },
	}}
	npm := source{name: "the npm packages", fill: func(ctx context.Context, dir string) error { return c.npm(ctx, pin, dir) }}
	for _, p := range pin.Packages {
		npm.blobs = append(npm.blobs, p.File.SHA256)
	}
	if len(pin.Packages) > 0 {
		all = append(all, npm)
	}
	var here, away []source
	for _, s := range all {
		if c.have(s.blobs) {
			here = append(here, s)
		} else {
			away = append(away, s)
		}
	}
	return append(here, away...)
}

func (c *ZigConfig) have(blobs []digest.Digest) bool {
	for _, b := range blobs {
		if _, ok := c.Store.Blob(b); !ok {
			return false
		}
	}
	return true
}

// verify compares what was unpacked with the pins.
func (c *ZigConfig) verify(pin Pin, dir string) error {
	lib, err := LibDigest(filepath.Join(dir, "lib"))
	if err != nil {
		return err
	}
	if lib != c.Release.Lib {
		return &ContentError{What: "zig's lib folder", Want: c.Release.Lib.String(), Got: lib.String()}
	}
	exe := filepath.Join(dir, c.exeName())
	sum, _, err := digest.OfFile(exe)
	if err != nil {
		return err
	}
	if !pin.Exe.IsZero() && sum != pin.Exe {
		return &ContentError{What: "zig's executable", Want: pin.Exe.String(), Got: sum.String()}
	}
	return os.Chmod(exe, 0o755)
}

// clear empties a folder for the next source.
func clear(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
