package debian

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/resolve"
)

// Find returns the packages that have the file which a need asks for, best first: of the
// folders that are searched, the first that has it; of several packages, the one that most
// development packages of the archive depend on, then by name.
//
// Packages for all architectures are in a list of their own, three times as long. It is
// fetched only for a header or .pc file that this architecture's list does not have.
func (r *Repository) Find(ctx context.Context, n resolve.Need) ([]resolve.Candidate, error) {
	if n.Kind == resolve.NamePackage {
		return r.findPackage(n.Name)
	}
	if n.Kind == resolve.Library && n.Name == resolve.CXX {
		return r.findCXX()
	}
	out, err := r.findIn(r.files, n)
	if err == nil && len(out) == 0 {
		out, err = r.findAlternative(ctx, n)
	}
	if err != nil || len(out) > 0 || n.Kind == resolve.Library || n.Soft || len(r.layout.paths(n)) == 0 {
		return out, err
	}
	if r.all == nil {
		r.config.Events.Send(event.Note{Text: fmt.Sprintf("%s is in no package of %s; the list of packages for all architectures is read", n, r.config.Arch)})
		if r.all, err = r.openFileList(ctx, r.suites[0], "all"); err != nil {
			return nil, err
		}
	}
	return r.findIn(r.all, n)
}

// maxAlternatives bounds the packages that are read to find a link of update-alternatives.
const maxAlternatives = 8

// findAlternative finds packages that make a library or .pc file with update-alternatives: its
// file is in a folder of the package's own. Whether there is a link to it, only the package's
// script says. A .pc file is looked for beside a library of its name.
func (r *Repository) findAlternative(ctx context.Context, n resolve.Need) ([]resolve.Candidate, error) {
	if n.Kind != resolve.Library && n.Kind != resolve.PkgConfig || !safePath(n.Name) || strings.Contains(n.Name, "/") {
		return nil, nil
	}
	var names []string
	for _, ext := range []string{".so", ".a"} {
		err := r.files.Scan("alib"+n.Name+ext+"\x00", func(_, value []byte) bool {
			names = append(names, strings.Split(string(value), ",")...)
			return true
		})
		if err != nil {
			return nil, fmt.Errorf("read file list: %w", err)
		}
	}
	slices.Sort(names)
	owners, err := r.owners("", slices.Compact(names))
	if err != nil {
		return nil, err
	}
	owners = owners[:min(len(owners), maxAlternatives)]
	links := r.layout.paths(n)
	var out []resolve.Candidate
	for _, c := range owners {
		pkg, err := r.learnt(ctx, c.Package)
		if err != nil {
			return nil, err
		}
		for _, link := range links {
			if slices.Contains(pkg.Alternatives, link) {
				c.File = link
				out = append(out, c)
				break
			}
		}
	}
	return out, nil
}

// findCXX finds the C++ library's development package, of the compiler that the suite's own
// libraries were compiled with: the one whose shared library is the suite's newest.
func (r *Repository) findCXX() ([]resolve.Candidate, error) {
	shared, err := r.records("libstdc++6")
	if err != nil || len(shared) == 0 {
		return nil, err
	}
	major, _, _ := strings.Cut(shared[0].version.Upstream(), ".")
	out, err := r.findPackage("libstdc++-" + major + "-dev")
	for i := range out {
		out[i].Own = true
	}
	return out, err
}

func (r *Repository) findPackage(name string) ([]resolve.Candidate, error) {
	list, err := r.records(name)
	if err != nil {
		return nil, err
	}
	if len(list) > 0 {
		return []resolve.Candidate{{Package: list[0].Package}}, nil
	}
	virtual, err := r.providers(name)
	if err != nil {
		return nil, err
	}
	var out []resolve.Candidate
	for _, v := range virtual {
		if !slices.ContainsFunc(out, func(c resolve.Candidate) bool { return c.Name == v.Name }) {
			out = append(out, resolve.Candidate{Package: v.Package})
		}
	}
	return out, nil
}

func (r *Repository) findIn(t *openTable, n resolve.Need) ([]resolve.Candidate, error) {
	for _, path := range r.layout.paths(n) {
		value, ok, err := t.Get("f" + path)
		if err != nil {
			return nil, fmt.Errorf("read file list: %w", err)
		}
		if !ok {
			continue
		}
		out, err := r.owners(path, strings.Split(value, ","))
		if err != nil || len(out) > 0 {
			return out, err
		}
	}
	return nil, nil
}

// owners turns names of a file list into packages.
func (r *Repository) owners(path string, names []string) ([]resolve.Candidate, error) {
	var recs []record
	for _, name := range names {
		list, err := r.records(name)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 { // the two lists may be of different hours
			recs = append(recs, list[0])
		}
	}
	slices.SortFunc(recs, func(a, b record) int {
		return cmp.Or(b.rank-a.rank, strings.Compare(a.Name, b.Name))
	})
	var out []resolve.Candidate
	for _, rec := range recs {
		out = append(out, resolve.Candidate{Package: rec.Package, File: path})
	}
	return out, nil
}

// Similar returns needs whose names are close to one that nothing meets: with few letters
// changed, or with it as a part; for a header, the same name in another folder.
func (r *Repository) Similar(_ context.Context, n resolve.Need) ([]string, error) {
	best := closest{name: strings.ToLower(n.Name)}
	for _, t := range []*openTable{r.files, r.all} {
		if t == nil {
			continue
		}
		if err := r.scanNames(t, n.Kind, best.add); err != nil {
			return nil, fmt.Errorf("read file list: %w", err)
		}
	}
	if n.Kind == resolve.NamePackage {
		for _, s := range r.suites {
			err := s.index.Scan("p", func(key, _ []byte) bool {
				name, _, _ := strings.Cut(string(key[1:]), "\x00")
				best.add(name)
				return true
			})
			if err != nil {
				return nil, fmt.Errorf("read index: %w", err)
			}
		}
	}
	var out []string
	for _, name := range best.names() {
		out = append(out, resolve.Need{Kind: n.Kind, Name: name}.String())
	}
	return out, nil
}

// scanNames calls f with the names that needs of a kind can have.
func (r *Repository) scanNames(t *openTable, kind resolve.NeedKind, f func(string)) error {
	scan := func(dir string, name func(path string) (string, bool)) error {
		return t.Scan("f"+dir+"/", func(key, _ []byte) bool {
			if s, ok := name(string(key[1:])); ok {
				f(s)
			}
			return true
		})
	}
	var dirs []string
	name := r.layout.header
	switch kind {
	case resolve.PkgConfig:
		dirs, name = r.layout.configDirs(), r.layout.config
	case resolve.Library:
		dirs = r.layout.libraryDirs()
		name = func(path string) (string, bool) {
			base, ok := r.layout.library(path)
			s, isLib := strings.CutSuffix(strings.TrimPrefix(base, "lib"), ".so")
			return s, ok && isLib
		}
	case resolve.Header:
		dirs = []string{"usr/include"}
	}
	for _, d := range dirs {
		if err := scan(d, name); err != nil {
			return err
		}
	}
	return nil
}
