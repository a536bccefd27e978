package graft

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/closure"
	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/pack"
	"github.com/graft-build/graft/internal/sysroot"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/target"
)

// Result is what Build made.
type Result struct {
	Artifacts []Artifact `json:"artifacts"`
	Out       string     `json:"out"`      // folder of the artifacts, as asked for
	Lock      string     `json:"lock"`     // path of the lock
	UpToDate  bool       `json:"upToDate"` // nothing had to be done
}

// Artifact is a file for the user.
type Artifact struct {
	Kind   string        `json:"kind"`
	Target string        `json:"target"`
	File   string        `json:"file"` // name in the folder of artifacts
	Path   string        `json:"path"` // as a user of the command would write it
	Size   int64         `json:"size"` // in bytes
	SHA256 digest.Digest `json:"sha256"`
}

// Build makes the artifacts of the request. On an error the folder of artifacts and the lock
// are as they were.
func (p *Project) Build(ctx context.Context, req Request) (*Result, error) {
	s, err := p.session(ctx, req)
	if err != nil {
		return nil, err
	}
	if res, ok := s.upToDate(ctx); ok {
		return res, nil
	}
	old, l, err := s.locked(ctx, req.Locked)
	if err != nil {
		return nil, err
	}
	programs, err := s.programs(ctx, l)
	defer cleanUp(programs)
	if err != nil {
		return nil, err
	}
	put, drop, err := s.stageLock(old, l)
	if err != nil {
		return nil, err
	}
	defer drop()
	list, err := s.pack(ctx, l, programs)
	if err != nil {
		return nil, err
	}
	if err := put(); err != nil {
		return nil, err
	}
	s.remember(ctx, list, programs)
	return s.result(list, false), nil
}

// locked is the lock for the plan: the one that is there, grown by targets that it lacks.
func (s *session) locked(ctx context.Context, frozen bool) (old, l *lock.Lock, err error) {
	if s.sealed() {
		l, err := s.chooseSealed(ctx)
		return nil, l, err
	}
	if old, err = s.readLock(); err != nil {
		return nil, nil, err
	}
	stop := s.zigAhead(ctx)
	l, err = s.choose(ctx, old, keep)
	stop(err)
	if err == nil {
		err = s.keepFiles(ctx, old, l)
	}
	if err != nil {
		return nil, nil, err
	}
	if frozen {
		if err := s.frozen(old, l); err != nil {
			return nil, nil, err
		}
	}
	return old, l, nil
}

// zigAhead gets zig while packages are chosen, once it is known that C will be compiled. stop
// waits for it, or ends it when choosing failed. That zig cannot be had is said later, by fetchAll.
func (s *session) zigAhead(ctx context.Context) (stop func(error)) {
	if s.cfg.Offline {
		return func(error) {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var g errgroup.Group
	s.ahead = sync.OnceFunc(func() {
		g.Go(func() error {
			_, err := s.zig(ctx)
			return err
		})
	})
	return func(failed error) {
		if failed != nil {
			cancel()
		}
		_ = g.Wait()
		cancel()
		s.ahead = nil
	}
}

// fetchAll brings the locked packages of the plan's targets and the C toolchain.
func (s *session) fetchAll(ctx context.Context, l *lock.Lock) (fetch.Stats, error) {
	var items []fetch.Item
	cgo := false
	for _, t := range s.plan.targets {
		some, err := s.items(l, t)
		if err != nil {
			return fetch.Stats{}, err
		}
		items = append(items, some...)
		lt, _ := l.Target(t.Name)
		cgo = cgo || lt.Cgo
	}
	var stats fetch.Stats
	err := s.stage("fetch", "", func() (detail string, err error) {
		if s.cfg.Offline {
			err = s.missing(ctx, items, cgo)
		}
		if err == nil {
			stats, err = s.download(ctx, items, cgo)
		}
		return fmt.Sprintf("%s, %.1f MB", count(stats.Fetched, "file"), float64(stats.Bytes)/1e6), err
	})
	return stats, err
}

// download brings packages and, for C, zig, which is the largest file of a first build.
func (s *session) download(ctx context.Context, items []fetch.Item, cgo bool) (stats fetch.Stats, err error) {
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		stats, err = s.fetch.All(gctx, items)
		return err
	})
	if cgo {
		g.Go(func() error {
			_, err := s.zig(gctx)
			return err
		})
	}
	return stats, g.Wait()
}

// missing is one *fetch.OfflineError for all that an offline build lacks.
func (s *session) missing(ctx context.Context, items []fetch.Item, cgo bool) error {
	_, err := s.fetch.All(ctx, items)
	if !cgo {
		return err
	}
	_, zigErr := s.zig(ctx)
	var packages, zig *fetch.OfflineError
	if errors.As(err, &packages) && errors.As(zigErr, &zig) {
		return &fetch.OfflineError{Missing: slices.Concat(zig.Missing, packages.Missing)}
	}
	if err == nil {
		err = zigErr
	}
	return err
}

// programs builds the program of each target, in parallel.
func (s *session) programs(ctx context.Context, l *lock.Lock) ([]*built, error) {
	if _, err := s.fetchAll(ctx, l); err != nil {
		return nil, err
	}
	state, err := s.state(ctx, s.localDirs())
	if err != nil {
		return nil, err
	}
	out := make([]*built, len(s.plan.targets))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(s.cfg.Jobs)
	for i, t := range s.plan.targets {
		g.Go(func() error {
			found, err := s.detect(gctx, t)
			if err != nil {
				return err
			}
			out[i], err = s.compile(gctx, l, t, found, state)
			return err
		})
	}
	return out, g.Wait()
}

func cleanUp(programs []*built) {
	for _, b := range programs {
		if b != nil && b.cleanup != nil {
			b.cleanup()
		}
	}
}

// pack finds the libraries of each program and writes all artifacts into the folder for them.
func (s *session) pack(ctx context.Context, l *lock.Lock, programs []*built) ([]Artifact, error) {
	var jobs []pack.Job
	about := &origins{s: s, lock: l, of: map[string]*built{}}
	for _, b := range programs {
		about.of[b.target.Name] = b
		in, err := s.packInput(ctx, l, b)
		if err != nil {
			return nil, err
		}
		if err := s.warnLicences(in); err != nil {
			return nil, err
		}
		for _, format := range s.plan.formats[b.target.Name] {
			p, ok := pack.For(format)
			if !ok {
				return nil, &UsageError{fmt.Sprintf("format %s can't be made", format)}
			}
			if n, ok := p.(pack.Noter); ok && n.Note(in) != "" {
				s.cfg.Events.Send(event.Warning{Target: b.target.Name, Text: n.Note(in)})
			}
			jobs = append(jobs, pack.Job{Packer: p, In: in})
		}
	}
	jobs = s.withIndex(jobs)
	about.jobs = jobs
	dist := pack.Dist{
		Dir: s.plan.out, Jobs: s.cfg.Jobs, Events: s.cfg.Events, Beside: about.companions,
		Lock: func(ctx context.Context) (func(), error) { return s.store.Lock(ctx, "dist "+s.plan.out) },
	}
	made, err := dist.Write(ctx, jobs)
	if err != nil {
		return nil, err
	}
	out := make([]Artifact, len(made))
	for i, a := range made {
		out[i] = Artifact{a.Kind, a.Target, a.File, filepath.Join(s.plan.outShown, a.File), a.Size, a.SHA256}
	}
	return out, nil
}

// withIndex adds the index of all images, when there are several. A registry's clients choose
// by platform, so that the first image of a platform is the one.
func (s *session) withIndex(jobs []pack.Job) []pack.Job {
	var of []int
	var names []string
	first := map[target.Platform]string{}
	for i, j := range jobs {
		if j.Packer.Kind() != (pack.OCI{}).Kind() {
			continue
		}
		t := j.In.Target
		if name, ok := first[t.Platform]; ok {
			s.cfg.Events.Send(event.Warning{Target: t.Name, Text: fmt.Sprintf("the index of images has the one of %s for %s", name, t.Platform)})
			continue
		}
		first[t.Platform] = t.Name
		of, names = append(of, i), append(names, t.Name)
	}
	if len(of) < 2 {
		return jobs
	}
	in := jobs[of[0]].In
	in.Target = target.Target{Name: strings.Join(names, ",")}
	return append(jobs, pack.Job{Packer: pack.OCIIndex{}, In: in, Of: of})
}

// packInput is a program with its closure and all that goes along.
func (s *session) packInput(ctx context.Context, l *lock.Lock, b *built) (pack.In, error) {
	m := s.plan.m
	at, err := s.epoch()
	if err != nil {
		return pack.In{}, err
	}
	var system pack.System
	if b.target.GOOS() == "linux" {
		if system, err = s.system(); err != nil {
			return pack.In{}, err
		}
	}
	in := pack.In{
		Target: b.target, Program: b.file, Repo: b.lock.Repo, Temp: filepath.Join(s.store.Dir(), "tmp"), Memo: s.store,
		Meta: pack.Meta{
			Name: m.Name, Version: m.Version, Description: m.Description, Maintainer: m.Maintainer,
			Homepage: m.Homepage, License: m.License,
		},
		System: system, Time: at,
		Deb: pack.DebOptions{Section: m.Deb.Section, Priority: m.Deb.Priority, Depends: m.Deb.Depends},
		OCI: pack.OCIOptions{
			Ports: m.OCI.Ports, Env: m.OCI.Env, Args: m.OCI.Args, User: m.OCI.User,
			Labels: m.OCI.Labels, StopSignal: m.OCI.StopSignal,
		},
	}
	providers, err := s.runPackages(ctx, l, b, &in)
	if err != nil {
		return in, err
	}
	in.Modules = s.modules(b)
	if err := s.linkedPackages(ctx, l, b, &in); err != nil {
		return in, err
	}
	if b.target.GOOS() == "windows" {
		return in, s.windowsInput(ctx, b, providers, &in)
	}
	if b.target.Platform.OS != "linux" {
		in.Closure = closure.Closure{Program: filepath.Base(b.file), Static: true}
		return in, nil
	}
	err = s.stage("closure", b.target.Name, func() (string, error) {
		in.Closure, err = closure.Compute(ctx, b.file, providers, b.target)
		return count(len(in.Closure.Libraries), "shared library", "shared libraries"), err
	})
	return in, err
}

// runPackages unpacks the packages of the run closure.
func (s *session) runPackages(ctx context.Context, l *lock.Lock, b *built, in *pack.In) ([]closure.Provider, error) {
	prefix := distributionOf(b.lock.Repo).prefix(b.lock.Repo)
	var out []closure.Provider
	for _, p := range l.PackagesOf(b.target.Name) {
		if !p.Run {
			continue
		}
		blob, ok := s.store.Blob(p.SHA256)
		if !ok {
			return nil, fmt.Errorf("unpack %s for %s: the store has lost it; build again", p.Name, b.target.Name)
		}
		dir, err := sysroot.PackageTree(ctx, s.store, sysroot.Input{Name: p.Name, Blob: blob, SHA256: p.SHA256, Prefix: prefix})
		if err != nil {
			return nil, err
		}
		prov := closure.Provider{Package: p.Name, Dir: dir, Prefix: prefix}
		out = append(out, prov)
		in.Packages = append(in.Packages, pack.Package{
			Provider: prov, Version: p.Version, Source: p.Source, SHA256: p.SHA256, Size: p.Size, Depends: p.Depends,
		})
	}
	return out, nil
}

// modules are the Go modules that the program is compiled from, with their folders.
func (s *session) modules(b *built) []pack.Module {
	out := []pack.Module{{Path: "std", Version: "go" + s.goes.Version, Dir: s.goes.Root}}
	seen := map[string]bool{}
	for _, p := range b.found.Packages {
		if p.Module == "" || seen[p.Module] {
			continue
		}
		seen[p.Module] = true
		out = append(out, pack.Module{Path: p.Module, Version: p.Version, Dir: p.Root})
	}
	return out
}
