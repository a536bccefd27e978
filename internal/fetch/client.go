package fetch

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// NewClient returns the HTTP client that graft uses: no time limit for a whole transfer,
// but for each step of one; no downgrade from https to http by a redirect. It heeds the
// usual proxy variables.
func NewClient() *http.Client {
	dialer := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    15 * time.Second,
			ResponseHeaderTimeout:  30 * time.Second,
			IdleConnTimeout:        30 * time.Second,
			MaxIdleConnsPerHost:    DefaultJobs,
			MaxResponseHeaderBytes: 256 << 10,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true, // lengths and checksums are those of the file
		},
		CheckRedirect: checkRedirect,
	}
}

func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return &fixedError{"stopped after 10 redirects"}
	}
	if via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https" {
		return &fixedError{"redirect from https to " + req.URL.Scheme + " refused"}
	}
	return nil
}

// hosts remembers which hosts could not be reached, so that sixty packages do not wait for
// the same dead mirror.
type hosts struct {
	mu   sync.Mutex
	dead map[string]bool
}

// order returns urls with those of dead hosts last.
func (h *hosts) order(urls []string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var good, bad []string
	for _, u := range urls {
		if h.dead[hostOf(u)] {
			bad = append(bad, u)
		} else {
			good = append(good, u)
		}
	}
	return append(good, bad...)
}

// learn takes in how reaching u went: a nil error, or that of an attempt.
func (h *hosts) learn(u string, err error) {
	var op *net.OpError
	var dns *net.DNSError
	unreachable := errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial" || errors.Is(err, errStalled)
	if err != nil && !unreachable {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil {
		delete(h.dead, hostOf(u))
		return
	}
	if h.dead == nil {
		h.dead = map[string]bool{}
	}
	h.dead[hostOf(u)] = true
}

func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	return u.Scheme + "://" + u.Host
}
