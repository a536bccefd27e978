package shlibdeps

import (
	"cmp"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/format/deb822"
	"github.com/graft-build/graft/internal/format/debver"
)

// ranks is the order in which dpkg sorts relations of one package.
var ranks = map[debver.Op]int{debver.None: 0, debver.AtLeast: 1, debver.Greater: 2, debver.Equal: 3, debver.Less: 4, debver.AtMost: 5}

// compare is the order of dependencies in a field.
func compare(a, b deb822.Alternatives) int {
	for i := range min(len(a), len(b)) {
		c := cmp.Or(cmp.Compare(a[i].Name, b[i].Name), cmp.Compare(ranks[a[i].Op], ranks[b[i].Op]), a[i].Version.Compare(b[i].Version))
		if c != 0 {
			return c
		}
	}
	return cmp.Or(len(a)-len(b), strings.Compare(a.String(), b.String()))
}

// Simplify leaves out dependencies that others imply, as dpkg-gencontrol does when it writes
// the field: "a, a (>= 1)" is "a (>= 1)", and "a | b, a" is "a". One that is implied by a later
// one gives it its place.
func Simplify(list []deb822.Alternatives) []deb822.Alternatives {
	var out []deb822.Alternatives
	rest := slices.Clone(list)
	for len(rest) > 0 {
		d := rest[0]
		rest = rest[1:]
		if slices.ContainsFunc(out, func(o deb822.Alternatives) bool { return implies(o, d) }) {
			continue
		}
		if i := slices.IndexFunc(rest, func(o deb822.Alternatives) bool { return implies(o, d) }); i >= 0 {
			stronger := rest[i]
			rest = slices.Insert(slices.Delete(rest, i, i+1), 0, stronger)
			continue
		}
		out = append(out, d)
	}
	return out
}

// implies says whether b holds wherever a does.
func implies(a, b deb822.Alternatives) bool {
	for _, p := range a {
		if !slices.ContainsFunc(b, func(q deb822.Relation) bool { return impliesOne(p, q) }) {
			return false
		}
	}
	return len(a) > 0
}

func impliesOne(p, q deb822.Relation) bool {
	if p.Name != q.Name || p.Arch != q.Arch || len(p.Archs)+len(q.Archs)+len(p.Profiles)+len(q.Profiles) > 0 {
		return false
	}
	c := p.Version.Compare(q.Version)
	switch q.Op {
	case debver.None:
		return true
	case debver.AtLeast:
		return c >= 0 && (p.Op == debver.AtLeast || p.Op == debver.Greater || p.Op == debver.Equal)
	case debver.Greater:
		return c > 0 && (p.Op == debver.AtLeast || p.Op == debver.Equal) || c >= 0 && p.Op == debver.Greater
	case debver.AtMost:
		return c <= 0 && (p.Op == debver.AtMost || p.Op == debver.Less || p.Op == debver.Equal)
	case debver.Less:
		return c < 0 && (p.Op == debver.AtMost || p.Op == debver.Equal) || c <= 0 && p.Op == debver.Less
	}
	return c == 0 && p.Op == debver.Equal && q.Op == debver.Equal
}
