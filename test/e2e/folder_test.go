package e2e

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// write writes a file of the world.
func (w world) write(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// read reads a file of the world; "" when there is none.
func (w world) read(name string) string {
	b, _ := os.ReadFile(filepath.Join(w.dir, filepath.FromSlash(name)))
	return string(b)
}

// tree is every file below a folder with a digest of its content.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[rel] = fmt.Sprintf("%x", sha256.Sum256(b))
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return out
}

// added are the names that only the second tree has, or has otherwise.
func added(before, after map[string]string) []string {
	var out []string
	for name, sum := range after {
		if before[name] != sum {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// unchanged wants a folder to be as it was.
func unchanged(t *testing.T, what string, before, after map[string]string) {
	t.Helper()
	for _, name := range added(before, after) {
		t.Errorf("%s: %s was written", what, name)
	}
	for _, name := range added(after, before) {
		if _, ok := after[name]; !ok {
			t.Errorf("%s: %s is gone", what, name)
		}
	}
}
