// Bench measures graft against what it can be compared to, in one run on one machine: times
// of other machines, or of this one an hour ago, say little.
//
//	go run ./bench [-cold=false] [-rounds 7]
//	go run ./bench -ecosystems all
//
// It builds the graft command of this tree and works in temporary folders. The cold figures
// download some 100 MB. Nothing is asserted: each figure says whether its goal was met.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	cold := flag.Bool("cold", true, "measure the cold build too, which downloads everything anew")
	rounds := flag.Int("rounds", 7, "how often each of two things that are compared is done")
	store := flag.String("store", "", "store for the warm figures (default: one that is thrown away)")
	ecosystems := flag.String("ecosystems", "", "measure only these, without the rest: caddy,collector, or all")
	recorded := flag.String("record", "", "build and write what was downloaded to this file: bench starts itself so")
	command := flag.String("graft", "", "with -record: the graft command")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *recorded != "" {
		if err := record(ctx, *recorded, *command, flag.Args()); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if err := measure(ctx, *store, *rounds, *cold, *ecosystems); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, store string, rounds int, cold bool, ecosystems string) error {
	tmp, err := os.MkdirTemp("", "graft-bench-")
	if err != nil {
		return err
	}
	defer removeAll(tmp)
	b := &bench{ctx: ctx, tmp: tmp, dir: filepath.Join(tmp, "work"), store: store, rounds: max(rounds, 1)}
	if b.store == "" {
		b.store = filepath.Join(tmp, "store")
	}
	if err := b.prepare(); err != nil {
		return err
	}
	fmt.Printf("%s, %s/%s, %d processors, %s\n\n", time.Now().UTC().Format(time.DateOnly), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	if ecosystems != "" {
		return b.ecosystems(ecosystems, cold)
	}
	figures := []func() error{b.warm, b.nothingChanged, b.pluginEdited, b.bytesFetched, b.images, b.debs, b.windows}
	if cold {
		figures = append(figures, b.coldBuild)
	}
	for _, f := range append(figures, b.memory) {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// bench is one run.
type bench struct {
	ctx    context.Context
	tmp    string
	root   string // of the module
	graft  string
	dir    string // copy of the examples is here
	store  string
	rounds int
}

// prepare builds graft and copies the examples.
func (b *bench) prepare() error {
	out, err := exec.CommandContext(b.ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("find the module: %w", err)
	}
	b.root = filepath.Dir(strings.TrimSpace(string(out)))
	root := b.root
	b.graft = filepath.Join(b.tmp, "graft")
	build := exec.CommandContext(b.ctx, "go", "build", "-o", b.graft, "./cmd/graft")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build graft: %w\n%s", err, out)
	}
	if err := os.CopyFS(filepath.Join(b.dir, "examples"), os.DirFS(filepath.Join(root, "examples"))); err != nil {
		return err
	}
	locks, err := filepath.Glob(filepath.Join(b.dir, "examples", "*", "graft.lock"))
	for _, l := range locks {
		err = errors.Join(err, os.Remove(l))
	}
	return err
}

// took is what a process cost.
type took struct {
	wall   time.Duration
	memory int64 // most bytes that the process itself had resident; its children do not count
	stderr string
}

// run starts a command and measures it. env comes after the usual environment.
func (b *bench) run(env []string, argv ...string) (took, error) {
	cmd := exec.CommandContext(b.ctx, argv[0], argv[1:]...)
	cmd.Dir = b.dir
	cmd.Env = append(b.environ(), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return took{}, err
	}
	most := make(chan int64)
	ended := make(chan struct{})
	go func() { most <- watchMemory(cmd.Process.Pid, ended) }()
	err := cmd.Wait()
	t := took{wall: time.Since(start), stderr: stderr.String()}
	close(ended)
	t.memory = <-most
	if err != nil {
		return t, fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, stderr.String())
	}
	return t, nil
}

// environ is the environment without what would reach a compiler.
func (b *bench) environ() []string {
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains([]string{"CC", "CXX", "CGO_ENABLED", "GOFLAGS", "PKG_CONFIG_PATH"}, name)
	})
	return append(env, "GRAFT_STORE="+b.store)
}

// median of some times.
func median(ts []time.Duration) time.Duration {
	ts = slices.Clone(ts)
	slices.Sort(ts)
	return ts[len(ts)/2]
}

func ms(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

func mb(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// met says whether a goal was.
func met(ok bool) string {
	if ok {
		return "met"
	}
	return "NOT met"
}

func removeAll(dir string) {
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			os.Chmod(path, 0o700)
		}
		return nil
	})
	os.RemoveAll(dir)
}
