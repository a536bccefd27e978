package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/graft-build/graft/digest"
)

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
