package graft

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/mod/modfile"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/compose"
	"github.com/graft-build/graft/internal/run"
	"github.com/graft-build/graft/internal/toolchain"
	"github.com/graft-build/graft/target"
)

// Shell is the environment of a target for commands that are not graft's.
type Shell struct {
	Env    []string // whole, "NAME=value"
	Target string
}

// Shell makes the environment of the request's one target: compiler, libraries, pkg-config.
func (p *Project) Shell(ctx context.Context, req Request) (*Shell, error) {
	if len(req.Targets) == 0 {
		host, err := target.Host(runtime.GOOS, runtime.GOARCH)
		if err != nil {
			return nil, err
		}
		req.Targets = []string{host.Name}
	}
	s, err := p.session(ctx, req)
	if err != nil {
		return nil, err
	}
	s.shell = true
	s.hideLock()
	if len(s.plan.targets) > 1 {
		return nil, &UsageError{"exec: name one target"}
	}
	t := s.plan.targets[0]
	old, l, err := s.locked(ctx, req.Locked)
	if err != nil {
		return nil, err
	}
	if _, err := s.fetchAll(ctx, l); err != nil {
		return nil, err
	}
	kit, err := s.kit(ctx, l, t)
	if err != nil {
		return nil, err
	}
	env := slices.Concat(s.cfg.Env, toolchain.GoEnv(t))
	if kit.Dir != "" {
		env = slices.Concat(s.cfg.Env, kit.ExecEnv(getenv(s.cfg.Env, "PATH")))
	}
	return &Shell{Env: env, Target: t.Name}, s.writeLock(old, l)
}

// ErrNoCommand says that a command to start is not in PATH.
var ErrNoCommand = errors.New("there is no such command in PATH")

// Run starts a command in the environment. A status other than 0 is an *ExitError.
func (s *Shell) Run(ctx context.Context, argv []string, dir string, stdin io.Reader, stdout, stderr io.Writer) error {
	path := run.Look(s.Env, argv[0])
	if path == "" {
		return fmt.Errorf("exec %s: %w", argv[0], ErrNoCommand)
	}
	return start(ctx, run.Cmd{
		Argv: append([]string{path}, argv[1:]...), Env: s.Env, Dir: dir,
		Stdin: stdin, Stdout: stdout, Stderr: stderr, Join: true,
	})
}

// adopted says whether the project is a folder for whose commands nothing has to be composed:
// it has no manifest, or one that names packages alone beside no Go at all.
func (s *session) adopted() bool {
	m := s.manifest
	return s.shell && (!s.declared || m.App == "" && len(m.Plugins.Use) == 0 && moduleRoot(s.plan.app) == "")
}

// moduleRoot is the folder of the module that a folder is in, "" when it is in none.
func moduleRoot(dir string) string {
	for !isFile(filepath.Join(dir, "go.mod")) {
		if filepath.Dir(dir) == dir {
			return ""
		}
		dir = filepath.Dir(dir)
	}
	return dir
}

// adopt takes a folder as it is, without composing anything: all packages of its module, or
// no Go at all.
func (s *session) adopt(ctx context.Context) error {
	root := moduleRoot(s.plan.app)
	if root == "" {
		s.comp = compose.Composition{Dir: s.plan.app}
		return nil
	}
	gomod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return err
	}
	state, err := s.state(ctx, []string{root})
	if err != nil {
		return err
	}
	module := modfile.ModulePath(gomod)
	s.comp = compose.Composition{
		Module: module, Package: "./...", Dir: root, AppRoot: root, GoVersion: s.goes.Version,
		LocalDirs: []compose.LocalDir{{Path: module, Root: root, Link: root}},
		Key:       digest.NewKey("adopted/1").AddDigest("state", state.digest).Digest(),
	}
	return nil
}
