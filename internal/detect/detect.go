// Package detect finds what a composition needs of C: the pkg-config names and libraries
// that the #cgo lines of its packages state, plugins included, for one target. resolve turns
// these needs into packages of a repository.
package detect

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/compose"
	"github.com/graft-build/graft/internal/resolve"
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
	key := digest.NewKey("detect/2").AddDigest("composition", comp.Key).Add("dir", comp.Dir).
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
	r := collect(comp, t, list)
	if m, ok := remember(r); ok {
		if b, err := json.Marshal(m); err == nil {
			// Without the record the next detection lists again.
			_ = d.Store.PutRecord("detect", key, b)
		}
	}
	return r, nil
}

// collect makes the result of what go list said.
func collect(comp compose.Composition, t target.Target, list []listed) Result {
	var r Result
	type id struct {
		kind resolve.NeedKind
		name string
	}
	from := map[id][]string{}
	o := newOrigins(comp)
	for _, p := range list {
		if !p.Standard {
			r.Packages = append(r.Packages, o.describe(p))
		}
		if !t.Cgo() {
			continue
		}
		f := readFlags(p, t)
		for _, n := range f.pkgConfig {
			from[id{resolve.PkgConfig, n}] = append(from[id{resolve.PkgConfig, n}], p.ImportPath)
		}
		for _, n := range f.libs {
			from[id{resolve.Library, n}] = append(from[id{resolve.Library, n}], p.ImportPath)
		}
		for _, n := range f.notes {
			r.Notes = append(r.Notes, p.ImportPath+": "+n)
		}
	}
	for k, paths := range from {
		slices.Sort(paths)
		r.Needs = append(r.Needs, resolve.Need{Kind: k.kind, Name: k.name, From: slices.Compact(paths)})
	}
	slices.SortFunc(r.Needs, func(a, b resolve.Need) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return r
}
