// The graft command. This file connects the process to internal/cli: streams, signals,
// environment and exit status; nothing else. Called as cc, c++, ar or pkg-config it is the
// compiler driver of a kit (package toolchain).
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"github.com/graft-build/graft/internal/cli"
	"github.com/graft-build/graft/internal/toolchain"
)

func main() {
	if status, ok := toolchain.Shim(os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr); ok {
		os.Exit(status)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends graft at once

	exe, _ := os.Executable()
	dir, _ := os.Getwd()
	os.Exit(cli.Main(ctx, cli.World{
		Args: os.Args[1:], Env: withOwnGo(os.Environ(), exe), Dir: dir, Executable: exe,
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Terminal: term.IsTerminal(int(os.Stderr.Fd())),
	}))
}
