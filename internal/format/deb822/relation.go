package deb822

import (
	"errors"
	"fmt"
	"strings"

	"github.com/graft-build/graft/internal/format/debver"
)

// MaxRelations bounds the relations of one field; the longest in the archive have some 1,500.
const MaxRelations = 1 << 14

// Relation is one package relation of a dependency field, deb-control(5):
// "name:arch (>= 1.0) [arm64 !amd64] <!nocheck>".
type Relation struct {
	Name     string
	Arch     string // "any" of "python3:any", "" without
	Op       debver.Op
	Version  debver.Version // only with Op
	Archs    []string       // architecture restriction, as written
	Profiles [][]string     // build profiles, one list for each <…>
}

// Alternatives are relations of which one is enough, in the order of preference.
type Alternatives []Relation

// String is the canonical form.
func (r Relation) String() string {
	var b strings.Builder
	b.WriteString(r.Name)
	if r.Arch != "" {
		b.WriteString(":" + r.Arch)
	}
	if r.Op != debver.None {
		fmt.Fprintf(&b, " (%s %s)", r.Op, r.Version)
	}
	if len(r.Archs) > 0 {
		b.WriteString(" [" + strings.Join(r.Archs, " ") + "]")
	}
	for _, p := range r.Profiles {
		b.WriteString(" <" + strings.Join(p, " ") + ">")
	}
	return b.String()
}

// String is the canonical form, "a (>= 1) | b".
func (a Alternatives) String() string {
	s := make([]string, len(a))
	for i, r := range a {
		s[i] = r.String()
	}
	return strings.Join(s, " | ")
}

// ParseRelations reads a dependency field: alternatives separated by commas. Empty ones,
// as a trailing comma leaves them, are passed over.
func ParseRelations(field string) ([]Alternatives, error) {
	var out []Alternatives
	count := 0
	for part := range strings.SplitSeq(field, ",") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		var alt Alternatives
		for text := range strings.SplitSeq(part, "|") {
			if count++; count > MaxRelations {
				return nil, fmt.Errorf("parse relations: more than %d", MaxRelations)
			}
			r, err := parseRelation(text)
			if err != nil {
				return nil, fmt.Errorf("parse relation %q: %w", strings.TrimSpace(text[:min(len(text), 200)]), err)
			}
			alt = append(alt, r)
		}
		out = append(out, alt)
	}
	return out, nil
}

func parseRelation(text string) (Relation, error) {
	var r Relation
	rest := trimSpace(text)
	end := strings.IndexAny(rest, " \t\n([<")
	if end < 0 {
		end = len(rest)
	}
	r.Name, rest = rest[:end], trimSpace(rest[end:])
	if name, arch, ok := strings.Cut(r.Name, ":"); ok {
		r.Name, r.Arch = name, arch
		if !word(arch, "-") {
			return r, fmt.Errorf("architecture qualifier %q", arch)
		}
	}
	if !ValidName(r.Name) {
		return r, fmt.Errorf("package name %q", r.Name)
	}
	return r, r.parts(rest)
}

// parts reads what follows the name: (…), […] and <…>, in this order.
func (r *Relation) parts(rest string) error {
	for rest != "" {
		closing, ok := map[byte]string{'(': ")", '[': "]", '<': ">"}[rest[0]]
		if !ok {
			return fmt.Errorf("%q after the name", rest)
		}
		inner, after, ok := strings.Cut(rest[1:], closing)
		if !ok {
			return fmt.Errorf("no %s", closing)
		}
		if err := r.part(rest[0], inner); err != nil {
			return err
		}
		rest = trimSpace(after)
	}
	return nil
}

func (r *Relation) part(kind byte, inner string) error {
	switch kind {
	case '(':
		if r.Op != debver.None || r.Archs != nil || r.Profiles != nil {
			return errors.New("version restriction out of place")
		}
		return r.version(inner)
	case '[':
		if r.Archs != nil || r.Profiles != nil {
			return errors.New("architecture restriction out of place")
		}
		words, err := restriction(inner)
		r.Archs = words
		return err
	default:
		words, err := restriction(inner)
		r.Profiles = append(r.Profiles, words)
		return err
	}
}

// version reads ">= 1.0". dpkg still takes the old "<" and ">" for "<=" and ">=".
func (r *Relation) version(inner string) error {
	inner = trimSpace(inner)
	n := 0
	for n < len(inner) && strings.IndexByte("<=>", inner[n]) >= 0 {
		n++
	}
	op := debver.Op(inner[:n])
	switch op {
	case debver.Less, debver.AtMost, debver.Equal, debver.AtLeast, debver.Greater:
	case "<":
		op = debver.AtMost
	case ">":
		op = debver.AtLeast
	default:
		return fmt.Errorf("version relation %q", inner)
	}
	v, err := debver.Parse(trimSpace(inner[n:]))
	if err != nil {
		return err
	}
	r.Op, r.Version = op, v
	return nil
}

// restriction reads the words of […] or <…>; "!" in front negates one.
func restriction(inner string) ([]string, error) {
	words := strings.Fields(inner)
	if len(words) == 0 {
		return nil, errors.New("empty restriction")
	}
	for _, w := range words {
		if !word(strings.TrimPrefix(w, "!"), "-.") {
			return nil, fmt.Errorf("restriction %q", inner)
		}
	}
	return words, nil
}

// For says whether the relation counts for an architecture. As for dpkg, the first word
// that matches decides, and a negated one that doesn't match takes in all others.
// Wildcards are those of Linux: "any", "linux-any", "any-arm64".
func (r Relation) For(arch string) bool {
	counts := len(r.Archs) == 0
	for _, a := range r.Archs {
		name, negated := strings.CutPrefix(a, "!")
		switch name {
		case arch, "any", "linux-any", "any-" + arch, "linux-" + arch:
			return !negated
		}
		counts = counts || negated
	}
	return counts
}

// ValidName says whether s can be a package's name: lower-case letters, digits, "+-.",
// a letter or digit first. As dpkg does, upper case is taken too.
func ValidName(s string) bool {
	return word(s, "+-.") && s[0] != '+' && s[0] != '-' && s[0] != '.' && len(s) <= 256
}

func word(s, extra string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z' || s[i] < 'A') && (s[i] < '0' || s[i] > '9') && strings.IndexByte(extra, s[i]) < 0 {
			return false
		}
	}
	return s != ""
}

func trimSpace(s string) string { return strings.Trim(s, " \t\n") }
