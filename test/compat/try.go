package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/dirhash"

	"github.com/graft-build/graft"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/test/standin"
)

// trier builds and starts programs.
type trier struct {
	root  string // of graft's module
	graft string // the command
	env   []string
	stand bool // packages for Windows are not MSYS2's own
	limit time.Duration
}

// newTrier builds the graft command into a file and finds packages for Windows.
func newTrier(ctx context.Context, root, command string) (*trier, error) {
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", command, "./cmd/graft")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build graft: %w\n%s", err, out)
	}
	t := &trier{root: root, graft: command, env: os.Environ(), limit: 20 * time.Minute}
	if m, ok := standin.Find(ctx, root); ok && m.Address != "" {
		t.env, t.stand = append(t.env, standin.Variable+"="+m.Address), true
	}
	return t, nil
}

func (t *trier) folder(p program) string {
	return filepath.Join(t.root, "test", "compat", "programs", p.name)
}

// sources is the digest of a program.
func (t *trier) sources(p program) (string, error) {
	sum, err := dirhash.HashDir(t.folder(p), "", dirhash.Hash1)
	return fmt.Sprintf("%x", sha256.Sum256([]byte(sum+p.says)))[:16], err
}

// try builds a program for a target, starts it and looks at its answer.
func (t *trier) try(ctx context.Context, p program, target string) (r result) {
	begin := time.Now()
	defer func() {
		r.Day, r.Seconds = begin.UTC().Format(time.DateOnly), time.Since(begin).Seconds()
	}()
	r.Stand = t.stand && target == "windows/amd64"
	ctx, stop := context.WithTimeout(ctx, t.limit)
	defer stop()
	prog, drop, err := t.build(ctx, p, target)
	if err != nil {
		r.State, r.Error = failed, err.Error()
		var lacks *resolve.MissingError
		if errors.As(err, &lacks) {
			r.State = missing
		}
		return r
	}
	defer drop()
	r.State = built
	if r.Says, err = say(ctx, prog); err != nil {
		first, _, _ := strings.Cut(r.Says, "\n")
		r.Error = fmt.Sprintf("%v: %s", err, first)
	} else if !regexp.MustCompile(p.says).MatchString(r.Says) {
		r.Error = fmt.Sprintf("it does not say %q", p.says)
	} else {
		r.State = started
	}
	return r
}

// build is graft run without the run, in a copy of the program's folder: a lock of an
// earlier run must not decide.
func (t *trier) build(ctx context.Context, p program, target string) (*graft.Program, func(), error) {
	dir, err := os.MkdirTemp("", "graft-compat-")
	if err != nil {
		return nil, nil, err
	}
	drop := func() { os.RemoveAll(dir) }
	prog, err := func() (*graft.Program, error) {
		if err := os.CopyFS(filepath.Join(dir, p.name), os.DirFS(t.folder(p))); err != nil {
			return nil, err
		}
		project, err := graft.Open(filepath.Join(dir, p.name), graft.Config{Env: t.env, Executable: t.graft})
		if err != nil {
			return nil, err
		}
		return project.Program(ctx, graft.Request{Dir: dir, Targets: []string{target}})
	}()
	if err != nil {
		drop()
		return nil, nil, err
	}
	return prog, func() { prog.Close(); drop() }, nil
}

// say starts a program and returns what it says.
func say(ctx context.Context, prog *graft.Program) (string, error) {
	const patience = 2 * time.Minute // under wine the first start is slow
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	var out limited
	err := prog.Run(ctx, nil, strings.NewReader(""), &out, &out)
	return strings.TrimSpace(out.String()), err
}

// limited is a buffer that drops what no answer needs.
type limited struct{ bytes.Buffer }

func (l *limited) Write(b []byte) (int, error) {
	const most = 64 << 10
	if room := most - l.Len(); room > 0 {
		l.Buffer.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}
