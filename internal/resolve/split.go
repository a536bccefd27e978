package resolve

import (
	"context"
	"fmt"
	"slices"
)

// splitHeaders takes packages that have headers which those of a member include, though the member
// does not depend on them: distributions divide the headers of one source so. Debian's
// GL/glx.h, in libglx-dev, includes GL/gl.h of libgl-dev, which depends on libglx-dev; those of
// libmagickcore-6-headers include some of libmagickcore-6-arch-config, on which only
// libmagickcore-6.q16-dev depends. So a package counts that is of the same source and depends
// on the member, or that another member of this source depends on. Any other header that nothing has is taken
// for one that stands under a condition.
func (s *solver) splitHeaders(ctx context.Context) error {
	if s.evidence == nil {
		return nil
	}
	has, done := map[string]bool{}, map[string]bool{}
	for again := true; again; {
		again = false
		for _, name := range s.names() {
			m := s.members[name]
			if !m.build || done[name] {
				continue
			}
			done[name], again = true, true
			if err := s.addHeaders(ctx, m, has); err != nil {
				return err
			}
		}
		for _, name := range s.names() {
			if m := s.members[name]; again && m.included {
				if err := s.splitOf(ctx, m, has); err != nil {
					return err
				}
			}
		}
		if err := s.build(ctx); err != nil {
			return err
		}
	}
	return nil
}

// addHeaders notes what a member has, under all names that it can be included by.
func (s *solver) addHeaders(ctx context.Context, m *member, has map[string]bool) error {
	if t, err := s.traitsOf(ctx, m.Package); err != nil || !t.Develop {
		return err
	}
	files, err := s.evidence.Files(ctx, m.Package)
	if err != nil {
		return fmt.Errorf("list package %s: %w", m.Name, err)
	}
	for _, h := range files.Headers {
		eachEnd(h, func(name string) bool { has[name] = true; return false })
	}
	return nil
}

// splitOf looks at what the headers of m include and nothing has.
func (s *solver) splitOf(ctx context.Context, m *member, has map[string]bool) error {
	dev, err := s.evidence.Develop(ctx, m.Package)
	if err != nil {
		return fmt.Errorf("read package %s: %w", m.Name, err)
	}
	unmet := slices.DeleteFunc(slices.Clone(dev.Includes), func(name string) bool { return has[name] })
	if len(unmet) == 0 {
		return nil
	}
	siblings, err := s.siblings(ctx, m)
	if err != nil {
		return err
	}
	for _, name := range unmet {
		p, ok, err := s.partWith(ctx, m, siblings, name)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		s.decide("%s: taken, for headers of %s include its %s", p.Name, m.Name, name)
		if err := s.useOf(m, p, use{kind: useHeaders}); err != nil {
			return err
		}
	}
	return nil
}

// siblings are the packages of m's source that members depend on.
func (s *solver) siblings(ctx context.Context, m *member) ([]Package, error) {
	var out []Package
	for _, name := range s.names() {
		by := s.members[name]
		if !by.included || by.Source != m.Source {
			continue
		}
		deps, err := s.dependsOf(ctx, by.Package)
		if err != nil {
			return nil, err
		}
		for _, d := range deps {
			p, ok, err := s.pick(by.Package, d)
			if err != nil {
				return nil, err
			}
			if ok && p.Source == m.Source && !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out, nil
}

// partWith finds the package of m's source that has a header.
func (s *solver) partWith(ctx context.Context, m *member, siblings []Package, name string) (Package, bool, error) {
	for _, p := range siblings {
		if has, err := s.hasHeader(ctx, p, name); err != nil || has {
			return p, has, err
		}
	}
	found, err := s.repo.Find(ctx, Need{Kind: Header, Name: name, Soft: true})
	if err != nil {
		return Package{}, false, fmt.Errorf("find header %s: %w", name, err)
	}
	for _, c := range found {
		if k := s.members[c.Name]; c.Source != m.Source || k != nil && k.Package != c.Package {
			continue
		}
		deps, err := s.dependsOf(ctx, c.Package)
		if err != nil {
			return Package{}, false, err
		}
		if slices.ContainsFunc(deps, func(d Dependency) bool { return slices.Contains(d.Candidates, m.Package) }) {
			return c.Package, true, nil
		}
	}
	return Package{}, false, nil
}
