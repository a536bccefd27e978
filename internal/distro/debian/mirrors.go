package debian

import (
	"fmt"
	"time"

	"github.com/graft-build/graft/internal/distro/mirror"
	"github.com/graft-build/graft/lock"
)

// Mirrors are base addresses in the order of preference; the official ones come after them.
type Mirrors map[Kind][]string

// Add appends addresses: http, https or file. Environment and manifest go before the host's.
func (m Mirrors) Add(kind Kind, bases ...string) error {
	for _, b := range bases {
		clean, err := mirror.Clean(b)
		if err != nil {
			return err
		}
		m[kind] = append(m[kind], clean)
	}
	return nil
}

// Merge returns m followed by n.
func (m Mirrors) Merge(n Mirrors) Mirrors {
	out := Mirrors{}
	for _, kind := range []Kind{Archive, Security} {
		out[kind] = append(append([]string(nil), m[kind]...), n[kind]...)
	}
	return out
}

// bases returns the addresses of a suite, each once.
func (m Mirrors) bases(s Suite) []string {
	var out []string
	seen := map[string]bool{}
	for _, b := range append(append([]string(nil), m[s.Kind]...), s.Base) {
		if !seen[b] {
			seen[b] = true
			out = append(out, b)
		}
	}
	return out
}

// snapshotBase is Debian's service that keeps every file the archives ever had, by time.
const snapshotBase = "https://snapshot.debian.org/archive/"

// URLs returns the addresses of a file of a locked repository, best first. The last one is
// Debian's snapshot service: mirrors drop packages that newer ones replace.
func URLs(m Mirrors, r lock.Repository, path string) ([]string, error) {
	s, ok := suite(r.Suite)
	if !ok {
		return nil, fmt.Errorf("find addresses of %s: unknown suite %q", path, r.Suite)
	}
	if !safePath(path) {
		return nil, fmt.Errorf("find addresses of %q: no path below a repository", path)
	}
	bases := m.bases(s)
	if at, err := time.Parse(time.RFC3339, r.Date); err == nil {
		// The service looks for the last state before a time. A Release file is dated when
		// it is written, somewhat before it is published.
		archive := map[Kind]string{Archive: "debian", Security: "debian-security"}[s.Kind]
		bases = append(bases, snapshotBase+archive+"/"+at.UTC().AddDate(0, 0, 1).Format("20060102T150405Z"))
	}
	return mirror.Join(bases, path), nil
}

// IsSecurity says whether a locked repository is one of the security archive.
func IsSecurity(r lock.Repository) bool {
	s, ok := suite(r.Suite)
	return ok && s.Kind == Security
}
