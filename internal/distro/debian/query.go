package debian

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/graft-build/graft/internal/format/deb822"
	"github.com/graft-build/graft/internal/format/debver"
	"github.com/graft-build/graft/internal/resolve"
)

// records returns the packages of a name in all suites, the newest first.
func (r *Repository) records(name string) ([]record, error) {
	if list, ok := r.names[name]; ok {
		return list, nil
	}
	var list []record
	for _, s := range r.suites {
		err := s.scan("p"+name+"\x00", func(p deb822.Paragraph) error {
			rec, err := parseRecord(p)
			rec.RepoID = s.ID
			list = append(list, rec)
			return err
		})
		if err == nil {
			err = s.rank(name, list)
		}
		if err != nil {
			return nil, fmt.Errorf("read index of %s: %w", s.ID, err)
		}
	}
	// The suites are in a fixed order, and so are equal versions of them.
	slices.SortStableFunc(list, func(a, b record) int { return b.version.Compare(a.version) })
	r.names[name] = list
	return list, nil
}

// scan calls f for the packages whose key begins with prefix.
func (s *openSuite) scan(prefix string, f func(deb822.Paragraph) error) error {
	var failed error
	err := s.index.Scan(prefix, func(_, value []byte) bool {
		p, err := deb822.NewReader(strings.NewReader(string(value))).Next()
		if err != nil && err != io.EOF {
			failed = err
			return false
		}
		failed = f(p)
		return failed == nil
	})
	return cmp.Or(err, failed)
}

// rank fills in how often packages of a name are depended on.
func (s *openSuite) rank(name string, list []record) error {
	value, ok, err := s.index.Get("r" + name)
	if err != nil || !ok {
		return err
	}
	n, err := strconv.Atoi(value)
	for i := range list {
		list[i].rank = max(list[i].rank, n)
	}
	return err
}

// record finds the entry of a package that the repository returned.
func (r *Repository) record(p resolve.Package) (record, error) {
	list, err := r.records(p.Name)
	if err != nil {
		return record{}, err
	}
	for _, rec := range list {
		if rec.Version == p.Version && rec.RepoID == p.RepoID {
			return rec, nil
		}
	}
	return record{}, fmt.Errorf("read index: there is no package %s %s in %s", p.Name, p.Version, p.RepoID)
}

// Package returns the newest package of a name.
func (r *Repository) Package(name string) (p resolve.Package, ok bool, err error) {
	list, err := r.records(name)
	if err != nil || len(list) == 0 {
		return resolve.Package{}, false, err
	}
	return list[0].Package, true, nil
}

// Libc is the upstream version of the repository's C library, "2.36".
func (r *Repository) Libc(context.Context) (string, error) {
	list, err := r.records("libc6")
	if err != nil {
		return "", err
	}
	if len(list) == 0 {
		return "", fmt.Errorf("find the C library of %s: it has no package libc6", r.config.Name)
	}
	return list[0].version.Upstream(), nil
}

// provider is a package that provides a virtual one.
type provider struct {
	record
	provided string // version, "" without
}

func (r *Repository) providers(name string) ([]provider, error) {
	var out []provider
	for _, s := range r.suites {
		var failed error
		err := s.index.Scan("v"+name+"\x00", func(key, value []byte) bool {
			who, version, _ := strings.Cut(strings.TrimPrefix(string(key), "v"+name+"\x00"), "\x00")
			list, err := r.records(who)
			if failed = err; err != nil {
				return false
			}
			for _, rec := range list {
				if rec.RepoID == s.ID && rec.Version == version {
					out = append(out, provider{rec, string(value)})
				}
			}
			return true
		})
		if err := cmp.Or(err, failed); err != nil {
			return nil, fmt.Errorf("read index of %s: %w", s.ID, err)
		}
	}
	slices.SortStableFunc(out, func(a, b provider) int {
		return cmp.Or(b.rank-a.rank, strings.Compare(a.Name, b.Name), b.version.Compare(a.version))
	})
	return out, nil
}

// Depends returns what p needs: Pre-Depends, then Depends. Candidates are in the order of
// the alternatives; of one alternative the packages of that name come first, the newest
// before older ones, then those that provide it, the most used first.
func (r *Repository) Depends(_ context.Context, p resolve.Package) ([]resolve.Dependency, error) {
	rec, err := r.record(p)
	if err != nil {
		return nil, err
	}
	alts, err := deb822.ParseRelations(rec.depends)
	if err != nil {
		return nil, fmt.Errorf("read dependencies of %s: %w", p.Name, err)
	}
	var out []resolve.Dependency
	for _, alt := range alts {
		dep := resolve.Dependency{}
		counts := false
		for _, rel := range alt {
			if !rel.For(r.config.Arch) {
				continue
			}
			counts = true
			if err := r.satisfy(&dep, rel); err != nil {
				return nil, fmt.Errorf("read dependencies of %s: %w", p.Name, err)
			}
		}
		if counts {
			dep.Text = alt.String()
			out = append(out, dep)
		}
	}
	return out, nil
}

// Conflict says whether one of two packages does not go with the other (Conflicts, Breaks).
func (r *Repository) Conflict(_ context.Context, a, b resolve.Package) (bool, error) {
	one, err := r.record(a)
	if err != nil {
		return false, err
	}
	two, err := r.record(b)
	if err != nil {
		return false, err
	}
	return excludes(one, two) || excludes(two, one), nil
}

// excludes reads what a says of b. What does not parse excludes nothing: nothing is installed.
func excludes(a, b record) bool {
	alts, err := deb822.ParseRelations(a.conflicts)
	if err != nil || a.Name == b.Name {
		return false
	}
	provides, err := deb822.ParseRelations(b.provides)
	if err != nil {
		return false
	}
	for _, alt := range alts {
		for _, rel := range alt {
			if rel.Name == b.Name && rel.Op.Holds(b.version, rel.Version) {
				return true
			}
			for _, p := range provides {
				if p[0].Name == rel.Name && (rel.Op == debver.None || p[0].Op == debver.Equal && rel.Op.Holds(p[0].Version, rel.Version)) {
					return true
				}
			}
		}
	}
	return false
}

// satisfy adds the packages that satisfy a relation.
func (r *Repository) satisfy(dep *resolve.Dependency, rel deb822.Relation) error {
	add := func(rec record) {
		if r.qualified(rel, rec) && !slices.Contains(dep.Candidates, rec.Package) {
			dep.Candidates = append(dep.Candidates, rec.Package)
		}
	}
	list, err := r.records(rel.Name)
	if err != nil {
		return err
	}
	for _, rec := range list {
		if rel.Op.Holds(rec.version, rel.Version) {
			add(rec)
		}
	}
	virtual, err := r.providers(rel.Name)
	if err != nil {
		return err
	}
	for _, v := range virtual {
		// A relation with a version is met only by a provision with one.
		ok := rel.Op == debver.None
		if !ok && v.provided != "" {
			version, err := debver.Parse(v.provided)
			ok = err == nil && rel.Op.Holds(version, rel.Version)
		}
		if ok {
			add(v.record)
		}
	}
	return nil
}

// qualified says whether a package is of an architecture that the relation allows. All
// packages of the repository are of one architecture, or of none.
func (r *Repository) qualified(rel deb822.Relation, rec record) bool {
	switch rel.Arch {
	case "", r.config.Arch:
		return true
	case "any":
		return rec.multiArch == "allowed"
	}
	return false
}

// Owners returns the names of the packages that have a file: a path below the root without
// a slash in front. Headers, .pc files and libraries alone are known.
func (r *Repository) Owners(_ context.Context, path string) ([]string, error) {
	for _, t := range []*openTable{r.files, r.all} {
		if t == nil {
			continue
		}
		value, ok, err := t.Get("f" + path)
		if err != nil {
			return nil, fmt.Errorf("read file list: %w", err)
		}
		if ok {
			return strings.Split(value, ","), nil
		}
	}
	return nil, nil
}

// bits returns what the file list says of a package of this architecture.
func (r *Repository) bits(p resolve.Package) (bits int, ok bool, err error) {
	if p.Arch == "all" {
		return 0, false, nil
	}
	value, ok, err := r.files.Get("t" + p.Name)
	if err != nil || !ok {
		return 0, false, err
	}
	bits, err = strconv.Atoi(value)
	return bits, err == nil, err
}
