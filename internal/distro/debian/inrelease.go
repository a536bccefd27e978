package debian

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/distro/mirror"
)

// ReleaseError is a signed index that is not the one that was asked for.
type ReleaseError struct {
	Suite  string
	From   string // address
	Reason string
}

func (e *ReleaseError) Error() string {
	s := "use index of " + e.Suite
	if e.From != "" {
		s += " from " + e.From
	}
	return s + ": " + e.Reason
}

// ExpiredError is a signed index that is too old to be believed: it may hide security updates.
type ExpiredError struct {
	Suite, From string
	ValidUntil  time.Time
}

func (e *ExpiredError) Error() string {
	return fmt.Sprintf("use index of %s from %s: it was valid until %s", e.Suite, e.From, e.ValidUntil.Format(time.RFC3339))
}

// SecurityError is a failure to get the index of a security suite, without which known
// holes would stay open. See Config.WithoutSecurity.
type SecurityError struct {
	Suite string
	Err   error
}

func (e *SecurityError) Error() string { return "get security updates: " + e.Err.Error() }

func (e *SecurityError) Unwrap() error { return e.Err }

// addressesError is that no address has a usable index, with the error of each.
type addressesError struct {
	suite string
	errs  []error
}

func (e *addressesError) Error() string {
	if len(e.errs) == 1 {
		return e.errs[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "no address has a usable index of %s:", e.suite)
	for _, err := range e.errs {
		b.WriteString("\n\t" + err.Error())
	}
	return b.String()
}

func (e *addressesError) Unwrap() []error { return e.errs }

// openRelease finds the first address of a suite with an index that can be believed.
//
// An address that is not reached is passed over with a note, one whose index is stale or
// another distribution's with a warning. An index with a bad signature of a known key, or under the
// name of another suite, is an error at once: somebody has changed it.
func openRelease(ctx context.Context, c Config, keys *keys, s Suite) (*openSuite, error) {
	bases := c.Mirrors.bases(s)
	var errs []error
	for i, base := range bases {
		o, err := openReleaseAt(ctx, c, keys, s, base)
		if err == nil {
			for _, err := range errs {
				text := err.Error() + "; " + base + " is used"
				if weighty(err) {
					c.Events.Send(event.Warning{Text: text})
				} else {
					c.Events.Send(event.Note{Text: text})
				}
			}
			o.bases = append([]string{base}, append(append([]string(nil), bases[:i]...), bases[i+1:]...)...)
			c.Events.Send(event.Note{Text: fmt.Sprintf("%s: state of %s from %s", s.ID, o.release.date.Format(time.RFC3339), base)})
			return o, nil
		}
		if ctx.Err() != nil || final(err) {
			return nil, err
		}
		errs = append(errs, err)
	}
	return nil, &addressesError{suite: s.ID, errs: errs}
}

// weighty says whether a failure is worth a warning though another address answered.
func weighty(err error) bool {
	var sig *SignatureError
	var old *ExpiredError
	return errors.As(err, &sig) || errors.As(err, &old)
}

// final says whether no other address may be asked.
func final(err error) bool {
	var sig *SignatureError
	var rel *ReleaseError
	return errors.As(err, &sig) && !sig.Unknown || errors.As(err, &rel)
}

func openReleaseAt(ctx context.Context, c Config, keys *keys, s Suite, base string) (*openSuite, error) {
	signed, from, err := c.Fetcher.Get(ctx, mirror.Join([]string{base}, "dists/"+s.ID+"/InRelease"), maxRelease)
	if err != nil {
		return nil, err
	}
	text, err := keys.verify(ctx, s, from, signed)
	if err != nil {
		return nil, err
	}
	release, err := parseRelease(text)
	if err != nil {
		return nil, &ReleaseError{Suite: s.ID, From: from, Reason: err.Error()}
	}
	if err := checkRelease(release, s, from, c.Now); err != nil {
		return nil, err
	}
	return &openSuite{Suite: s, release: release, signed: digest.Of(signed)}, nil
}

// checkRelease applies the rules on what an index with a good signature must be: the suite
// that was asked for, not past its Valid-Until, and not from the future.
func checkRelease(r *releaseFile, s Suite, from string, now time.Time) error {
	if r.codename != s.ID {
		return &ReleaseError{Suite: s.ID, From: from, Reason: fmt.Sprintf("it is that of %q", r.codename)}
	}
	if r.date.After(now.Add(skew)) {
		return &ReleaseError{Suite: s.ID, From: from, Reason: fmt.Sprintf("it is dated %s, in the future of this machine's clock", r.date.Format(time.RFC3339))}
	}
	if !r.validUntil.IsZero() && now.After(r.validUntil) {
		return &ExpiredError{Suite: s.ID, From: from, ValidUntil: r.validUntil}
	}
	return nil
}
