package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Freed says what GC removed.
type Freed struct {
	Entries int   // blobs, trees, records, abandoned downloads and temporary files
	Bytes   int64 // their size; files that several trees share count in each
}

// MinAge is the youngest age that GC removes: an entry that was used within it may be in
// use still by a running graft.
const MinAge = 2 * fresh

// GC removes the entries that nobody used since before, and what killed processes left in
// tmp. It may run while other processes use the store. now is the time; before must be at
// least MinAge earlier.
//
// Entries that a running process took longer than that ago are removed as well: files that
// it has open stay readable on Unix, and everything removed is made or fetched again.
func (s *Store) GC(ctx context.Context, now, before time.Time) (Freed, error) {
	if now.Sub(before) < MinAge {
		return Freed{}, fmt.Errorf("collect store %s: want an age of at least %v", s.dir, MinAge)
	}
	g := &collector{s: s, ctx: ctx, before: before}
	err := errors.Join(
		g.entries("blobs", 3),
		g.entries("trees", 2),
		g.entries("records", 3),
		g.entries("wine", 1),
		g.partials(),
		g.temps(),
	)
	if err != nil {
		err = fmt.Errorf("collect store %s: %w", s.dir, err)
	}
	return g.freed, err
}

type collector struct {
	s      *Store
	ctx    context.Context
	before time.Time
	freed  Freed
}

// entries looks at everything that lies depth folders below a part of the store.
func (g *collector) entries(part string, depth int) error {
	return g.below(filepath.Join(g.s.dir, part), depth, func(path string) error {
		if !g.old(path) {
			return nil
		}
		trash, done, err := g.s.scratch("trash")
		if err != nil {
			return err
		}
		defer done()
		if err := g.take(path, trash); err != nil {
			return err
		}
		return g.remove(trash)
	})
}

func (g *collector) old(path string) bool {
	fi, err := os.Lstat(path)
	return err == nil && fi.ModTime().Before(g.before)
}

// take moves an entry away unless somebody just began to use it; see Store.use.
func (g *collector) take(path, trash string) error {
	f := flock.New(g.s.gcLock())
	if _, err := f.TryLockContext(g.ctx, poll); err != nil {
		return err
	}
	defer f.Unlock()
	if !g.old(path) {
		return nil
	}
	return rename(path, trash)
}

// below calls f for every path depth levels under dir.
func (g *collector) below(dir string, depth int, f func(path string) error) error {
	if err := g.ctx.Err(); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if depth > 1 {
			err = g.below(path, depth-1, f)
		} else {
			err = f(path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// partials removes downloads that nobody went on with.
func (g *collector) partials() error {
	return g.below(filepath.Join(g.s.dir, "partial"), 1, func(path string) error {
		path = strings.TrimSuffix(path, ".lock")
		unlock := g.s.tryLock(path + ".lock")
		if unlock == nil {
			return nil
		}
		defer unlock()
		if !g.old(path) {
			return nil
		}
		return g.remove(path)
	})
}

// temps removes what killed processes left: entries of tmp whose lock nobody holds.
func (g *collector) temps() error {
	return g.below(filepath.Join(g.s.dir, "tmp"), 1, func(path string) error {
		if strings.HasPrefix(filepath.Base(path), ".") {
			// A small file on its way to its place, without a lock.
			if !g.old(path) {
				return nil
			}
			return g.remove(path)
		}
		path = strings.TrimSuffix(path, ".lock")
		unlock := g.s.tryLock(path + ".lock")
		if unlock == nil {
			return nil
		}
		defer unlock()
		return g.remove(path)
	})
}

// remove deletes a file or folder and counts it.
func (g *collector) remove(path string) error {
	size, err := weigh(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := removeAll(path); err != nil {
		return err
	}
	g.freed.Entries++
	g.freed.Bytes += size
	return nil
}

func weigh(path string) (int64, error) {
	var n int64
	err := filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err == nil && fi.Mode().IsRegular() {
			n += fi.Size()
		}
		return err
	})
	return n, err
}
