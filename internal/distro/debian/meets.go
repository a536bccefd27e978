package debian

import (
	"github.com/graft-build/graft/internal/format/deb822"
	"github.com/graft-build/graft/internal/format/debver"
)

// Meets says whether a version of a package is good for a dependency as a control file states
// it. A dependency that does not name the package has nothing against it.
func Meets(dependency, name, version string) bool {
	all, err := deb822.ParseRelations(dependency)
	v, verr := debver.Parse(version)
	if err != nil || verr != nil {
		return false
	}
	for _, alternatives := range all {
		named, met := false, false
		for _, r := range alternatives {
			if r.Name == name {
				named = true
				met = met || r.Op == debver.None || r.Op.Holds(v, r.Version)
			}
		}
		if named && !met {
			return false
		}
	}
	return true
}
