package graft

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/pack"
	"github.com/graft-build/graft/internal/run"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/target"
)

// ExitError is a started program that ended with a status other than 0; Interrupted when it
// was ended together with graft.
type ExitError struct {
	Status int
}

func (e *ExitError) Error() string { return fmt.Sprintf("exit status %d", e.Status) }

// FetchResult says what Fetch did.
type FetchResult struct {
	Fetched int   `json:"fetched"` // files that were downloaded
	Cached  int   `json:"cached"`  // files that the store had
	Bytes   int64 `json:"bytes"`   // downloaded
}

// Fetch downloads everything that a build of the request needs: packages, Go modules, the C
// toolchain. It writes the lock when there is none.
func (p *Project) Fetch(ctx context.Context, req Request) (*FetchResult, error) {
	res, _, _, err := p.fetchLocked(ctx, req)
	return res, err
}

func (p *Project) fetchLocked(ctx context.Context, req Request) (*FetchResult, *session, *lock.Lock, error) {
	s, err := p.session(ctx, req)
	if err != nil {
		return nil, nil, nil, err
	}
	old, l, err := s.locked(ctx, req.Locked)
	if err != nil {
		return nil, nil, nil, err
	}
	stats, err := s.fetchAll(ctx, l)
	if err != nil {
		return nil, nil, nil, err
	}
	return &FetchResult{stats.Fetched, stats.Cached, stats.Bytes}, s, l, s.writeLock(old, l)
}

// Program is an application built to be started here.
type Program struct {
	Path   string // of the executable; its libraries are with it
	Target string
	argv   []string // what starts it
	env    []string
	dir    string
	sink   func()
}

// Close frees what was built only to be started.
func (p *Program) Close() { p.sink() }

// Run starts the program in the working folder of the request. A status other than 0 is an
// *ExitError.
func (p *Program) Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	return start(ctx, run.Cmd{
		Argv: append(slices.Clone(p.argv), args...), Env: p.env, Dir: p.dir,
		Stdin: stdin, Stdout: stdout, Stderr: stderr, Join: true,
	})
}

// Interrupted is the status of a started program that was ended with graft, by Ctrl-C.
const Interrupted = 130

func start(ctx context.Context, c run.Cmd) error {
	err := run.Run(ctx, c)
	if err != nil && ctx.Err() != nil {
		return &ExitError{Interrupted}
	}
	var failed *run.Error
	if errors.As(err, &failed) && failed.Status > 0 {
		return &ExitError{failed.Status}
	}
	return err
}

// Program builds the application for this host, or for the one target of the request, ready
// to be started here. No artifact is written.
func (p *Project) Program(ctx context.Context, req Request) (*Program, error) {
	if len(req.Targets) == 0 {
		host, err := target.Host(runtime.GOOS, runtime.GOARCH)
		if err != nil {
			return nil, err
		}
		req.Targets = []string{host.Name}
	}
	if len(req.Targets) > 1 {
		return nil, &UsageError{"run: name one target"}
	}
	req.Formats = nil
	s, err := p.session(ctx, req)
	if err != nil {
		return nil, err
	}
	s.hideLock()
	t := s.plan.targets[0]
	emulator, err := s.emulator(t)
	if err != nil {
		return nil, err
	}
	old, l, err := s.locked(ctx, req.Locked)
	if err != nil {
		return nil, err
	}
	programs, err := s.programs(ctx, l)
	if err != nil {
		cleanUp(programs)
		return nil, err
	}
	b := programs[0]
	prog := &Program{Target: t.Name, env: s.cfg.Env, dir: req.Dir, sink: func() { cleanUp(programs) }}
	prog.Path, err = s.runnable(ctx, l, b)
	if err == nil && t.Emulator == "wine" && len(emulator) > 0 {
		prog.env, err = s.wineEnv(ctx, emulator[0], t)
	}
	if err == nil {
		err = s.writeLock(old, l)
	}
	if err != nil {
		prog.Close()
		return nil, err
	}
	prog.argv = append(emulator, prog.Path)
	return prog, nil
}

// emulator is what starts programs of a target here: nothing on the same system, qemu-user
// on another processor, wine for Windows.
func (s *session) emulator(t target.Target) ([]string, error) {
	if t.GOOS() == "windows" && runtime.GOOS != "windows" {
		wine, err := s.findWine(t)
		return []string{wine}, err
	}
	if t.GOOS() != runtime.GOOS {
		return nil, fmt.Errorf("run: a program for %s does not start on %s", t.Name, runtime.GOOS)
	}
	if t.GOARCH() == runtime.GOARCH {
		return nil, nil
	}
	for _, name := range []string{t.Emulator + "-static", t.Emulator} {
		if path := run.Look(s.cfg.Env, name); t.Emulator != "" && path != "" {
			return []string{path}, nil
		}
	}
	return nil, fmt.Errorf("run: a program for %s starts on %s only by emulation: install %s (Debian: qemu-user-static)", t.Name, runtime.GOARCH, t.Emulator)
}

// runnable puts the program and its libraries into a folder of the store, as in a bundle.
func (s *session) runnable(ctx context.Context, l *lock.Lock, b *built) (string, error) {
	program, _, err := s.hash.File(b.file)
	if err != nil {
		return "", err
	}
	self, err := s.self()
	if err != nil {
		return "", err
	}
	k := digest.NewKey("runnable/1").AddDigest("graft", self).AddDigest("program", program).Add("target", b.target.Name).
		Add("name", filepath.Base(b.file))
	for _, p := range l.PackagesOf(b.target.Name) {
		k.AddDigest(p.Name, p.SHA256)
	}
	if err := s.addResources(k); err != nil {
		return "", err
	}
	dir, _, err := s.store.Tree(ctx, "runnable", k.Digest(), func(ctx context.Context, dir string) error {
		in, err := s.packInput(ctx, l, b)
		if err != nil {
			return err
		}
		return pack.Bundle(ctx, in, dir)
	})
	if err != nil {
		return "", err
	}
	if b.target.GOOS() == "windows" {
		return filepath.Join(dir, filepath.Base(b.file)), nil
	}
	return filepath.Join(dir, "bin", filepath.Base(b.file)), nil
}
