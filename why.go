package graft

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/detect"
	"github.com/graft-build/graft/internal/similar"
	"github.com/graft-build/graft/internal/why"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/target"
)

// Explanation says why something is part of a composition.
type Explanation struct {
	Name    string          `json:"name"`
	Targets []WhyTarget     `json:"targets"`
	Lacking []string        `json:"lacking,omitempty"` // packages that the store lacks, of whose files nothing is known
	Modules [][]ModuleNeeds `json:"modules,omitempty"` // of a module that no package is imported of: who requires it
}

// WhyTarget is the answer for one target.
type WhyTarget struct {
	Target  string    `json:"target"`
	Kind    string    `json:"kind,omitempty"` // package, library, header, module, need; "" when the target does not have it
	Chains  []Chain   `json:"chains"`         // the shortest of the application and of each plugin
	LeftOut []LeftOut `json:"leftOut,omitempty"`
}

// Chain leads from the application or a plugin to what was asked for.
type Chain []Link

// Link is one element of a Chain.
type Link struct {
	Kind    string `json:"kind"` // application, plugin, import, need, package, library, header, root
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Reason  string `json:"reason,omitempty"` // why the one before leads here
	Place   string `json:"place,omitempty"`  // file and line that say so
}

// LeftOut is a package that a locked one depends on, and that is not part of the closure.
type LeftOut struct {
	By     string `json:"by"`
	States string `json:"states"` // the dependency
	Reason string `json:"reason"`
}

// ModuleNeeds is one step from the main module to a required one.
type ModuleNeeds struct {
	Module   string `json:"module"`
	Requires string `json:"requires"`
}

const unused = "nothing that is compiled, linked or loaded uses it"

// Why says for each target of the lock what pulls name in: a Go module or package, a package
// of the distribution, a shared library or DLL, a header, a need such as pkg-config:cairo.
// It asks no network: what it tells of files comes from packages in the store.
func (p *Project) Why(ctx context.Context, req Request, name string) (*Explanation, error) {
	s, l, err := p.view(ctx, req)
	if err != nil {
		return nil, err
	}
	out := &Explanation{Name: name}
	known := false
	var names []string
	for _, t := range s.plan.targets {
		w := &explainer{s: s, l: l, target: t, packages: l.PackagesOf(t.Name), facts: map[string]*why.Facts{}}
		if w.found, err = s.detect(ctx, t); err != nil {
			return nil, err
		}
		if err := w.read(ctx); err != nil {
			return nil, err
		}
		answer, err := w.explain(ctx, name)
		if err != nil {
			return nil, err
		}
		known = known || answer.Kind != "" || len(answer.LeftOut) > 0
		out.Targets = append(out.Targets, answer)
		out.Lacking = append(out.Lacking, s.without(w.packages)...)
		names = append(names, w.names()...)
	}
	slices.Sort(out.Lacking)
	out.Lacking = slices.Compact(out.Lacking)
	if !known && hasModule(l, name) {
		out.Modules, err = s.requiring(ctx, name)
		return out, err
	}
	if !known {
		return nil, notPart(name, names, out.Lacking)
	}
	return out, nil
}

func hasModule(l *lock.Lock, path string) bool {
	return slices.ContainsFunc(l.Modules, func(m lock.Module) bool { return m.Path == path })
}

// notPart is the error for a name that says nothing to anybody.
func notPart(name string, names, lacking []string) error {
	text := fmt.Sprintf("explain %s: no module, package, library, header or need of the composition is called so", name)
	best, at := 3, ""
	for _, n := range names {
		if kind, bare, ok := strings.Cut(n, ":"); ok && kind != "" && bare == name {
			at = n // of a need it says all but the kind
			break
		}
		if d := similar.Distance(name, n); len(n) < 200 && len(name) < 200 && d < best {
			best, at = d, n
		}
	}
	if at != "" {
		text += "; did you mean " + at + "?"
	}
	if len(lacking) > 0 {
		text += fmt.Sprintf("; the store lacks %s, whose files were not looked into: graft fetch gets them", count(len(lacking), "package"))
	}
	return &UsageError{text}
}

// explainer explains one target.
type explainer struct {
	s        *session
	l        *lock.Lock
	target   target.Target
	found    detect.Result
	packages []lock.Package
	facts    map[string]*why.Facts // by package; absent when the store lacks it
	imports  *detect.Graph
	running  bool // what is loaded when the program runs is of more interest than what compiles
}

func (w *explainer) read(ctx context.Context) error {
	for _, p := range w.packages {
		if err := ctx.Err(); err != nil {
			return err
		}
		dir, prefix, ok, err := w.s.tree(ctx, w.l, p)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		f, err := why.Read(dir, prefix)
		if err != nil {
			return err
		}
		if prefix != "" {
			blob, _ := w.s.store.Blob(p.SHA256)
			f.Declared, _ = why.PackageInfo(p.Name, blob)
		}
		w.facts[p.Name] = f
	}
	return nil
}

// names are those that can be asked for, for a suggestion.
func (w *explainer) names() []string {
	var out []string
	for _, m := range w.l.Modules {
		out = append(out, m.Path)
	}
	for _, p := range w.packages {
		out = append(out, p.Name)
		if f := w.facts[p.Name]; f != nil {
			for name := range f.Loads {
				out = append(out, name)
			}
			for name := range f.Links {
				out = append(out, name)
			}
		}
	}
	for _, n := range w.found.Needs {
		out = append(out, n.String())
	}
	slices.Sort(out)
	return out
}

// explain tries the kinds of things that a name can be, in turn.
func (w *explainer) explain(ctx context.Context, name string) (WhyTarget, error) {
	out := WhyTarget{Target: w.target.Name, Chains: []Chain{}}
	for _, kind := range []struct {
		name string
		find func(ctx context.Context, name string) ([]Chain, error)
	}{
		{"module", w.goChains}, {"need", w.needChains}, {"package", w.packageChains}, {"library", w.libraryChains}, {"header", w.headerChains},
	} {
		chains, err := kind.find(ctx, name)
		if err != nil {
			return out, err
		}
		if len(chains) > 0 {
			out.Kind, out.Chains = kind.name, chains
			return out, nil
		}
	}
	for _, p := range w.packages {
		if f := w.facts[p.Name]; f != nil {
			text, ok := f.States(name)
			if !ok {
				text, ok = f.States(w.whole(name))
			}
			if ok {
				out.LeftOut = append(out.LeftOut, LeftOut{By: p.Name, States: text, Reason: unused})
			}
		}
	}
	return out, nil
}

// graph lists the Go packages' imports, once.
func (w *explainer) graph(ctx context.Context) (*detect.Graph, error) {
	var err error
	if w.imports == nil {
		w.imports, err = detect.NewGraph(ctx, w.s.deps(), w.s.comp, w.target, w.s.plan.tags)
	}
	return w.imports, err
}

// goChains leads to a Go package, or to the first package of a module.
func (w *explainer) goChains(ctx context.Context, name string) ([]Chain, error) {
	if !hasModule(w.l, name) && !slices.ContainsFunc(w.found.Packages, func(p detect.Package) bool { return p.ImportPath == name }) {
		return nil, nil
	}
	g, err := w.graph(ctx)
	if err != nil {
		return nil, err
	}
	all := w.importChains(g, func(pkg string) bool { return pkg == name || g.Module(pkg) == name })
	var out []Chain
	for _, c := range all {
		last := &c[len(c)-1]
		i := slices.IndexFunc(w.l.Modules, func(m lock.Module) bool { return m.Path == g.Module(last.Name) })
		if i >= 0 {
			last.Version = cmp.Or(w.l.Modules[i].Version, "in a folder")
		}
		out = append(out, c)
	}
	return out, nil
}

// importChains are the shortest ways by imports from the application and from each plugin.
func (w *explainer) importChains(g *detect.Graph, wanted func(pkg string) bool) []Chain {
	var out []Chain
	var plugins []string
	for _, p := range w.s.comp.Plugins {
		plugins = append(plugins, p.Path)
	}
	add := func(kind, name, from string, without ...string) {
		path := g.Path(from, wanted, without...)
		if path == nil {
			return
		}
		c := Chain{{Kind: kind, Name: from, Place: name}}
		for _, pkg := range path[1:] {
			c = append(c, Link{Kind: "import", Name: pkg, Reason: "imports"})
		}
		out = append(out, c)
	}
	add("application", w.s.plan.show(w.s.plan.app), w.s.comp.Package, plugins...)
	for _, p := range w.s.comp.Plugins {
		add("plugin", p.Ref, p.Path)
	}
	return out
}
