package aptrepo

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/graft-build/graft/internal/format/deb822"
)

// Suite is the index of one suite: dists/SUITE.
type Suite struct {
	Name   string
	Origin string    // who publishes; apt asks its user when it changes
	Date   time.Time // of the index that was read; zero for a new suite

	parts map[part][]Package
	files []string // by-hash files that the index consisted of
}

// part is what one Packages file is about.
type part struct{ component, arch string }

func (p part) folder() string { return p.component + "/binary-" + p.arch }

// New returns the suite of a repository that has none of this name yet.
func New(name string) *Suite { return &Suite{Name: name, parts: map[part][]Package{}} }

// ConflictError is a package that is there already in the same version, as another file.
type ConflictError struct{ Package Package }

func (e *ConflictError) Error() string {
	p := e.Package
	return fmt.Sprintf("%s %s for %s is published already, with other content (%s)", p.Name, p.Version, p.Arch, p.File)
}

// Add puts a package into a component. It says false when it is there; a *ConflictError is
// one that apt would not tell from another.
func (s *Suite) Add(component string, p Package) (added bool, err error) {
	at := part{component, p.Arch}
	for _, o := range s.parts[at] {
		if !p.same(o) {
			continue
		}
		if p.SHA256 != o.SHA256 {
			return false, &ConflictError{o}
		}
		return false, nil
	}
	s.parts[at] = append(s.parts[at], p)
	slices.SortFunc(s.parts[at], func(a, b Package) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), a.version.Compare(b.version), strings.Compare(a.Version, b.Version))
	})
	return true, nil
}

// Keep drops the packages that keep says false of. A part without packages stays, for apts
// that are set up to read it.
func (s *Suite) Keep(keep func(Package) bool) {
	for at, list := range s.parts {
		s.parts[at] = slices.DeleteFunc(list, func(p Package) bool { return !keep(p) })
	}
}

// Packages are all, by component, architecture, name and version.
func (s *Suite) Packages() []Package {
	var out []Package
	for _, at := range s.order() {
		out = append(out, s.parts[at]...)
	}
	return out
}

// Components and Architectures are what the suite has packages of, sorted.
func (s *Suite) Components() []string { return s.names(func(p part) string { return p.component }) }

// Architectures is described with Components.
func (s *Suite) Architectures() []string { return s.names(func(p part) string { return p.arch }) }

func (s *Suite) names(of func(part) string) []string {
	var out []string
	for p := range s.parts {
		out = append(out, of(p))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (s *Suite) order() []part {
	var out []part
	for p := range s.parts {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b part) int { return strings.Compare(a.folder(), b.folder()) })
	return out
}

// text is a Packages file.
func text(list []Package) []byte {
	var b strings.Builder
	for _, p := range list {
		b.WriteString(p.fields.String() + "\n")
	}
	return []byte(b.String())
}

// dateForm is that of Release files, in UTC.
const dateForm = "Mon, 02 Jan 2006 15:04:05 UTC"

// release is the text of the Release file. There is no Valid-Until: nobody promises to
// publish again. Packages of "all" are in the files of every architecture.
func (s *Suite) release(date time.Time, files []File) []byte {
	var sums strings.Builder
	for _, f := range files {
		fmt.Fprintf(&sums, "\n%s %d %s", f.SHA256.Hex(), len(f.Data), f.Path)
	}
	p := deb822.Paragraph{
		{Name: "Origin", Value: s.Origin}, {Name: "Label", Value: s.Origin},
		{Name: "Suite", Value: s.Name}, {Name: "Codename", Value: s.Name},
		{Name: "Date", Value: date.UTC().Format(dateForm)},
		{Name: "Acquire-By-Hash", Value: "yes"},
		{Name: "Architectures", Value: strings.Join(s.Architectures(), " ")},
		{Name: "Components", Value: strings.Join(s.Components(), " ")},
		{Name: "SHA256", Value: sums.String()},
	}
	return []byte(p.String())
}
