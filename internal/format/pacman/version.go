// Package pacman reads pacman's formats: the db and files databases of a repository (tar
// archives of desc and files records), versions, and dependency expressions. It feeds
// internal/distro/pacman and does no I/O of its own; every input is held to be hostile.
//
// The formats are those of pacman 6 (alpm-db, PKGBUILD(5), vercmp(8)) and of MSYS2's variant.
package pacman

import "strings"

// Rules are a distribution's rules for versions.
type Rules struct {
	// Epoch is the character between the epoch and the version: ':' in pacman, '~' in
	// MSYS2, whose file systems do not take a colon in a name.
	Epoch byte
}

var (
	Arch  = Rules{Epoch: ':'} // pacman as released
	MSYS2 = Rules{Epoch: '~'} // pacman as MSYS2 builds it
)

// Compare orders two versions, epoch first, then version, then release. The release counts
// only when both have one: "1.2" equals "1.2-3". The result is -1, 0 or 1. Any two strings
// have an order, and no input is an error.
//
// The order is not transitive for all strings, since vercmp's is not: "1.2-1" < "1.2-2",
// yet both equal "1.2".
func (r Rules) Compare(a, b string) int {
	if a == b {
		return 0
	}
	va, vb := r.split(a), r.split(b)
	if c := compareSegments(va.epoch, vb.epoch); c != 0 {
		return c
	}
	if c := compareSegments(va.version, vb.version); c != 0 {
		return c
	}
	if !va.hasRelease || !vb.hasRelease {
		return 0
	}
	return compareSegments(va.release, vb.release)
}

type parts struct {
	epoch, version, release string
	hasRelease              bool
}

func (r Rules) split(s string) parts {
	p := parts{epoch: "0", version: s}
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n < len(s) && s[n] == r.Epoch {
		if n > 0 {
			p.epoch = s[:n]
		}
		p.version = s[n+1:]
	}
	if i := strings.LastIndexByte(p.version, '-'); i >= 0 {
		p.version, p.release, p.hasRelease = p.version[:i], p.version[i+1:], true
	}
	return p
}

// Upstream returns a version without its epoch and release: "1.18.4" of "1~1.18.4-1".
func (r Rules) Upstream(version string) string { return r.split(version).version }

// compareSegments walks both strings by runs of digits and runs of letters. What stands
// between the runs only counts by its length, and only before a further run.
func compareSegments(a, b string) int {
	for a != "" && b != "" {
		runA, runB := skipSeparators(a), skipSeparators(b)
		if runA == "" || runB == "" {
			a, b = runA, runB
			break
		}
		if c := sign((len(a) - len(runA)) - (len(b) - len(runB))); c != 0 {
			return c
		}
		kind := isAlpha
		if isDigit(runA[0]) {
			kind = isDigit
		}
		var segA, segB string
		segA, a = span(runA, kind)
		segB, b = span(runB, kind)
		if segB == "" { // runs of different kinds: the number is the newer one
			if isDigit(segA[0]) {
				return 1
			}
			return -1
		}
		if c := compareRun(segA, segB); c != 0 {
			return c
		}
	}
	return compareRest(a, b)
}

// compareRest decides when one string has no further run: letters that are left over make
// a version older ("1.0rc" < "1.0"), anything else makes it newer ("1.0" < "1.0.1").
func compareRest(a, b string) int {
	switch {
	case a == "" && b == "":
		return 0
	case a == "" && !isAlpha(b[0]), a != "" && isAlpha(a[0]):
		return -1
	default:
		return 1
	}
}

// compareRun compares two runs of one kind.
func compareRun(a, b string) int {
	if isDigit(a[0]) {
		a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		if c := sign(len(a) - len(b)); c != 0 {
			return c
		}
	}
	return strings.Compare(a, b)
}

func skipSeparators(s string) string {
	for s != "" && !isDigit(s[0]) && !isAlpha(s[0]) {
		s = s[1:]
	}
	return s
}

func span(s string, is func(byte) bool) (head, rest string) {
	n := 0
	for n < len(s) && is(s[n]) {
		n++
	}
	return s[:n], s[n:]
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isAlpha(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
