package graft

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/detect"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/internal/similar"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/target"
)

// Update says what Lock chooses anew although the lock that is there pins it.
type Update struct {
	All bool // everything
	// Names are Go modules (path, or path@version), packages of a distribution, and "go" for
	// the version of Go. All else stays as it is locked.
	Names []string
}

// updates are the names of an Update by kind.
type updates struct {
	modules  []string
	packages []string
	goAnew   bool
}

func (u updates) none() bool { return len(u.modules)+len(u.packages) == 0 && !u.goAnew }

// sort finds out what the names mean in a lock.
func (u Update) sort(l *lock.Lock) (updates, error) {
	var out updates
	if len(u.Names) == 0 {
		return out, nil
	}
	if l == nil {
		return out, &UsageError{"update: there is no lock yet; graft lock writes it with the newest of everything"}
	}
	for _, name := range u.Names {
		path, _, _ := strings.Cut(name, "@")
		module := moduleOf(l, path)
		found := slices.ContainsFunc(l.Packages, func(p lock.Package) bool { return p.Name == name })
		switch {
		case name == "go":
			out.goAnew = true
		case found:
			out.packages = append(out.packages, name)
		case module != "":
			out.modules = append(out.modules, module+strings.TrimPrefix(name, path))
		default:
			return out, unknownUpdate(l, name)
		}
	}
	return out, nil
}

// moduleOf is the module of the lock that a module's or plugin's path names.
func moduleOf(l *lock.Lock, path string) string {
	if hasModule(l, path) {
		return path
	}
	// A plugin may be a package of its module.
	best := ""
	for _, p := range l.Composition.Plugins {
		if pkg, _, _ := strings.Cut(p, "@"); pkg != path {
			continue
		}
		for _, m := range l.Modules {
			if strings.HasPrefix(path, m.Path+"/") && len(m.Path) > len(best) {
				best = m.Path
			}
		}
	}
	return best
}

func unknownUpdate(l *lock.Lock, name string) error {
	text := fmt.Sprintf("update %s: the lock has neither a module nor a package of that name", name)
	best, at := 4, ""
	for _, m := range l.Modules {
		if d := similar.Distance(name, m.Path); len(name) < 200 && d < best {
			best, at = d, m.Path
		}
	}
	for _, p := range l.Packages {
		if d := similar.Distance(name, p.Name); len(name) < 200 && d < best {
			best, at = d, p.Name
		}
	}
	if at != "" {
		text += "; did you mean " + at + "?"
	}
	return &UsageError{text}
}

// updateTarget copies a target of the old lock to l with the named packages chosen anew, and
// with them those that only go together: packages of the same source, and dependencies whose
// locked version is too old for a new one.
func (s *session) updateTarget(ctx context.Context, l, old *lock.Lock, t target.Target, found detect.Result) error {
	had, _ := old.Target(t.Name)
	return s.stage("resolve", t.Name, func() (string, error) {
		repo, err := s.openRepository(ctx, had.Repo, t)
		if err != nil {
			return "", err
		}
		defer repo.Close()
		res, err := resolve.Closures(ctx, repo, s.chosen(t, found), had.Roots)
		if err != nil {
			return "", s.place(t, err)
		}
		if err := repo.Admit(ctx, packagesOf(res)); err != nil {
			return "", err
		}
		now := &lock.Lock{}
		s.record(now, t, repo, res)
		anew, err := together(ctx, repo, res, old.PackagesOf(t.Name), s.updates.packages, distributionOf(had.Repo).meets)
		if err != nil {
			return "", err
		}
		if anew["libc6"] {
			if had.Libc, err = repo.Libc(ctx); err != nil {
				return "", err
			}
		}
		n := s.take(l, old, now, t, anew)
		l.Targets = append(l.Targets, had)
		if had.Cgo {
			l.Zig = old.Zig
		}
		return count(n, "package") + " anew", nil
	})
}

// take adds a target's packages to l: those of now that are anew or that old lacks, else the
// locked ones. It returns how many have another version than before.
func (s *session) take(l, old, now *lock.Lock, t target.Target, anew map[string]bool) int {
	n := 0
	was := map[string]lock.Package{}
	for _, p := range old.PackagesOf(t.Name) {
		was[p.Name] = p
	}
	for _, p := range now.Packages {
		from := now
		if o, ok := was[p.Name]; ok && !anew[p.Name] {
			o.Build, o.Run, o.Depends, o.For = p.Build, p.Run, p.Depends, p.For
			p, from = o, old
		} else if !ok || o.Version != p.Version {
			n++
			if ok && !slices.Contains(s.updates.packages, p.Name) {
				s.cfg.Events.Send(event.Note{Target: t.Name, Text: p.Name + " is updated too: it goes together with what was named"})
			}
		}
		l.Packages = append(l.Packages, p)
		if _, ok := l.Repository(p.Repo); !ok {
			r, _ := from.Repository(p.Repo)
			l.Repositories = append(l.Repositories, r)
		}
	}
	return n
}

// together are the names of packages that are to be taken anew when some are.
func together(ctx context.Context, repo resolve.Repository, res resolve.Result, old []lock.Package, names []string, meets func(dependency, name, version string) bool) (map[string]bool, error) {
	source := func(p resolve.Package) string {
		if p.Source != "" {
			return p.Source
		}
		return p.Name
	}
	locked := map[string]string{}
	for _, p := range old {
		locked[p.Name] = p.Version
	}
	anew := map[string]bool{}
	queue := []resolve.Package{}
	add := func(p resolve.Package) {
		if !anew[p.Name] {
			anew[p.Name] = true
			queue = append(queue, p)
		}
	}
	for _, p := range res.Packages {
		if slices.Contains(names, p.Name) {
			add(p.Package)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		p := queue[0]
		for _, q := range res.Packages {
			if source(q.Package) == source(p) {
				add(q.Package)
			}
		}
		deps, err := repo.Depends(ctx, p)
		if err != nil {
			return nil, err
		}
		for _, d := range deps {
			for _, q := range res.Packages {
				was, ok := locked[q.Name]
				if ok && was != q.Version && !meets(d.Text, q.Name, was) {
					add(q.Package)
				}
			}
		}
	}
	return anew, nil
}

// updatable says whether the named packages concern a target.
func (s *session) updatable(old *lock.Lock, t target.Target) bool {
	return slices.ContainsFunc(old.PackagesOf(t.Name), func(p lock.Package) bool { return slices.Contains(s.updates.packages, p.Name) })
}
