package resolve

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// useKind is what of a package is used to build.
type useKind int

const (
	useAll     useKind = iota
	useConfig          // a .pc file
	useLibrary         // what -l finds
	useHeaders         // its headers, by those of another package
)

// use is one thing of a package that is used, and whether its libraries are linked.
type use struct {
	m      *member
	kind   useKind
	name   string
	linked bool
}

// use notes something to be looked at, each once.
func (s *solver) use(u use) {
	if !s.used[u] {
		s.used[u] = true
		s.uses = append(s.uses, u)
	}
}

// build follows what is used, in waves, so that the packages of one wave can be fetched in
// parallel.
func (s *solver) build(ctx context.Context) error {
	for len(s.uses) > 0 {
		wave := s.uses
		s.uses = nil
		if s.evidence != nil {
			var packages []Package
			for _, u := range wave {
				packages = append(packages, u.m.Package)
			}
			if err := s.evidence.Prepare(ctx, packages, nil); err != nil {
				return fmt.Errorf("read packages: %w", err)
			}
		}
		for _, u := range wave {
			if err := s.follow(ctx, u); err != nil {
				return err
			}
		}
	}
	return s.linkedLibraries(ctx)
}

func (s *solver) follow(ctx context.Context, u use) error {
	t, err := s.traitsOf(ctx, u.m.Package)
	if err != nil {
		return err
	}
	if t.Library && u.linked && (!t.Develop || s.evidence == nil) {
		s.seed(u.m)
	}
	if s.evidence == nil || t.Empty {
		return s.followAll(ctx, u)
	}
	if !t.Develop {
		return nil
	}
	dev, err := s.evidence.Develop(ctx, u.m.Package)
	if err != nil {
		return fmt.Errorf("read package %s: %w", u.m.Name, err)
	}
	if err := s.followUse(ctx, u, dev); err != nil {
		return err
	}
	if u.m.included {
		return nil
	}
	u.m.included = true
	return s.includes(ctx, u.m, dev)
}

func (s *solver) followUse(ctx context.Context, u use, dev Development) error {
	switch u.kind {
	case useConfig:
		for _, c := range dev.Configs {
			if c.Name == u.name {
				return s.config(ctx, u.m, dev, c, u.linked)
			}
		}
	case useLibrary:
		for _, c := range dev.Configs {
			if slices.Contains(c.Libs, u.name) {
				if err := s.config(ctx, u.m, dev, c, u.linked); err != nil {
					return err
				}
			}
		}
		return s.link(ctx, u.m, dev, u.name, map[string]bool{})
	case useAll:
		for _, c := range dev.Configs {
			if err := s.config(ctx, u.m, dev, c, u.linked); err != nil {
				return err
			}
		}
		if !u.linked {
			return nil
		}
		for _, l := range dev.Links {
			if err := s.link(ctx, u.m, dev, l.Name, map[string]bool{}); err != nil {
				return err
			}
		}
	}
	return nil
}

// followAll goes along all dependencies on development packages and libraries: of a package
// that holds nothing itself, or in a repository that tells no more.
func (s *solver) followAll(ctx context.Context, u use) error {
	return s.dependencies(ctx, u.m, func(p Package, t Traits) error {
		if t.System || !t.Develop && !t.Library {
			return nil
		}
		return s.useOf(u.m, p, use{kind: useAll, linked: u.linked})
	})
}

// useOf takes p, which m uses, and notes what of it.
func (s *solver) useOf(m *member, p Package, u use) error {
	k, err := s.take(p)
	if err != nil {
		return err
	}
	k.build = true
	if k != m && !slices.Contains(m.needs, k.Name) {
		m.needs = append(m.needs, k.Name)
	}
	u.m = k
	s.use(u)
	return nil
}

// config follows a .pc file.
func (s *solver) config(ctx context.Context, m *member, dev Development, c Config, linked bool) error {
	if linked {
		for _, lib := range c.Libs {
			if err := s.link(ctx, m, dev, lib, map[string]bool{}); err != nil {
				return err
			}
		}
	}
	for _, name := range c.Requires {
		if err := s.require(ctx, m, dev, c.Name, name, linked); err != nil {
			return err
		}
	}
	for _, name := range c.Private {
		if err := s.require(ctx, m, dev, c.Name, name, false); err != nil {
			return err
		}
	}
	return nil
}

// require finds the .pc file that another one requires: in the package itself, else in the
// nearest of its dependencies.
func (s *solver) require(ctx context.Context, m *member, dev Development, by, name string, linked bool) error {
	u := use{kind: useConfig, name: name, linked: linked}
	if slices.ContainsFunc(dev.Configs, func(c Config) bool { return c.Name == name }) {
		return s.useOf(m, m.Package, u)
	}
	p, ok, err := s.nearest(ctx, m.Package, func(f Files) bool { return slices.Contains(f.Configs, name) })
	if err != nil {
		return err
	}
	if !ok {
		s.decide("%s.pc of %s requires %s, which none of its dependencies has", by, m.Name, name)
		return nil
	}
	return s.useOf(m, p, u)
}

// maxNearest bounds the packages that are looked through for one file.
const maxNearest = 1000

// nearest goes along dependencies through development packages, breadth first, to the first
// whose files fit.
func (s *solver) nearest(ctx context.Context, from Package, fits func(Files) bool) (Package, bool, error) {
	seen := map[string]bool{from.Name: true}
	queue := []Package{from}
	for len(queue) > 0 && len(seen) < maxNearest {
		at := queue[0]
		queue = queue[1:]
		deps, err := s.dependsOf(ctx, at)
		if err != nil {
			return Package{}, false, err
		}
		for _, d := range deps {
			p, ok, err := s.pick(at, d)
			if err != nil {
				return Package{}, false, err
			}
			if !ok || seen[p.Name] {
				continue
			}
			seen[p.Name] = true
			t, err := s.traitsOf(ctx, p)
			if err != nil {
				return Package{}, false, err
			}
			if t.System || !t.Develop && !t.Empty {
				continue
			}
			files, err := s.evidence.Files(ctx, p)
			if err != nil {
				return Package{}, false, fmt.Errorf("list package %s: %w", p.Name, err)
			}
			if fits(files) {
				return p, true, nil
			}
			queue = append(queue, p)
		}
	}
	return Package{}, false, nil
}

// includes finds the dependencies whose headers those of m include.
func (s *solver) includes(ctx context.Context, m *member, dev Development) error {
	if len(dev.Includes) == 0 {
		return nil
	}
	want := map[string]bool{}
	for _, name := range dev.Includes {
		want[name] = true
	}
	seen := map[string]bool{m.Name: true}
	queue := []Package{m.Package}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		found, through, err := s.including(ctx, at, want, seen)
		if err != nil {
			return err
		}
		for _, p := range found {
			if err := s.useOf(m, p, use{kind: useHeaders}); err != nil {
				return err
			}
		}
		queue = append(queue, through...)
	}
	return nil
}

// including divides the dependencies of a package into those that have a wanted header and
// those that only lead to others.
func (s *solver) including(ctx context.Context, at Package, want, seen map[string]bool) (found, through []Package, err error) {
	deps, err := s.dependsOf(ctx, at)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range deps {
		p, ok, err := s.pick(at, d)
		if err != nil {
			return nil, nil, err
		}
		if !ok || seen[p.Name] {
			continue
		}
		seen[p.Name] = true
		t, err := s.traitsOf(ctx, p)
		if err != nil {
			return nil, nil, err
		}
		switch {
		case t.System:
		case t.Empty:
			through = append(through, p)
		case t.Develop:
			files, err := s.evidence.Files(ctx, p)
			if err != nil {
				return nil, nil, fmt.Errorf("list package %s: %w", p.Name, err)
			}
			if slices.ContainsFunc(files.Headers, func(h string) bool { return wanted(want, h) }) {
				found = append(found, p)
			}
		}
	}
	return found, through, nil
}

// wanted says whether a header is included under its name or the end of it, as it is with
// an include folder of its own: glib.h of glib-2.0/glib.h.
func wanted(want map[string]bool, header string) bool {
	return eachEnd(header, func(name string) bool { return want[name] })
}

// eachEnd goes through the names that a header can be included by until one fits.
func eachEnd(header string, fits func(name string) bool) bool {
	for name := header; name != ""; _, name, _ = strings.Cut(name, "/") {
		if fits(name) {
			return true
		}
	}
	return false
}

// explain tells which dependencies of the build closure nothing asked for, and where an
// older version had to be taken.
func (s *solver) explain(ctx context.Context) error {
	for _, name := range s.names() {
		if err := s.leftOut(ctx, s.members[name]); err != nil {
			return err
		}
		if s.allowed[name] == nil {
			continue
		}
		var wants []string
		for _, w := range s.wants[name] {
			wants = append(wants, w.Package+" wants "+w.Dependency)
		}
		s.decide("%s: %s taken though there are other versions: %s", name, s.members[name].Version, strings.Join(wants, ", "))
	}
	return nil
}

func (s *solver) leftOut(ctx context.Context, m *member) error {
	if s.evidence == nil || !m.build || !m.included {
		return nil
	}
	deps, err := s.dependsOf(ctx, m.Package)
	if err != nil {
		return err
	}
	var out []string
	for _, d := range deps {
		member := func(c Package) bool { return s.members[c.Name] != nil }
		if len(d.Candidates) > 0 && !slices.ContainsFunc(d.Candidates, member) && !s.traits[d.Candidates[0]].System {
			out = append(out, d.Candidates[0].Name)
		}
	}
	if len(out) > 0 {
		s.decide("%s: left out of what it depends on, for nothing in use asks for it: %s", m.Name, strings.Join(distinct(out), ", "))
	}
	return nil
}
