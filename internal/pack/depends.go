package pack

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/graft-build/graft/internal/format/deb822"
	"github.com/graft-build/graft/internal/shlibdeps"
)

// Depends returns what a Debian package of the program depends on: the computed dependencies
// on the packages that have its libraries, and those of the manifest, without those that
// others imply.
func Depends(in In) ([]string, error) {
	var all []deb822.Alternatives
	if !in.Closure.Static {
		libraries, err := librariesOf(in)
		if err != nil {
			return nil, err
		}
		if all, err = shlibdeps.Compute(in.Program, libraries); err != nil {
			return nil, err
		}
	}
	for _, d := range append([]string{sysusersDepends(in.System.Services)}, in.Deb.Depends...) {
		list, err := deb822.ParseRelations(d)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	var out []string
	for _, d := range shlibdeps.Simplify(all) {
		out = append(out, d.String())
	}
	return out, nil
}

// librariesOf returns the closure's libraries with the control files of their packages.
func librariesOf(in In) ([]shlibdeps.Library, error) {
	var out []shlibdeps.Library
	for _, l := range in.Closure.Libraries {
		p, ok := in.pkg(l.Package)
		if !ok {
			return nil, fmt.Errorf("a library is from package %s, which is not among the packages", l.Package)
		}
		out = append(out, shlibdeps.Library{
			Name: l.Name, Package: p.Package, Control: filepath.Join(p.Dir, "control"),
			Otherwise: p.Package + " (>= " + upstream(p.Version) + ")",
		})
	}
	return out, nil
}

// upstream cuts the revision off a version.
func upstream(version string) string {
	if i := strings.LastIndexByte(version, '-'); i > 0 {
		return version[:i]
	}
	return version
}
