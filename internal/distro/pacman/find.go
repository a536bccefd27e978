package pacman

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/format/pacman"
	"github.com/graft-build/graft/internal/resolve"
)

// maxFound bounds the candidates for one header.
const maxFound = 50

// Find returns the packages that meet a need: the one with the .pc file, with the link-time
// library (an import library before a static one), or with the header. Packages of the C
// runtime, which zig stands in for, come last.
func (r *Repository) Find(_ context.Context, n resolve.Need) ([]resolve.Candidate, error) {
	if n.Kind == resolve.NamePackage {
		return r.findPackage(n.Name), nil
	}
	if r.files == nil {
		return nil, fmt.Errorf("find %s: repository %s has no file lists; name the package instead", n, r.state.Name)
	}
	var found []located
	switch n.Kind {
	case resolve.PkgConfig:
		found = r.files.modules[n.Name]
	case resolve.Library:
		for _, name := range libraryFiles(n.Name) {
			found = append(found, r.files.libs[name]...)
		}
	case resolve.Header:
		var err error
		if found, err = r.findHeader(n.Name); err != nil {
			return nil, fmt.Errorf("find %s: %w", n, err)
		}
	default:
		return nil, fmt.Errorf("find %s: unknown kind of need", n)
	}
	return r.candidates(found), nil
}

// candidates makes candidates of files, one a package, the C runtime's last.
func (r *Repository) candidates(found []located) []resolve.Candidate {
	var out, system []resolve.Candidate
	seen := make(map[int]bool)
	for _, at := range found {
		if seen[at.pkg] {
			continue
		}
		seen[at.pkg] = true
		c := resolve.Candidate{Package: r.pkg(at.pkg), File: at.path}
		if r.files.traits[at.pkg]&isSystem != 0 {
			system = append(system, c)
		} else {
			out = append(out, c)
		}
	}
	return append(out, system...)
}

// libraryFiles lists the file names that -lname stands for, in the order in which linkers
// for MinGW look for them; import libraries come before static ones.
func libraryFiles(name string) []string {
	if file, ok := strings.CutPrefix(name, ":"); ok {
		return []string{file}
	}
	return []string{"lib" + name + ".dll.a", name + ".dll.a", "lib" + name + ".a", name + ".lib", "lib" + name + ".lib"}
}

// findPackage finds a package by its full name, by its name without the environment's
// prefix, or by what it provides.
func (r *Repository) findPackage(name string) []resolve.Candidate {
	var out []resolve.Candidate
	for _, n := range []string{name, r.cfg.Environment.Prefix + name} {
		for _, i := range r.satisfiers(pacman.Depend{Name: n}) {
			out = append(out, resolve.Candidate{Package: r.pkg(i)})
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

// findHeader finds packages with include/name, or else with a header whose path below
// include ends in name: <cairo.h> is include/cairo/cairo.h. The shortest path comes first.
func (r *Repository) findHeader(name string) ([]located, error) {
	var found []located
	path := r.cfg.Environment.Name + "/include/" + name
	for _, i := range r.files.withHeader(name) {
		found = append(found, located{i, path})
	}
	if len(found) > 0 || !safePath(name) {
		return found, nil
	}
	prefix := r.cfg.Environment.Name + "/include/"
	err := r.scan(func(dir, path string) error {
		if strings.HasPrefix(path, prefix) && strings.HasSuffix(path, "/"+name) {
			if i := r.byDir(dir); i >= 0 {
				found = append(found, located{i, path})
			}
		}
		return nil
	})
	slices.SortStableFunc(found, func(a, b located) int {
		if c := strings.Count(a.path, "/") - strings.Count(b.path, "/"); c != 0 {
			return c
		}
		if a.pkg != b.pkg {
			return a.pkg - b.pkg
		}
		return strings.Compare(a.path, b.path)
	})
	return found[:min(len(found), maxFound)], err
}

// byDir returns the number of the package whose folder in the database has that name.
func (r *Repository) byDir(dir string) int {
	// A folder is name-version-release, and versions have no dash.
	if i := strings.LastIndexByte(dir, '-'); i > 0 {
		if i = strings.LastIndexByte(dir[:i], '-'); i > 0 {
			if n, ok := r.byName[dir[:i]]; ok && r.packages[n].Dir() == dir {
				return n
			}
		}
	}
	return -1
}

// Traits says what a package contains. Without file lists every package counts as one to
// build with and to run with.
func (r *Repository) Traits(_ context.Context, p resolve.Package) (resolve.Traits, error) {
	i, err := r.number(p)
	if err != nil {
		return resolve.Traits{}, err
	}
	if r.files == nil {
		return resolve.Traits{Develop: true, Library: true}, nil
	}
	return r.files.traits[i].resolve(), nil
}

// OwnerOfDLL returns the packages that have a DLL in bin, whatever its case, by name. It is
// for messages about a DLL that nothing in a closure provides.
func (r *Repository) OwnerOfDLL(name string) []resolve.Package {
	var out []resolve.Package
	if r.files != nil {
		for _, at := range r.files.dlls[strings.ToLower(name)] {
			out = append(out, r.pkg(at.pkg))
		}
	}
	return out
}

// Owners returns the packages that have a file, whose path is below the repository's root
// ("clang64/share/aclocal/freetype2.m4").
func (r *Repository) Owners(_ context.Context, file string) ([]resolve.Package, error) {
	if r.files == nil {
		return nil, nil
	}
	var numbers []int
	err := r.scan(func(dir, path string) error {
		if path == file {
			if i := r.byDir(dir); i >= 0 {
				numbers = append(numbers, i)
			}
		}
		return nil
	})
	slices.Sort(numbers)
	out := make([]resolve.Package, len(numbers))
	for i, n := range numbers {
		out[i] = r.pkg(n)
	}
	return out, err
}

// pkg is a package as resolve knows it.
func (r *Repository) pkg(i int) resolve.Package {
	p := r.packages[i]
	return resolve.Package{
		Name: p.Name, Version: p.Version, Arch: p.Arch, Source: p.Base, RepoID: r.state.ID,
		Path: r.cfg.Environment.path(p.FileName), Size: p.Size, SHA256: p.SHA256,
	}
}

// number finds a package that came from this repository.
func (r *Repository) number(p resolve.Package) (int, error) {
	if i, ok := r.byName[p.Name]; ok && r.packages[i].SHA256 == p.SHA256 {
		return i, nil
	}
	return 0, fmt.Errorf("package %s %s is not in repository %s", p.Name, p.Version, r.state.Name)
}
