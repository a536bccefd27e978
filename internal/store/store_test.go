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
	"testing/iotest"
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

func TestPutBlob(t *testing.T) {
	s := open(t)
	content := []byte("content")
	d := digest.Of(content)
	if _, ok := s.Blob(d); ok {
		t.Fatal("an empty store has a blob")
	}
	path, err := s.PutBlob(d, int64(len(content)), iotest.OneByteReader(bytes.NewReader(content)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, content) {
		t.Fatalf("read back %q, %v", got, err)
	}
	if fi, _ := os.Stat(path); fi.Mode().Perm() != 0o444 {
		t.Errorf("mode %v", fi.Mode())
	}
	if again, ok := s.Blob(d); !ok || again != path {
		t.Errorf("Blob = %q, %v", again, ok)
	}
	if _, err := s.PutBlob(d, 7, iotest.ErrReader(errors.New("was read"))); err != nil {
		t.Errorf("a blob that is there: %v", err)
	}
	tidy(t, s)
}

func TestPutBlobMismatch(t *testing.T) {
	for _, tt := range []struct {
		name, content string
		size          int64
		want          string
	}{
		{"other bytes", "CONTENT", 7, "wrong checksum"},
		{"other bytes, size unknown", "CONTENT", -1, "wrong checksum"},
		{"short", "cont", 7, "wrong size: want 7 bytes, have 4"},
		{"long", "content and more", 7, "wrong size: want 7 bytes"},
		{"empty", "", 7, "wrong size"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t)
			d := digest.OfString("content")
			_, err := s.PutBlob(d, tt.size, strings.NewReader(tt.content))
			if !IsMismatch(err) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want a mismatch with %q", err, tt.want)
			}
			if _, ok := s.Blob(d); ok {
				t.Error("the blob was kept")
			}
			tidy(t, s)
		})
	}
}

func TestPutBlobReadError(t *testing.T) {
	s := open(t)
	cause := errors.New("the network broke")
	_, err := s.PutBlob(digest.OfString("content"), 7, io.MultiReader(strings.NewReader("con"), iotest.ErrReader(cause)))
	if !errors.Is(err, cause) {
		t.Errorf("error %v", err)
	}
	if _, err := s.PutBlob(digest.Digest{}, -1, strings.NewReader("")); err == nil {
		t.Error("the zero digest was accepted")
	}
	tidy(t, s)
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

func TestAddBlob(t *testing.T) {
	s := open(t)
	d, path, err := s.AddBlob(strings.NewReader("content"), 7)
	if err != nil || d != digest.OfString("content") {
		t.Fatalf("AddBlob = %v, %v", d, err)
	}
	if p, ok := s.Blob(d); !ok || p != path {
		t.Errorf("Blob = %s, %v", p, ok)
	}
	if _, _, err := s.AddBlob(strings.NewReader("content!"), 7); err == nil {
		t.Error("the limit was passed over")
	}
	tidy(t, s)
}

func TestPartial(t *testing.T) {
	s := open(t)
	d := digest.OfString("content")
	p, err := s.Partial(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	// A second one waits.
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Partial(ctx, d); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("second Partial: %v", err)
	}
	p.Write([]byte("con"))
	p.Close()

	p, err = s.Partial(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if p.Offset() != 3 {
		t.Errorf("offset %d", p.Offset())
	}
	p.Write([]byte("TENT"))
	if _, err := p.Commit(7); !IsMismatch(err) {
		t.Errorf("Commit of wrong bytes: %v", err)
	}
	if p.Offset() != 0 {
		t.Error("wrong bytes were kept")
	}
	p.Write([]byte("conten"))
	if _, err := p.Commit(7); !IsMismatch(err) {
		t.Errorf("Commit of too few bytes: %v", err)
	}
	p.Write([]byte("content"))
	path, err := p.Commit(7)
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	if got, _ := os.ReadFile(path); string(got) != "content" {
		t.Errorf("blob is %q", got)
	}
	if entries, _ := os.ReadDir(filepath.Join(s.dir, "partial")); len(entries) != 0 {
		t.Errorf("left in partial: %v", entries)
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
