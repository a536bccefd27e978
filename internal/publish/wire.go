package publish

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
)

// wire is the transport of a push. It counts what is sent, and sends nothing in the clear to
// another machine unless the user said so: the client library would for private addresses.
type wire struct {
	next    http.RoundTripper
	plain   bool // http is allowed
	sent    atomic.Int64
	mounted atomic.Int64
}

// PlainError is a registry without TLS.
type PlainError struct{ Host string }

func (e *PlainError) Error() string {
	return fmt.Sprintf("%s would be asked over http, which everyone on the way can read and change", e.Host)
}

// RoundTrip sends a request.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != "https" && !w.plain && !loopback(req.URL.Hostname()) {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, &PlainError{req.URL.Host}
	}
	if req.Body != nil && req.Body != http.NoBody {
		sent := *req
		sent.Body = &counted{req.Body, &w.sent}
		req = &sent
	}
	res, err := w.next.RoundTrip(req)
	if err == nil && req.Method == http.MethodPost && res.StatusCode == http.StatusCreated && req.URL.Query().Get("mount") != "" {
		w.mounted.Add(1)
	}
	return res, err
}

// counted counts what is read of a request.
type counted struct {
	io.ReadCloser
	n *atomic.Int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.n.Add(int64(n))
	return n, err
}
