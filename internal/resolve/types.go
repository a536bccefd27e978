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
}

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
	System   bool // the C library and compiler runtime that zig brings (libc6-dev, libgcc-12-dev, …)
	Data     bool // none of the above, and not only documentation
}

// Candidate is a package that meets a need.
type Candidate struct {
	Package
	File string // the file in it that does: usr/lib/arm-linux-gnueabihf/pkgconfig/cairo.pc
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
