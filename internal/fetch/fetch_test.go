package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/store"
)

func has(t *testing.T, f *testFetcher, content []byte) {
	t.Helper()
	path, ok := f.Store.Blob(digest.Of(content))
	if !ok {
		t.Fatal("the store does not have the blob")
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, content) {
		t.Fatalf("the blob is damaged, %v", err)
	}
}

func TestAll(t *testing.T) {
	f := newFetcher(t)
	f.Jobs = 3
	var now, most atomic.Int64
	var items []Item
	contents := map[string][]byte{}
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(2 * time.Millisecond)
		whole(contents[r.URL.Path])(w, r)
	})
	total := 0
	for i := range 20 {
		c := random(1000*i, uint64(i))
		path := fmt.Sprintf("/%d", i)
		contents[path] = c
		total += len(c)
		items = append(items, item(path, c, srv.URL+path))
	}
	items = append(items, items[3]) // asked for twice, fetched once
	stats, err := f.All(t.Context(), items)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Stats{Fetched: 20, Bytes: int64(total)}); stats != want {
		t.Errorf("stats %+v, want %+v", stats, want)
	}
	for _, c := range contents {
		has(t, f, c)
	}
	if most.Load() > 3 {
		t.Errorf("%d transfers at once", most.Load())
	}
	if stats, err = f.All(t.Context(), items); err != nil || stats != (Stats{Cached: 20}) {
		t.Errorf("second time: %+v, %v", stats, err)
	}
	if srv.hits.Load() != 20 {
		t.Errorf("%d requests", srv.hits.Load())
	}
	checkProgress(t, f)
}

// checkProgress checks that each transfer's events grow to its total and end once.
func checkProgress(t *testing.T, f *testFetcher) {
	t.Helper()
	last := map[string]event.Bytes{}
	for _, e := range f.events {
		b, ok := e.(event.Bytes)
		if !ok {
			continue
		}
		if old := last[b.ID]; old.End || b.Done < old.Done {
			t.Errorf("%s: %d bytes after %d, ended %v", b.Label, b.Done, old.Done, old.End)
		}
		last[b.ID] = b
	}
	for _, b := range last {
		if !b.End || b.Total > 0 && b.Done != b.Total {
			t.Errorf("%s: last event %+v", b.Label, b)
		}
	}
}

func TestResume(t *testing.T) {
	content := random(1<<20, 1)
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		hits    int64
		bytes   int64 // -1: not checked
	}{
		{"connection breaks ten times", breaking(content, 100<<10), 11, 1 << 20},
		{"no Range support", deaf(content, 300<<10, 1), 2, -1},
		{"no Range support, breaks earlier the second time", deaf(content, 300<<10, 2), 3, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFetcher(t)
			srv := serve(t, tt.handler)
			stats, err := f.All(t.Context(), []Item{item("file", content, srv.URL)})
			if err != nil {
				t.Fatal(err)
			}
			has(t, f, content)
			if srv.hits.Load() != tt.hits || tt.bytes >= 0 && stats.Bytes != tt.bytes {
				t.Errorf("%d requests for %d bytes", srv.hits.Load(), stats.Bytes)
			}
		})
	}
}

func TestBreaksForEver(t *testing.T) {
	f := newFetcher(t)
	content := random(1<<20, 1)
	srv := serve(t, breaking(content, 0))
	_, err := f.One(t.Context(), item("file", content, srv.URL))
	var e *Error
	if !errors.As(err, &e) || store.IsMismatch(err) {
		t.Errorf("error %v", err)
	}
	if srv.hits.Load() != 3 {
		t.Errorf("%d requests, want one a round", srv.hits.Load())
	}
	slow := serve(t, breaking(content, 1))
	if _, err := f.One(t.Context(), item("file", content, slow.URL)); err == nil {
		t.Error("a byte a request was enough")
	}
	if n := slow.hits.Load(); n > 3*maxResumes {
		t.Errorf("%d requests", n)
	}
}

func TestResumeLater(t *testing.T) {
	f := newFetcher(t)
	content := random(1<<20, 1)
	ctx, cancel := context.WithCancel(t.Context())
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1048576")
		w.Write(content[:500_000])
		w.(http.Flusher).Flush()
		time.Sleep(20 * time.Millisecond)
		cancel()
		<-r.Context().Done()
	})
	if _, err := f.One(ctx, item("file", content, srv.URL)); !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled: %v", err)
	}
	var asked string
	good := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header.Get("Range")
		whole(content)(w, r)
	})
	stats, err := f.All(t.Context(), []Item{item("file", content, good.URL)})
	if err != nil {
		t.Fatal(err)
	}
	if asked != "bytes=500000-" || stats.Bytes != 1<<20-500_000 {
		t.Errorf("asked for %q, %d bytes", asked, stats.Bytes)
	}
	has(t, f, content)
}

func TestBadBeginning(t *testing.T) {
	content := random(100_000, 1)
	for _, n := range []int{1000, 100_000, 100_001} {
		f := newFetcher(t)
		it := item("file", content, serve(t, whole(content)).URL)
		p, err := f.Store.Partial(t.Context(), it.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		p.Write(make([]byte, n))
		p.Close()
		if _, err := f.One(t.Context(), it); err != nil {
			t.Errorf("after %d wrong bytes: %v", n, err)
			continue
		}
		has(t, f, content)
	}
}

func TestLies(t *testing.T) {
	content := random(100_000, 1)
	other := random(100_000, 2)
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"wrong bytes", whole(other), "wrong checksum"},
		{"longer, with its length", whole(append(bytes.Clone(content), 0)), "wrong size: want 100000 bytes, have 100001"},
		{"shorter, with its length", whole(content[:99_999]), "wrong size: want 100000 bytes, have 99999"},
		{"longer, without a length", chunked(append(bytes.Clone(content), other...)), "wrong size: want 100000 bytes, there are more"},
		{"shorter, without a length", chunked(content[:50_000]), "wrong size: want 100000 bytes, have 50000"},
		{"empty", chunked(nil), "wrong size"},
		{"a page instead", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>Please log in") }, "wrong size"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFetcher(t)
			bad := serve(t, tt.handler)
			it := item("file", content, bad.URL)
			_, err := f.One(t.Context(), it)
			if !store.IsMismatch(err) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), bad.URL) {
				t.Errorf("error %v, want %q and the address", err, tt.want)
			}
			if bad.hits.Load() != 1 {
				t.Errorf("asked the same mirror %d times", bad.hits.Load())
			}
			if _, ok := f.Store.Blob(it.SHA256); ok {
				t.Error("the blob was kept")
			}
			good := serve(t, whole(content))
			it.URLs = append(it.URLs, good.URL)
			if _, err := f.One(t.Context(), it); err != nil {
				t.Fatalf("with another mirror: %v", err)
			}
			has(t, f, content)
			if w := f.warnings(); !strings.Contains(w, bad.URL) || !strings.Contains(w, "wrong") {
				t.Errorf("warnings: %q", w)
			}
		})
	}
}

// TestRangeLies is about servers that answer a Range request wrongly: the file is fetched
// from its beginning.
func TestRangeLies(t *testing.T) {
	content := random(100_000, 1)
	for name, h := range map[string]http.HandlerFunc{
		"another range": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes 0-99999/100000")
			w.WriteHeader(http.StatusPartialContent)
			w.Write(content)
		},
		"no range":         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusPartialContent) },
		"not satisfiable":  status(http.StatusRequestedRangeNotSatisfiable),
		"right, bad bytes": func(w http.ResponseWriter, r *http.Request) { whole(make([]byte, 100_000))(w, r) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFetcher(t)
			srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Range") != "" {
					h(w, r)
					return
				}
				whole(content)(w, r)
			})
			it := item("file", content, srv.URL)
			p, err := f.Store.Partial(t.Context(), it.SHA256)
			if err != nil {
				t.Fatal(err)
			}
			p.Write(content[:5000])
			p.Close()
			if _, err := f.One(t.Context(), it); err != nil {
				t.Fatal(err)
			}
			has(t, f, content)
		})
	}
}

func TestMirrors(t *testing.T) {
	content := random(1000, 1)
	dead := serve(t, whole(content))
	dead.Close()
	missing := serve(t, status(http.StatusNotFound))
	good := serve(t, whole(content))
	f := newFetcher(t)
	if _, err := f.One(t.Context(), item("file", content, dead.URL, missing.URL, "gopher://x/", good.URL)); err != nil {
		t.Fatal(err)
	}
	has(t, f, content)
	// The dead one is asked last from now on.
	want := []string{missing.URL, good.URL, dead.URL}
	if diff := cmp.Diff(want, f.mirrors([]string{dead.URL, missing.URL, good.URL})); diff != "" {
		t.Error(diff)
	}

	f = newFetcher(t)
	_, err := f.One(t.Context(), item("libx", content, dead.URL, missing.URL))
	var e *Error
	if !errors.As(err, &e) || len(e.Causes) != 2 || IsNotFound(err) {
		t.Fatalf("error %v", err)
	}
	for _, part := range []string{"fetch libx", dead.URL, missing.URL, "404 Not Found", "refused"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not hold %q", err, part)
		}
	}
	if missing.hits.Load() != 2 {
		t.Errorf("a missing file was asked for %d times in two fetches", missing.hits.Load())
	}
}

func TestTransient(t *testing.T) {
	content := random(1000, 1)
	var n atomic.Int64
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) < 3 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		whole(content)(w, r)
	})
	f := newFetcher(t)
	if _, err := f.One(t.Context(), item("file", content, srv.URL)); err != nil {
		t.Error(err)
	}
}

func TestStall(t *testing.T) {
	content := random(100_000, 1)
	f := newFetcher(t)
	f.pace.stall = 50 * time.Millisecond
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100000")
		w.Write(content[:10])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	good := serve(t, whole(content))
	if _, err := f.One(t.Context(), item("file", content, srv.URL, good.URL)); err != nil {
		t.Fatal(err)
	}
	_, _, err := f.Get(t.Context(), []string{srv.URL}, 1<<20)
	if !errors.Is(err, errStalled) {
		t.Errorf("Get: %v", err)
	}
}

func TestSame(t *testing.T) {
	content := random(1<<20, 1)
	f := newFetcher(t)
	srv := serve(t, whole(content))
	second := &Fetcher{Store: f.Store} // as another process would
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			g := []*Fetcher{f.Fetcher, second}[i%2]
			if _, err := g.One(t.Context(), item("file", content, srv.URL)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if srv.hits.Load() != 1 {
		t.Errorf("fetched %d times", srv.hits.Load())
	}
}

// TestLyingSizeInStore wants the same answer whether the store has the file or not.
func TestLyingSizeInStore(t *testing.T) {
	content := random(1000, 1)
	f := newFetcher(t)
	if _, _, err := f.Store.PutBytes(content); err != nil {
		t.Fatal(err)
	}
	it := item("file", content, "https://localhost:1/")
	it.Size = 999
	_, err := f.One(t.Context(), it)
	_, errAll := f.All(t.Context(), []Item{it})
	for _, err := range []error{err, errAll} {
		if !store.IsMismatch(err) || !strings.Contains(err.Error(), "fetch file: wrong size: want 999 bytes, have 1000") {
			t.Errorf("%v", err)
		}
	}
}
