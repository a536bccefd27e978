package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/store"
)

// transfer is one item on its way.
type transfer struct {
	f      *Fetcher
	it     Item
	part   *store.Partial
	origin string // the address that all bytes so far came from; "" when mixed or unknown
	path   string // of the blob, when it has arrived
	bytes  int64  // received in all attempts
}

// one fetches an item that the store does not have.
func (f *Fetcher) one(ctx context.Context, it Item) (path string, n int64, err error) {
	part, err := f.Store.Partial(ctx, it.SHA256)
	if err != nil {
		return "", 0, fmt.Errorf("fetch %s: %w", it.Name, err)
	}
	defer part.Close()
	t := &transfer{f: f, it: it, part: part}
	defer func() { t.progress(true) }()
	// Another process may have fetched it while this one waited for it.
	if path, ok := f.Store.Blob(it.SHA256); ok {
		return path, 0, nil
	}
	err = f.each(ctx, it.Name, it.URLs, t.from)
	return t.path, t.bytes, err
}

// maxResumes bounds how often one mirror may break off while it makes progress.
const maxResumes = 100

// from fetches from one mirror, and goes on after breaks as long as something arrives.
func (t *transfer) from(ctx context.Context, url string) error {
	for range maxResumes {
		before := t.part.Offset()
		if before == 0 {
			t.origin = url
		} else if t.origin != url {
			t.origin = ""
		}
		err := t.attempt(ctx, url)
		if err == nil {
			return nil
		}
		var local *localError
		switch {
		case ctx.Err() != nil || errors.As(err, &local):
			return err
		case store.IsMismatch(err):
			if e := t.reset(); e != nil {
				return e
			}
			// A beginning that came from elsewhere speaks against no mirror: this one
			// is asked for the whole.
			if t.origin == url {
				return err
			}
		case errors.Is(err, errRestart):
			if e := t.reset(); e != nil {
				return e
			}
		case t.part.Offset() <= before || !passing(err):
			return err
		}
	}
	return errors.New("broke off too often")
}

// errRestart asks for another attempt from the first byte.
var errRestart = errors.New("the server cannot go on from there")

func (t *transfer) reset() error {
	if err := t.part.Reset(); err != nil {
		return &localError{err}
	}
	return nil
}

// attempt is one request. It appends what arrives and commits when that is the whole.
func (t *transfer) attempt(ctx context.Context, url string) error {
	size, offset := t.it.Size, t.part.Offset()
	if size > 0 && offset > size {
		return errRestart
	}
	if size == 0 || offset < size {
		ctx, alive, stop := watch(ctx, t.f.pace.stall)
		defer stop()
		body, length, err := t.open(ctx, url, offset)
		if err != nil {
			return cause(ctx, err)
		}
		defer body.Close()
		if size > 0 && length >= 0 && t.part.Offset()+length != size {
			return &store.MismatchError{Want: t.it.SHA256, WantSize: size, GotSize: t.part.Offset() + length}
		}
		if err := t.copy(body, alive); err != nil {
			return cause(ctx, err)
		}
	}
	path, err := t.part.Commit(size0(size))
	if err != nil && !store.IsMismatch(err) {
		return &localError{err}
	}
	t.path = path
	return err
}

// size0 turns "not known" of an Item into that of the store.
func size0(n int64) int64 {
	if n == 0 {
		return -1
	}
	return n
}

// open asks for the file from offset on and returns the body and its length, -1 when the
// server does not say.
func (t *transfer) open(ctx context.Context, url string, offset int64) (io.ReadCloser, int64, error) {
	if strings.HasPrefix(url, "file:") {
		return openFile(url, offset)
	}
	resp, err := t.f.request(ctx, url, offset)
	if err != nil {
		return nil, 0, err
	}
	switch {
	case resp.StatusCode == http.StatusOK:
		// The server ignores Range: it starts anew, and so do we.
		if offset > 0 {
			err = t.reset()
			t.origin = url
		}
	case resp.StatusCode == http.StatusPartialContent && offset > 0:
		if !continues(resp.Header.Get("Content-Range"), offset) {
			err = errRestart
		}
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && offset > 0:
		err = errRestart
	default:
		err = &StatusError{Code: resp.StatusCode, after: retryAfter(resp.Header)}
	}
	if err != nil {
		resp.Body.Close()
		return nil, 0, err
	}
	return resp.Body, resp.ContentLength, nil
}

// continues says whether a Content-Range begins where we left off.
func continues(header string, offset int64) bool {
	rest, ok := strings.CutPrefix(header, "bytes ")
	if !ok {
		return false
	}
	first, _, ok := strings.Cut(rest, "-")
	n, err := strconv.ParseInt(first, 10, 64)
	return ok && err == nil && n == offset
}

func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 0 || n > 3600 {
		return 0
	}
	return time.Duration(n) * time.Second
}

// copy appends the body, at most one byte more than the item may have.
func (t *transfer) copy(body io.Reader, alive func()) error {
	limit := t.it.Size
	if limit == 0 {
		limit = MaxSize
	}
	buf := make([]byte, 128<<10)
	for {
		n, err := body.Read(buf)
		alive()
		if over := t.part.Offset() + int64(n) - limit; over > 0 {
			t.bytes += int64(n)
			return &store.MismatchError{Want: t.it.SHA256, WantSize: limit, GotSize: -1}
		}
		if n > 0 {
			t.bytes += int64(n)
			if _, err := t.part.Write(buf[:n]); err != nil {
				return &localError{err}
			}
			t.progress(false)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (t *transfer) progress(end bool) {
	t.f.Events.Send(event.Bytes{ID: t.it.id(), Label: t.it.Name, Done: t.part.Offset(), Total: t.it.total(), End: end})
}

// tell reports the mirrors that gave something else than the file before another gave it.
func (f *Fetcher) tell(name string, ms []*mirror) {
	for _, m := range ms {
		if store.IsMismatch(m.err) {
			f.Events.Send(event.Warning{Text: fmt.Sprintf("%s: mirror %s gave other content, another mirror's was right: %v", name, redact(m.url), m.err)})
		}
	}
}
