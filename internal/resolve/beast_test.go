package resolve_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/graft-build/graft/internal/format/deb822"
	"github.com/graft-build/graft/internal/format/debver"
	"github.com/graft-build/graft/internal/resolve"
)

// beast is a repository in a text. Its paragraphs are packages:
//
//	Package, Version (1), Source, Depends, Provides: as in Debian
//	Holds: any of develop library programs system data doclink own
//	Configs: "name: -llib -llib require …; private …", one a line
//	Conflicts: names
//	Includes, Headers, Libraries: words
//	Links: "name=target -llib", "name=" for an archive alone, one a line
type beast struct {
	packages []*animal
	read     []string // names that Develop was asked for
	known    bool     // it can tell evidence
}

type animal struct {
	resolve.Package
	version           debver.Version
	depends, provides []deb822.Alternatives
	traits            resolve.Traits
	files             resolve.Files
	development       resolve.Development
	conflicts         []string
	own               bool // the distribution's own of what the toolchain has too
}

func newBeast(text string) (*beast, error) {
	b := &beast{}
	in := deb822.NewReader(strings.NewReader(text)).Comments()
	for {
		p, err := in.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		a, err := newAnimal(p)
		if err != nil {
			return nil, err
		}
		b.packages = append(b.packages, a)
	}
	// The newest first, whatever the order of the text.
	slices.SortStableFunc(b.packages, func(x, y *animal) int { return y.version.Compare(x.version) })
	return b, nil
}

func mustBeast(t testing.TB, text string) *beast {
	t.Helper()
	b, err := newBeast(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newAnimal(p deb822.Paragraph) (*animal, error) {
	a := &animal{}
	a.Name, a.Version, a.Source, a.Arch = p.Get("Package"), p.Get("Version"), p.Get("Source"), "any"
	if !deb822.ValidName(a.Name) {
		return nil, fmt.Errorf("name %q", a.Name)
	}
	if a.Version == "" {
		a.Version = "1"
	}
	if a.Source == "" {
		a.Source = a.Name
	}
	var errs [4]error
	a.version, errs[0] = debver.Parse(a.Version)
	a.depends, errs[1] = deb822.ParseRelations(p.Get("Depends"))
	a.provides, errs[2] = deb822.ParseRelations(p.Get("Provides"))
	errs[3] = a.hold(strings.Fields(p.Get("Holds")))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	a.conflicts = strings.Fields(p.Get("Conflicts"))
	a.files.Headers = strings.Fields(p.Get("Headers"))
	a.files.Libraries = strings.Fields(p.Get("Libraries"))
	a.development.Includes = strings.Fields(p.Get("Includes"))
	for _, line := range lines(p.Get("Configs")) {
		a.config(line)
	}
	for _, line := range lines(p.Get("Links")) {
		a.link(line)
	}
	return a, nil
}

func (a *animal) link(line string) {
	name, targets, _ := strings.Cut(line, "=")
	l := resolve.Link{Name: name}
	for _, w := range strings.Fields(targets) {
		if lib, ok := strings.CutPrefix(w, "-l"); ok {
			l.Libs = append(l.Libs, lib)
		} else {
			l.Targets = append(l.Targets, w)
		}
	}
	l.Static = l.Targets == nil && l.Libs == nil
	a.development.Links = append(a.development.Links, l)
	if !l.Static {
		a.files.Libraries = append(a.files.Libraries, "lib"+name+".so")
	}
}

func lines(s string) []string {
	return slices.DeleteFunc(strings.Split(s, "\n"), func(l string) bool { return strings.TrimSpace(l) == "" })
}

func (a *animal) hold(words []string) error {
	a.traits.Empty = true
	for _, w := range words {
		switch w {
		case "develop":
			a.traits.Develop = true
		case "library":
			a.traits.Library = true
		case "programs":
			a.traits.Programs = true
		case "system":
			a.traits.System = true
		case "data":
			a.traits.Data = true
		case "own":
			a.own = true
		case "doclink":
			a.traits.DocLink = true
			continue
		default:
			return fmt.Errorf("%s holds %q", a.Name, w)
		}
		a.traits.Empty = false
	}
	return nil
}

func (a *animal) config(line string) {
	name, rest, _ := strings.Cut(line, ":")
	public, private, _ := strings.Cut(rest, ";")
	c := resolve.Config{Name: name, Private: strings.Fields(private)}
	for _, w := range strings.Fields(public) {
		if lib, ok := strings.CutPrefix(w, "-l"); ok {
			c.Libs = append(c.Libs, lib)
		} else {
			c.Requires = append(c.Requires, w)
		}
	}
	a.development.Configs = append(a.development.Configs, c)
	a.files.Configs = append(a.files.Configs, name)
}

func (b *beast) animal(p resolve.Package) *animal {
	for _, a := range b.packages {
		if a.Package == p {
			return a
		}
	}
	panic("no package " + p.Name)
}

func (b *beast) Find(_ context.Context, n resolve.Need) ([]resolve.Candidate, error) {
	var out []resolve.Candidate
	for _, a := range b.packages {
		ok := false
		switch n.Kind {
		case resolve.NamePackage:
			ok = a.Name == n.Name
		case resolve.PkgConfig:
			ok = slices.Contains(a.files.Configs, n.Name)
		case resolve.Library:
			ok = slices.ContainsFunc(a.development.Links, func(l resolve.Link) bool { return l.Name == n.Name })
		case resolve.Header:
			ok = slices.Contains(a.files.Headers, n.Name)
		}
		if ok && !slices.ContainsFunc(out, func(c resolve.Candidate) bool { return c.Name == a.Name }) {
			out = append(out, resolve.Candidate{Package: a.Package, File: "usr/include/" + n.Name, Own: a.own})
		}
	}
	slices.SortStableFunc(out, func(x, y resolve.Candidate) int { return strings.Compare(x.Name, y.Name) })
	return out, nil
}

func (b *beast) Depends(_ context.Context, p resolve.Package) ([]resolve.Dependency, error) {
	var out []resolve.Dependency
	for _, alt := range b.animal(p).depends {
		d := resolve.Dependency{Text: alt.String()}
		for _, r := range alt {
			for _, virtual := range []bool{false, true} {
				for _, a := range b.packages {
					if a.satisfies(r, virtual) && !slices.Contains(d.Candidates, a.Package) {
						d.Candidates = append(d.Candidates, a.Package)
					}
				}
			}
		}
		out = append(out, d)
	}
	return out, nil
}

func (a *animal) satisfies(r deb822.Relation, virtual bool) bool {
	if !virtual {
		return a.Name == r.Name && r.Op.Holds(a.version, r.Version)
	}
	for _, alt := range a.provides {
		if p := alt[0]; p.Name == r.Name && (r.Op == debver.None || p.Op == debver.Equal && r.Op.Holds(p.Version, r.Version)) {
			return true
		}
	}
	return false
}

func (b *beast) Traits(_ context.Context, p resolve.Package) (resolve.Traits, error) {
	return b.animal(p).traits, nil
}

// learned is a beast that can tell evidence.
type learned struct{ *beast }

func (b learned) Prepare(context.Context, []resolve.Package, []resolve.Package) error { return nil }

func (b learned) Files(_ context.Context, p resolve.Package) (resolve.Files, error) {
	return b.animal(p).files, nil
}

func (b learned) Develop(_ context.Context, p resolve.Package) (resolve.Development, error) {
	b.read = append(b.read, p.Name)
	return b.animal(p).development, nil
}

func (b learned) Conflict(_ context.Context, x, y resolve.Package) (bool, error) {
	return slices.Contains(b.animal(x).conflicts, y.Name) || slices.Contains(b.animal(y).conflicts, x.Name), nil
}

func (b learned) Similar(_ context.Context, n resolve.Need) ([]string, error) {
	return []string{string(n.Kind) + ":like-" + n.Name}, nil
}
