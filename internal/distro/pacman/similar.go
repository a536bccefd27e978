package pacman

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/internal/similar"
)

var _ resolve.Suggester = (*Repository)(nil)

// Similar returns names of the same kind that look like a need that nothing meets, the
// closest first.
func (r *Repository) Similar(_ context.Context, n resolve.Need) ([]string, error) {
	const handful = 5
	type near struct {
		name     string
		distance int
	}
	var found []near
	want := strings.ToLower(n.Name)
	consider := func(name string) {
		if d, ok := distance(want, strings.ToLower(name)); ok {
			found = append(found, near{name, d})
		}
	}
	switch {
	case n.Kind == resolve.NamePackage:
		for _, p := range r.packages {
			consider(strings.TrimPrefix(p.Name, r.cfg.Environment.Prefix))
		}
	case r.files != nil && n.Kind == resolve.PkgConfig:
		for name := range r.files.modules {
			consider(name)
		}
	case r.files != nil && n.Kind == resolve.Library:
		for file := range r.files.libs {
			consider(linkName(file))
		}
	}
	slices.SortFunc(found, func(a, b near) int {
		return cmp.Or(a.distance-b.distance, strings.Compare(a.name, b.name))
	})
	found = slices.Compact(found)
	var out []string
	for _, f := range found[:min(len(found), handful)] {
		out = append(out, f.name)
	}
	return out, nil
}

// linkName is what -l says to have a linker find a file: "cairo" of libcairo.dll.a.
func linkName(file string) string {
	name := strings.TrimPrefix(file, "lib")
	for _, ending := range []string{".dll.a", ".a", ".lib"} {
		if stem, ok := strings.CutSuffix(name, ending); ok {
			return stem
		}
	}
	return name
}

// distance says how far apart two names are: a few letters, or one within the other. Names
// that are further apart have nothing to do with each other.
func distance(a, b string) (int, bool) {
	if len(a) >= 3 && strings.Contains(b, a) || len(b) >= 3 && strings.Contains(a, b) {
		d := len(a) - len(b)
		return max(d, -d), max(d, -d) <= 8
	}
	const most = 2
	if d := len(a) - len(b); d > most || d < -most || len(a) < 3 {
		return 0, false
	}
	d := similar.Distance(a, b)
	return d, d <= most
}
