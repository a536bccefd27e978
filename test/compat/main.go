// Command compat builds and starts a small program for each of some well-known modules with
// C in them, on each of four targets, and writes docs/compatibility.md.
//
//	go run ./test/compat                        # all that has no result yet, then the page
//	go run ./test/compat -run 'zmq4|sdl2' -target rpi4
//	go run ./test/compat -again                 # what has not been started, once more
//
// The programs are in the folder programs: a main.go and a go.mod each and no manifest, so
// that graft alone finds what they need. Results are kept in the user's cache folder as they
// come (graft-test/compat there): a run that was ended goes on where it was, and without the
// folder everything is tried anew. A whole run takes an hour or two on a small machine
// and downloads about 2 GB.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// targets are the columns of the page.
var targets = []string{"linux/amd64", "linux/arm64", "rpi4", "windows/amd64"}

func main() {
	var o options
	flag.StringVar(&o.run, "run", "", "only programs whose name fits this regular expression")
	flag.StringVar(&o.target, "target", "", "only this target")
	flag.BoolVar(&o.again, "again", false, "try again what has not been started")
	flag.BoolVar(&o.page, "page", false, "try nothing, write the page from the results that are kept")
	flag.DurationVar(&o.limit, "limit", 20*time.Minute, "time for one program on one target")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := o.do(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "compat:", err)
		os.Exit(1)
	}
}

// options are what the command line asks for.
type options struct {
	run, target string
	again, page bool
	limit       time.Duration
}

func (o options) do(ctx context.Context) error {
	fits, err := regexp.Compile("^(?:" + o.run + ")$")
	if err != nil {
		return err
	}
	if o.target != "" && !slices.Contains(targets, o.target) {
		return fmt.Errorf("-target %s: want one of %s", o.target, strings.Join(targets, ", "))
	}
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	kept, err := openResults()
	if err != nil {
		return err
	}
	if !o.page {
		t, err := newTrier(ctx, root, filepath.Join(kept.dir, "graft"))
		if err != nil {
			return err
		}
		t.limit = o.limit
		for _, p := range programs {
			for _, target := range targets {
				if o.run != "" && !fits.MatchString(p.name) || o.target != "" && o.target != target {
					continue
				}
				if err := o.try(ctx, t, kept, p, target); err != nil {
					return err
				}
			}
		}
	}
	return writePage(root, kept)
}

// try tries one program on one target unless a result is kept.
func (o options) try(ctx context.Context, t *trier, kept *results, p program, target string) error {
	sources, err := t.sources(p)
	if err != nil {
		return err
	}
	old, ok := kept.get(p.name, target)
	if ok && old.Sources == sources && (old.State == started || !o.again) {
		return nil
	}
	r := t.try(ctx, p, target)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r.Sources = sources
	said, _, _ := strings.Cut(r.Error, "\n")
	fmt.Printf("%-12s %-14s %-8s %4.0fs  %s\n", p.name, target, r.State, r.Seconds, said)
	return kept.put(p.name, target, r)
}

// moduleRoot is the folder of graft's own source.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}
