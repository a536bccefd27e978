package debian

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/format/deb822"
)

// maxRelease bounds an InRelease file; that of a release of Debian has some 150 KB.
const maxRelease = 3 << 20

// maxIndexSize bounds what a Release file may say of the size of an index.
const maxIndexSize = 1 << 30

// skew is how far a Release may be dated in the future, for clocks that go wrong.
const skew = 24 * time.Hour

// indexFile is an index that a Release file vouches for.
type indexFile struct {
	path   string // below the suite's folder
	size   int64
	sha256 digest.Digest
}

// releaseFile is the content of a Release or InRelease file.
type releaseFile struct {
	codename      string
	date          time.Time
	validUntil    time.Time // zero: for ever
	byHash        bool
	architectures []string
	files         map[string]indexFile
}

// parseRelease reads the text of a Release file, which has one paragraph.
func parseRelease(text []byte) (*releaseFile, error) {
	in := deb822.NewReader(bytes.NewReader(text))
	p, err := in.Next()
	if err == io.EOF {
		return nil, fmt.Errorf("parse Release: empty")
	}
	if err != nil {
		return nil, fmt.Errorf("parse Release: %w", err)
	}
	if _, err := in.Next(); err != io.EOF {
		return nil, fmt.Errorf("parse Release: more than one paragraph")
	}
	r := &releaseFile{
		codename:      p.Get("Codename"),
		byHash:        p.Get("Acquire-By-Hash") == "yes",
		architectures: strings.Fields(p.Get("Architectures")),
		files:         map[string]indexFile{},
	}
	if r.date, err = parseDate(p.Get("Date")); err != nil {
		return nil, fmt.Errorf("parse Release: Date: %w", err)
	}
	if s := p.Get("Valid-Until"); s != "" {
		if r.validUntil, err = parseDate(s); err != nil {
			return nil, fmt.Errorf("parse Release: Valid-Until: %w", err)
		}
	}
	return r, r.parseFiles(p.Get("SHA256"))
}

// parseDate reads the date form of Release files, which is in UTC by definition.
func parseDate(s string) (time.Time, error) {
	for _, layout := range []string{"Mon, _2 Jan 2006 15:04:05 UTC", "Mon, _2 Jan 2006 15:04:05 GMT", "Mon, _2 Jan 2006 15:04:05 +0000"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no date in UTC", s)
}

func (r *releaseFile) parseFiles(list string) error {
	for line := range strings.SplitSeq(list, "\n") {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if len(f) != 3 {
			return fmt.Errorf("parse Release: SHA256: %q is no digest, size and path", line)
		}
		sum, err := digest.Parse(f[0])
		if err != nil {
			return fmt.Errorf("parse Release: SHA256: %w", err)
		}
		size, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil || size < 0 || size > maxIndexSize {
			return fmt.Errorf("parse Release: SHA256: size of %s is %q", f[2], f[1])
		}
		if !safePath(f[2]) {
			return fmt.Errorf("parse Release: SHA256: path %q", f[2])
		}
		r.files[f[2]] = indexFile{path: f[2], size: size, sha256: sum}
	}
	if len(r.files) == 0 {
		return fmt.Errorf("parse Release: it has no SHA256 list")
	}
	return nil
}

// has says whether the suite has packages for an architecture.
func (r *releaseFile) has(arch string) bool { return slices.Contains(r.architectures, arch) }

// best returns the first of the files that the Release names.
func (r *releaseFile) best(paths ...string) (indexFile, bool) {
	for _, p := range paths {
		if f, ok := r.files[p]; ok {
			return f, true
		}
	}
	return indexFile{}, false
}

// safePath says whether p is a plain relative path that stays below its base.
func safePath(p string) bool {
	return p != "" && p != "." && p != ".." && p == path.Clean(p) && !path.IsAbs(p) && !strings.HasPrefix(p, "../") &&
		strings.IndexFunc(p, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '\\' }) < 0
}
