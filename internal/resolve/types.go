// Package resolve turns what a composition needs from C into packages of one repository:
// the build closure (headers, .pc files, libraries) and the run closure (shared libraries
// and the data they need), both minimal and deterministic.
package resolve

import (
	"context"

	"github.com/graft-build/graft/digest"
)

// NeedKind is how a need is stated.
type NeedKind string

const (
	PkgConfig   NeedKind = "pkg-config" // Name is a .pc file's name without the ending
	Library     NeedKind = "lib"        // Name is what follows -l
	Header      NeedKind = "header"     // Name is what stands in #include <…>
	NamePackage NeedKind = "package"    // Name is a package's name, from the manifest
)

// Need is one thing of C that the composition asks for.
type Need struct {
	Kind NeedKind
	Name string
	From []string // import paths of the Go packages that state it, sorted

	// Of a header alone:
	Soft   bool     // a condition that nobody can tell decides whether it is needed: without it goes too
	Places []string // other names that it may have below the include folders, from -I of the package: "SDL2/SDL.h"
}

// CXX is the need of a composition that has C++ in it: the C++ library which the repository's
// own libraries are compiled against.
const CXX = "stdc++"

// String is the need as the lock records it: "pkg-config:cairo".
func (n Need) String() string { return string(n.Kind) + ":" + n.Name }

// Package is one package file of a repository.
type Package struct {
	Name, Version, Arch string
	Source              string // source package's name
	RepoID              string // lock.Repository.ID it is in
	Path                string // below the base address
	Size                int64
	SHA256              digest.Digest
}

// Traits says what a package contains, as far as the closures care. They come from the
// archive's file index, not from names or sections.
type Traits struct {
	Develop  bool // headers, .pc files, or link-time libraries in the target's search path
	Library  bool // shared libraries in the target's search path
	Programs bool // anything in bin or sbin
	System   bool // the C library and compiler runtime that zig brings (libc6-dev, libgcc-12-dev, libc6, libgcc-s1, …)
	Data     bool // files of other kinds, with at most a .pc file beside them; not only documentation
	Empty    bool // nothing, or documentation alone: transitional and dummy packages
	DocLink  bool // its documentation (the licence!) is a link to that of a package it depends on
}

// Candidate is a package that meets a need.
type Candidate struct {
	Package
	File string // the file in it that does: usr/lib/arm-linux-gnueabihf/pkgconfig/cairo.pc
	Own  bool   // it is taken though the toolchain brings the like: the distribution's own C++ library
}

// Dependency is one dependency of a package: the packages that satisfy it, best first, in
// the repository's own rules (alternatives, versions, virtual packages, Multi-Arch).
type Dependency struct {
	Text       string // as the package states it
	Candidates []Package
}

// Repository is what the closures ask of a distribution's archive, for one architecture.
// Implementations are internal/distro/debian and internal/distro/pacman. Methods are called
// from one goroutine at a time; results must not depend on map order or time.
type Repository interface {
	// Find returns the packages that meet a need, best first; none is no error.
	Find(ctx context.Context, n Need) ([]Candidate, error)
	// Depends returns what p needs (Debian: Pre-Depends and Depends), in the stated order.
	Depends(ctx context.Context, p Package) ([]Dependency, error)
	// Traits says what p contains.
	Traits(ctx context.Context, p Package) (Traits, error)
}

// Files is what a package offers to those who compile and link.
type Files struct {
	Configs   []string // .pc files in the search path, by name without the ending
	Headers   []string // below the include folders: "cairo/cairo.h"
	Libraries []string // shared libraries in the search path: "libcairo.so.2"
}

// Development is what the files of a development package ask of others.
type Development struct {
	Configs  []Config
	Includes []string // what its headers include, its own and the C library's left out
	Links    []Link
}

// Config is what a .pc file asks for.
type Config struct {
	Name     string
	Requires []string // names of .pc files whose libraries are linked too
	Private  []string // names of .pc files that are needed for headers and static libraries alone
	Libs     []string // what follows -l
}

// Link is what the linker finds for -l and a name in a package.
type Link struct {
	Name    string
	Targets []string // names of the shared libraries that it leads to: "libcairo.so.2.11600.0"
	Libs    []string // further -l names, of a linker script
	Static  bool     // there is an archive alone, so its dependencies are linked too
}

// Evidence is what a Repository can tell beyond its index: with it, the build closure is
// made of what .pc files and headers ask for, and of no more. Without, it follows all
// dependencies on development packages.
type Evidence interface {
	// Prepare says that Develop will be asked of some packages and Files or Traits of others,
	// so that they may be fetched in parallel.
	Prepare(ctx context.Context, develop, list []Package) error
	// Files lists what p offers.
	Files(ctx context.Context, p Package) (Files, error)
	// Develop reads p.
	Develop(ctx context.Context, p Package) (Development, error)
}

// Conflicter is a Repository that knows which packages do not go together.
type Conflicter interface {
	Conflict(ctx context.Context, a, b Package) (bool, error)
}

// Suggester is a Repository that can name what looks like a need that nothing meets.
type Suggester interface {
	// Similar returns needs of the same kind, the closest first, at most a handful.
	Similar(ctx context.Context, n Need) ([]string, error)
}
