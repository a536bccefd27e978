package store

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/graft-build/graft/digest"
)

// fill puts one of everything into a store and returns a function that says what is there.
func fill(t *testing.T, s *Store) (there func() string) {
	t.Helper()
	d := digest.OfString("content")
	if _, err := s.PutBlob(d, -1, strings.NewReader("content")); err != nil {
		t.Fatal(err)
	}
	if err := s.PutRecord("kind", d, []byte("record")); err != nil {
		t.Fatal(err)
	}
	_, _, err := s.Tree(t.Context(), "kind", d, func(_ context.Context, dir string) error {
		return os.WriteFile(filepath.Join(dir, "file"), []byte("tree"), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Partial(t.Context(), digest.OfString("other"))
	if err != nil {
		t.Fatal(err)
	}
	p.Write([]byte("part"))
	p.Close()
	paths := map[string]string{
		"blob": s.blobPath(d), "record": s.recordPath("kind", d), "tree": s.TreePath("kind", d),
		"partial": filepath.Join(s.dir, "partial", digest.OfString("other").Hex()),
	}
	return func() string {
		var out []string
		for _, name := range []string{"blob", "partial", "record", "tree"} {
			if _, err := os.Lstat(paths[name]); err == nil {
				out = append(out, name)
			}
		}
		return strings.Join(out, " ")
	}
}

func TestGC(t *testing.T) {
	s := open(t)
	there := fill(t, s)
	d := digest.OfString("content")
	now := time.Now()
	day := 24 * time.Hour

	gc := func(after time.Duration) Freed {
		t.Helper()
		now = now.Add(after)
		freed, err := s.GC(t.Context(), now, now.Add(-7*day))
		if err != nil {
			t.Fatal(err)
		}
		tidy(t, s)
		return freed
	}
	if freed := gc(day); freed.Entries != 0 || there() != "blob partial record tree" {
		t.Errorf("young entries: %+v, left %q", freed, there())
	}
	// Six days later somebody uses the blob and the tree.
	now = now.Add(5 * day)
	s.now = func() time.Time { return now }
	s.Blob(d)
	s.Tree(t.Context(), "kind", d, nil)
	if freed := gc(3 * day); freed.Entries != 2 || there() != "blob tree" {
		t.Errorf("after use: %+v, left %q", freed, there())
	}
	if freed := gc(5 * day); freed != (Freed{Entries: 2, Bytes: 11}) || there() != "" {
		t.Errorf("old entries: %+v, left %q", freed, there())
	}
	if _, err := s.GC(t.Context(), now, now.Add(-time.Minute)); err == nil {
		t.Error("a dangerous age was accepted")
	}
}

func TestGCAbandoned(t *testing.T) {
	s := open(t)
	tmp := filepath.Join(s.dir, "tmp")
	// As a killed process leaves them: nobody holds the locks.
	for _, name := range []string{"blob.123", "blob.123.lock", "dir.x.5.lock", "tree.deb.00.lock"} {
		if err := os.WriteFile(filepath.Join(tmp, name), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"dir.x.5", "tree.deb.00"} {
		if err := os.MkdirAll(filepath.Join(tmp, dir, "sub"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	if _, err := s.GC(t.Context(), now, now.Add(-MinAge)); err != nil {
		t.Fatal(err)
	}
	tidy(t, s)
}

func TestGCCancelled(t *testing.T) {
	s := open(t)
	fill(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	now := time.Now()
	if _, err := s.GC(ctx, now, now.Add(-MinAge)); err == nil {
		t.Error("a cancelled GC succeeded")
	}
}
