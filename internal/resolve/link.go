package resolve

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// seed notes a library that the application is linked with.
func (s *solver) seed(m *member) {
	m.build = true
	if !slices.Contains(s.seeds, m) {
		s.seeds = append(s.seeds, m)
	}
}

// link finds the packages of the shared libraries that -l and a name lead to from m.
func (s *solver) link(ctx context.Context, m *member, dev Development, name string, seen map[string]bool) error {
	if seen[name] {
		return nil
	}
	seen[name] = true
	if file, exact := strings.CutPrefix(name, ":"); exact { // the file of that name
		if strings.HasSuffix(file, ".a") {
			return s.linkStatic(ctx, m)
		}
		name, _, _ = strings.Cut(strings.TrimPrefix(file, "lib"), ".so")
	}
	at := slices.IndexFunc(dev.Links, func(l Link) bool { return l.Name == name })
	if at < 0 {
		return s.linkElsewhere(ctx, m, name)
	}
	l := dev.Links[at]
	if l.Static {
		return s.linkStatic(ctx, m)
	}
	for _, target := range l.Targets {
		if err := s.linkTarget(ctx, m, target); err != nil {
			return err
		}
	}
	for _, lib := range l.Libs {
		if err := s.link(ctx, m, dev, lib, seen); err != nil {
			return err
		}
	}
	return nil
}

// linkElsewhere looks for a library that a .pc file names but its package has not: in the
// packages that it depends on. The C library's own are none of ours.
func (s *solver) linkElsewhere(ctx context.Context, m *member, name string) error {
	file := "lib" + name + ".so"
	p, ok, err := s.nearest(ctx, m.Package, func(f Files) bool { return slices.Contains(f.Libraries, file) })
	if err != nil || !ok {
		return err
	}
	return s.useOf(m, p, use{kind: useLibrary, name: name, linked: true})
}

// linkStatic takes all that an archive may need, which it does not say itself.
func (s *solver) linkStatic(ctx context.Context, m *member) error {
	return s.dependencies(ctx, m, func(p Package, t Traits) error {
		switch {
		case t.System:
		case t.Develop:
			return s.useOf(m, p, use{kind: useAll, linked: true})
		case t.Library:
			return s.seedOf(m, p)
		}
		return nil
	})
}

// linkTarget finds the package of a shared library among the dependencies of m.
func (s *solver) linkTarget(ctx context.Context, m *member, target string) error {
	stem := soname(target)
	has := func(p Package) (bool, error) {
		files, err := s.evidence.Files(ctx, p)
		if err != nil {
			return false, fmt.Errorf("list package %s: %w", p.Name, err)
		}
		return slices.ContainsFunc(files.Libraries, func(f string) bool { return soname(f) == stem }), nil
	}
	found := false
	var others []Package
	err := s.dependencies(ctx, m, func(p Package, t Traits) error {
		if !t.Library {
			return nil
		}
		others = append(others, p)
		ok, err := has(p)
		if err != nil || !ok || t.System {
			found = found || ok
			return err
		}
		found = true
		return s.seedOf(m, p)
	})
	if err != nil || found {
		return err
	}
	if ok, err := has(m.Package); err != nil || ok {
		s.seed(m)
		return err
	}
	s.decide("%s: no dependency of it has %s, so all its libraries are taken", m.Name, target)
	for _, p := range others {
		t, err := s.traitsOf(ctx, p)
		if err != nil {
			return err
		}
		if t.System {
			continue
		}
		if err := s.seedOf(m, p); err != nil {
			return err
		}
	}
	return nil
}

// ownCXX takes the libraries that C++ is linked with: that of the C++ development package m
// and, of the same source, what that one depends on, which passes exceptions on. The toolchain
// stands in for the latter elsewhere.
func (s *solver) ownCXX(ctx context.Context, m *member) error {
	return s.dependencies(ctx, m, func(p Package, t Traits) error {
		if !t.Library || t.System || p.Source != m.Source {
			return nil
		}
		if err := s.seedOf(m, p); err != nil {
			return err
		}
		shared := s.members[p.Name]
		return s.dependencies(ctx, shared, func(p Package, t Traits) error {
			if !t.Library || p.Source != m.Source {
				return nil
			}
			return s.seedOf(shared, p)
		})
	})
}

// soname cuts a library's file name after the first number of its version: the list of
// files may be of another update than the package.
func soname(file string) string {
	base, rest, ok := strings.Cut(file, ".so.")
	if !ok {
		return file
	}
	major, _, _ := strings.Cut(rest, ".")
	return base + ".so." + major
}

func (s *solver) seedOf(m *member, p Package) error {
	k, err := s.take(p)
	if err != nil {
		return err
	}
	if k != m && !slices.Contains(m.needs, k.Name) {
		m.needs = append(m.needs, k.Name)
	}
	s.seed(k)
	return nil
}

// dependencies calls f for what satisfies each dependency of m, also through packages that
// hold nothing themselves.
func (s *solver) dependencies(ctx context.Context, m *member, f func(Package, Traits) error) error {
	seen := map[string]bool{m.Name: true}
	queue := []Package{m.Package}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		deps, err := s.dependsOf(ctx, at)
		if err != nil {
			return err
		}
		for _, d := range deps {
			p, ok, err := s.pick(at, d)
			if err != nil {
				return err
			}
			if !ok || seen[p.Name] {
				continue
			}
			seen[p.Name] = true
			t, err := s.traitsOf(ctx, p)
			if err != nil {
				return err
			}
			if t.Empty {
				queue = append(queue, p)
				continue
			}
			if err := f(p, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// linkedLibraries adds the libraries that linked ones depend on to the build closure: a
// linker looks through them.
func (s *solver) linkedLibraries(ctx context.Context) error {
	queue := slices.Clone(s.seeds)
	seen := map[*member]bool{}
	for len(queue) > 0 {
		m := queue[0]
		queue = queue[1:]
		if seen[m] {
			continue
		}
		seen[m] = true
		m.build = true
		err := s.dependencies(ctx, m, func(p Package, t Traits) error {
			if !t.Library || t.System {
				return nil
			}
			k, err := s.take(p)
			if err != nil {
				return err
			}
			queue = append(queue, k)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// names returns the members' names, sorted.
func (s *solver) names() []string { return slices.Sorted(maps.Keys(s.members)) }
