// Package shlibdeps computes what a program depends on as dpkg-shlibdeps does: from the
// symbols and shlibs files of the packages that have its libraries and the symbols that it
// uses. It comes after closure and feeds pack.
//
// The rules are those of dpkg 1.21 (dpkg-shlibdeps(1)):
//
//   - Only libraries that the program names itself count (DT_NEEDED, in order).
//   - A package's symbols file decides when it knows the library, else its shlibs file.
//   - Each library starts with its main dependency and the oldest version in its symbols file:
//     the library is needed even if no symbol of it is.
//   - Each undefined symbol, weak ones and variables that the loader copies included, is looked
//     for in the libraries with symbols files, in order; the first that has it raises the
//     version of its dependency. A symbol that no file has raises nothing.
//
// What dpkg-shlibdeps knows beside that, Build-Depends of a source package and files of the
// administrator, does not exist here.
package shlibdeps

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/format/deb822"
	"github.com/graft-build/graft/internal/format/debsymbols"
	"github.com/graft-build/graft/internal/format/debver"
	"github.com/graft-build/graft/internal/format/elf"
)

// Library is a shared library of a package.
type Library struct {
	Name    string // that programs ask for it by
	Package string
	Control string // folder with the package's control files
	// Otherwise is the dependency when the package has neither symbols nor shlibs for the
	// library. dpkg-shlibdeps fails then, or leaves it out when the name has no version.
	Otherwise string
}

// Compute returns the dependencies of a program, sorted. libraries has all that the program
// names, and may have more.
func Compute(program string, libraries []Library) ([]deb822.Alternatives, error) {
	out, err := compute(program, libraries)
	if err != nil {
		return nil, fmt.Errorf("compute dependencies of %s: %w", filepath.Base(program), err)
	}
	return out, nil
}

func compute(program string, libraries []Library) ([]deb822.Alternatives, error) {
	needed, symbols, err := read(program)
	if err != nil {
		return nil, err
	}
	c := computation{depends: map[string]debver.Version{}, files: map[string]*debsymbols.Symbols{}}
	for _, name := range needed {
		i := slices.IndexFunc(libraries, func(l Library) bool { return l.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("no package is known for %s", name)
		}
		if err := c.library(libraries[i]); err != nil {
			return nil, fmt.Errorf("package %s: %w", libraries[i].Package, err)
		}
	}
	for _, s := range symbols {
		if !s.Defined || s.Copied {
			c.symbol(s)
		}
	}
	return c.result()
}

func read(program string) (needed []string, symbols []elf.Symbol, err error) {
	f, err := os.Open(program)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	e, err := elf.Parse(f, fi.Size())
	if err != nil {
		return nil, nil, err
	}
	symbols, err = e.Symbols()
	return e.Needed, symbols, err
}

// computation is one under way.
type computation struct {
	depends map[string]debver.Version // template → least version, zero for any
	known   []*debsymbols.Library     // libraries with symbols, in the program's order
	files   map[string]*debsymbols.Symbols
}

// library adds the dependency on a library itself.
func (c *computation) library(l Library) error {
	syms, err := c.symbolsOf(l.Control)
	if err != nil {
		return err
	}
	if lib, ok := syms.Library(l.Name); ok {
		c.known = append(c.known, lib)
		oldest, _ := lib.Oldest(0)
		c.raise(lib.Template(0), oldest)
		return nil
	}
	b, err := control(l.Control, "shlibs")
	if err != nil {
		return err
	}
	shlibs, err := debsymbols.ParseShlibs(b)
	if err != nil {
		return err
	}
	depends, ok := shlibs.Depends(l.Name)
	if !ok {
		depends = l.Otherwise
	}
	for d := range strings.SplitSeq(depends, ",") {
		c.depends[strings.TrimSpace(d)] = debver.Version{}
	}
	return nil
}

// symbolsOf reads the symbols file of a package; one without is an empty one.
func (c *computation) symbolsOf(dir string) (*debsymbols.Symbols, error) {
	if s, ok := c.files[dir]; ok {
		return s, nil
	}
	b, err := control(dir, "symbols")
	if err != nil {
		return nil, err
	}
	s, err := debsymbols.Parse(b)
	if err != nil {
		return nil, err
	}
	c.files[dir] = s
	return s, nil
}

// control reads a control file, nil when the package has none of that name.
func control(dir, name string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	fi, err := root.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() || fi.Size() > debsymbols.MaxSize {
		return nil, fmt.Errorf("%s is no file of bearable size", name)
	}
	return root.ReadFile(name)
}

// symbol raises the dependency that a symbol of the program asks for.
func (c *computation) symbol(s elf.Symbol) {
	for _, lib := range c.known {
		if found, ok := lib.Find(s.Name, s.Version); ok && !found.Gone {
			c.raise(lib.Template(found.Template), found.Least)
			return
		}
	}
}

// raise notes a least version of each dependency of a template.
func (c *computation) raise(template string, least debver.Version) {
	for t := range strings.SplitSeq(template, ",") {
		t = strings.TrimSpace(t)
		if was, ok := c.depends[t]; !ok || least.Compare(was) > 0 {
			c.depends[t] = least
		}
	}
}

// result fills the templates in.
func (c *computation) result() ([]deb822.Alternatives, error) {
	var out []deb822.Alternatives
	for t, least := range c.depends {
		version := ""
		if least != (debver.Version{}) && least.String() != "0" { // as for dpkg, 0 is any version
			version = "(>= " + least.String() + ")"
		}
		list, err := deb822.ParseRelations(strings.ReplaceAll(t, "#MINVER#", version))
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	slices.SortFunc(out, compare)
	return slices.CompactFunc(out, func(a, b deb822.Alternatives) bool { return a.String() == b.String() }), nil
}
