package source

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/store"
)

func hasher(t *testing.T) *Hasher {
	t.Helper()
	s, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &Hasher{Store: s, Now: time.Now}
}

func write(t *testing.T, root, name, content string) {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func snap(t *testing.T, h *Hasher, root string, exclude ...string) Snapshot {
	t.Helper()
	s, err := h.Folder(t.Context(), root, exclude...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFolder(t *testing.T) {
	h, root := hasher(t), t.TempDir()
	write(t, root, "main.go", "package main")
	write(t, root, "sub/a.h", "int a;")
	first := snap(t, h, root)

	same := func(name string) {
		t.Helper()
		if got := snap(t, h, root, filepath.Join(root, "dist")); got.Digest != first.Digest {
			t.Errorf("%s changes the digest", name)
		}
	}
	write(t, root, ".git/HEAD", "x")
	same("version control")
	write(t, root, "dist/x.deb", "x")
	same("an excluded folder")
	write(t, root, "nested/go.mod", "module x")
	same("a module inside")
	write(t, root, "graft.lock", "{}")
	same("the lock")
	os.Chtimes(filepath.Join(root, "main.go"), time.Unix(1, 0), time.Unix(1, 0))
	same("a time")

	last := first
	differs := func(name string) {
		t.Helper()
		got := snap(t, h, root, filepath.Join(root, "dist"))
		if got.Digest == last.Digest {
			t.Errorf("%s does not change the digest", name)
		}
		last = got
	}
	write(t, root, "main.go", "package mai2") // same size
	differs("content of the same size")
	os.Rename(filepath.Join(root, "sub/a.h"), filepath.Join(root, "sub/b.h"))
	differs("a name")
	write(t, root, "new.go", "")
	differs("an empty file")
	os.Remove(filepath.Join(root, "new.go"))
	if got := snap(t, h, root, filepath.Join(root, "dist")); got.Digest == last.Digest {
		t.Error("a removed file does not change the digest")
	}
}

// TestRacyWrite writes the same size within one step of the file system's clock.
func TestRacyWrite(t *testing.T) {
	h, root := hasher(t), t.TempDir()
	write(t, root, "a", "1")
	at := time.Now()
	os.Chtimes(filepath.Join(root, "a"), at, at)
	first := snap(t, h, root)
	write(t, root, "a", "2")
	os.Chtimes(filepath.Join(root, "a"), at, at)
	if snap(t, h, root).Digest == first.Digest {
		t.Error("the second content is not seen")
	}
}

// TestRemembered proves that an unchanged old file is not read again.
func TestRemembered(t *testing.T) {
	h, root := hasher(t), t.TempDir()
	write(t, root, "a", "1")
	h.Now = func() time.Time { return time.Now().Add(time.Hour) }
	first := snap(t, h, root)
	key := digest.NewKey("source/1").Add("root", root).Add("exclude").Digest()
	b, ok := h.Store.Record("source", key)
	if !ok {
		t.Fatal("nothing is remembered")
	}
	known := decode(b)
	known[0].Sum = digest.OfString("what only the memory says")
	if err := h.Store.PutRecord("source", key, encode(known)); err != nil {
		t.Fatal(err)
	}
	if snap(t, h, root).Digest == first.Digest {
		t.Error("the file was read again")
	}
}

func TestLinks(t *testing.T) {
	h, root, elsewhere := hasher(t), t.TempDir(), t.TempDir()
	write(t, elsewhere, "f", "1")
	write(t, root, "in/f", "1")
	for link, to := range map[string]string{
		"file": filepath.Join(elsewhere, "f"), "dir": elsewhere, "inner": "in", "none": "nowhere",
	} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	first := snap(t, h, root)
	if !slices.Equal(first.Outside, []string{"dir"}) {
		t.Errorf("outside: %q, want dir alone", first.Outside)
	}
	write(t, elsewhere, "f", "2")
	if snap(t, h, root).Digest == first.Digest {
		t.Error("the content behind a link to a file is not part of the digest")
	}
}
