package graft

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/compose"
	"github.com/graft-build/graft/internal/detect"
	"github.com/graft-build/graft/internal/toolchain"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/manifest"
	"github.com/graft-build/graft/target"
)

// session is one call of the facade: a plan and what was found out for it so far.
type session struct {
	*Project
	plan    *plan
	goes    compose.Go
	host    compose.Go // the installed one
	comp    compose.Composition
	updates updates // what is chosen anew although it is locked
	loose   bool    // the lock is put together from those of other compositions
	ahead   func()  // called when C will be compiled, before packages are chosen; may be nil
	shell   bool    // for a command that is not graft's: any folder will do, and C is wanted
}

func (p *Project) session(ctx context.Context, req Request) (*session, error) {
	pl, err := p.plan(req)
	if err != nil {
		return nil, err
	}
	s := &session{Project: p, plan: pl}
	s.checkMirrors()
	s.adapt(pl.targets)
	if s.goes, err = compose.FindGo(ctx, p.cfg.Env, p.cfg.Events); err != nil {
		return nil, err
	}
	s.host = s.goes
	if len(req.update.Names) > 0 {
		old, err := s.readLock()
		if err != nil {
			return nil, err
		}
		if s.updates, err = req.update.sort(old); err != nil {
			return nil, err
		}
	}
	if err := s.newerGo(ctx, func() error { return s.inheritRemote(ctx, req) }); err != nil {
		return nil, err
	}
	return s, s.nameVersion(ctx, req)
}

// hideLock keeps the lock of a composition that no manifest describes in the store: the
// command writes no artifacts that it could lie beside.
func (s *session) hideLock() {
	if s.plan.adhoc {
		name := digest.NewKey("adhoc/1").Add("dir", s.dir).AddDigest("key", s.plan.key).Digest().Short()
		s.plan.lockFile = filepath.Join(s.store.Dir(), "adhoc", name, lock.FileName)
		s.plan.outShown = filepath.Dir(s.plan.lockFile)
	}
}

// deps is what the stages that run the go command need.
func (s *session) deps() compose.Deps {
	return compose.Deps{Go: s.goes, Store: s.store, Events: s.cfg.Events, Offline: s.cfg.Offline}
}

// spec is the composition that the plan asks for.
func (s *session) spec(locked *lock.Lock) compose.Spec {
	pl := s.plan
	spec := compose.Spec{
		App: pl.show(pl.app), Dir: pl.base, Interface: pl.m.Plugins.Interface, Entry: pl.m.Plugins.Entry,
		Register: pl.m.Plugins.Register, Imports: pl.m.Plugins.Imports, Keep: pl.m.Plugins.Versions == manifest.KeepVersions, Name: pl.m.Name, Version: pl.m.Version,
		Tags: pl.tags, Platforms: pl.targets, Locked: locked, Loose: s.loose, Update: s.updates.modules, Replace: pl.replace,
	}
	for _, f := range pl.m.Plugins.Files {
		name := absolute(pl.templates, filepath.FromSlash(f.Template))
		spec.Files = append(spec.Files, compose.FileSpec{Template: name, Shown: pl.show(name), To: f.To})
	}
	for _, u := range pl.plugins {
		spec.Plugins = append(spec.Plugins, compose.PluginSpec{Ref: pl.show(u.Module), Alias: u.Alias, Options: u.Options})
	}
	return spec
}

// show is a folder as a user in the base folder writes it; messages say it so.
func (pl *plan) show(ref string) string {
	if !filepath.IsAbs(ref) {
		return ref
	}
	rel, err := filepath.Rel(pl.base, ref)
	if err != nil {
		return ref
	}
	if rel == "." || strings.HasPrefix(rel, "..") {
		return rel
	}
	return "." + string(filepath.Separator) + rel
}

// inheritRemote is what inherit does for an application that has to be downloaded first.
// Without a version of its own the result has that of the application's module. A lock that
// is of this composition says which version @latest is.
func (s *session) inheritRemote(ctx context.Context, req Request) error {
	if !isModule(s.plan.app) {
		return nil
	}
	if old, err := s.readLock(); err == nil && old != nil && !req.anew {
		if err := s.inheritFrom(ctx, req, old); err == nil && s.plan.key == old.Composition.Key {
			return nil
		}
	}
	return s.inheritFrom(ctx, req, nil)
}

func (s *session) inheritFrom(ctx context.Context, req Request, locked *lock.Lock) error {
	app, err := compose.Locate(ctx, s.deps(), s.spec(locked))
	if err != nil {
		return err
	}
	s.plan.m = *s.manifest
	own, err := readManifest(filepath.Join(app.Dir, manifest.FileName), s.plan.app+"/"+manifest.FileName)
	switch {
	case err == nil:
		if err := contained(own, app); err != nil {
			return err
		}
		s.plan.takeFrom(own, app.Dir)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	s.plan.m.Version = cmp.Or(s.plan.m.Version, strings.TrimPrefix(app.Version, "v"))
	s.plan.settle(req)
	s.plan.decide(s.dir)
	return nil
}

// contained refuses templates of a downloaded application that are not its own files: what
// they made of those would be part of the program.
func contained(own *manifest.Manifest, app compose.App) error {
	for i, f := range own.Plugins.Files {
		rel, err := filepath.Rel(app.Root, absolute(app.Dir, filepath.FromSlash(f.Template)))
		if err != nil || !filepath.IsLocal(rel) {
			return own.ErrorAt(fmt.Sprintf("$.plugins.files[%d].template", i), "template %s is not in the application's module", f.Template)
		}
	}
	return nil
}

// useGo makes the go command be another version, by Go's own toolchain mechanism when that is
// not the installed one.
func (s *session) useGo(ctx context.Context, version string) error {
	if version == "" || version == s.goes.Version {
		return nil
	}
	var err error
	s.goes, err = compose.Switch(ctx, s.host, version, s.cfg.Offline, s.cfg.Events)
	return err
}

// newerGo does something, again with a newer Go when that is needed.
func (s *session) newerGo(ctx context.Context, f func() error) error {
	for {
		err := f()
		var old *compose.OldGoError
		if !errors.As(err, &old) || old.Have != s.goes.Version {
			return err
		}
		if err := s.useGo(ctx, old.Version); err != nil {
			return fmt.Errorf("%w: %w", old, err)
		}
		s.cfg.Events.Send(event.Note{Text: fmt.Sprintf("%s needs Go %s, the installed one is %s: Go %s is used", old.Who, old.Version, s.host.Version, old.Version)})
	}
}

// compose runs the first stage.
func (s *session) compose(ctx context.Context, locked *lock.Lock) error {
	if locked != nil && !s.updates.goAnew {
		if err := s.useGo(ctx, locked.Go); err != nil {
			return fmt.Errorf("%s: %w", s.lockName(), err)
		}
	}
	if s.adopted() {
		return s.adopt(ctx)
	}
	return s.stage("compose", "", func() (string, error) {
		err := s.newerGo(ctx, func() (err error) {
			s.comp, err = compose.Compose(ctx, s.deps(), s.spec(locked))
			var old *compose.OldGoError
			if locked != nil && errors.As(err, &old) {
				return &compose.StaleError{What: []string{fmt.Sprintf("%s needs Go %s, the lock has %s", old.Who, old.Version, locked.Go)}}
			}
			return err
		})
		return fmt.Sprintf("%s with %s", s.comp.Package, count(len(s.comp.Plugins), "plugin")), err
	})
}

// detect runs the second stage for one target.
func (s *session) detect(ctx context.Context, t target.Target) (detect.Result, error) {
	var r detect.Result
	if s.comp.Package == "" { // a folder without Go
		return r, nil
	}
	err := s.stage("detect", t.Name, func() (detail string, err error) {
		r, err = detect.Detect(ctx, s.deps(), s.comp, t, s.plan.tags)
		for _, n := range r.Notes {
			s.cfg.Events.Send(event.Note{Target: t.Name, Text: n})
		}
		if err == nil && t.GOOS() == "windows" {
			err = s.dropSystem(ctx, t, &r)
		}
		return count(len(r.Needs), "C library", "C libraries"), err
	})
	return r, err
}

// stage reports the beginning and the end of what f does.
func (s *Project) stage(name, target string, f func() (detail string, err error)) error {
	start := s.cfg.Now()
	s.cfg.Events.Send(event.Stage{Name: name, Target: target})
	detail, err := f()
	if err == nil {
		s.cfg.Events.Send(event.Stage{Name: name, Target: target, Detail: detail, Done: true, Took: s.cfg.Now().Sub(start)})
	}
	return err
}

// self is the identity of this graft: results that depend on its code are kept under it.
func (s *Project) self() (digest.Digest, error) {
	d, _, err := s.hash.File(s.cfg.Executable)
	if err != nil {
		return d, fmt.Errorf("read graft's own program: %w", err)
	}
	return d, nil
}

// count is a number with its noun: "1 plugin", "2 plugins".
func count(n int, noun string, plural ...string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %s", n, cmp.Or(append(plural, noun+"s")...))
}

// CollectStore removes from the store of an environment what nobody used for an age. Other
// processes may use the store meanwhile.
func CollectStore(ctx context.Context, env []string, age time.Duration) (Freed, error) {
	p := &Project{cfg: Config{Env: env, Now: time.Now}} //nolint:forbidigo // an age is of the clock
	if err := p.openStore(); err != nil {
		return Freed{}, err
	}
	now := p.cfg.Now()
	freed, err := p.store.GC(ctx, now, now.Add(-age))
	if err != nil {
		return Freed{freed.Entries, freed.Bytes}, err
	}
	cached, err := toolchain.CollectCaches(ctx, p.store, now.Add(-age))
	return Freed{freed.Entries, freed.Bytes + cached}, err
}

// Freed says what CollectStore removed.
type Freed struct {
	Entries int   `json:"entries"`
	Bytes   int64 `json:"bytes"`
}
