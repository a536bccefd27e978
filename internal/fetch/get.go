package fetch

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/graft-build/graft/event"
)

// Get returns the content of the first address that answers, and that address. The content
// is not verified: the caller has a signature or a checksum for it, or treats it as hostile.
// More than limit bytes is an error. A file that no mirror has is told by IsNotFound.
func (f *Fetcher) Get(ctx context.Context, urls []string, limit int64) (b []byte, from string, err error) {
	name := "nothing"
	if len(urls) > 0 {
		name = path.Base(redact(urls[0]))
	}
	if len(urls) == 0 {
		return nil, "", fmt.Errorf("fetch %s: no address is known for it", name)
	}
	err = f.each(ctx, name, urls, func(ctx context.Context, url string) error {
		got, err := f.get(ctx, url, limit)
		if err == nil {
			b, from = got, url
		}
		return err
	})
	if err != nil {
		return nil, "", err
	}
	return b, from, nil
}

// quiet is the size up to which Get sends no progress events.
const quiet = 1 << 20

func (f *Fetcher) get(ctx context.Context, url string, limit int64) ([]byte, error) {
	ctx, alive, stop := watch(ctx, f.pace.stall)
	defer stop()
	body, length, err := f.openAny(ctx, url)
	if err != nil {
		return nil, cause(ctx, err)
	}
	defer body.Close()
	if length > limit {
		return nil, &fixedError{fmt.Sprintf("%d bytes are more than the %d that it may have", length, limit)}
	}
	var buf bytes.Buffer
	progress := func(n int64, end bool) {
		if length > quiet {
			f.Events.Send(event.Bytes{ID: "get " + redact(url), Label: path.Base(redact(url)), Done: n, Total: length, End: end})
		}
	}
	defer func() { progress(int64(buf.Len()), true) }()
	r := &watchedReader{r: io.LimitReader(body, limit+1), seen: func(n int64) {
		alive()
		progress(n, false)
	}}
	if _, err := buf.ReadFrom(r); err != nil {
		return nil, cause(ctx, err)
	}
	if int64(buf.Len()) > limit {
		return nil, &fixedError{fmt.Sprintf("more than the %d bytes that it may have", limit)}
	}
	return buf.Bytes(), nil
}

func (f *Fetcher) openAny(ctx context.Context, url string) (io.ReadCloser, int64, error) {
	if strings.HasPrefix(url, "file:") {
		return openFile(url, 0)
	}
	resp, err := f.request(ctx, url, 0)
	if err != nil {
		return nil, 0, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, 0, &StatusError{Code: resp.StatusCode, after: retryAfter(resp.Header)}
	}
	return resp.Body, resp.ContentLength, nil
}

// watchedReader tells after each read how much was read in all.
type watchedReader struct {
	r    io.Reader
	n    int64
	seen func(int64)
}

func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.n += int64(n)
	w.seen(w.n)
	return n, err
}
