package shim

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/run"
)

// child starts a program and waits for it. It stays in the process group that this process is
// in, so whoever ends the build ends it too.
func child(argv, env []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	err := run.Run(context.Background(), run.Cmd{Argv: argv, Env: env, Stdin: stdin, Stdout: stdout, Stderr: stderr, Join: true})
	var e *run.Error
	if errors.As(err, &e) && e.Status > 0 {
		return e.Status, nil
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}

// cold runs zig one at a time until libc++ of the target was compiled once. zig builds it
// when it first links a C++ program, a minute's work of both processors, and several zigs
// that do so at once get into each other's way (ziglang/zig#18989).
func (s *session) cold(argv, env []string) (int, error) {
	key := digest.NewKey("c++").Add("target", s.spec.Target, s.spec.CPU).Digest().Short()
	marker := filepath.Join(s.spec.Cache, "warm-c++-"+key)
	if _, err := os.Stat(marker); err == nil {
		return become(argv, env, s.stdin, s.stdout, s.stderr)
	}
	if err := os.MkdirAll(s.spec.Cache, 0o755); err != nil {
		return 1, err
	}
	unlock, err := lockedfile.MutexAt(marker + ".lock").Lock()
	if err != nil {
		return 1, err
	}
	unlock = sync.OnceFunc(unlock)
	defer unlock()
	if _, err := os.Stat(marker); err == nil {
		unlock()
		return become(argv, env, s.stdin, s.stdout, s.stderr)
	}
	exit, err := child(argv, env, s.stdin, s.stdout, s.stderr)
	if err == nil && exit == 0 {
		err = os.WriteFile(marker, nil, 0o644)
	}
	return exit, err
}
