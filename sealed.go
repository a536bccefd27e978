package graft

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/compose"
	"github.com/graft-build/graft/internal/detect"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/target"
)

// A build is sealed when its versions come from locks that are given to it (Request.Locks), and
// only from them: a builder without network has their files and no index to choose from.

// sealed says whether the session is of such a build.
func (s *session) sealed() bool { return len(s.plan.locks) > 0 }

// UncoveredError is a composition that the locks given for it do not cover.
type UncoveredError struct {
	Locks    []string // as they were given
	What     []string // what they lack, one line each
	Disagree bool     // they lack nothing: they have different files of one name
}

func (e *UncoveredError) Error() string {
	if e.Disagree {
		return fmt.Sprintf("%s: the locks do not go together: %s", strings.Join(e.Locks, ", "), strings.Join(e.What, "; "))
	}
	return fmt.Sprintf("%s: not locked for this composition: %s", strings.Join(e.Locks, ", "), strings.Join(e.What, "; "))
}

func (s *session) uncovered(what ...string) error {
	return &UncoveredError{Locks: s.plan.locks, What: what}
}

// sealedLock is the lock of a sealed build: the first of those given that is of the same
// application and plugins in the same order, as it is; otherwise all of them put together.
func (s *session) sealedLock(ctx context.Context) (*lock.Lock, error) {
	var locks []*lock.Lock
	for _, name := range s.plan.locks {
		l, err := readLockFile(name, filepath.Join(filepath.Base(filepath.Dir(name)), filepath.Base(name)))
		if err != nil {
			return nil, err
		}
		locks = append(locks, l)
	}
	want, err := s.located(ctx)
	if err != nil {
		return nil, err
	}
	exact := slices.IndexFunc(locks, func(l *lock.Lock) bool {
		return l.Composition.App == want.App && slices.Equal(l.Composition.Plugins, want.Plugins) && s.lacksTarget(l) == ""
	})
	if exact >= 0 {
		l := locks[exact]
		s.plan.asked, s.plan.key = l.Asked, l.Composition.Key
		return l, nil
	}
	l, err := lock.Merge(locks...)
	if err != nil {
		return nil, &UncoveredError{Locks: s.plan.locks, What: []string{err.Error()}, Disagree: true}
	}
	if name := s.lacksTarget(l); name != "" {
		return nil, s.uncovered("target " + name)
	}
	s.loose = true
	s.askModules(want)
	want.Key = s.plan.key
	l.Composition, l.Asked = want, s.plan.asked
	return l, nil
}

func (s *session) lacksTarget(l *lock.Lock) string {
	for _, t := range s.plan.targets {
		if _, ok := l.Target(t.Name); !ok {
			return t.Name
		}
	}
	return ""
}

// located names the application and the plugins of the plan as a lock does.
func (s *session) located(ctx context.Context) (c lock.Composition, err error) {
	spec := s.spec(nil)
	app, err := compose.Locate(ctx, s.deps(), spec)
	if err != nil {
		return c, err
	}
	c = lock.Composition{App: refOf(app.Module, app.Version), Plugins: []string{}}
	for _, u := range spec.Plugins {
		p, err := compose.LocatePlugin(ctx, s.deps(), spec.Dir, u.Ref)
		if err != nil {
			return c, err
		}
		c.Plugins = append(c.Plugins, refOf(p.Path, p.Version))
	}
	return c, nil
}

// askModules states what is asked for by modules: where a builder has their folders is nothing
// that a lock, or what is said of an artifact, should know.
func (s *session) askModules(c lock.Composition) {
	asked := []string{"application " + c.App}
	for _, p := range c.Plugins {
		asked = append(asked, "plugin "+p)
	}
	for _, line := range s.plan.asked {
		if subject, _, _ := strings.Cut(line, " "); subject != "application" && subject != "plugin" {
			asked = append(asked, line)
		}
	}
	s.plan.asked = asked
	s.plan.key = digest.NewKey("composition/2").Add("asked", asked...).Digest()
}

// chooseSealed composes by the lock of a sealed build and returns what of it this composition needs.
func (s *session) chooseSealed(ctx context.Context) (*lock.Lock, error) {
	from, err := s.sealedLock(ctx)
	if err != nil {
		return nil, err
	}
	err = s.compose(ctx, from)
	var stale *compose.StaleError
	if errors.As(err, &stale) {
		return nil, s.uncovered(stale.What...)
	}
	if err != nil {
		return nil, err
	}
	l := s.emptyLock()
	for _, t := range s.plan.targets {
		found, err := s.detect(ctx, t)
		if err != nil {
			return nil, err
		}
		if err := s.takeTarget(l, from, t, found); err != nil {
			return nil, err
		}
	}
	if !s.loose { // the same lock comes out
		for _, t := range from.Targets {
			if _, ok := l.Target(t.Name); !ok {
				copyTarget(l, from, t.Name)
			}
		}
	}
	l.ModuleFiles = from.ModuleFiles
	return l, nil
}

// takeTarget takes a target with its packages over from the lock of a sealed build.
func (s *session) takeTarget(l, from *lock.Lock, t target.Target, found detect.Result) error {
	had, _ := from.Target(t.Name)
	want := s.lockTarget(t, found)
	if s.loose {
		// More than one composition needs is no part of it.
		part, lacks := from.Narrow(t.Name, want)
		if len(lacks) > 0 {
			return s.uncovered(lacks...)
		}
		copyTarget(l, part, t.Name)
		return nil
	}
	if want.Repo != "" {
		if lacks := had.Lacks(want); len(lacks) > 0 {
			return s.uncovered(lacks...)
		}
	}
	copyTarget(l, from, t.Name)
	return nil
}

// readLockFile reads a lock that has to be there. shown is its name in errors.
func readLockFile(name, shown string) (*lock.Lock, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read lock: %w", err)
	}
	defer f.Close()
	return lock.Parse(shown, f)
}
