// Package debver is the order of Debian package versions, [epoch:]upstream[-revision], as
// deb-version(7) and dpkg define it. It feeds the resolve stage.
//
// The comparison is dpkg's own and allocates nothing. knqyf263/go-deb-version is not used:
// it reads digits into an int, so that two snapshots whose numbers exceed it are equal, and
// it takes versions that dpkg refuses.
package debver

import (
	"cmp"
	"fmt"
	"strings"
)

// maxLength bounds a version; the longest in the archive has some 60 bytes.
const maxLength = 1024

// Version is a parsed version. Versions are values; the zero value is no version and sorts
// before every other.
type Version struct {
	text     string
	epoch    int
	upstream string
	revision string
}

// Parse reads a version and refuses what dpkg refuses.
func Parse(s string) (Version, error) {
	if len(s) > maxLength {
		return Version{}, fmt.Errorf("parse version: longer than %d bytes", maxLength)
	}
	v, err := split(s)
	if err != nil {
		return Version{}, fmt.Errorf("parse version %q: %w", s, err)
	}
	return v, nil
}

func split(s string) (Version, error) {
	v := Version{text: s, upstream: s}
	if epoch, rest, ok := strings.Cut(s, ":"); ok {
		n, err := parseEpoch(epoch)
		if err != nil {
			return v, err
		}
		v.epoch, v.upstream = n, rest
	}
	if v.upstream == "" {
		return v, fmt.Errorf("no upstream version")
	}
	if i := strings.LastIndexByte(v.upstream, '-'); i >= 0 {
		v.upstream, v.revision = v.upstream[:i], v.upstream[i+1:]
		if v.revision == "" {
			return v, fmt.Errorf("empty revision")
		}
		if v.upstream == "" {
			return v, fmt.Errorf("no upstream version")
		}
	}
	if !isDigit(v.upstream[0]) {
		return v, fmt.Errorf("upstream version starts with no digit")
	}
	if c, bad := stray(v.upstream, ".-+~:"); bad {
		return v, fmt.Errorf("character %q in the upstream version", c)
	}
	if c, bad := stray(v.revision, ".+~"); bad {
		return v, fmt.Errorf("character %q in the revision", c)
	}
	return v, nil
}

func parseEpoch(s string) (int, error) {
	if s == "" {
		return 0, fmt.Errorf("empty epoch")
	}
	n := 0
	for i := range len(s) {
		if !isDigit(s[i]) {
			return 0, fmt.Errorf("epoch %q is no number", s)
		}
		n = n*10 + int(s[i]-'0')
		if n > 1<<31-1 || i > 20 {
			return 0, fmt.Errorf("epoch %q is too big", s)
		}
	}
	return n, nil
}

// stray finds a byte that is neither alphanumeric nor one of extra.
func stray(s, extra string) (byte, bool) {
	for i := range len(s) {
		if c := s[i]; !isDigit(c) && !isLetter(c) && strings.IndexByte(extra, c) < 0 {
			return c, true
		}
	}
	return 0, false
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// String is the text that was parsed.
func (v Version) String() string { return v.text }

// Upstream is the version without epoch and revision: "2.36" of "2.36-9+deb12u14".
func (v Version) Upstream() string { return v.upstream }

// Compare is negative, zero or positive as v is older than, equal to or newer than w.
// Different texts can be equal: "1.0" and "1.00", "1.0" and "0:1.0-0".
func (v Version) Compare(w Version) int {
	if c := cmp.Compare(v.epoch, w.epoch); c != 0 {
		return c
	}
	if c := compare(v.upstream, w.upstream); c != 0 {
		return c
	}
	return compare(v.revision, w.revision)
}

// Op is a relation of versions as dependency fields write it.
type Op string

// The relations, and None for a dependency on any version.
const (
	None    Op = ""
	Less    Op = "<<"
	AtMost  Op = "<="
	Equal   Op = "="
	AtLeast Op = ">="
	Greater Op = ">>"
)

// Holds says whether "v op w" is true.
func (op Op) Holds(v, w Version) bool {
	c := v.Compare(w)
	switch op {
	case None:
		return true
	case Less:
		return c < 0
	case AtMost:
		return c <= 0
	case Equal:
		return c == 0
	case AtLeast:
		return c >= 0
	case Greater:
		return c > 0
	}
	return false
}

// compare walks both strings in parts without and with digits by turns. A part without
// digits goes by weight, one with digits by its number, of any length.
func compare(a, b string) int {
	for a != "" || b != "" {
		for a != "" && !isDigit(a[0]) || b != "" && !isDigit(b[0]) {
			if c := cmp.Compare(weight(a), weight(b)); c != 0 {
				return c
			}
			a, b = tail(a), tail(b)
		}
		var x, y string
		x, a = number(a)
		y, b = number(b)
		if c := cmp.Compare(len(x), len(y)); c != 0 {
			return c
		}
		if c := strings.Compare(x, y); c != 0 {
			return c
		}
	}
	return 0
}

// weight orders the first byte of s in a part without digits: a tilde before the end of the
// part, the end before letters, letters before all else.
func weight(s string) int {
	switch {
	case s == "" || isDigit(s[0]):
		return 0
	case s[0] == '~':
		return -1
	case isLetter(s[0]):
		return int(s[0])
	}
	return int(s[0]) + 256
}

func tail(s string) string {
	if s == "" {
		return s
	}
	return s[1:]
}

// number cuts the digits in front of s and drops their leading zeros.
func number(s string) (digits, rest string) {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return strings.TrimLeft(s[:n], "0"), s[n:]
}
