package graft

import (
	"context"
	"slices"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/closure"
	"github.com/graft-build/graft/internal/detect"
	"github.com/graft-build/graft/internal/licence"
	"github.com/graft-build/graft/internal/pack"
	"github.com/graft-build/graft/internal/why"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/target"
)

// Listing is what a composition consists of.
type Listing struct {
	Lock        string         `json:"lock"` // path
	Go          string         `json:"go"`
	Zig         string         `json:"zig,omitempty"`
	Application ListedModule   `json:"application"`
	Plugins     []ListedModule `json:"plugins"`
	Modules     []ListedModule `json:"modules"` // all others that are compiled for one of the targets
	Targets     []ListedTarget `json:"targets"`
}

// ListedModule is a Go module or a package of one.
type ListedModule struct {
	Package  string   `json:"package,omitempty"` // of the application and of plugins
	Module   string   `json:"module"`
	Version  string   `json:"version,omitempty"` // "" for a folder
	Folder   string   `json:"folder,omitempty"`
	Licences []string `json:"licences,omitempty"` // SPDX; none when there is no text that is known
	Targets  []string `json:"targets,omitempty"`  // that compile it
}

// ListedTarget is a target with its packages.
type ListedTarget struct {
	Target   string          `json:"target"`
	Lock     digest.Digest   `json:"lock"` // of the lock's part for it, as programs name it
	Repo     string          `json:"repository,omitempty"`
	Cgo      bool            `json:"cgo"`
	Packages []ListedPackage `json:"packages"`
}

// ListedPackage is a package of a distribution.
type ListedPackage struct {
	Name      string   `json:"name"`
	Version   string   `json:"version"`
	Build     bool     `json:"build,omitempty"`
	Run       bool     `json:"run,omitempty"`
	For       []string `json:"for,omitempty"` // the needs that ask for it directly
	Missing   bool     `json:"missing,omitempty"`
	Licences  []string `json:"licences,omitempty"` // as the package states them
	Libraries []string `json:"libraries,omitempty"`
}

// List says what the lock's composition consists of. Of packages that the store lacks neither
// licences nor libraries are known.
func (p *Project) List(ctx context.Context, req Request) (*Listing, error) {
	s, l, err := p.view(ctx, req)
	if err != nil {
		return nil, err
	}
	out := &Listing{Lock: s.plan.lockFile, Go: l.Go, Plugins: []ListedModule{}, Modules: []ListedModule{}, Targets: []ListedTarget{}}
	if l.Zig != nil {
		out.Zig = l.Zig.Version
	}
	compiled := map[string]*ListedModule{}
	for _, t := range s.plan.targets {
		found, err := s.detect(ctx, t)
		if err != nil {
			return nil, err
		}
		if err := s.addModules(compiled, t, found); err != nil {
			return nil, err
		}
		lt, err := s.listTarget(ctx, l, t)
		if err != nil {
			return nil, err
		}
		out.Targets = append(out.Targets, lt)
	}
	told := map[string]bool{}
	describe := func(pkg, module, version string) ListedModule {
		told[module] = true
		m := ListedModule{Module: module, Version: version}
		if c := compiled[module]; c != nil {
			m = *c
		}
		m.Package = pkg
		return m
	}
	out.Application = describe(s.comp.Package, s.comp.Module, s.comp.Version)
	for _, p := range s.comp.Plugins {
		out.Plugins = append(out.Plugins, describe(p.Path, p.Module, p.Version))
	}
	for _, path := range slices.Sorted(mapKeys(compiled)) {
		if !told[path] {
			out.Modules = append(out.Modules, *compiled[path])
		}
	}
	return out, nil
}

// addModules adds the modules that a target compiles.
func (s *session) addModules(to map[string]*ListedModule, t target.Target, found detect.Result) error {
	for _, p := range found.Packages {
		if p.Module == "" {
			continue
		}
		m := to[p.Module]
		if m == nil {
			m = &ListedModule{Module: p.Module, Version: p.Version}
			if p.Version == "" {
				m.Folder = s.plan.show(p.Root)
			}
			var err error
			if m.Licences, err = textLicences(pack.Module{Path: p.Module, Version: p.Version, Dir: p.Root}); err != nil {
				return err
			}
			to[p.Module] = m
		}
		if !slices.Contains(m.Targets, t.Name) {
			m.Targets = append(m.Targets, t.Name)
		}
	}
	return nil
}

func (s *session) listTarget(ctx context.Context, l *lock.Lock, t target.Target) (ListedTarget, error) {
	lt, _ := l.Target(t.Name)
	out := ListedTarget{Target: t.Name, Lock: l.Part(t.Name).Digest(), Repo: lt.Repo, Cgo: lt.Cgo, Packages: []ListedPackage{}}
	packages := l.PackagesOf(t.Name)
	var all []pack.Package // with trees
	for _, p := range packages {
		dir, prefix, ok, err := s.tree(ctx, l, p)
		if err != nil {
			return out, err
		}
		q := ListedPackage{Name: p.Name, Version: p.Version, Build: p.Build, Run: p.Run, For: p.For, Missing: !ok}
		if ok {
			all = append(all, pack.Package{Provider: closure.Provider{Package: p.Name, Dir: dir, Prefix: prefix}, Version: p.Version})
			f, err := why.Read(dir, prefix)
			if err != nil {
				return out, err
			}
			q.Libraries = f.Libraries()
		}
		out.Packages = append(out.Packages, q)
	}
	for i, q := range out.Packages {
		k := slices.IndexFunc(all, func(p pack.Package) bool { return p.Package == q.Name })
		if k < 0 {
			continue
		}
		var err error
		if out.Packages[i].Licences, err = packageLicences(all[k], all); err != nil {
			return out, err
		}
	}
	return out, nil
}

// packageLicences are the licences of one package, by its own copyright file or by the one
// that it refers to.
func packageLicences(p pack.Package, all []pack.Package) ([]string, error) {
	texts, _, err := pack.Licences(nil, []pack.Package{p}, all)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, l := range texts {
		if p.Prefix == "" {
			out = append(out, licence.OfCopyright(l.Content)...)
		} else {
			out = append(out, licence.OfText(l.Content)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
