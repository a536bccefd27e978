package graft

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/detect"
	"github.com/graft-build/graft/internal/distro/debian"
	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/manifest"
	"github.com/graft-build/graft/target"
)

// distribution is the manifest's name for what a repository belongs to.
func distribution(repo string) string {
	name, _, _ := strings.Cut(repo, "-")
	return name
}

// repoOf is the repository that a target's packages come from: the preset's, or another
// suite when the manifest says so and that suite has the architecture.
func (s *session) repoOf(t target.Target) string {
	if t.Repo == "" {
		return ""
	}
	suite := s.plan.m.Repositories[distribution(t.Repo)].Suite
	if suite == "" || t.Arch == "riscv64" { // riscv64 is in trixie only
		return t.Repo
	}
	return distribution(t.Repo) + "-" + suite
}

// usesC says whether C is compiled for a target: a package beside the standard library has
// C in it. Without any the program is pure Go, static, and needs neither zig nor packages.
func (s *session) usesC(t target.Target, found detect.Result) bool {
	return t.Cgo() && (s.shell || slices.ContainsFunc(found.Packages, func(p detect.Package) bool { return p.Cgo }))
}

// baseRoots are the packages that every image has beside what the program needs.
var baseRoots = []string{"ca-certificates", "tzdata"}

// lockTarget is what the lock records of a target before packages are chosen.
func (s *session) lockTarget(t target.Target, found detect.Result) lock.Target {
	out := lock.Target{Name: t.Name, Cgo: s.usesC(t, found)}
	image := slices.ContainsFunc(s.plan.formats[t.Name], func(f string) bool { return f == "oci" })
	if t.Repo == "" || !out.Cgo && !image {
		return out
	}
	out.Repo = s.repoOf(t)
	for _, n := range s.needs(t, found) {
		out.Needs = append(out.Needs, n.String())
	}
	slices.Sort(out.Needs)
	out.Roots = s.roots(t)
	return out
}

// needs are the detected needs and the manifest's own packages.
func (s *session) needs(t target.Target, found detect.Result) []resolve.Need {
	if !s.usesC(t, found) {
		return nil
	}
	needs := slices.Clone(found.Needs)
	for _, name := range s.plan.m.Packages[distribution(t.Repo)].Build {
		needs = append(needs, resolve.Need{Kind: resolve.NamePackage, Name: name, From: []string{manifest.FileName}})
	}
	return needs
}

// chosen are the needs with the manifest's own choices of packages in their place.
func (s *session) chosen(t target.Target, found detect.Result) []resolve.Need {
	needs := slices.Clone(s.needs(t, found))
	choose := s.plan.m.Packages[distribution(t.Repo)].Choose
	for i, n := range needs {
		if name := choose[n.String()]; name != "" {
			needs[i].Kind, needs[i].Name = resolve.NamePackage, name
		}
	}
	return needs
}

// roots are packages wanted at run time whatever the program needs.
func (s *session) roots(t target.Target) []string {
	roots := append(slices.Clone(baseRoots), s.plan.m.Packages[distribution(t.Repo)].Run...)
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
	return s.stage("resolve", t.Name, func() (string, error) {
		repo, err := s.openRepository(ctx, lt.Repo, t)
		if err != nil {
			return "", err
		}
		defer repo.Close()
		res, err := resolve.Closures(ctx, repo, s.chosen(t, found), lt.Roots)
		if err != nil {
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

// noPackages is the error for a target that has no repository, though C libraries are needed.
func (s *session) noPackages(t target.Target, found detect.Result) error {
	var names []string
	for _, n := range found.Needs {
		names = append(names, fmt.Sprintf("%s (%s)", n, strings.Join(n.From, ", ")))
	}
	return fmt.Errorf("resolve %s: the target has no packages, but the composition needs %s", t.Name, strings.Join(names, "; "))
}

// record writes the chosen packages into the lock and says how much they are.
func (s *session) record(l *lock.Lock, t target.Target, repo *debian.Repository, res resolve.Result) string {
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
func (s *session) openRepository(ctx context.Context, name string, t target.Target) (*debian.Repository, error) {
	if s.cfg.Offline {
		return nil, &fetch.OfflineError{Missing: []string{"the indexes of " + name + " for " + t.Name + ", to choose packages with (there is no lock for it)"}}
	}
	mirrors, err := s.mirrors()
	if err != nil {
		return nil, err
	}
	c := debian.Config{
		Name: name, Arch: t.Arch, Triplet: t.ABI.Triplet, Mirrors: mirrors, Now: s.cfg.Now(),
		Fetcher: s.fetch, Store: s.store, Events: s.cfg.Events,
	}
	if file := s.plan.m.Repositories[distribution(name)].Keyring; file != "" {
		if c.Trusted, err = os.ReadFile(absolute(s.dir, file)); err != nil {
			return nil, fmt.Errorf("read keyring of %s: %w", name, err)
		}
	} else if b, err := os.ReadFile(filepath.Join(hostRoot, debian.HostKeyring)); err == nil {
		c.Keyring = b
	}
	return debian.Open(ctx, c)
}

// hostRoot is where the host's own configuration lies.
const hostRoot = "/"

// mirrors are the addresses asked before the official ones: the environment's, the
// manifest's, the host's apt sources.
func (s *session) mirrors() (debian.Mirrors, error) {
	m := debian.Mirrors{}
	declared := s.plan.m.Repositories["debian"]
	for _, src := range []struct {
		what  string
		kind  debian.Kind
		bases []string
	}{
		{"GRAFT_MIRROR_DEBIAN", debian.Archive, strings.Fields(getenv(s.cfg.Env, "GRAFT_MIRROR_DEBIAN"))},
		{"GRAFT_MIRROR_DEBIAN_SECURITY", debian.Security, strings.Fields(getenv(s.cfg.Env, "GRAFT_MIRROR_DEBIAN_SECURITY"))},
		{"repositories.debian.mirrors", debian.Archive, declared.Mirrors},
		{"repositories.debian.security", debian.Security, declared.Security},
	} {
		if err := m.Add(src.kind, src.bases...); err != nil {
			return nil, &UsageError{fmt.Sprintf("%s: %v", src.what, err)}
		}
	}
	host, problems := debian.HostSources(os.DirFS(hostRoot))
	for _, p := range problems {
		s.cfg.Events.Send(event.Note{Text: p.Error()})
	}
	return m.Merge(host), nil
}

// items are the locked packages of a target as files to fetch.
func (s *session) items(l *lock.Lock, t target.Target) ([]fetch.Item, error) {
	packages := l.PackagesOf(t.Name)
	if len(packages) == 0 {
		return nil, nil
	}
	mirrors, err := s.mirrors()
	if err != nil {
		return nil, err
	}
	var out []fetch.Item
	for _, p := range packages {
		r, ok := l.Repository(p.Repo)
		if !ok {
			return nil, fmt.Errorf("fetch %s: the lock lacks repository %s", p.Name, p.Repo)
		}
		urls, err := debian.URLs(mirrors, r, p.Path)
		if err != nil {
			return nil, err
		}
		out = append(out, fetch.Item{Name: p.Name + " " + p.Version + " (" + t.Name + ")", URLs: urls, Size: p.Size, SHA256: p.SHA256})
	}
	slices.SortFunc(out, func(a, b fetch.Item) int { return cmp.Compare(b.Size, a.Size) }) // the longest first
	return out, nil
}

// IsSignature says whether an error is of an index that no trusted key has signed.
func IsSignature(err error) bool {
	var sig *debian.SignatureError
	return errors.As(err, &sig)
}
