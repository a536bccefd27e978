package lock

import (
	"fmt"
	"slices"
	"strings"

	goversion "go/version"

	"golang.org/x/mod/semver"
)

// Merge puts locks of several compositions of one application together, for one that has parts
// of all of them: the newest version of each module, the sums and files of all, and for each
// target the packages of all. That suffices for the composition of their plugins together: its
// modules are by minimal version selection those of one of the locks.
//
// The result has the order of a lock's text. The composition and what was asked are those of the first lock. Two locks that have different
// versions of one package, or other bytes under one name, are an error that names it: packages
// are chosen together, and which of the two goes with the rest is not for a merge to say.
func Merge(locks ...*Lock) (*Lock, error) {
	if len(locks) == 0 {
		return nil, fmt.Errorf("merge locks: there are none")
	}
	out := &Lock{Composition: locks[0].Composition, Asked: locks[0].Asked}
	m := merger{out: out}
	for _, l := range locks {
		if goversion.Compare("go"+l.Go, "go"+out.Go) > 0 {
			out.Go = l.Go
		}
		if out.Zig != nil && l.Zig != nil && *out.Zig != *l.Zig {
			return nil, fmt.Errorf("zig is %s in one lock and %s in another", out.Zig.Version, l.Zig.Version)
		}
		if l.Zig != nil {
			out.Zig = l.Zig
		}
		out.Sums = append(out.Sums, l.Sums...)
		for _, mod := range l.Modules {
			m.module(mod)
		}
		for _, f := range l.ModuleFiles {
			if err := m.file(f); err != nil {
				return nil, err
			}
		}
		if err := m.targets(l); err != nil {
			return nil, err
		}
	}
	return sorted(out), nil
}

type merger struct{ out *Lock }

// module adds a module, or raises it. A folder counts less than a version: it is one where the
// lock was written.
func (m merger) module(mod Module) {
	i := slices.IndexFunc(m.out.Modules, func(o Module) bool { return o.Path == mod.Path })
	if i < 0 {
		m.out.Modules = append(m.out.Modules, mod)
		return
	}
	old := m.out.Modules[i]
	higher := semver.Compare(mod.Version, old.Version) > 0
	if mod.Path == "go" { // a go line, not a module
		higher = goversion.Compare("go"+mod.Version, "go"+old.Version) > 0
	}
	if higher {
		m.out.Modules[i] = mod
	}
}

func (m merger) file(f ModuleFile) error {
	i := slices.IndexFunc(m.out.ModuleFiles, func(o ModuleFile) bool { return o.Path == f.Path })
	if i < 0 {
		m.out.ModuleFiles = append(m.out.ModuleFiles, f)
		return nil
	}
	if m.out.ModuleFiles[i] != f {
		return fmt.Errorf("module file %s is %s in one lock and %s in another", f.Path, m.out.ModuleFiles[i].SHA256, f.SHA256)
	}
	return nil
}

func (m merger) targets(l *Lock) error {
	for _, t := range l.Targets {
		i := slices.IndexFunc(m.out.Targets, func(o Target) bool { return o.Name == t.Name })
		if i < 0 {
			m.out.Targets = append(m.out.Targets, t)
			continue
		}
		old := &m.out.Targets[i]
		switch {
		case t.Repo == "": // pure Go, nothing to add
		case old.Repo == "":
			t.Cgo = t.Cgo || old.Cgo
			*old = t
		case old.Repo != t.Repo || old.Libc != t.Libc && old.Libc != "" && t.Libc != "":
			return fmt.Errorf("%s has packages of %s (libc %s) in one lock and of %s (libc %s) in another", t.Name, old.Repo, old.Libc, t.Repo, t.Libc)
		default:
			old.Needs, old.Roots = union(old.Needs, t.Needs), union(old.Roots, t.Roots)
			old.Cgo = old.Cgo || t.Cgo
			if old.Libc == "" {
				old.Libc = t.Libc
			}
		}
	}
	for _, p := range l.Packages {
		if err := m.pkg(l, p); err != nil {
			return err
		}
	}
	return nil
}

func (m merger) pkg(l *Lock, p Package) error {
	i := slices.IndexFunc(m.out.Packages, func(o Package) bool {
		return o.Target == p.Target && o.Name == p.Name && o.Arch == p.Arch
	})
	if i < 0 {
		m.out.Packages = append(m.out.Packages, p)
		if _, ok := m.out.Repository(p.Repo); !ok {
			r, _ := l.Repository(p.Repo)
			m.out.Repositories = append(m.out.Repositories, r)
		}
		return nil
	}
	old := &m.out.Packages[i]
	if old.SHA256 != p.SHA256 {
		versions := old.Version + " in one lock and " + p.Version + " in another"
		if old.Version == p.Version {
			versions = "two different files of version " + p.Version
		}
		return fmt.Errorf("%s: package %s is %s", p.Target, p.Name, versions)
	}
	old.Build, old.Run = old.Build || p.Build, old.Run || p.Run
	old.Depends, old.For = union(old.Depends, p.Depends), union(old.For, p.For)
	return nil
}

// union is what either list has, sorted.
func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// Narrow is the part of a lock that one target needs which asks for no more than want does: the
// packages that its needs and roots were locked for, and what those depend on. What the lock
// has nothing for is listed, as a person reads it.
func (l *Lock) Narrow(name string, want Target) (part *Lock, lacks []string) {
	t, ok := l.Target(name)
	if !ok {
		return nil, []string{"target " + name}
	}
	had := t.Needs
	if want.Repo == "" { // it turned out to need no packages
		return &Lock{Targets: []Target{{Name: name, Cgo: want.Cgo}}, Zig: l.Zig}, nil
	}
	if lacks = t.Lacks(want); len(lacks) > 0 {
		return nil, lacks
	}
	t.Needs, t.Roots, t.Cgo = want.Needs, want.Roots, want.Cgo
	part = &Lock{Targets: []Target{t}, Zig: l.Zig}
	asked := map[string]bool{}
	for _, n := range slices.Concat(want.Needs, want.Roots) {
		asked[n] = true
	}
	if len(want.Needs) > 0 && !slices.ContainsFunc(want.Needs, func(n string) bool { return !strings.HasPrefix(n, "header:") }) {
		// A header that another need's package has is recorded for that need alone.
		for _, n := range had {
			asked[n] = true
		}
	}
	for _, p := range l.reachable(name, asked) {
		p.For = slices.DeleteFunc(slices.Clone(p.For), func(n string) bool { return !asked[n] && !strings.HasPrefix(n, "package:") })
		part.Packages = append(part.Packages, p)
		if _, ok := part.Repository(p.Repo); !ok {
			r, _ := l.Repository(p.Repo)
			part.Repositories = append(part.Repositories, r)
		}
	}
	return part, nil
}

// Lacks is what a locked target does not have of the needs and roots that are wanted, as a person
// reads it.
func (t Target) Lacks(want Target) (out []string) {
	for _, n := range want.Needs {
		if !slices.Contains(t.Needs, n) {
			out = append(out, t.Name+": "+n)
		}
	}
	for _, n := range want.Roots {
		if !slices.Contains(t.Roots, n) {
			out = append(out, t.Name+": package "+n)
		}
	}
	return out
}

// reachable are a target's packages that something asked for was locked for, and all that
// they depend on.
func (l *Lock) reachable(target string, asked map[string]bool) []Package {
	all := l.PackagesOf(target)
	byName := map[string][]int{}
	for i, p := range all {
		byName[p.Name] = append(byName[p.Name], i)
	}
	seen := make([]bool, len(all))
	var visit func(i int)
	visit = func(i int) {
		if seen[i] {
			return
		}
		seen[i] = true
		for _, d := range all[i].Depends {
			for _, j := range byName[d] {
				visit(j)
			}
		}
	}
	for i, p := range all {
		if slices.ContainsFunc(p.For, func(n string) bool { return asked[n] || strings.HasPrefix(n, "package:") }) {
			visit(i)
		}
	}
	var out []Package
	for i, p := range all {
		if seen[i] {
			out = append(out, p)
		}
	}
	return out
}
