package debian

import (
	"bytes"
	"errors"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/store"
)

// TestRefuses opens archives with which something is wrong: each is refused with its own
// kind of error, and the store is as good as before.
func TestRefuses(t *testing.T) {
	flip := func(word string) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.Replace(b, []byte(word), []byte(strings.ToUpper(word)), 1) }
	}
	suite := func(s madeSuite) func(*testing.T, *archive) {
		return func(t *testing.T, a *archive) { a.add(t, s) }
	}
	edit := func(pattern string, f func([]byte) []byte) func(*testing.T, *archive) {
		return func(t *testing.T, a *archive) { a.edit(t, pattern, f) }
	}
	const inRelease = "dists/bookworm/InRelease"
	cases := map[string]struct {
		change func(*testing.T, *archive)
		check  func(error) bool
		text   string
	}{
		"changed index":   {edit(inRelease, flip("armhf")), isBadSignature, "is bad"},
		"changed date":    {edit(inRelease, flip("Date")), isBadSignature, "is bad"},
		"unknown key":     {suite(madeSuite{suite: "bookworm", keys: []string{"stranger"}}), isUnknownKey, "none of the keys of Debian"},
		"key of security": {suite(madeSuite{suite: "bookworm", keys: []string{"security"}}), isUnknownKey, "none of the keys of Debian"},
		"text behind":     {edit(inRelease, func(b []byte) []byte { return append(b, "\nSHA256: x\n"...) }), isBadSignature, "unsigned text"},
		"text before":     {edit(inRelease, func(b []byte) []byte { return append([]byte("Date: x\n"), b...) }), isUnknownKey, "not signed"},
		"unsigned":        {edit(inRelease, func([]byte) []byte { return []byte("<html>") }), isUnknownKey, "not signed"},
		"cut":             {edit(inRelease, func(b []byte) []byte { return b[:len(b)/2] }), isBadSignature, "no complete signed message"},
		"too long":        {edit(inRelease, func(b []byte) []byte { return append(b, make([]byte, maxRelease)...) }), nil, "bytes"},
		"another suite":   {suite(madeSuite{suite: "bookworm", codename: "bullseye"}), isRelease, "it is that of \"bullseye\""},
		"future":          {suite(madeSuite{suite: "bookworm", date: now.AddDate(0, 0, 2)}), isRelease, "in the future"},
		"expired":         {suite(madeSuite{suite: "bookworm", validUntil: now.Add(-time.Minute)}), isExpired, "valid until 2026-03-01T11:59:00Z"},
		"no architecture": {suite(madeSuite{suite: "bookworm", archs: "amd64"}), isRelease, "no packages for armhf"},
		"expired security": {
			suite(madeSuite{suite: "bookworm-security", keys: []string{"security"}, validUntil: now.Add(-time.Minute)}), isExpired, "security updates",
		},
		"security with key of the archive": {suite(madeSuite{suite: "bookworm-security"}), isUnknownKey, "security updates"},
		"other list":                       {edit("dists/bookworm/main/binary-armhf/by-hash/SHA256/*", func([]byte) []byte { return []byte("other") }), store.IsMismatch, "wrong"},
		"cut list":                         {edit("dists/bookworm/main/binary-armhf/by-hash/SHA256/*", func(b []byte) []byte { return b[:len(b)/2] }), store.IsMismatch, "wrong size"},
		"changed file list":                {edit("dists/bookworm/main/by-hash/SHA256/*", func(b []byte) []byte { b[len(b)/2] ^= 1; return b }), store.IsMismatch, "wrong checksum"},
		"signed garbage":                   {suite(madeSuite{suite: "bookworm", index: func(string) string { return "Package: a\nVersion: 1\nno field\n" }}), nil, "line 3: no field"},
		"signed bad path": {suite(madeSuite{suite: "bookworm", packages: []fake{{name: "a"}}, index: func(s string) string {
			return strings.Replace(s, "Filename: pool", "Filename: ../pool", 1)
		}}), nil, "file name"},
		"signed bad size": {suite(madeSuite{suite: "bookworm", packages: []fake{{name: "a"}}, index: func(s string) string {
			return strings.Replace(s, "Size: ", "Size: -", 1)
		}}), nil, "size"},
		"signed bad version": {suite(madeSuite{suite: "bookworm", packages: []fake{{name: "a"}}, index: func(s string) string {
			return strings.Replace(s, "Version: 1", "Version: _", 1)
		}}), nil, "version"},
		"signed bad name": {suite(madeSuite{suite: "bookworm", packages: []fake{{name: "a"}}, index: func(s string) string {
			return strings.Replace(s, "Package: a", "Package: ../a", 1)
		}}), nil, "name"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			a := menagerie(t)
			good := a.files
			a.files = map[string][]byte{}
			for k, v := range good {
				a.files[k] = v
			}
			// What is only by its plain name cannot stand in for a file by hash that is wrong.
			for k := range a.files {
				if strings.HasSuffix(k, ".gz") {
					delete(a.files, k)
				}
			}
			c.change(t, a)
			config := configFor(t, &events{}, a.serve(t))
			r, err := Open(t.Context(), config)
			if err == nil {
				r.Close()
				t.Fatal("it was opened")
			}
			if c.check != nil && !c.check(err) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %T %v", errors.Unwrap(err), err)
			}
			t.Log(err)
			a.mu.Lock()
			a.files = good
			a.mu.Unlock()
			open(t, config)
		})
	}
}

func isBadSignature(err error) bool {
	var s *SignatureError
	return errors.As(err, &s) && !s.Unknown
}

func isUnknownKey(err error) bool {
	var s *SignatureError
	return errors.As(err, &s) && s.Unknown
}

func isRelease(err error) bool {
	var e *ReleaseError
	return errors.As(err, &e)
}

func isExpired(err error) bool {
	var e *ExpiredError
	return errors.As(err, &e)
}

func TestWithoutSecurity(t *testing.T) {
	remove := func(a *archive, pattern string) {
		for k := range a.files {
			if ok, _ := path.Match(pattern, k); ok {
				delete(a.files, k)
			}
		}
	}
	const lists = "dists/bookworm-security/main/binary-armhf/"
	for name, change := range map[string]func(*archive){
		"expired": func(a *archive) {
			a.add(t, madeSuite{suite: "bookworm-security", keys: []string{"security"}, validUntil: now.Add(-time.Minute)})
		},
		"nothing": func(a *archive) { delete(a.files, "dists/bookworm-security/InRelease") },
		"other list by hash": func(a *archive) {
			a.edit(t, lists+"by-hash/SHA256/*", func([]byte) []byte { return []byte("x") })
			remove(a, lists+"*.gz")
		},
	} {
		a := menagerie(t)
		change(a)
		ev := &events{}
		c := configFor(t, ev, a.serve(t))
		_, err := Open(t.Context(), c)
		var sec *SecurityError
		if !errors.As(err, &sec) || sec.Suite != "bookworm-security" {
			t.Errorf("%s: error %v", name, err)
		}
		c.WithoutSecurity = true
		r := open(t, c)
		if len(r.Records()) != 1 || len(ev.warnings) != 1 || !strings.Contains(ev.warnings[0], "bookworm-security is left out") {
			t.Errorf("%s: records %v, warnings %q", name, r.Records(), ev.warnings)
		}
		if p, _, _ := r.Package("libpng16"); p.Version != "1.6-1" {
			t.Errorf("%s: libpng16 %s", name, p.Version)
		}
	}
	// A mirror that lags behind is only warned of.
	for name, change := range map[string]func(*archive){
		"no list": func(a *archive) { remove(a, lists+"*.gz"); remove(a, lists+"by-hash/SHA256/*") },
		"old list": func(a *archive) {
			remove(a, lists+"by-hash/SHA256/*")
			a.edit(t, lists+"*.gz", func([]byte) []byte { return []byte("old") })
		},
	} {
		a := menagerie(t)
		change(a)
		ev := &events{}
		r := open(t, configFor(t, ev, a.serve(t)))
		if len(r.Records()) != 1 || len(ev.warnings) != 1 || !strings.Contains(ev.warnings[0], "bookworm-security is left out for armhf") {
			t.Errorf("%s: records %v, warnings %q", name, r.Records(), ev.warnings)
		}
	}
	// The release itself is never done without.
	a := menagerie(t)
	remove(a, "dists/bookworm/main/binary-armhf/*.gz")
	remove(a, "dists/bookworm/main/binary-armhf/by-hash/SHA256/*")
	c := configFor(t, &events{}, a.serve(t))
	c.WithoutSecurity = true
	if _, err := Open(t.Context(), c); !fetch.IsNotFound(err) {
		t.Errorf("error %v", err)
	}
	// What somebody changed is no reason to go on.
	a = menagerie(t)
	a.edit(t, "dists/bookworm-security/InRelease", func(b []byte) []byte { return bytes.Replace(b, []byte("armhf"), []byte("ARMHF"), 1) })
	c = configFor(t, &events{}, a.serve(t))
	c.WithoutSecurity = true
	if _, err := Open(t.Context(), c); !isBadSignature(err) {
		t.Errorf("error %v", err)
	}
	// An architecture that has no security updates is none without them.
	a = menagerie(t)
	a.add(t, madeSuite{suite: "bookworm-security", keys: []string{"security"}, archs: "amd64"})
	ev := &events{}
	if r := open(t, configFor(t, ev, a.serve(t))); len(r.Records()) != 1 || len(ev.warnings) != 0 {
		t.Errorf("records %v, warnings %q", r.Records(), ev.warnings)
	}
}
