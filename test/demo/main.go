// Command demo runs graft from the source, with packages for Windows wherever this machine
// is: MSYS2's own where its mirror answers, else those of a stand-in that is built once.
// Without arguments it builds the image server for two kinds of Linux and for Windows.
//
//	go run ./test/demo [arguments for graft]
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"

	"github.com/graft-build/graft/test/standin"
)

// build is the demonstration itself.
var build = []string{"build", "examples/image-server", "--target", "linux/amd64", "--target", "rpi4"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(demo(ctx, os.Args[1:]))
}

func demo(ctx context.Context, args []string) int {
	whole := len(args) == 0
	if whole {
		args = build
	}
	switch m, err := packages(ctx); {
	case err == nil:
		fmt.Fprintf(os.Stderr, "demo: packages for Windows come from %s\n", m.What)
		if m.Address != "" {
			os.Setenv(standin.Variable, m.Address)
		}
		if whole {
			args = append(args, "--target", "windows/amd64")
		}
	case whole:
		fmt.Fprintf(os.Stderr, "demo: Windows is left out: %v\n", err)
	default:
		fmt.Fprintln(os.Stderr, "demo:", err)
		return 3
	}
	fmt.Fprintln(os.Stderr, "demo: graft", strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, "go", append([]string{"run", "./cmd/graft"}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return nil } // it was interrupted as well, and ends by itself
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		return 3
	}
	return 0
}

func packages(ctx context.Context) (standin.Mirror, error) {
	if m, ok := standin.Find(ctx, "."); ok {
		return m, nil
	}
	return standin.Build(ctx, ".", os.Stderr)
}
