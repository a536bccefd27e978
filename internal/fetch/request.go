package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// request sends one GET. The answer may have any status.
func (f *Fetcher) request(ctx context.Context, raw string, offset int64) (*http.Response, error) {
	if !strings.HasPrefix(raw, "http://") && !strings.HasPrefix(raw, "https://") {
		return nil, &fixedError{"address is neither http, https nor file"}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, raw, nil)
	if err != nil {
		return nil, &fixedError{"address does not parse"}
	}
	req.Header.Set("User-Agent", "graft")
	// Also for a Client of the caller's: never let the transport unpack what a checksum covers.
	req.Header.Set("Accept-Encoding", "identity")
	if offset > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	resp, err := f.Client.Do(req)
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err // our own error names the address
	}
	return resp, err
}

// openFile opens a file: address at offset and returns how many bytes follow.
func openFile(raw string, offset int64) (io.ReadCloser, int64, error) {
	name, err := filePath(raw, runtime.GOOS)
	if err != nil {
		return nil, 0, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = &fixedError{"not a regular file"}
	}
	if err == nil && offset > fi.Size() {
		err = errRestart
	}
	if err == nil {
		_, err = f.Seek(offset, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, fi.Size() - offset, nil
}

// filePath turns a file: address into a path of the system goos.
func filePath(raw, goos string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", &fixedError{"address does not parse"}
	}
	if u.Host != "" && u.Host != "localhost" || u.Opaque != "" || u.Path == "" {
		return "", &fixedError{"want file:///path"}
	}
	p := u.Path
	if goos == "windows" && len(p) > 2 && p[0] == '/' && p[2] == ':' {
		p = p[1:]
	}
	return filepath.FromSlash(p), nil
}

// watch returns a context that ends with errStalled when alive is not called for d.
func watch(ctx context.Context, d time.Duration) (_ context.Context, alive, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	t := time.AfterFunc(d, func() { cancel(errStalled) })
	return ctx, func() { t.Reset(d) }, func() {
		t.Stop()
		cancel(nil)
	}
}

// cause is why a request under watch ended.
func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); errors.Is(c, errStalled) {
		return c
	}
	return err
}
