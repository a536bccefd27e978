package graft

import (
	"cmp"
	"context"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/graft-build/graft/internal/detect"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/internal/why"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/manifest"
)

// packageChains leads to a package of the distribution.
func (w *explainer) packageChains(ctx context.Context, name string) ([]Chain, error) {
	for _, p := range w.packages {
		if p.Name == name || p.Name == w.whole(name) {
			return w.chainsTo(ctx, p)
		}
	}
	return nil, nil
}

// whole is the name of a package of MSYS2 with what all of an environment begin with:
// mingw-w64-clang-x86_64-cairo for cairo.
func (w *explainer) whole(name string) string {
	for _, p := range w.packages {
		for _, arch := range []string{"-x86_64-", "-aarch64-"} {
			if begin, _, ok := strings.Cut(p.Name, arch); ok && strings.HasPrefix(begin, "mingw-w64") && !strings.HasPrefix(name, begin) {
				return begin + arch + name
			}
		}
	}
	return name
}

// libraryChains leads to a shared library or DLL. One that no package has is the system's:
// then to a library that loads it.
func (w *explainer) libraryChains(ctx context.Context, name string) ([]Chain, error) {
	w.running = true
	defer func() { w.running = false }()
	at, ok := w.owner(func(f *why.Facts) bool { _, ok := f.Has(name); return ok })
	last := Link{Kind: "library", Name: name, Reason: "has"}
	if !ok {
		var by string
		at, ok = w.owner(func(f *why.Facts) bool {
			for _, lib := range slices.Sorted(mapKeys(f.Loads)) {
				if slices.ContainsFunc(f.Loads[lib], func(n string) bool { return strings.EqualFold(n, name) }) {
					by = lib
					return true
				}
			}
			return false
		})
		last.Reason = by + " needs, and the system itself has"
	}
	return w.through(ctx, at, ok, last)
}

// headerChains leads to a header.
func (w *explainer) headerChains(ctx context.Context, name string) ([]Chain, error) {
	name = path.Clean(strings.TrimPrefix(name, "/"))
	if _, below, ok := strings.Cut("/"+name, "/include/"); ok {
		name = below
	}
	full := ""
	at, ok := w.owner(func(f *why.Facts) bool {
		h, ok := f.Header(name)
		full = cmp.Or(h, full)
		return ok
	})
	return w.through(ctx, at, ok, Link{Kind: "header", Name: full, Reason: "has"})
}

// through is the chains to a package with a last link behind each.
func (w *explainer) through(ctx context.Context, at lock.Package, ok bool, last Link) ([]Chain, error) {
	if !ok {
		return nil, nil
	}
	chains, err := w.chainsTo(ctx, at)
	for i := range chains {
		chains[i] = append(chains[i], last)
	}
	return chains, err
}

// owner is the package whose files are as wanted: one that is there at run time before others.
func (w *explainer) owner(wanted func(f *why.Facts) bool) (lock.Package, bool) {
	for _, run := range []bool{true, false} {
		for _, p := range w.packages {
			if f := w.facts[p.Name]; f != nil && p.Run == run && wanted(f) {
				return p, true
			}
		}
	}
	return lock.Package{}, false
}

// needChains leads to what states a need, or to a .pc file.
func (w *explainer) needChains(ctx context.Context, name string) ([]Chain, error) {
	config, isConfig := strings.CutSuffix(name, ".pc")
	for _, n := range w.needs() {
		if n.String() == name || isConfig && n.Kind == resolve.PkgConfig && n.Name == config {
			return w.stating(ctx, n)
		}
	}
	if !isConfig {
		return nil, nil
	}
	at, ok := w.owner(func(f *why.Facts) bool { _, ok := f.Configs[config]; return ok })
	return w.through(ctx, at, ok, Link{Kind: "need", Name: name, Reason: "has"})
}

func (w *explainer) needs() []resolve.Need { return w.s.needs(w.target, w.found) }

// stating are the chains to a need itself.
func (w *explainer) stating(ctx context.Context, n resolve.Need) ([]Chain, error) {
	need := Link{Kind: "need", Name: n.String(), Reason: "states"}
	if slices.Equal(n.From, []string{manifest.FileName}) {
		need.Place = "packages." + distributionName(w.target.Repo)
		return []Chain{{{Kind: "application", Name: manifest.FileName}, need}}, nil
	}
	g, err := w.graph(ctx)
	if err != nil {
		return nil, err
	}
	chains := w.importChains(g, func(pkg string) bool { return slices.Contains(n.From, pkg) })
	for i, c := range chains {
		last := c[len(c)-1].Name
		k := slices.IndexFunc(w.found.Packages, func(p detect.Package) bool { return p.ImportPath == last })
		if k >= 0 {
			need.Place = w.place(w.found.Packages[k], n)
		}
		chains[i] = append(c, need)
	}
	return chains, nil
}

// place is where a package states a need, as the user knows its files.
func (w *explainer) place(p detect.Package, n resolve.Need) string {
	file, line := detect.Stated(p, n)
	if file == "" {
		return ""
	}
	shown := w.s.plan.show(file)
	if !p.Local {
		if rel, err := filepath.Rel(p.Root, file); err == nil {
			shown = refOf(p.Module, p.Version) + "/" + filepath.ToSlash(rel)
		}
	}
	return shown + ":" + strconv.Itoa(line)
}

// chainsTo leads to a package: from each of the application and the plugins the shortest way.
func (w *explainer) chainsTo(ctx context.Context, p lock.Package) ([]Chain, error) {
	best := map[string]Chain{}
	var order []string
	for _, n := range w.needs() {
		way := w.way(n, p.Name)
		if way == nil {
			continue
		}
		chains, err := w.stating(ctx, n)
		if err != nil {
			return nil, err
		}
		for _, c := range chains {
			c = append(c, way...)
			who := c[0].Kind + " " + c[0].Name
			if old, ok := best[who]; !ok {
				order = append(order, who)
			} else if len(old) <= len(c) {
				continue
			}
			best[who] = c
		}
	}
	var out []Chain
	for _, who := range order {
		out = append(out, best[who])
	}
	if len(out) == 0 {
		out = w.rootChains(p)
	}
	slices.SortStableFunc(out, func(a, b Chain) int { return w.rank(a) - w.rank(b) })
	return out, nil
}

// rank puts the application first and plugins in the user's order.
func (w *explainer) rank(c Chain) int {
	for i, p := range w.s.comp.Plugins {
		if c[0].Kind == "plugin" && c[0].Name == p.Path {
			return 1 + i
		}
	}
	return 0
}

// rootChains lead to a package that no need asks for.
func (w *explainer) rootChains(p lock.Package) []Chain {
	lt, _ := w.l.Target(w.target.Name)
	for _, root := range lt.Roots {
		way := w.shortest(func(q lock.Package) bool { return slices.Contains(q.For, root) }, p.Name)
		if way == nil {
			continue
		}
		first := Link{Kind: "root", Name: "graft adds it: every image and every program with C has it"}
		if slices.Contains(w.s.plan.m.Packages[distributionName(w.target.Repo)].Run, root) {
			first.Name = manifest.FileName + " names it under packages." + distributionName(w.target.Repo) + ".run"
		}
		return []Chain{append(Chain{first}, w.links(way, "")...)}
	}
	return nil
}

// way is the shortest way from the package that meets a need to another.
func (w *explainer) way(n resolve.Need, to string) Chain {
	label := n.String()
	if name := w.s.plan.m.Packages[distributionName(w.target.Repo)].Choose[label]; name != "" {
		label = resolve.Need{Kind: resolve.NamePackage, Name: name}.String()
	}
	path := w.shortest(func(q lock.Package) bool { return slices.Contains(q.For, label) }, to)
	if path == nil {
		return nil
	}
	met := "meets it"
	switch n.Kind {
	case resolve.PkgConfig:
		met = "has " + n.Name + ".pc"
	case resolve.Header:
		met = "has " + n.Name
	case resolve.Library:
		met = "has what -l" + n.Name + " links with"
	}
	return w.links(path, met)
}

// shortest is the shortest way along the lock's dependencies.
func (w *explainer) shortest(start func(lock.Package) bool, to string) []lock.Package {
	byName := map[string]lock.Package{}
	before := map[string]string{}
	var queue []string
	for _, p := range w.packages {
		byName[p.Name] = p
		if start(p) {
			before[p.Name] = ""
			queue = append(queue, p.Name)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if at == to {
			var out []lock.Package
			for ; at != ""; at = before[at] {
				out = append(out, byName[at])
			}
			slices.Reverse(out)
			return out
		}
		for _, next := range byName[at].Depends {
			if _, seen := before[next]; !seen {
				before[next] = at
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// links are packages with what leads from each to the next.
func (w *explainer) links(path []lock.Package, first string) Chain {
	var out Chain
	for i, p := range path {
		l := Link{Kind: "package", Name: p.Name, Version: p.Version, Reason: first}
		if i > 0 {
			l.Reason = w.reason(path[i-1].Name, p.Name)
		}
		out = append(out, l)
	}
	return out
}

// reason says why one package leads to another.
func (w *explainer) reason(from, to string) string {
	a, b := w.facts[from], w.facts[to]
	if a == nil || b == nil {
		return "a dependency of " + from
	}
	if text := why.Reason(a, b, w.running); text != "" {
		return text
	}
	if text, ok := a.States(to); ok {
		return from + " depends on " + text
	}
	return "a dependency of " + from
}
