// Package run is the only place that starts a process. Every process runs in a group of
// its own that dies with the context, in an environment that the caller states in full.
package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/graft-build/graft/event"
)

// Cmd is a process to start. Nothing is inherited: an empty Env is an empty environment,
// an empty Stdin is no input.
type Cmd struct {
	Argv   []string // Argv[0] is a path, or a name looked up in PATH of graft's own environment
	Env    []string // the whole environment, "NAME=value"
	Dir    string
	Stdin  io.Reader
	Stdout io.Writer // nil: kept for Output, else dropped
	Stderr io.Writer // nil: kept for the error
	Events event.Sink

	// Join leaves the process in the caller's group: it can read from the terminal, and a
	// Ctrl-C there reaches it as if it had been started by hand. The context then interrupts
	// this one process only, and kills it after Grace.
	Join bool
}

// Error is a process that ended with a status other than 0, or by a signal.
type Error struct {
	Argv   []string
	Status int    // -1 when it could not be started or a signal ended it
	Stderr string // what it said, at most its last 64 KiB
	Err    error
}

func (e *Error) Error() string {
	msg := fmt.Sprintf("run %s: %v", e.Argv[0], e.Err)
	if s := strings.TrimSpace(e.Stderr); s != "" {
		msg += "\n" + s
	}
	return msg
}

func (e *Error) Unwrap() error { return e.Err }

// Grace is how long a process group has between the interrupt that a cancelled context
// sends it and the kill.
const Grace = 3 * time.Second

// Run starts the process and waits for it. When ctx ends first the whole process group is
// ended and the context's error is returned. A status other than 0 is an *Error.
func Run(ctx context.Context, c Cmd) error {
	if len(c.Argv) == 0 {
		return errors.New("run: no command")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.Dir = c.Dir
	cmd.Env = c.Env
	if cmd.Env == nil {
		cmd.Env = []string{}
	}
	cmd.Stdin = c.Stdin
	cmd.Stdout = c.Stdout
	tail := &tailWriter{limit: 64 << 10}
	cmd.Stderr = c.Stderr
	if c.Stderr == nil {
		cmd.Stderr = tail
	}
	if c.Join {
		cmd.Cancel = func() error { return interrupt(cmd) }
	} else {
		group(cmd)
	}
	cmd.WaitDelay = Grace + time.Second

	start := time.Now() //nolint:forbidigo // how long it took is only shown, never recorded
	c.Events.Send(event.Command{Argv: c.Argv, Env: c.Env, Dir: c.Dir})
	err := cmd.Run()
	if !c.Join {
		reap(cmd)
	}
	if ctxErr := ctx.Err(); ctxErr != nil && err != nil {
		err = ctxErr
	} else if err != nil {
		e := &Error{Argv: c.Argv, Status: -1, Stderr: tail.String(), Err: err}
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			e.Status = exit.ExitCode()
		}
		if FullDisk(e.Stderr) {
			e.Err, e.Stderr = syscall.ENOSPC, "" // what else it says follows from that
		}
		err = e
	}
	c.Events.Send(event.Command{Argv: c.Argv, Env: c.Env, Dir: c.Dir, Took: time.Since(start), End: true, Err: err})
	return err
}

// fullDisk is how the go command, the C compiler and the linker say that a disk is full.
var fullDisk = regexp.MustCompile(`(?i:no space left on device|not enough space on the disk)\W*(?:\n|$)|\bNoSpaceLeft\b`)

// FullDisk says whether a process failed because a disk was full, going by what it said.
func FullDisk(said string) bool { return fullDisk.MatchString(said) }

// Output is Run with the process's standard output returned.
func Output(ctx context.Context, c Cmd) ([]byte, error) {
	var out bytes.Buffer
	c.Stdout = &out
	err := Run(ctx, c)
	return out.Bytes(), err
}

// Look returns the path of a program in the PATH of the given environment, "" when there is none.
func Look(env []string, name string) string { return look(env, name) }

// tailWriter keeps the last limit bytes of what is written to it.
type tailWriter struct {
	limit int
	buf   []byte
}

func (t *tailWriter) Write(p []byte) (int, error) {
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - t.limit; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(p), nil
}

func (t *tailWriter) String() string { return string(t.buf) }
