// Package compile turns a composition and a kit into a program. A compilation is a value,
// an Action: input trees by digest, arguments, environment, output. Whoever executes it may
// do so elsewhere and later; Local does it here, with the go command.
package compile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/run"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/internal/toolchain/shim"
)

// Input is one tree or file that an action reads. Path is where it is on this machine and
// is not part of the action's identity.
type Input struct {
	Name   string
	Digest digest.Digest
	Path   string
}

// Action is one compilation.
type Action struct {
	Target string
	// Inputs are all that the output depends on beside Args and Vars.
	Inputs []Input
	// Args are the arguments of "go build" that decide the output. Where they name a file
	// of this machine, Place has it instead.
	Args []string
	// Vars are the variables that decide the output (GOOS, GOARM, CGO_ENABLED).
	Vars []string
	// Output is the program's file name.
	Output string

	// Place is what of the arguments and the environment is this machine's: -modfile and
	// -overlay, CC, caches, proxies.
	Place Place
}

// Place is where an action is executed.
type Place struct {
	Go   string   // the go command
	Dir  string   // working folder
	Args []string // before Action.Args
	Vars []string // the whole environment but for Action.Vars
	// Owner tells which plugin a Go package belongs to, "" for none. May be nil.
	Owner func(importPath string) string
	// Rewrite turns paths in messages about a Go package ("" when it is not known) into those
	// that the user knows. May be nil.
	Rewrite func(importPath, text string) string
}

// Key is the identity of the action's output.
func (a Action) Key() digest.Digest {
	k := digest.NewKey("compile/2").Add("target", a.Target).Add("args", a.Args...).Add("vars", a.Vars...).Add("output", a.Output)
	for _, in := range a.Inputs {
		k.AddDigest(in.Name, in.Digest)
	}
	return k.Digest()
}

// Error is a program that does not compile.
type Error struct {
	Target   string
	Failures []Failure // at least one
}

// Failure is what the go command said of one package.
type Failure struct {
	Package string // import path, "" when no package is to blame
	Plugin  string // plugin that the package belongs to, "" for none
	Output  string
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "compile for %s: ", e.Target)
	for i, f := range e.Failures {
		if i > 0 {
			b.WriteByte('\n')
		}
		switch {
		case f.Plugin != "" && f.Plugin != f.Package:
			fmt.Fprintf(&b, "package %s of plugin %s does not compile:\n", f.Package, f.Plugin)
		case f.Plugin != "":
			fmt.Fprintf(&b, "plugin %s does not compile:\n", f.Plugin)
		case f.Package != "":
			fmt.Fprintf(&b, "package %s does not compile:\n", f.Package)
		default:
			b.WriteString("the go command fails:\n")
		}
		b.WriteString(indent(strings.TrimSpace(f.Output)))
	}
	return b.String()
}

func indent(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }

// Local executes actions on this machine and keeps their outputs in the store. It is safe
// for concurrent use.
type Local struct {
	Store  *store.Store
	Events event.Sink
}

// Execute returns the path of the action's output. With reuse false the store is neither
// asked for it nor does it keep it beyond the returned cleanup, which must be called.
func (l *Local) Execute(ctx context.Context, a Action, reuse bool) (file string, cached bool, cleanup func(), err error) {
	if !reuse {
		dir, cleanup, err := l.Store.Temp("compile-*")
		if err != nil {
			return "", false, nil, err
		}
		if err := l.build(ctx, a, dir); err != nil {
			cleanup()
			return "", false, nil, err
		}
		return filepath.Join(dir, a.Output), false, cleanup, nil
	}
	dir, cached, err := l.Store.Tree(ctx, "program", a.Key(), func(ctx context.Context, dir string) error {
		return l.build(ctx, a, dir)
	})
	if err != nil {
		return "", false, nil, err
	}
	return filepath.Join(dir, a.Output), cached, func() {}, nil
}

func (l *Local) build(ctx context.Context, a Action, dir string) error {
	out := filepath.Join(dir, a.Output)
	argv := []string{a.Place.Go, "build", "-json", "-o", out}
	argv = append(append(argv, a.Place.Args...), a.Args...)
	// The go command leaves its temporary files when it is interrupted.
	tmp, cleanup, err := l.Store.Temp("go")
	if err != nil {
		return err
	}
	defer cleanup()
	temp := []string{"GOTMPDIR=" + tmp, "TMPDIR=" + tmp, "TMP=" + tmp, "TEMP=" + tmp, shim.ArchivesVariable + "=" + filepath.Join(dir, archivesFile)}
	report := &report{owner: a.Place.Owner, rewrite: a.Place.Rewrite}
	var said tail
	err = run.Run(ctx, run.Cmd{
		Argv: argv, Dir: a.Place.Dir, Env: slices.Concat(a.Place.Vars, temp, a.Vars),
		Stdout: report, Stderr: &said, Events: l.Events,
	})
	var failed *run.Error
	if errors.As(err, &failed) && failed.Status > 0 {
		failures := report.failures(said.String())
		if run.FullDisk(said.String()) || slices.ContainsFunc(failures, func(f Failure) bool { return run.FullDisk(f.Output) }) {
			return fmt.Errorf("compile for %s: %w", a.Target, syscall.ENOSPC)
		}
		return &Error{Target: a.Target, Failures: failures}
	}
	if err != nil {
		return fmt.Errorf("compile for %s: %w", a.Target, err)
	}
	for _, text := range report.warnings() {
		l.Events.Send(event.Note{Target: a.Target, Text: text})
	}
	if fi, err := os.Stat(out); err != nil || !fi.Mode().IsRegular() {
		return fmt.Errorf("compile for %s: the go command wrote no program: is the package a main package?", a.Target)
	}
	return os.Chmod(out, 0o755)
}
