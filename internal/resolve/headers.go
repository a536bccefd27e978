package resolve

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// headers meets the needs of headers, after everything else: most are in packages that other
// needs have brought, and only what is left over asks for a package of its own. All of that one
// is taken, its libraries too: a module that says nothing else opens them when it runs, or is
// linked with them by flags of its user.
func (s *solver) headers(ctx context.Context, needs []Need) error {
	var missing MissingError
	// Those that leave no choice first: a choice can then fall on one of them.
	for _, single := range []bool{true, false} {
		for _, n := range needs {
			found, err := s.findHeader(ctx, n)
			if err != nil {
				return err
			}
			if single != (len(found) == 1) {
				continue
			}
			if err := s.header(ctx, n, found, &missing); err != nil {
				return err
			}
		}
	}
	if len(missing.Needs) > 0 {
		slices.SortFunc(missing.Needs, func(a, b MissingNeed) int { return strings.Compare(a.String(), b.String()) })
		return &missing
	}
	return s.build(ctx)
}

// findHeader looks below the folders that the package names first, as the compiler does.
func (s *solver) findHeader(ctx context.Context, n Need) ([]Candidate, error) {
	for _, name := range append(slices.Clone(n.Places), n.Name) {
		at := n
		at.Name, at.Soft = name, true // what is in no list at hand may be in a member
		found, err := s.repo.Find(ctx, at)
		if err != nil {
			return nil, fmt.Errorf("find %s: %w", at, err)
		}
		if len(found) > 0 {
			return found, nil
		}
	}
	return nil, nil
}

func (s *solver) header(ctx context.Context, n Need, found []Candidate, missing *MissingError) error {
	for _, c := range found {
		t, err := s.traitsOf(ctx, c.Package)
		if err != nil || t.System && s.searched(n, c) {
			return err
		}
		if m := s.members[c.Name]; m != nil && m.build {
			m.asked(n.String())
			return nil
		}
	}
	if found = s.inSearch(n, found); len(found) == 0 {
		has, err := s.brought(ctx, n)
		if err == nil && !has {
			has, err = s.beside(ctx, n)
		}
		if err != nil || has || n.Soft {
			return err
		}
		if found, err = s.find(ctx, n, missing); err != nil {
			return err
		}
		elsewhere := found
		if found = s.inSearch(n, found); len(found) == 0 && len(elsewhere) > 0 {
			missing.Needs = append(missing.Needs, MissingNeed{Need: n, Similar: []string{elsewhere[0].Name + " has " + elsewhere[0].File}})
		}
	}
	if len(found) > 0 {
		m, err := s.choose(ctx, n, found, true)
		if err != nil || m == nil {
			return err
		}
		m.asked(n.String())
		m.build = true
		s.use(use{m, useAll, "", true})
	}
	return nil
}

// brought says whether a package of the build closure has a header in a folder of its own,
// which its .pc file names: gtk/gtk.h in gtk-3.0.
func (s *solver) brought(ctx context.Context, n Need) (bool, error) {
	if s.evidence == nil {
		return false, nil
	}
	for _, name := range s.names() {
		m := s.members[name]
		if !m.build {
			continue
		}
		if has, err := s.hasHeader(ctx, m.Package, n.Name); err != nil || has {
			return has, err
		}
	}
	return false, nil
}

// beside takes the package of a header that a package of the build closure depends on: the .pc
// file and the folder that it names can be in two packages, as those of ImageMagick are.
func (s *solver) beside(ctx context.Context, n Need) (bool, error) {
	if s.evidence == nil {
		return false, nil
	}
	for _, name := range s.names() {
		m := s.members[name]
		if !m.build || !m.included {
			continue
		}
		deps, err := s.dependsOf(ctx, m.Package)
		if err != nil {
			return false, err
		}
		for _, d := range deps {
			p, ok, err := s.pick(m.Package, d)
			if err != nil {
				return false, err
			}
			if !ok {
				continue
			}
			if has, err := s.hasHeader(ctx, p, n.Name); err != nil {
				return false, err
			} else if has {
				if err := s.useOf(m, p, use{kind: useHeaders}); err != nil {
					return false, err
				}
				s.members[p.Name].asked(n.String())
				return true, s.build(ctx)
			}
		}
	}
	return false, nil
}

// hasHeader says whether a development package has a header that a folder of its own may lead to.
func (s *solver) hasHeader(ctx context.Context, p Package, name string) (bool, error) {
	t, err := s.traitsOf(ctx, p)
	if err != nil || t.System || !t.Develop {
		return false, err
	}
	files, err := s.evidence.Files(ctx, p)
	if err != nil {
		return false, fmt.Errorf("list package %s: %w", p.Name, err)
	}
	return files.include(name), nil
}

// include says whether #include can mean one of the files, from whatever folder.
func (f Files) include(name string) bool {
	return slices.ContainsFunc(f.Headers, func(h string) bool { return h == name || strings.HasSuffix(h, "/"+name) })
}

// inSearch are the candidates whose file a compiler finds by itself.
func (s *solver) inSearch(n Need, found []Candidate) []Candidate {
	return slices.DeleteFunc(slices.Clone(found), func(c Candidate) bool { return !s.searched(n, c) })
}

// searched says whether a compiler finds the file without any -I, or in a place of the need's.
func (s *solver) searched(n Need, c Candidate) bool {
	if s.evidence != nil {
		return true // it told nothing else
	}
	_, below, _ := strings.Cut(c.File, "/include/")
	return below == n.Name || slices.Contains(n.Places, below)
}
