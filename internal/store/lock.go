package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/rogpeppe/go-internal/robustio"

	"github.com/graft-build/graft/digest"
)

// poll is how often a lock that another process holds is tried again.
const poll = 15 * time.Millisecond

// Lock waits for the lock of that name and returns the function that releases it. It
// excludes goroutines of this process as well as other processes, and a process that dies
// releases it. It is not reentrant.
func (s *Store) Lock(ctx context.Context, name string) (unlock func(), err error) {
	file := name
	if checkKind(name) != nil {
		file = digest.OfString(name).Hex()
	}
	unlock, err = s.lock(ctx, filepath.Join(s.dir, "locks", "user-"+file+".lock"), false)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return unlock, nil
}

// lock holds the lock file at path. With remove the file goes away with the lock.
func (s *Store) lock(ctx context.Context, path string, remove bool) (func(), error) {
	leave, err := s.queue.enter(ctx, path)
	if err != nil {
		return nil, err
	}
	for {
		f := flock.New(path)
		ok, err := f.TryLockContext(ctx, poll)
		if err != nil || !ok {
			leave()
			return nil, pathError("lock", path, err)
		}
		if same(f) {
			return sync.OnceFunc(func() {
				if remove {
					os.Remove(path) // on Windows it stays: an open file can't be removed
				}
				f.Unlock()
				leave()
			}), nil
		}
		f.Unlock()
	}
}

// tryLock is lock for one attempt; nil when somebody holds it.
func (s *Store) tryLock(path string) func() {
	f := flock.New(path)
	if ok, err := f.TryLock(); err != nil || !ok {
		return nil
	}
	if !same(f) {
		f.Unlock()
		return nil
	}
	return func() {
		os.Remove(path)
		f.Unlock()
	}
}

// same says whether the locked file is still the one at its path: the one who held it
// before may have removed it between our open and our lock.
func same(f *flock.Flock) bool {
	held, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(f.Path())
	return err == nil && os.SameFile(held, there)
}

// share holds a lock file together with others that share it.
func share(path string) (func(), error) {
	f := flock.New(path)
	if err := f.RLock(); err != nil {
		return nil, err
	}
	return func() { f.Unlock() }, nil
}

// queue lines up the goroutines of this process that want the same lock, so that only one
// of them polls the file.
type queue struct {
	mu    sync.Mutex
	slots map[string]*slot
}

type slot struct {
	token   chan struct{}
	waiting int
}

func (q *queue) enter(ctx context.Context, name string) (leave func(), err error) {
	q.mu.Lock()
	if q.slots == nil {
		q.slots = map[string]*slot{}
	}
	sl := q.slots[name]
	if sl == nil {
		sl = &slot{token: make(chan struct{}, 1)}
		q.slots[name] = sl
	}
	sl.waiting++
	q.mu.Unlock()

	drop := func() {
		q.mu.Lock()
		if sl.waiting--; sl.waiting == 0 {
			delete(q.slots, name)
		}
		q.mu.Unlock()
	}
	select {
	case sl.token <- struct{}{}:
		return func() { <-sl.token; drop() }, nil
	case <-ctx.Done():
		drop()
		return nil, ctx.Err()
	}
}

// rename and removeAll try again for a moment on systems where an indexer or a virus
// scanner may hold a file open.
func rename(from, to string) error { return robustio.Rename(from, to) }

func removeAll(path string) error { return robustio.RemoveAll(path) }

// pathError names the path in errors that do not.
func pathError(op, path string, err error) error {
	var pe *os.PathError
	if err == nil || errors.As(err, &pe) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &os.PathError{Op: op, Path: path, Err: err}
}
