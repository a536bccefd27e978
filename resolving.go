package graft

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/detect"
	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/manifest"
	"github.com/graft-build/graft/target"
)

// repoOf is the repository that a target's packages come from: the preset's, or another
// suite when the manifest says so and that suite has the architecture.
func (s *session) repoOf(t target.Target) string {
	if t.Repo == "" {
		return ""
	}
	if suite := s.plan.m.Repositories[distributionName(t.Repo)].Suite; suite != "" {
		return distributionOf(t.Repo).suite(t, suite)
	}
	return t.Repo
}

// adapt gives targets what their repositories decide of them.
func (s *session) adapt(targets []target.Target) {
	for i, t := range targets {
		if repo := s.repoOf(t); repo != "" {
			targets[i] = distributionOf(repo).adapt(t, repo)
		}
	}
}

// usesC says whether C is compiled for a target: a package beside the standard library has
// C in it. Without any the program is pure Go, static, and needs neither zig nor packages.
func (s *session) usesC(t target.Target, found detect.Result) bool {
	return t.Cgo() && (s.shell || slices.ContainsFunc(found.Packages, func(p detect.Package) bool { return p.Cgo }))
}

// lockTarget is what the lock records of a target before packages are chosen.
func (s *session) lockTarget(t target.Target, found detect.Result) lock.Target {
	out := lock.Target{Name: t.Name, Cgo: s.usesC(t, found)}
	image := slices.ContainsFunc(s.plan.formats[t.Name], func(f string) bool { return f == "oci" || f == "docker" })
	if t.Repo == "" || !out.Cgo && !image {
		return out
	}
	out.Repo = s.repoOf(t)
	for _, n := range s.needs(t, found) {
		out.Needs = append(out.Needs, n.String())
	}
	slices.Sort(out.Needs)
	out.Roots = s.roots(t, out.Cgo)
	if t.GOOS() == "windows" && len(out.Needs)+len(out.Roots) == 0 {
		out.Repo = "" // C of its own alone: zig has the C library
	}
	return out
}

// needs are the detected needs and the manifest's own packages.
func (s *session) needs(t target.Target, found detect.Result) []resolve.Need {
	if !s.usesC(t, found) {
		return nil
	}
	needs := append(slices.Clone(found.Needs), distributionOf(t.Repo).runtime(s.repoOf(t))...)
	for _, name := range s.plan.m.Packages[distributionName(t.Repo)].Build {
		needs = append(needs, resolve.Need{Kind: resolve.NamePackage, Name: name, From: []string{manifest.FileName}})
	}
	return needs
}

// chosen are the needs with the manifest's own choices of packages in their place.
func (s *session) chosen(t target.Target, found detect.Result) []resolve.Need {
	needs := slices.Clone(s.needs(t, found))
	choose := s.plan.m.Packages[distributionName(t.Repo)].Choose
	for i, n := range needs {
		if name := choose[n.String()]; name != "" {
			needs[i].Kind, needs[i].Name = resolve.NamePackage, name
		}
	}
	return needs
}

// roots are packages wanted at run time whatever the program needs.
func (s *session) roots(t target.Target, cgo bool) []string {
	roots := append(distributionOf(t.Repo).roots(cgo), s.plan.m.Packages[distributionName(t.Repo)].Run...)
	slices.Sort(roots)
	return slices.Compact(roots)
}

// resolve chooses a target's packages and adds them to l.
func (s *session) resolve(ctx context.Context, l *lock.Lock, t target.Target, found detect.Result) error {
	lt := s.lockTarget(t, found)
	if lt.Cgo {
		l.Zig = &lock.Zig{Version: ZigVersion}
	}
	if lt.Repo == "" {
		if len(s.needs(t, found)) > 0 {
			return s.noPackages(t, found)
		}
		l.Targets = append(l.Targets, lt)
		return nil
	}
	if lt.Cgo && s.ahead != nil {
		s.ahead()
	}
	return s.stage("resolve", t.Name, func() (string, error) {
		repo, err := s.openRepository(ctx, lt.Repo, t)
		if err != nil {
			return "", err
		}
		defer repo.Close()
		res, err := resolve.Closures(ctx, repo, s.chosen(t, found), lt.Roots)
		if err != nil {
			return "", s.place(t, err)
		}
		if err := repo.Admit(ctx, packagesOf(res)); err != nil {
			return "", err
		}
		if lt.Libc, err = repo.Libc(ctx); err != nil {
			return "", err
		}
		for _, d := range res.Decisions {
			s.cfg.Events.Send(event.Note{Target: t.Name, Text: d})
		}
		l.Targets = append(l.Targets, lt)
		return s.record(l, t, repo, res), nil
	})
}

func packagesOf(res resolve.Result) []resolve.Package {
	out := make([]resolve.Package, len(res.Packages))
	for i, p := range res.Packages {
		out[i] = p.Package
	}
	return out
}

// noPackages is the error for a target that has no repository, though C libraries are needed.
func (s *session) noPackages(t target.Target, found detect.Result) error {
	var names []string
	for _, n := range found.Needs {
		names = append(names, fmt.Sprintf("%s (%s)", n, strings.Join(n.From, ", ")))
	}
	return fmt.Errorf("resolve %s: the target has no packages, but the composition needs %s", t.Name, strings.Join(names, "; "))
}

// record writes the chosen packages into the lock and says how much they are.
func (s *session) record(l *lock.Lock, t target.Target, repo repository, res resolve.Result) string {
	ids := map[string]string{}
	for _, r := range repo.Records() {
		// One lock can hold two states of a suite, when a target was added later.
		suite := r.ID
		r.ID = suite + "@" + strings.NewReplacer("-", "", ":", "").Replace(r.Date)
		ids[suite] = r.ID
		if _, ok := l.Repository(r.ID); !ok {
			l.Repositories = append(l.Repositories, r)
		}
	}
	var bytes int64
	for _, p := range res.Packages {
		source := p.Source
		if source == p.Name {
			source = ""
		}
		bytes += p.Size
		l.Packages = append(l.Packages, lock.Package{
			Target: t.Name, Name: p.Name, Version: p.Version, Arch: p.Arch, Repo: ids[p.RepoID], Path: p.Path, Size: p.Size,
			SHA256: p.SHA256, Source: source, Build: p.Build, Run: p.Run, Depends: p.Depends, For: p.For,
		})
	}
	return fmt.Sprintf("%s, %.1f MB", count(len(res.Packages), "package"), float64(bytes)/1e6)
}

// openRepository opens the indexes of a repository for a target.
func (s *session) openRepository(ctx context.Context, name string, t target.Target) (repository, error) {
	if s.cfg.Offline {
		return nil, &fetch.OfflineError{Missing: []string{"the indexes of " + name + " for " + t.Name + ", to choose packages with (there is no lock for it)"}}
	}
	return distributionOf(name).open(ctx, s, name, t)
}

// items are the locked packages of a target as files to fetch.
func (s *session) items(l *lock.Lock, t target.Target) ([]fetch.Item, error) {
	packages := l.PackagesOf(t.Name)
	if len(packages) == 0 {
		return nil, nil
	}
	lt, _ := l.Target(t.Name)
	addresses, err := distributionOf(lt.Repo).addresses(s)
	if err != nil {
		return nil, err
	}
	var out []fetch.Item
	for _, p := range packages {
		r, ok := l.Repository(p.Repo)
		if !ok {
			return nil, fmt.Errorf("fetch %s: the lock lacks repository %s", p.Name, p.Repo)
		}
		urls, err := addresses(r, p.Path)
		if err != nil {
			return nil, err
		}
		out = append(out, fetch.Item{Name: p.Name + " " + p.Version + " (" + t.Name + ")", URLs: urls, Size: p.Size, SHA256: p.SHA256})
	}
	slices.SortFunc(out, func(a, b fetch.Item) int { return cmp.Compare(b.Size, a.Size) }) // the longest first
	return out, nil
}
