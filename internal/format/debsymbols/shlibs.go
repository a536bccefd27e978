package debsymbols

import (
	"fmt"
	"regexp"
	"strings"
)

// Shlibs is a shlibs file.
type Shlibs struct {
	lines []shlib
}

type shlib struct {
	kind, library, version, depends string
}

// ParseShlibs reads a shlibs file. Like dpkg it passes over lines that it can't make sense of.
func ParseShlibs(b []byte) (*Shlibs, error) {
	if len(b) > MaxSize {
		return nil, fmt.Errorf("parse shlibs: larger than %d bytes", MaxSize)
	}
	var s Shlibs
	for line := range strings.Lines(string(b)) {
		if l, ok := parseShlib(line); ok {
			s.lines = append(s.lines, l)
		}
	}
	return &s, nil
}

// parseShlib reads "[type: ]library version[ dependencies]".
func parseShlib(line string) (l shlib, ok bool) {
	if strings.HasPrefix(line, "#") {
		return l, false
	}
	first, rest := word(line)
	second, after := word(rest)
	third, _ := word(after)
	if kind, ok := strings.CutSuffix(first, ":"); ok && kind != "" && third != "" {
		l.kind = kind
		first, rest = second, after
		second, after = word(rest)
	}
	l.library, l.version, l.depends = first, second, strings.TrimSpace(after)
	return l, l.version != "" && len(l.depends) != 1
}

// word takes a word off the front.
func word(s string) (w, rest string) {
	s = strings.TrimSpace(s)
	end := strings.IndexAny(s, " \t\n\r\f\v")
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:]
}

// Depends returns the dependencies, separated by commas and perhaps none, of what uses a
// library in packages of type deb.
func (s *Shlibs) Depends(soname string) (depends string, ok bool) {
	library, version, ok := SplitSoname(soname)
	if !ok {
		return "", false
	}
	found := false
	for _, l := range s.lines {
		switch {
		case l.library != library || l.version != version:
		case l.kind == "deb":
			return l.depends, true
		case l.kind == "" && !found:
			depends, found = l.depends, true
		}
	}
	return depends, found
}

var (
	stable   = regexp.MustCompile(`^(.+)\.so\.(.+)$`)
	unstable = regexp.MustCompile(`^(.+)-(\d.*)\.so$`)
)

// SplitSoname takes the name of a library apart as shlibs files do: libz and 1 of libz.so.1,
// libdb and 5.3 of libdb-5.3.so. ok is false for a name without a version.
func SplitSoname(soname string) (library, version string, ok bool) {
	for _, form := range []*regexp.Regexp{stable, unstable} {
		if m := form.FindStringSubmatch(soname); m != nil {
			return m[1], m[2], true
		}
	}
	return "", "", false
}
