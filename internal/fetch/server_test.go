package fetch

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/store"
)

// testFetcher fails fast and keeps its events.
type testFetcher struct {
	*Fetcher
	mu     sync.Mutex
	events []event.Event
}

func newFetcher(t *testing.T) *testFetcher {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	f := &testFetcher{}
	f.Fetcher = &Fetcher{
		Store: s,
		Events: func(e event.Event) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.events = append(f.events, e)
		},
		pace: pace{rounds: 3, wait: []time.Duration{time.Millisecond}, stall: 10 * time.Second},
	}
	return f
}

func (f *testFetcher) warnings() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var b strings.Builder
	for _, e := range f.events {
		if w, ok := e.(event.Warning); ok {
			fmt.Fprintln(&b, w.Text)
		}
	}
	return b.String()
}

// random returns n bytes, always the same for one seed.
func random(n int, seed uint64) []byte {
	r := rand.NewChaCha8([32]byte{byte(seed)})
	b := make([]byte, n)
	r.Read(b)
	return b
}

func item(name string, content []byte, urls ...string) Item {
	return Item{Name: name, URLs: urls, Size: int64(len(content)), SHA256: digest.Of(content)}
}

// server counts the requests that a handler gets.
type server struct {
	*httptest.Server
	hits atomic.Int64
}

func serve(t *testing.T, h http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hits.Add(1)
		h(w, r)
	}))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

// whole serves content with Range support.
func whole(content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
}

// status answers with a code alone.
func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// chunked sends content without a length, whatever the request asks for.
func chunked(content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		w.Write(content)
	}
}

// breaking serves content and cuts the connection after each n bytes.
func breaking(content []byte, n int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		whole(content)(&cutter{ResponseWriter: w, left: n}, r)
	}
}

type cutter struct {
	http.ResponseWriter
	left int64
}

func (c *cutter) Write(p []byte) (int, error) {
	if int64(len(p)) <= c.left {
		c.left -= int64(len(p))
		return c.ResponseWriter.Write(p)
	}
	c.ResponseWriter.Write(p[:c.left])
	c.ResponseWriter.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

// deaf serves content without heeding Range, and cuts the first answers after n bytes.
func deaf(content []byte, n int64, cuts int64) http.HandlerFunc {
	var count atomic.Int64
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		if count.Add(1) <= cuts {
			w = &cutter{ResponseWriter: w, left: n}
		}
		io.Copy(w, bytes.NewReader(content))
	}
}
