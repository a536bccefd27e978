package fetch

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/digest"
)

// TestLocalFailure is about a store that can't take the file: no other mirror is asked.
func TestLocalFailure(t *testing.T) {
	content := random(1000, 1)
	f := newFetcher(t)
	blobs := filepath.Join(f.Store.Dir(), "blobs")
	if err := os.Remove(blobs); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(blobs, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	a, b := serve(t, whole(content)), serve(t, whole(content))
	_, err := f.One(t.Context(), item("file", content, a.URL, b.URL))
	if err == nil || !strings.Contains(err.Error(), blobs) {
		t.Errorf("error %v does not name the path", err)
	}
	if a.hits.Load() != 1 || b.hits.Load() != 0 {
		t.Errorf("mirrors were asked %d and %d times", a.hits.Load(), b.hits.Load())
	}
}

func TestFileAddress(t *testing.T) {
	content := random(100_000, 1)
	dir := t.TempDir()
	name := filepath.Join(dir, "a b%.deb")
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
	url := "file://" + strings.NewReplacer("%", "%25", " ", "%20").Replace(filepath.ToSlash(name))
	f := newFetcher(t)
	f.Offline = true // a file needs no network
	if _, err := f.One(t.Context(), item("file", content, "http://127.0.0.1:1/", url)); err != nil {
		t.Fatal(err)
	}
	has(t, f, content)
	if b, from, err := f.Get(t.Context(), []string{url}, 1<<20); err != nil || from != url || !bytes.Equal(b, content) {
		t.Errorf("Get from %s: %d bytes, %v", from, len(b), err)
	}
	other := random(100_000, 2)
	for _, tt := range []struct{ url, want string }{
		{"file://" + filepath.ToSlash(dir), "not a regular file"},
		{"file://elsewhere/x", "want file:///path"},
		{"file:x", "want file:///path"},
		{url, "wrong checksum"},
		{url + ".missing", ""},
	} {
		_, err := f.One(t.Context(), item("file", other, tt.url))
		if err == nil || !strings.Contains(err.Error(), tt.want) || tt.want == "" && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: error %v", tt.url, err)
		}
	}
	_, _, err := f.Get(t.Context(), []string{url + ".missing"}, 1)
	if !IsNotFound(err) {
		t.Errorf("Get of a missing file: %v", err)
	}
}

func TestOffline(t *testing.T) {
	f := newFetcher(t)
	srv := serve(t, whole([]byte("x")))
	there := item("there", []byte("x"), srv.URL)
	if _, err := f.One(t.Context(), there); err != nil {
		t.Fatal(err)
	}
	f.Offline = true
	if _, err := f.All(t.Context(), []Item{there}); err != nil {
		t.Error(err)
	}
	_, err := f.All(t.Context(), []Item{item("b", []byte("b"), srv.URL), there, item("a", []byte("a"), srv.URL)})
	var off *OfflineError
	if !errors.As(err, &off) || !cmp.Equal(off.Missing, []string{"b", "a"}) {
		t.Errorf("All: %v", err)
	}
	if _, err = f.One(t.Context(), item("b", []byte("b"), srv.URL)); !errors.As(err, &off) {
		t.Errorf("One: %v", err)
	}
	if _, _, err = f.Get(t.Context(), []string{srv.URL + "/InRelease"}, 10); !errors.As(err, &off) || off.Missing[0] != "InRelease" {
		t.Errorf("Get: %v", err)
	}
	if srv.hits.Load() != 1 {
		t.Errorf("%d requests", srv.hits.Load())
	}
	many := &OfflineError{Missing: strings.Fields("a b c d e f g h i j k l")}
	if !strings.HasSuffix(many.Error(), "j and 2 more") {
		t.Error(many)
	}
}

func TestItemCheck(t *testing.T) {
	f := newFetcher(t)
	good := item("file", []byte("x"), "http://127.0.0.1:1/")
	for _, change := range []func(*Item){
		func(it *Item) { it.SHA256 = digest.Digest{} },
		func(it *Item) { it.URLs = nil },
		func(it *Item) { it.Size = -1 },
		func(it *Item) { it.Size = MaxSize + 1 },
	} {
		it := good
		change(&it)
		if _, err := f.One(t.Context(), it); err == nil || !strings.Contains(err.Error(), "fetch file") {
			t.Errorf("%+v: error %v", it, err)
		}
		if _, err := f.All(t.Context(), []Item{it}); err == nil {
			t.Errorf("%+v was accepted", it)
		}
	}
}

func TestSizeUnknown(t *testing.T) {
	content := random(1000, 1)
	for _, c := range [][]byte{content, nil} {
		f := newFetcher(t)
		it := item("file", c, serve(t, chunked(c)).URL)
		it.Size = 0
		if _, err := f.One(t.Context(), it); err != nil {
			t.Error(err)
		}
	}
}
