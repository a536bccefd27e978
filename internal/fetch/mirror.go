package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/graft-build/graft/internal/store"
)

// Error is a file that no mirror gave. Unwrap leads to the cause of each mirror.
type Error struct {
	Name   string
	Causes []error // one *MirrorError for each address, in the order they were tried
}

func (e *Error) Error() string {
	if len(e.Causes) == 1 {
		return fmt.Sprintf("fetch %s: %v", e.Name, e.Causes[0])
	}
	var b strings.Builder
	fmt.Fprintf(&b, "fetch %s: none of %d mirrors has it", e.Name, len(e.Causes))
	for _, c := range e.Causes {
		fmt.Fprintf(&b, "\n\t%v", c)
	}
	return b.String()
}

// Unwrap returns the causes.
func (e *Error) Unwrap() []error { return e.Causes }

// MirrorError is what was wrong with one address.
type MirrorError struct {
	URL string // without a password
	Err error
}

func (e *MirrorError) Error() string { return "get " + e.URL + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *MirrorError) Unwrap() error { return e.Err }

// StatusError is an HTTP answer other than the file.
type StatusError struct {
	Code  int
	after time.Duration // that the server asks to wait
}

func (e *StatusError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", e.Code, http.StatusText(e.Code)))
}

// IsNotFound says whether every mirror answered that there is no such file.
func IsNotFound(err error) bool {
	var e *Error
	if !errors.As(err, &e) || len(e.Causes) == 0 {
		return false
	}
	return !slices.ContainsFunc(e.Causes, func(err error) bool {
		var s *StatusError
		if errors.As(err, &s) {
			return s.Code != http.StatusNotFound && s.Code != http.StatusGone
		}
		return !errors.Is(err, fs.ErrNotExist)
	})
}

var errStalled = errors.New("no answer for too long")

// localError is a failure on this side, such as a full disk: no other mirror helps.
type localError struct{ err error }

func (e *localError) Error() string { return e.err.Error() }
func (e *localError) Unwrap() error { return e.err }

// mirror is one address and how it did.
type mirror struct {
	url  string
	dead bool
	err  error
}

// each tries one mirror after the other until try succeeds, and goes through the list again,
// after a pause, for those whose failure may pass.
func (f *Fetcher) each(ctx context.Context, name string, urls []string, try func(ctx context.Context, url string) error) error {
	f.init()
	var ms []*mirror
	for _, u := range f.mirrors(urls) {
		ms = append(ms, &mirror{url: u})
	}
	if len(ms) == 0 {
		return &OfflineError{Missing: []string{name}}
	}
	for round := range f.pace.rounds {
		if round > 0 {
			if err := sleep(ctx, f.pause(round, ms)); err != nil {
				return err
			}
		}
		for i, m := range ms {
			if m.dead {
				continue
			}
			m.err = try(ctx, m.url)
			if err := ctx.Err(); err != nil {
				return err
			}
			f.hosts.learn(m.url, m.err)
			if m.err == nil {
				f.tell(name, ms[:i])
				return nil
			}
			var le *localError
			if errors.As(m.err, &le) {
				return fmt.Errorf("fetch %s: %w", name, le.err)
			}
			m.dead = !passing(m.err)
		}
		if !slices.ContainsFunc(ms, func(m *mirror) bool { return !m.dead }) {
			break
		}
	}
	e := &Error{Name: name}
	for _, m := range ms {
		e.Causes = append(e.Causes, &MirrorError{URL: redact(m.url), Err: m.err})
	}
	return e
}

// passing says whether the same request may succeed later.
func passing(err error) bool {
	var status *StatusError
	if errors.As(err, &status) {
		switch status.Code {
		case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
			return true
		}
		return status.Code >= 500
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return !dns.IsNotFound
	}
	var fixed *fixedError
	var cert *tls.CertificateVerificationError
	return !store.IsMismatch(err) && !errors.As(err, &fixed) && !errors.As(err, &cert) &&
		!errors.Is(err, fs.ErrNotExist) && !errors.Is(err, http.ErrSchemeMismatch)
}

// fixedError is a failure that will be the same next time.
type fixedError struct{ msg string }

func (e *fixedError) Error() string { return e.msg }

// pause is how long to wait before a round: longer when a server asks for it.
func (f *Fetcher) pause(round int, ms []*mirror) time.Duration {
	const most = time.Minute
	var d time.Duration
	if len(f.pace.wait) > 0 {
		d = f.pace.wait[min(round, len(f.pace.wait))-1]
	}
	for _, m := range ms {
		var s *StatusError
		if errors.As(m.err, &s) {
			d = max(d, min(s.after, most))
		}
	}
	return d
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// redact hides a password, and an address's query, which may hold a token.
func redact(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "an address that does not parse"
	}
	u.RawQuery = ""
	return u.Redacted()
}
