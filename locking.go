package graft

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/compose"
	"github.com/graft-build/graft/internal/detect"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/target"
)

// StaleError is a lock that was written for something else than what is asked for.
type StaleError struct {
	File string
	What []string // each difference, one line; none when there is no lock
	Hint string   // the next step
}

func (e *StaleError) Error() string {
	if len(e.What) == 0 {
		return fmt.Sprintf("%s is not there", e.File)
	}
	what := e.What
	const most = 6 // What has them all
	if len(what) > most+1 {
		what = append(slices.Clone(what[:most]), fmt.Sprintf("and %d more differences", len(what)-most))
	}
	return fmt.Sprintf("%s does not fit what is asked for: %s", e.File, strings.Join(what, "; "))
}

// LockResult says what Lock did.
type LockResult struct {
	Path    string   `json:"path"`    // of the lock
	Changes []string `json:"changes"` // one line each; none when it was up to date
}

// Lock chooses every input of the request's targets and writes the lock. What an existing
// lock pins and still fits is kept, but for what is to be updated.
func (p *Project) Lock(ctx context.Context, req Request, update Update) (*LockResult, error) {
	req.anew, req.update = update.All, update
	if _, err := os.Stat(filepath.Join(p.dir, "flake.nix")); err == nil && len(req.Hosts) == 0 {
		req.Hosts = []string{runtime.GOOS + "/" + runtime.GOARCH}
	}
	s, err := p.session(ctx, req)
	if err != nil {
		return nil, err
	}
	if len(req.Targets) > 0 && p.declared && !req.Locked {
		// The manifest's own targets stay in the lock.
		if err := s.addDeclaredTargets(); err != nil {
			return nil, err
		}
	}
	old, err := s.readLock()
	if err != nil && !update.All {
		return nil, err
	}
	how := extend
	if update.All {
		how = anew
	}
	if !s.updates.none() && len(req.Targets) == 0 {
		// What is common to all targets must stay so.
		if err := s.addLockedTargets(old); err != nil {
			return nil, err
		}
	}
	l, err := s.choose(ctx, old, how)
	if err != nil {
		return nil, err
	}
	if len(req.Hosts) > 0 || old != nil && len(old.ModuleFiles) > 0 {
		// Asked for by hand, the files are listed again: the folders may import other packages now.
		if err := s.recordFiles(ctx, old, l, req.Hosts); err != nil {
			return nil, err
		}
	}
	if req.Locked {
		if err := s.frozen(old, l); err != nil {
			return nil, err
		}
	}
	res := &LockResult{Path: s.plan.lockFile, Changes: append([]string{}, difference(old, l)...)}
	return res, s.writeLock(old, l)
}

func (s *session) addDeclaredTargets() error {
	for _, name := range s.manifest.Targets {
		t, err := target.Parse(name)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(s.plan.targets, func(o target.Target) bool { return o.Name == t.Name }) {
			s.plan.targets = append(s.plan.targets, t)
		}
	}
	s.adapt(s.plan.targets)
	return nil
}

// addLockedTargets adds the lock's targets to those of the plan.
func (s *session) addLockedTargets(l *lock.Lock) error {
	for _, lt := range l.Targets {
		t, err := target.Parse(lt.Name)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(s.plan.targets, func(o target.Target) bool { return o.Name == t.Name }) {
			s.plan.targets = append(s.plan.targets, t)
		}
	}
	s.adapt(s.plan.targets)
	return nil
}

// readLock reads the plan's lock; nil when there is none.
func (s *session) readLock() (*lock.Lock, error) {
	f, err := os.Open(s.plan.lockFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return lock.Parse(s.lockName(), f)
}

// lockName is the lock's path as a person reads it.
func (s *session) lockName() string {
	if s.plan.adhoc {
		return filepath.Join(s.plan.outShown, lock.FileName)
	}
	return filepath.Join(filepath.Base(s.dir), lock.FileName)
}

// writeLock writes l when it says something else than old: atomically, so that a lock is
// never half there.
func (s *session) writeLock(old, l *lock.Lock) error {
	put, drop, err := s.stageLock(old, l)
	if err != nil {
		return err
	}
	defer drop()
	return put()
}

// stageLock does all of writeLock that can fail for a reason of the user's, before anything
// else is changed: put then puts the lock in place, and drop leaves everything as it was.
func (s *session) stageLock(old, l *lock.Lock) (put func() error, drop func(), err error) {
	b, err := lock.Encode(l)
	if err != nil {
		return nil, nil, err
	}
	if old != nil {
		if was, err := lock.Encode(old); err == nil && bytes.Equal(was, b) {
			return func() error { return nil }, func() {}, nil
		}
	}
	dir := filepath.Dir(s.plan.lockFile)
	_, err = os.Lstat(dir)
	created := errors.Is(err, fs.ErrNotExist)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, nil, fmt.Errorf("write lock: %w", err)
	}
	f, err := stageFile(s.plan.lockFile, b)
	if err != nil {
		return nil, nil, err
	}
	return f.put, func() {
		f.drop()
		if created {
			os.Remove(dir) // fails, as it should, when something is in it
		}
	}, nil
}

// stale is the error for a lock that would have to change.
func (s *session) stale(what []string) error {
	hint := "run graft lock to bring it up to date, and look at what changes"
	if s.plan.adhoc {
		hint = "build without --locked, or into another --out"
	}
	return &StaleError{File: s.lockName(), What: what, Hint: hint}
}

// frozen is the error for a lock that must not change and does not say what l says; nil when it does.
func (s *session) frozen(old, l *lock.Lock) error {
	if old == nil {
		return &StaleError{File: s.lockName(), Hint: "write it: the same without --locked"}
	}
	if what := difference(old, l); len(what) > 0 {
		return s.stale(what)
	}
	return nil
}

// mode is how far choose may leave the present lock.
type mode int

const (
	keep   mode = iota // the lock decides; targets that it lacks are added
	extend             // what does not fit any more is chosen anew
	anew               // everything is chosen anew
)

// choose composes the application and returns the lock for the plan: old where it fits.
// Afterwards s.comp is the composition of that lock.
func (s *session) choose(ctx context.Context, old *lock.Lock, how mode) (*lock.Lock, error) {
	locked := old
	if how == anew {
		locked = nil
	}
	if locked != nil && locked.Composition.Key != s.plan.key {
		if how == keep && !s.plan.adhoc {
			return nil, s.stale(askedChanges(locked, s.plan.asked))
		}
		s.cfg.Events.Send(event.Note{Text: s.lockName() + " is of another composition: choosing anew"})
		locked = nil
	}
	err := s.compose(ctx, locked)
	var stale *compose.StaleError
	if errors.As(err, &stale) {
		if how == keep && !s.plan.adhoc {
			return nil, s.stale(stale.What)
		}
		locked = nil
		err = s.compose(ctx, nil)
	}
	if err != nil {
		return nil, err
	}
	l := s.emptyLock()
	if err := s.chooseTargets(ctx, l, old, locked, how); err != nil {
		return nil, err
	}
	return l, nil
}

func (s *session) emptyLock() *lock.Lock {
	l := &lock.Lock{
		Go: s.goes.Version, Modules: s.comp.Modules, Sums: s.comp.Sums, Asked: s.plan.asked,
		Composition: lock.Composition{Key: s.plan.key, App: refOf(s.comp.Module, s.comp.Version), Plugins: []string{}, GoMod: s.comp.Inputs},
	}
	for _, p := range s.comp.Plugins {
		l.Composition.Plugins = append(l.Composition.Plugins, refOf(p.Path, p.Version))
	}
	return l
}

func refOf(path, version string) string {
	if version == "" {
		return path
	}
	return path + "@" + version
}

// chooseTargets fills in the targets: those of the plan, and those of a lock that still
// fits the composition.
func (s *session) chooseTargets(ctx context.Context, l, old, locked *lock.Lock, how mode) error {
	done := map[string]bool{}
	for _, t := range s.plan.targets {
		done[t.Name] = true
		found, err := s.detect(ctx, t)
		if err != nil {
			return err
		}
		want := s.lockTarget(t, found)
		// A pure Go target that now shall become an image is new to the repository.
		if had, ok := targetOf(old, t.Name); ok && how != anew && (had.Repo != "" || want.Repo == "") {
			differs := needChanges(had, want)
			if len(differs) == 0 {
				differs = s.choiceChanges(old, t, found)
			}
			if len(differs) == 0 && s.updatable(old, t) {
				if err := s.updateTarget(ctx, l, old, t, found); err != nil {
					return err
				}
				continue
			}
			if len(differs) == 0 {
				copyTarget(l, old, t.Name)
				continue
			}
			if how == keep && locked != nil && !s.plan.adhoc {
				return s.stale(differs)
			}
		}
		if err := s.resolve(ctx, l, t, found); err != nil {
			return err
		}
	}
	if locked == nil {
		return nil
	}
	for _, t := range locked.Targets {
		if !done[t.Name] {
			copyTarget(l, locked, t.Name)
		}
	}
	return nil
}

func targetOf(l *lock.Lock, name string) (lock.Target, bool) {
	if l == nil {
		return lock.Target{}, false
	}
	return l.Target(name)
}

// needChanges says what a locked target lacks of what is wanted now, and which needs are gone.
// More packages than wanted do no harm: artifacts take what the program uses.
func needChanges(had, want lock.Target) []string {
	if want.Repo == "" {
		return nil
	}
	var out []string
	if had.Repo != want.Repo {
		out = append(out, fmt.Sprintf("%s: packages are wanted from %s, locked from %s", had.Name, want.Repo, had.Repo))
	}
	out = append(out, changes(had.Name+": ", "needed", had.Needs, want.Needs)...)
	for _, r := range want.Roots {
		if !slices.Contains(had.Roots, r) {
			out = append(out, had.Name+": "+r+" is now asked for")
		}
	}
	return out
}

// choiceChanges says where the manifest's choices of packages are not those of the lock.
func (s *session) choiceChanges(old *lock.Lock, t target.Target, found detect.Result) []string {
	locked, wanted := map[string]bool{}, map[string]bool{}
	for _, p := range old.PackagesOf(t.Name) {
		for _, need := range p.For {
			locked[need] = true
		}
	}
	var out []string
	needs := s.needs(t, found)
	for i, n := range s.chosen(t, found) {
		wanted[n.String()] = true
		if n.String() != needs[i].String() && !locked[n.String()] {
			out = append(out, fmt.Sprintf("%s: %s is now chosen for %s", t.Name, n.Name, needs[i]))
		}
	}
	for _, need := range slices.Sorted(mapKeys(locked)) {
		if name, ok := strings.CutPrefix(need, string(resolve.NamePackage)+":"); ok && !wanted[need] {
			out = append(out, fmt.Sprintf("%s: %s is no longer chosen", t.Name, name))
		}
	}
	return out
}

func orNone(s string) string {
	if s == "" {
		return "nowhere"
	}
	return s
}

// changes lists what stands in one list only.
func changes(prefix, verb string, old, now []string) []string {
	var out []string
	for _, s := range now {
		if !slices.Contains(old, s) {
			out = append(out, prefix+s+" is now "+verb)
		}
	}
	for _, s := range old {
		if !slices.Contains(now, s) {
			out = append(out, prefix+s+" is no longer "+verb)
		}
	}
	return out
}

// copyTarget takes over a target with its packages and repositories.
func copyTarget(l, from *lock.Lock, name string) {
	t, _ := from.Target(name)
	l.Targets = append(l.Targets, t)
	for _, p := range from.PackagesOf(name) {
		l.Packages = append(l.Packages, p)
		if _, ok := l.Repository(p.Repo); !ok {
			r, _ := from.Repository(p.Repo)
			l.Repositories = append(l.Repositories, r)
		}
	}
	if t.Cgo && l.Zig == nil {
		l.Zig = from.Zig
	}
}
