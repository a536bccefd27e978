// Package detect finds what a composition needs of C: the pkg-config names and libraries
// that the #cgo lines of its packages state, plugins included, for one target. resolve turns
// these needs into packages of a repository.
package detect

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/compose"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/target"
)

// Result is what one target of a composition consists of.
type Result struct {
	Needs    []resolve.Need // by kind and name; From is sorted
	Packages []Package      // all but the standard library's, dependencies first
	Notes    []string       // what was left out and why, for a person
}

// Package is a Go package of the composition.
type Package struct {
	ImportPath string
	Dir        string   // its real folder
	Module     string   // path of its module
	Version    string   // of its module, "" for a folder
	Root       string   // its module's real folder
	Plugin     string   // the plugin that has its module, as the user named it; "" for others
	Files      []string // names of the files that are compiled, embedded ones left out
	Cgo        bool     // it has C code
	CXX        bool     // it has C++ code
	Local      bool     // it is in a folder of the user
}

// Detect reads the composition's packages for a target with one go list. For a target
// without C there are no needs. When neither the composition nor the imports and #cgo lines
// of the user's folders have changed since the last time, nothing is run.
//
// Packages that cannot be loaded are an *Error.
func Detect(ctx context.Context, d compose.Deps, comp compose.Composition, t target.Target, tags []string) (Result, error) {
	key := digest.NewKey("detect/3").AddDigest("composition", comp.Key).Add("dir", comp.Dir).
		Add("target", compose.PlatformEnv(t)...).Add("libc", t.ABI.Libc).Add("tags", tags...).Digest()
	if b, ok := d.Store.Record("detect", key); ok {
		var m memo
		if json.Unmarshal(b, &m) == nil && m.holds() {
			return m.Result, nil
		}
	}
	list, err := list(ctx, d, comp, t, tags)
	if err != nil {
		return Result{}, err
	}
	c := &trace{Files: map[string]digest.Digest{}, Absent: map[string]bool{}}
	r, err := collect(d.Store, comp, t, list, c)
	if err != nil {
		return Result{}, err
	}
	if m, ok := remember(r, c); ok {
		if b, err := json.Marshal(m); err == nil {
			// Without the record the next detection lists again.
			_ = d.Store.PutRecord("detect", key, b)
		}
	}
	return r, nil
}

// collect makes the result of what go list said. c notes which files of the user's it read.
func collect(s *store.Store, comp compose.Composition, t target.Target, list []listed, c *trace) (Result, error) {
	var r Result
	needs := needSet{}
	o := newOrigins(comp)
	refused := &Error{Target: t.Name}
	for _, p := range list {
		var about Package
		if !p.Standard {
			about = o.describe(p)
			r.Packages = append(r.Packages, about)
		}
		if !t.Cgo() {
			continue
		}
		if !p.Standard {
			refused.Problems = append(refused.Problems, o.refuse(p, t)...)
		}
		f := readFlags(p, t)
		for _, n := range f.pkgConfig {
			needs.add(resolve.Need{Kind: resolve.PkgConfig, Name: n}, p.ImportPath)
		}
		for _, n := range f.libs {
			needs.add(resolve.Need{Kind: resolve.Library, Name: n}, p.ImportPath)
		}
		if !p.Standard {
			for _, h := range headersOf(s, p, t, about.Local, c) {
				needs.add(resolve.Need{Kind: resolve.Header, Name: h.Name, Soft: h.Soft, Places: h.Places}, p.ImportPath)
			}
		}
		for _, n := range f.notes {
			r.Notes = append(r.Notes, p.ImportPath+": "+n)
		}
	}
	if len(refused.Problems) > 0 {
		return Result{}, refused
	}
	r.Needs = needs.sorted()
	return r, nil
}

// needSet gathers needs, each once with all who state it.
type needSet map[string]resolve.Need

func (s needSet) add(n resolve.Need, from string) {
	old, ok := s[n.String()]
	if ok {
		n.Soft = n.Soft && old.Soft
		n.Places = append(n.Places, old.Places...)
		slices.Sort(n.Places)
		n.Places = slices.Compact(n.Places)
	}
	n.From = append(old.From, from)
	slices.Sort(n.From)
	n.From = slices.Compact(n.From)
	s[n.String()] = n
}

func (s needSet) sorted() []resolve.Need {
	var out []resolve.Need
	for _, n := range s {
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b resolve.Need) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return out
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
