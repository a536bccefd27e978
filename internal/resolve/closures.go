package resolve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Resolved is a package of the result.
type Resolved struct {
	Package
	Build, Run bool     // which closure it is in; both is usual for a library
	Depends    []string // names of packages of the result that it needs, sorted
	For        []string // needs and roots that asked for it directly, sorted
}

// Result is both closures. It depends on needs, roots and repository alone.
type Result struct {
	Packages  []Resolved // by name
	Decisions []string   // what was chosen among several, and what was left out and why
}

// Limits of a resolution. Desktop toolkits need some 300 packages.
const (
	maxMembers  = 1 << 13
	maxAttempts = 1 << 10
)

// Closures finds the packages that a composition is built and run with.
//
// A need is met by the one package that has what it asks for. Of several, one that another
// need or a root asks for is taken, else the one that the repository puts first; the choice
// is told in Decisions.
//
// The build closure: from each need's package, what the .pc files in use require (their
// Requires.private too, for pkg-config wants to see those) and what headers include; the
// shared libraries that the linker finds for the needs themselves, and those that these
// depend on. Other dependencies between development packages are for those who link
// statically or use another part, and are left out. A Repository that is no Evidence cannot
// tell that: then all dependencies on development packages and libraries count.
//
// The run closure: the shared libraries that are linked and the roots, and along their
// dependencies all that is libraries or data. Programs without a library serve the
// installation, not the application, and are left out. A package that has only
// documentation is kept when it is where a package of the same source keeps its licence.
//
// One version of a package is chosen for both closures, the newest that all who depend on it
// allow. Needs that nothing meets are a *MissingError, contradictory versions a
// *ConflictError, a library's dependency that does not exist an *UnmetError.
func Closures(ctx context.Context, repo Repository, needs []Need, roots []string) (Result, error) {
	s := &solver{repo: repo, ruledOut: map[string]string{}, allowed: map[string]map[version]bool{}, depends: map[Package][]Dependency{}, traits: map[Package]Traits{}}
	s.evidence, _ = repo.(Evidence)
	for range maxAttempts {
		res, err := s.attempt(ctx, merge(needs), distinct(roots))
		if !errors.Is(err, errAgain) {
			if err != nil {
				return Result{}, err
			}
			return res, nil
		}
	}
	return Result{}, fmt.Errorf("choose versions of packages: no end after %d attempts", maxAttempts)
}

// merge sorts the needs and makes one of those that are equal.
func merge(needs []Need) []Need {
	byName := map[string]Need{}
	for _, n := range needs {
		old, ok := byName[n.String()]
		n.From = distinct(append(slices.Clone(old.From), n.From...))
		n.Places = distinct(append(slices.Clone(old.Places), n.Places...))
		n.Soft = n.Soft && (!ok || old.Soft)
		byName[n.String()] = n
	}
	out := slices.Collect(maps.Values(byName))
	slices.SortFunc(out, func(a, b Need) int { return strings.Compare(a.String(), b.String()) })
	return out
}

func distinct(list []string) []string {
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out)
}

// split parts headers from other needs.
func split(needs []Need) (headers, others []Need) {
	for _, n := range needs {
		if n.Kind == Header {
			headers = append(headers, n)
		} else {
			others = append(others, n)
		}
	}
	return headers, others
}

// attempt resolves with the versions that are allowed so far.
func (s *solver) attempt(ctx context.Context, needs []Need, roots []string) (Result, error) {
	s.chosen = map[string]bool{}
	s.members, s.decisions, s.told = map[string]*member{}, nil, map[string]bool{}
	s.seeds, s.uses, s.used = nil, nil, map[use]bool{}
	headers, others := split(needs)
	rootMembers, err := s.start(ctx, others, roots)
	if err != nil {
		return Result{}, err
	}
	if err := s.build(ctx); err != nil {
		return Result{}, err
	}
	if len(headers) > 0 {
		if err := s.headers(ctx, headers); err != nil {
			return Result{}, err
		}
	}
	if err := s.splitHeaders(ctx); err != nil {
		return Result{}, err
	}
	if err := s.conflicts(ctx); err != nil {
		return Result{}, err
	}
	if err := s.run(ctx, append(s.seeds, rootMembers...)); err != nil {
		return Result{}, err
	}
	if err := s.explain(ctx); err != nil {
		return Result{}, err
	}
	return s.result(ctx)
}

// start finds the packages of the needs and the roots.
func (s *solver) start(ctx context.Context, needs []Need, roots []string) ([]*member, error) {
	found := make([][]Candidate, len(needs))
	var missing MissingError
	for i, n := range needs {
		var err error
		if found[i], err = s.find(ctx, n, &missing); err != nil {
			return nil, err
		}
	}
	var rootNeeds []Need
	for _, name := range roots {
		rootNeeds = append(rootNeeds, Need{Kind: NamePackage, Name: name})
	}
	rootFound := make([][]Candidate, len(roots))
	for i, n := range rootNeeds {
		var err error
		if rootFound[i], err = s.find(ctx, n, &missing); err != nil {
			return nil, err
		}
	}
	if len(missing.Needs) > 0 {
		return nil, &missing
	}
	var out []*member
	for i, n := range rootNeeds {
		m, err := s.choose(ctx, n, rootFound[i], false)
		if err != nil {
			return nil, err
		}
		m.asked(roots[i])
		out = append(out, m)
	}
	more, err := s.startNeeds(ctx, needs, found)
	return append(out, more...), err
}

func (s *solver) find(ctx context.Context, n Need, missing *MissingError) ([]Candidate, error) {
	found, err := s.repo.Find(ctx, n)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", n, err)
	}
	if len(found) > 0 {
		return found, nil
	}
	m := MissingNeed{Need: n}
	if g, ok := s.repo.(Suggester); ok {
		if m.Similar, err = g.Similar(ctx, n); err != nil {
			return nil, fmt.Errorf("find what is close to %s: %w", n, err)
		}
	}
	missing.Needs = append(missing.Needs, m)
	return nil, nil
}

// startNeeds takes a package for each need: those of the manifest and those without a choice
// first, so that a choice can fall on one of them. It returns the packages of the manifest
// that are not for building: who names them wants them to be there when it runs.
func (s *solver) startNeeds(ctx context.Context, needs []Need, found [][]Candidate) (roots []*member, err error) {
	order := make([]int, len(needs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(first(needs[b].Kind == NamePackage)-first(needs[a].Kind == NamePackage),
			first(len(found[b]) == 1)-first(len(found[a]) == 1))
	})
	for _, i := range order {
		n := needs[i]
		m, err := s.choose(ctx, n, found[i], true)
		if err != nil {
			return nil, err
		}
		if m == nil {
			continue
		}
		m.asked(n.String())
		t, err := s.traitsOf(ctx, m.Package)
		if err != nil {
			return nil, err
		}
		if n.Kind == NamePackage && !t.Develop && !t.Empty {
			roots = append(roots, m)
			if !t.Library {
				continue
			}
		}
		m.build = true
		switch n.Kind {
		case Library:
			if n.Name == CXX {
				err = s.ownCXX(ctx, m)
				break
			}
			s.use(use{m, useLibrary, n.Name, true})
		case PkgConfig:
			s.use(use{m, useConfig, n.Name, true})
		default:
			s.use(use{m, useAll, "", true})
		}
		if err != nil {
			return nil, err
		}
	}
	return roots, nil
}

func first(b bool) int {
	if b {
		return 1
	}
	return 0
}

// asked is why a candidate is taken that another need wants too.
const asked = "asked for otherwise"

// choose takes one of the candidates for a need, nil when the toolchain itself meets it.
func (s *solver) choose(ctx context.Context, n Need, found []Candidate, system bool) (*member, error) {
	for _, c := range found {
		if system {
			t, err := s.traitsOf(ctx, c.Package)
			if err != nil {
				return nil, err
			}
			if t.System && !c.Own && (t.Develop || n.Kind != NamePackage) {
				s.decide("%s: %s has it, which the toolchain stands in for", n, c.Name)
				return nil, nil
			}
		}
	}
	found = s.possible(n, found)
	pick := found[0]
	why := "the repository prefers it"
	for _, c := range found {
		if m := s.members[c.Name]; m != nil {
			pick, why = c, asked
			break
		}
	}
	if len(found) > 1 {
		s.chosen[pick.Name] = why != asked
		var others []string
		for _, c := range found {
			if c.Name != pick.Name {
				others = append(others, c.Name)
			}
		}
		s.decide("%s: %s taken (%s); also in %s", n, pick.Name, why, strings.Join(others, ", "))
	}
	p, err := s.newestAllowed(ctx, pick.Package)
	if err != nil {
		return nil, err
	}
	return s.take(p)
}

// result lists the members.
func (s *solver) result(ctx context.Context) (Result, error) {
	var out Result
	for _, name := range slices.Sorted(maps.Keys(s.members)) {
		m := s.members[name]
		if !m.build && !m.run {
			continue
		}
		deps, err := s.kept(ctx, m)
		if err != nil {
			return Result{}, err
		}
		out.Packages = append(out.Packages, Resolved{
			Package: m.Package, Build: m.build, Run: m.run, Depends: deps, For: distinct(m.forWhom),
		})
	}
	out.Decisions = s.decisions
	return out, nil
}

// kept returns the names of members that m depends on, also through packages that hold
// nothing themselves.
func (s *solver) kept(ctx context.Context, m *member) ([]string, error) {
	names := slices.Clone(m.needs)
	seen := map[Package]bool{m.Package: true}
	queue := []Package{m.Package}
	for len(queue) > 0 {
		p := queue[0]
		queue = queue[1:]
		deps, err := s.dependsOf(ctx, p)
		if err != nil {
			return nil, err
		}
		for _, d := range deps {
			at := slices.IndexFunc(d.Candidates, func(c Package) bool { k := s.members[c.Name]; return k != nil && k.Package == c })
			if at >= 0 {
				names = append(names, d.Candidates[at].Name)
				continue
			}
			if len(d.Candidates) == 0 || seen[d.Candidates[0]] {
				continue
			}
			seen[d.Candidates[0]] = true
			// What was not asked before was of no interest, and is not fetched now.
			if s.traits[d.Candidates[0]].Empty {
				queue = append(queue, d.Candidates[0])
			}
		}
	}
	names = slices.DeleteFunc(names, func(n string) bool { k := s.members[n]; return n == m.Name || !k.build && !k.run })
	return distinct(names), nil
}
