package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Temp creates an empty folder for work that nobody else sees. The name begins with
// pattern. cleanup removes it with all its content; when the process dies first, GC does.
func (s *Store) Temp(pattern string) (dir string, cleanup func(), err error) {
	if strings.ContainsAny(pattern, `/\*`) {
		return "", nil, fmt.Errorf("make temporary folder %q: separators are not allowed", pattern)
	}
	path, done, err := s.scratch("dir." + pattern)
	if err != nil {
		return "", nil, fmt.Errorf("make temporary folder: %w", err)
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		done()
		return "", nil, fmt.Errorf("make temporary folder: %w", err)
	}
	return path, done, nil
}

// scratch reserves a new path in tmp, whose lock file this process holds until done, which
// also removes whatever is at the path then.
func (s *Store) scratch(prefix string) (path string, done func(), err error) {
	f, err := os.CreateTemp(filepath.Join(s.dir, "tmp"), prefix+".*.lock")
	if err != nil {
		return "", nil, err
	}
	f.Close()
	// Should GC take the new lock file for an abandoned one just now, lock makes it again.
	unlock, err := s.lock(context.Background(), f.Name(), true)
	if err != nil {
		return "", nil, err
	}
	path = strings.TrimSuffix(f.Name(), ".lock")
	return path, sync.OnceFunc(func() {
		removeAll(path)
		unlock()
	}), nil
}
