package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestGet(t *testing.T) {
	content := random(5000, 1)
	good := serve(t, whole(content))
	missing := serve(t, status(http.StatusNotFound))
	f := newFetcher(t)
	b, from, err := f.Get(t.Context(), []string{missing.URL, good.URL}, 5000)
	if err != nil || from != good.URL || !bytes.Equal(b, content) {
		t.Errorf("%d bytes from %s, %v", len(b), from, err)
	}
	if _, _, err := f.Get(t.Context(), []string{missing.URL}, 5000); !IsNotFound(err) {
		t.Errorf("missing: %v", err)
	}
	for name, srv := range map[string]*server{"with": good, "without": serve(t, chunked(content))} {
		if _, _, err := f.Get(t.Context(), []string{srv.URL}, 4999); err == nil || !strings.Contains(err.Error(), "4999") {
			t.Errorf("too long, %s length: %v", name, err)
		}
	}
	if _, _, err := f.Get(t.Context(), nil, 10); err == nil {
		t.Error("no address was accepted")
	}
	gone := serve(t, status(http.StatusServiceUnavailable))
	if _, _, err := f.Get(t.Context(), []string{gone.URL}, 10); err == nil || IsNotFound(err) {
		t.Errorf("unavailable: %v", err)
	}
	if gone.hits.Load() != 3 {
		t.Errorf("asked %d times", gone.hits.Load())
	}
}

func TestGetEndless(t *testing.T) {
	f := newFetcher(t)
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			w.Write(make([]byte, 64<<10))
		}
	})
	if _, _, err := f.Get(t.Context(), []string{srv.URL}, 1<<20); err == nil {
		t.Error("an endless file was accepted")
	}
}

func TestGetCancelled(t *testing.T) {
	f := newFetcher(t)
	f.pace.wait = []time.Duration{time.Minute}
	ctx, cancel := context.WithCancel(t.Context())
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		time.AfterFunc(10*time.Millisecond, cancel)
		w.WriteHeader(http.StatusBadGateway)
	})
	if _, _, err := f.Get(ctx, []string{srv.URL}, 10); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled between rounds: %v", err)
	}
}

func TestRedirects(t *testing.T) {
	content := []byte("content")
	good := serve(t, whole(content))
	hop := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, good.URL+"/x", http.StatusFound) })
	loop := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) })
	f := newFetcher(t)
	if b, _, err := f.Get(t.Context(), []string{hop.URL}, 10); err != nil || string(b) != "content" {
		t.Errorf("redirect: %q, %v", b, err)
	}
	if _, _, err := f.Get(t.Context(), []string{loop.URL}, 10); err == nil || !strings.Contains(err.Error(), "redirects") {
		t.Errorf("loop: %v", err)
	}
	if loop.hits.Load() != 10 {
		t.Errorf("%d requests of a loop", loop.hits.Load())
	}
	secure, _ := http.NewRequest(http.MethodGet, "https://example.com/", nil)
	plain, _ := http.NewRequest(http.MethodGet, "http://example.com/", nil)
	if checkRedirect(plain, []*http.Request{secure}) == nil {
		t.Error("a downgrade was followed")
	}
	if err := checkRedirect(secure, []*http.Request{plain}); err != nil {
		t.Error(err)
	}
}

// TestIdentity checks that a server's compression never changes what a checksum is taken of.
func TestIdentity(t *testing.T) {
	f := newFetcher(t)
	f.Client = &http.Client{} // a caller's, with compression on
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept-Encoding"); got != "identity" {
			t.Errorf("Accept-Encoding is %q", got)
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.Write([]byte("\x1f\x8b raw bytes"))
	})
	b, _, err := f.Get(t.Context(), []string{srv.URL}, 100)
	if err != nil || string(b) != "\x1f\x8b raw bytes" {
		t.Errorf("%q, %v", b, err)
	}
}

// TestCertificate: a server that proves nothing is not asked again.
func TestCertificate(t *testing.T) {
	f := newFetcher(t)
	f.pace.wait = []time.Duration{time.Hour}
	srv := httptest.NewUnstartedServer(whole([]byte("content")))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	_, _, err := f.Get(t.Context(), []string{srv.URL}, 10)
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("error %v", err)
	}
	plain := serve(t, whole([]byte("content")))
	_, _, err = f.Get(t.Context(), []string{strings.Replace(plain.URL, "http:", "https:", 1)}, 10)
	if err == nil {
		t.Error("plain HTTP was taken for HTTPS")
	}
	f.Client = srv.Client()
	if _, _, err := f.Get(t.Context(), []string{srv.URL}, 10); err != nil {
		t.Error(err)
	}
}

func TestRedact(t *testing.T) {
	f := newFetcher(t)
	srv := serve(t, status(http.StatusForbidden))
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("me", "secret1")
	u.RawQuery = "token=secret2"
	_, _, err = f.Get(t.Context(), []string{u.String()}, 10)
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v", err)
	}
	srv.Close()
	_, _, err = f.Get(t.Context(), []string{u.String()}, 10)
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v", err)
	}
}

func TestFilePath(t *testing.T) {
	for _, tt := range []struct{ url, goos, want string }{
		{"file:///srv/debian/x.deb", "linux", "/srv/debian/x.deb"},
		{"file://localhost/srv/x", "linux", "/srv/x"},
		{"file:/srv/x", "linux", "/srv/x"},
		{"file:///a%20b/%25", "linux", "/a b/%"},
		{"file:///C:/mirror/x", "windows", "C:/mirror/x"},
		{"file://host/x", "linux", ""},
		{"file:", "linux", ""},
		{"file:x", "linux", ""},
		{"file:///%zz", "linux", ""},
	} {
		got, err := filePath(tt.url, tt.goos)
		if got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("filePath(%q, %s) = %q, %v; want %q", tt.url, tt.goos, got, err, tt.want)
		}
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"http://h/x", "https://u:p@h/x?q", "file:///x", "file:x", "", "http://[::1", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		hostOf(s)
		if p, err := filePath(s, "linux"); err == nil && p == "" {
			t.Errorf("%q: no path and no error", s)
		}
		if u, err := url.Parse(s); err == nil {
			if pw, ok := u.User.Password(); ok && len(pw) > 8 && strings.Contains(redact(s), ":"+pw+"@") {
				t.Errorf("redact(%q) = %q", s, redact(s))
			}
		}
	})
}
