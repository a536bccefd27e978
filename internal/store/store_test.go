package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/graft-build/graft/digest"
)

func open(t testing.TB) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// tidy fails when something is left in tmp.
func tidy(t testing.TB, s *Store) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.dir, "tmp"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Errorf("left in tmp: %s", e.Name())
	}
}

func TestOpen(t *testing.T) {
	if _, err := Open("relative"); err == nil {
		t.Error("a relative path was accepted")
	}
	dir := filepath.Join(t.TempDir(), "a", "b")
	for range 2 {
		if _, err := Open(dir); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "version"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "version"), []byte("graft store 99\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "graft store 99") {
		t.Errorf("another layout: %v", err)
	}
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "letter.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(home); err == nil || !strings.Contains(err.Error(), "letter.txt") {
		t.Errorf("a folder of somebody else: %v", err)
	}
	if entries, _ := os.ReadDir(home); len(entries) != 1 {
		t.Errorf("Open wrote into a folder that it refused: %v", entries)
	}
}

// fullDisk takes limit bytes and then has no space.
type fullDisk struct {
	w     io.Writer
	limit int
}

func (f *fullDisk) Write(p []byte) (int, error) {
	if len(p) <= f.limit {
		n, err := f.w.Write(p)
		f.limit -= n
		return n, err
	}
	n, _ := f.w.Write(p[:f.limit])
	f.limit = 0
	return n, syscall.ENOSPC
}

func TestFullDisk(t *testing.T) {
	s := open(t)
	s.tap = func(w io.Writer) io.Writer { return &fullDisk{w, 3} }
	d := digest.OfString("content")
	check := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), s.dir) {
			t.Errorf("%s: error %v, want one that names the disk's path", what, err)
		}
	}
	_, err := s.PutBlob(d, 7, strings.NewReader("content"))
	check("PutBlob", err)
	check("PutRecord", s.PutRecord("kind", d, []byte("content")))
	p, err := s.Partial(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(p, strings.NewReader("content"))
	check("Partial.Write", err)
	p.Close()
	tidy(t, s)

	// What arrived before the disk was full is gone on with.
	s.tap = func(w io.Writer) io.Writer { return w }
	p, err = s.Partial(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if p.Offset() != 3 {
		t.Fatalf("offset %d", p.Offset())
	}
	if _, err := p.Write([]byte("tent")); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Commit(7); err != nil {
		t.Error(err)
	}
}

func TestTree(t *testing.T) {
	s := open(t)
	key := digest.OfString("key")
	made := 0
	make := func(_ context.Context, dir string) error {
		made++
		return errors.Join(
			os.MkdirAll(filepath.Join(dir, "sub"), 0o700),
			os.WriteFile(filepath.Join(dir, "sub", "file"), []byte("x"), 0o600),
			os.WriteFile(filepath.Join(dir, "tool"), []byte("x"), 0o700),
			os.Symlink("sub/file", filepath.Join(dir, "link")),
		)
	}
	path, cached, err := s.Tree(t.Context(), "kind", key, make)
	if err != nil || cached || path != s.TreePath("kind", key) {
		t.Fatalf("Tree = %s, %v, %v", path, cached, err)
	}
	again, cached, err := s.Tree(t.Context(), "kind", key, make)
	if err != nil || !cached || again != path || made != 1 {
		t.Fatalf("second Tree = %s, %v, %v; made %d times", again, cached, err, made)
	}
	for name, want := range map[string]fs.FileMode{"": 0o755, "sub": 0o755, "sub/file": 0o444, "tool": 0o555} {
		if fi, err := os.Stat(filepath.Join(path, name)); err != nil || fi.Mode().Perm() != want {
			t.Errorf("%q: mode %v, want %v (%v)", name, fi.Mode().Perm(), want, err)
		}
	}
	tidy(t, s)
}

func TestTreeFailure(t *testing.T) {
	s := open(t)
	key := digest.OfString("key")
	cause := errors.New("no")
	_, _, err := s.Tree(t.Context(), "kind", key, func(_ context.Context, dir string) error {
		os.WriteFile(filepath.Join(dir, "half"), nil, 0o644)
		return cause
	})
	if err != cause {
		t.Errorf("error %v, want that of make itself", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, _, err = s.Tree(ctx, "kind", key, func(context.Context, string) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	func() {
		defer func() { recover() }()
		s.Tree(t.Context(), "kind", key, func(context.Context, string) error { panic("bug") })
	}()
	if _, err := os.Stat(s.TreePath("kind", key)); err == nil {
		t.Error("a failed tree was kept")
	}
	tidy(t, s)
	for _, kind := range []string{"", "../x", "A", strings.Repeat("a", 41)} {
		if _, _, err := s.Tree(t.Context(), kind, key, nil); err == nil {
			t.Errorf("kind %q was accepted", kind)
		}
	}
	if _, _, err := s.Tree(t.Context(), "kind", digest.Digest{}, nil); err == nil {
		t.Error("the zero key was accepted")
	}
}

func TestTreeNested(t *testing.T) {
	s := open(t)
	_, _, err := s.Tree(t.Context(), "outer", digest.OfString("key"), func(ctx context.Context, _ string) error {
		_, _, err := s.Tree(ctx, "inner", digest.OfString("key"), func(context.Context, string) error { return nil })
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestRecord(t *testing.T) {
	s := open(t)
	key, other := digest.OfString("key"), digest.OfString("other")
	if _, ok := s.Record("kind", key); ok {
		t.Error("an empty store has a record")
	}
	for _, content := range []string{"one", "", "two\nlines"} {
		if err := s.PutRecord("kind", key, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, ok := s.Record("kind", key); !ok || string(got) != content {
			t.Errorf("Record = %q, %v", got, ok)
		}
	}
	raw, err := os.ReadFile(s.recordPath("kind", key))
	if err != nil {
		t.Fatal(err)
	}
	put := func(key digest.Digest, b []byte) {
		path := s.recordPath("kind", key)
		os.MkdirAll(filepath.Dir(path), 0o755)
		os.Remove(path)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put(other, raw)
	if _, ok := s.Record("kind", other); ok {
		t.Error("a record was believed under another key")
	}
	for i := range raw {
		bad := bytes.Clone(raw)
		bad[i] ^= 1
		put(key, bad)
		if _, ok := s.Record("kind", key); ok {
			t.Errorf("damage at byte %d was not seen", i)
		}
	}
	put(key, nil)
	if _, ok := s.Record("kind", key); ok {
		t.Error("an empty file was believed")
	}
	tidy(t, s)
}

func TestTemp(t *testing.T) {
	s := open(t)
	dir, cleanup, err := s.Temp("compose")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "f"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if _, err := s.GC(t.Context(), now, now.Add(-MinAge)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "f")); err != nil {
		t.Errorf("GC removed a temporary folder in use: %v", err)
	}
	cleanup()
	cleanup()
	tidy(t, s)
	if _, _, err := s.Temp("../x"); err == nil {
		t.Error("a pattern with a separator was accepted")
	}
}

func TestLock(t *testing.T) {
	s := open(t)
	unlock, err := s.Lock(t.Context(), "zig/warm linux")
	if err != nil {
		t.Fatal(err)
	}
	other, err := Open(s.dir) // as another process would
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Store{s, other} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if _, err := s.Lock(ctx, "zig/warm linux"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("second lock: %v", err)
		}
		cancel()
	}
	unlock()
	unlock()
	for range 2 {
		unlock, err := other.Lock(t.Context(), "zig/warm linux")
		if err != nil {
			t.Fatal(err)
		}
		unlock()
	}
}
