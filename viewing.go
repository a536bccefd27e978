package graft

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/graft-build/graft/internal/compose"
	"github.com/graft-build/graft/internal/sysroot"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/target"
)

// view composes what the lock says and changes nothing: for those that only tell. The plan's
// targets become those of the lock, or of them the ones that the request names.
func (p *Project) view(ctx context.Context, req Request) (*session, *lock.Lock, error) {
	asked := req.Targets
	s, err := p.session(ctx, req)
	if err != nil {
		return nil, nil, err
	}
	l, err := s.readLock()
	if err != nil {
		return nil, nil, err
	}
	if l == nil {
		return nil, nil, &StaleError{File: s.lockName(), Hint: "graft lock writes it"}
	}
	if l.Composition.Key != s.plan.key {
		return nil, nil, s.stale(askedChanges(l, s.plan.asked))
	}
	if err := s.keepTargets(l, asked); err != nil {
		return nil, nil, err
	}
	err = s.compose(ctx, l)
	var stale *compose.StaleError
	if errors.As(err, &stale) {
		err = s.stale(stale.What)
	}
	return s, l, err
}

// keepTargets makes the plan's targets those of the lock.
func (s *session) keepTargets(l *lock.Lock, asked []string) error {
	if len(asked) > 0 {
		for _, t := range s.plan.targets {
			if _, ok := l.Target(t.Name); !ok {
				return s.stale([]string{"it does not have the target " + t.Name})
			}
		}
		return nil
	}
	s.plan.targets = nil
	for _, lt := range l.Targets {
		t, err := target.Parse(lt.Name)
		if err != nil {
			return fmt.Errorf("read %s: %w", s.lockName(), err)
		}
		s.plan.targets = append(s.plan.targets, t)
	}
	return nil
}

// tree is the folder of an unpacked package; ok is false when the store does not have it.
func (s *session) tree(ctx context.Context, l *lock.Lock, p lock.Package) (dir, prefix string, ok bool, err error) {
	lt, _ := l.Target(p.Target)
	prefix = distributionOf(lt.Repo).prefix(lt.Repo)
	blob, ok := s.store.Blob(p.SHA256)
	if !ok {
		return "", prefix, false, nil
	}
	dir, err = sysroot.PackageTree(ctx, s.store, sysroot.Input{Name: p.Name, Blob: blob, SHA256: p.SHA256, Prefix: prefix})
	return dir, prefix, err == nil, err
}

// without are the names of packages that the store lacks.
func (s *session) without(packages []lock.Package) []string {
	var out []string
	for _, p := range packages {
		if _, ok := s.store.Blob(p.SHA256); !ok {
			out = append(out, p.Name)
		}
	}
	slices.Sort(out)
	return out
}

// LockedNames are the modules and packages of the lock in a folder, for shells that complete
// what is typed; none when it has none that can be read.
func LockedNames(dir string) []string {
	f, err := os.Open(filepath.Join(dir, lock.FileName))
	if err != nil {
		return nil
	}
	defer f.Close()
	l, err := lock.Parse(lock.FileName, f)
	if err != nil {
		return nil
	}
	var out []string
	for _, m := range l.Modules {
		out = append(out, m.Path)
	}
	for _, p := range l.Packages {
		out = append(out, p.Name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
