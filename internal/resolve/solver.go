package resolve

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// version identifies one of several packages of a name.
type version struct{ version, repo string }

// member is a package that was chosen.
type member struct {
	Package
	build, run bool
	included   bool // its headers were looked at
	forWhom    []string
	needs      []string // members that its files ask for
}

func (m *member) asked(who string) { m.forWhom = append(m.forWhom, who) }

// solver is the state of a resolution. An attempt chooses the newest version of each
// package; when a dependency later rules it out, allowed is narrowed and all starts anew.
type solver struct {
	repo     Repository
	evidence Evidence // nil when the repository cannot tell

	// These last over all attempts.
	allowed map[string]map[version]bool // by name; no entry: all
	wants   map[string][]Want           // who wanted what of a name
	depends map[Package][]Dependency
	traits  map[Package]Traits

	ruledOut map[string]string // a package that a need had a choice about, and what it conflicts with

	members   map[string]*member
	chosen    map[string]bool // members that a need had a choice about
	seeds     []*member       // libraries that are linked
	uses      []use           // to do
	used      map[use]bool
	decisions []string
	told      map[string]bool
}

// errAgain asks for another attempt.
var errAgain = errors.New("versions are narrowed")

// decide notes a decision, each once.
func (s *solver) decide(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !s.told[text] {
		s.told[text] = true
		s.decisions = append(s.decisions, text)
	}
}

func (s *solver) traitsOf(ctx context.Context, p Package) (Traits, error) {
	if t, ok := s.traits[p]; ok {
		return t, nil
	}
	t, err := s.repo.Traits(ctx, p)
	if err != nil {
		return t, fmt.Errorf("see what package %s holds: %w", p.Name, err)
	}
	s.traits[p] = t
	return t, nil
}

func (s *solver) dependsOf(ctx context.Context, p Package) ([]Dependency, error) {
	if d, ok := s.depends[p]; ok {
		return d, nil
	}
	d, err := s.repo.Depends(ctx, p)
	if err != nil {
		return nil, err
	}
	s.depends[p] = d
	return d, nil
}

// take makes a package a member.
func (s *solver) take(p Package) (*member, error) {
	if m := s.members[p.Name]; m != nil {
		if m.Package != p {
			return nil, fmt.Errorf("choose a version of %s: both %s and %s are taken", p.Name, m.Version, p.Version)
		}
		return m, nil
	}
	if len(s.members) == maxMembers {
		return nil, fmt.Errorf("resolve packages: more than %d", maxMembers)
	}
	m := &member{Package: p}
	s.members[p.Name] = m
	return m, nil
}

// newestAllowed replaces a package that an earlier attempt ruled out by another version.
func (s *solver) newestAllowed(ctx context.Context, p Package) (Package, error) {
	if m := s.members[p.Name]; m != nil {
		return m.Package, nil
	}
	allowed := s.allowed[p.Name]
	if allowed == nil || allowed[version{p.Version, p.RepoID}] {
		return p, nil
	}
	// The repository told the other versions in a dependency.
	for _, deps := range s.narrowing(p.Name) {
		for _, c := range deps.Candidates {
			if c.Name == p.Name && allowed[version{c.Version, c.RepoID}] {
				return c, nil
			}
		}
	}
	return p, s.conflict(p.Name)
}

// narrowing returns the known dependencies on a name, in the order of the packages that
// state them.
func (s *solver) narrowing(name string) []Dependency {
	var from []Package
	for p, deps := range s.depends {
		for _, d := range deps {
			if slices.ContainsFunc(d.Candidates, func(c Package) bool { return c.Name == name }) {
				from = append(from, p)
				break
			}
		}
	}
	slices.SortFunc(from, comparePackages)
	var out []Dependency
	for _, p := range from {
		out = append(out, s.depends[p]...)
	}
	return out
}

func (s *solver) conflict(name string) error {
	return &ConflictError{Name: name, Wants: s.wants[name]}
}

// want remembers what a package wants of another, for errors.
func (s *solver) want(name string, w Want) {
	if s.wants == nil {
		s.wants = map[string][]Want{}
	}
	if !slices.Contains(s.wants[name], w) {
		s.wants[name] = append(s.wants[name], w)
	}
}

// pick finds the package that satisfies a dependency: one that is a member, else the first
// that can be one. None is found for a dependency without candidates.
func (s *solver) pick(from Package, d Dependency) (p Package, ok bool, err error) {
	var free, taken []Package
	for _, c := range d.Candidates {
		if a := s.allowed[c.Name]; a != nil && !a[version{c.Version, c.RepoID}] {
			s.want(c.Name, Want{from.Name, d.Text})
			continue
		}
		switch m := s.members[c.Name]; {
		case m == nil:
			free = append(free, c)
		case m.Package == c:
			s.want(c.Name, Want{from.Name, d.Text})
			return c, true, nil
		default:
			taken = append(taken, c)
		}
	}
	if len(free) > 0 {
		s.want(free[0].Name, Want{from.Name, d.Text})
		return free[0], true, nil
	}
	if len(taken) > 0 {
		return p, false, s.narrow(from, taken[0].Name, d)
	}
	if len(d.Candidates) > 0 {
		return p, false, s.conflict(d.Candidates[0].Name)
	}
	return p, false, nil
}

// narrow restricts a name to the versions that a dependency allows.
func (s *solver) narrow(from Package, name string, d Dependency) error {
	s.want(name, Want{from.Name, d.Text})
	old := s.allowed[name]
	now := map[version]bool{}
	for _, c := range d.Candidates {
		if v := (version{c.Version, c.RepoID}); c.Name == name && (old == nil || old[v]) {
			now[v] = true
		}
	}
	if len(now) == 0 {
		return s.conflict(name)
	}
	s.allowed[name] = now
	return errAgain
}

func comparePackages(a, b Package) int {
	switch {
	case a.Name != b.Name:
		return compare(a.Name, b.Name)
	case a.Version != b.Version:
		return compare(a.Version, b.Version)
	}
	return compare(a.RepoID, b.RepoID)
}

func compare(a, b string) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}
