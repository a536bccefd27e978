package graft

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/graft-build/graft/internal/compose"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/target"
)

// Outdated is what could be newer than the lock has it.
type Outdated struct {
	Kind   string `json:"kind"` // application, plugin, module, go, zig, package, repository (that could not be asked)
	Target string `json:"target,omitempty"`
	Name   string `json:"name"`
	Locked string `json:"locked"`
	Newest string `json:"newest,omitempty"` // "" when it could not be looked up
	How    string `json:"how"`              // the command that takes it, or what stands in its way
}

// Outdated compares the lock with what there is now: modules with the module proxy, packages
// with the indexes of their suites. all takes indirect modules, too. Only what differs or
// could not be looked up is returned.
func (p *Project) Outdated(ctx context.Context, req Request, all bool) ([]Outdated, error) {
	if p.cfg.Offline {
		return nil, &UsageError{"outdated: it asks what there is now, which --offline forbids"}
	}
	s, l, err := p.view(ctx, req)
	if err != nil {
		return nil, err
	}
	out, err := s.outdatedModules(ctx, l, all)
	if err != nil {
		return nil, err
	}
	if l.Zig != nil && l.Zig.Version != ZigVersion {
		out = append(out, Outdated{Kind: "zig", Name: "zig", Locked: l.Zig.Version, Newest: ZigVersion, How: "graft lock --update"})
	}
	for _, t := range s.plan.targets {
		some, err := s.outdatedPackages(ctx, l, t)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// outdatedModules is about Go, the application, plugins and modules.
func (s *session) outdatedModules(ctx context.Context, l *lock.Lock, all bool) ([]Outdated, error) {
	fixed := map[string]string{} // by module: the reference that has a version in it
	kinds := map[string]string{}
	note := func(kind, path, ref string) {
		kinds[path] = kind
		if _, v, ok := strings.Cut(ref, "@"); ok && module.CanonicalVersion(v) == v {
			fixed[path] = ref
		}
	}
	if s.comp.Version != "" {
		note("application", s.comp.Module, s.plan.app)
	}
	for _, p := range s.comp.Plugins {
		if p.Version != "" {
			note("plugin", p.Module, p.Ref)
		}
	}
	var names []string
	for _, m := range l.Modules {
		if m.Version != "" && m.Replace == "" && m.Path != "go" && (all || kinds[m.Path] != "" || slices.Contains(s.comp.Direct, m.Path)) {
			names = append(names, m.Path)
		}
	}
	found, err := compose.Newest(ctx, s.deps(), append([]string{"go"}, names...))
	if err != nil {
		return nil, err
	}
	var out []Outdated
	if n := found["go"]; n.Err == nil && n.Version != "" && semver.Compare("v"+n.Version, "v"+l.Go) > 0 {
		out = append(out, Outdated{Kind: "go", Name: "go", Locked: l.Go, Newest: n.Version, How: "graft lock --update go, with that version installed"})
	}
	for _, m := range l.Modules {
		if !slices.Contains(names, m.Path) {
			continue
		}
		n := found[m.Path]
		o := Outdated{Kind: cmp.Or(kinds[m.Path], "module"), Name: m.Path, Locked: m.Version, Newest: n.Version, How: "graft lock --update " + m.Path}
		switch {
		case n.Err != nil:
			o.How = "not looked up: " + strings.SplitN(n.Err.Error(), "\n", 2)[0]
		case semver.Compare(n.Version, m.Version) <= 0:
			continue
		case fixed[m.Path] != "":
			o.How = "named as " + fixed[m.Path]
		}
		out = append(out, o)
	}
	return out, nil
}

// outdatedPackages compares a target's packages with the index of their suite.
func (s *session) outdatedPackages(ctx context.Context, l *lock.Lock, t target.Target) ([]Outdated, error) {
	lt, _ := l.Target(t.Name)
	packages := l.PackagesOf(t.Name)
	if lt.Repo == "" || len(packages) == 0 {
		return nil, nil
	}
	var out []Outdated
	err := s.stage("resolve", t.Name, func() (string, error) {
		repo, err := s.openRepository(ctx, lt.Repo, t)
		if err != nil {
			if ctx.Err() != nil {
				return "", err
			}
			// The other targets are worth an answer.
			out = append(out, Outdated{Kind: "repository", Target: t.Name, Name: lt.Repo, How: "not looked up: " + strings.SplitN(err.Error(), "\n", 2)[0]})
			return "", nil
		}
		defer repo.Close()
		for _, p := range packages {
			found, err := repo.Find(ctx, resolve.Need{Kind: resolve.NamePackage, Name: p.Name})
			if err != nil {
				return "", err
			}
			i := slices.IndexFunc(found, func(c resolve.Candidate) bool { return c.Name == p.Name })
			o := Outdated{Kind: "package", Target: t.Name, Name: p.Name, Locked: p.Version}
			switch {
			case i < 0:
				o.How = lt.Repo + " does not have it any more: graft lock --update"
			case found[i].Version == p.Version:
				continue
			default:
				o.Newest, o.How = found[i].Version, "graft lock --update "+p.Name
			}
			out = append(out, o)
		}
		return fmt.Sprintf("%s of %d differ", count(len(out), "package"), len(packages)), nil
	})
	return out, err
}
