package pacman

import format "github.com/graft-build/graft/internal/format/pacman"

// Meets says whether a version of a package is good for a dependency as a package states it.
// A dependency on another package has nothing against it.
func Meets(dependency, name, version string) bool {
	d, err := format.ParseDepend(dependency)
	if err != nil {
		return false
	}
	return d.Name != name || rules.Accepts(d, version)
}
