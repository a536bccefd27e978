package graft

import (
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"strings"
)

func mapKeys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }

// getenv returns a variable of an environment list.
func getenv(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if v, ok := strings.CutPrefix(env[i], name+"="); ok {
			return v
		}
	}
	return ""
}

// writeFile puts a file in place, whole or not at all.
func writeFile(path string, b []byte) error {
	f, err := stageFile(path, b)
	if err != nil {
		return err
	}
	defer f.drop()
	return f.put()
}

// staged is a file that is written beside its place, ready to be put there.
type staged struct{ temp, path string }

func stageFile(path string, b []byte) (staged, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return staged{}, fmt.Errorf("write %s: %w", path, err)
	}
	s := staged{f.Name(), path}
	_, err = f.Write(b)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		s.drop()
		return staged{}, fmt.Errorf("write %s: %w", path, err)
	}
	return s, nil
}

func (s staged) put() error {
	if err := os.Rename(s.temp, s.path); err != nil {
		return fmt.Errorf("write %s: %w", s.path, err)
	}
	return nil
}

// drop removes what was not put.
func (s staged) drop() { os.Remove(s.temp) }

func isFile(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.Mode().IsRegular()
}

func isDir(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.IsDir()
}
