package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// duel compares graft with another way to the same program. Both have folders of their own
// with the same plugin in them.
type duel struct {
	name   string
	plugin string      // file of the plugin, in either folder, that is edited
	build  []string    // graft's arguments to build and pack
	run    []string    // graft's arguments to build and start
	caches [2][]string // variables, so that caches that were cold are one side's alone
	dirs   [2]string

	prepare func(dir string) error // what graft's folder has beside the plugin
	anew    []string               // shell lines that make the other's folder and build
	again   string                 // the shell line that only builds, once that was done
	program string                 // that it makes
	version string                 // the argument with which the program says its version
}

const (
	goalWarm = 1.05
	goalLess = 1.00
)

// ours is graft with some arguments.
func (b *bench) ours(d *duel, args []string) (took, error) {
	return b.run(d.caches[0], append([]string{"env", "-C", d.dirs[0], b.graft}, args...)...)
}

// theirs is the other way.
func (b *bench) theirs(d *duel, lines ...string) (took, error) {
	return b.run(d.caches[1], "env", "-C", d.dirs[1], "CGO_ENABLED=0", "sh", "-ec", strings.Join(lines, "\n"))
}

// fresh empties both folders and puts the plugin there.
func (b *bench) fresh(d *duel, from string) error {
	for i, dir := range d.dirs {
		removeAll(dir)
		if err := os.CopyFS(dir, os.DirFS(filepath.Join(b.root, "test", "ecosystems", "testdata", from))); err != nil {
			return err
		}
		if i == 0 {
			if err := d.prepare(dir); err != nil {
				return err
			}
		}
	}
	return nil
}

var edits int

// edit changes a function of the plugin, in both folders.
func (d *duel) edit() error {
	edits++
	for _, dir := range d.dirs {
		file := filepath.Join(dir, d.plugin)
		src, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		before, _, _ := strings.Cut(string(src), "\nfunc edited")
		text := fmt.Sprintf("%s\nfunc edited() int64 { return %d }\n\nvar _ = edited\n", before, time.Now().UnixNano()+int64(edits))
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// inTurns prints the ratio of both ways, and whether the goal was met.
func (b *bench) inTurns(d *duel, what string, goal float64, before func() error, args []string, lines ...string) error {
	ratio, err := b.ratio(d.name+", "+what, before,
		func() (took, error) { return b.ours(d, args) },
		func() (took, error) { return b.theirs(d, lines...) })
	if err != nil {
		return err
	}
	fmt.Printf("; goal %.2f: %s\n", goal, met(ratio <= goal))
	return nil
}

// fight prints the figures of a duel. from is the folder of testdata that both sides get.
func (b *bench) fight(d *duel, from string, cold bool) error {
	for i, name := range []string{"graft", "other"} {
		d.dirs[i] = filepath.Join(b.tmp, "duel", d.name, name)
	}
	empty := func() error { return errors.Join(b.fresh(d, from), d.edit()) }
	if err := empty(); err != nil {
		return err
	}
	if cold {
		if err := b.coldDuel(d); err != nil {
			return err
		}
	}
	start := "./" + d.program + " " + d.version
	for _, f := range []struct {
		what   string
		goal   float64
		before func() error
		args   []string
		lines  []string
	}{
		{"new folders, another text of the plugin, build and start", goalWarm, empty, d.run, append(slices.Clone(d.anew), start)},
		{"the plugin edited, build and start, against the tool", goalLess, d.edit, d.run, append(slices.Clone(d.anew), start)},
		{"the plugin edited, build and start, against go build alone", goalWarm, d.edit, d.run, []string{d.again, start}},
		{"the plugin edited, build and pack, against go build and tar", goalWarm, d.edit, d.build, []string{d.again, "tar -czf program.tar.gz " + d.program}},
		{"nothing changed, against go build alone", goalLess, settle, d.build, []string{d.again}},
	} {
		if err := b.inTurns(d, f.what, f.goal, f.before, f.args, f.lines...); err != nil {
			return err
		}
	}
	return nil
}

// settle waits, as files that were written just now are read, not believed.
func settle() error {
	time.Sleep(2100 * time.Millisecond)
	return nil
}

// coldDuel gives each side a build cache of its own that is empty, and graft a store. Modules
// are in the module cache already. There is one round of it, both sides at the same time:
// it takes minutes, in which other work on the machine comes and goes.
func (b *bench) coldDuel(d *duel) error {
	own := filepath.Join(b.tmp, "duel", d.name)
	for i := range d.caches {
		d.caches[i] = []string{"GOCACHE=" + filepath.Join(own, fmt.Sprint("cache", i)), "GRAFT_STORE=" + filepath.Join(own, "store")}
	}
	var g, t took
	var both errgroup.Group
	both.Go(func() (err error) {
		g, err = b.ours(d, d.build)
		return err
	})
	both.Go(func() (err error) {
		t, err = b.theirs(d, d.anew...)
		return err
	})
	if err := both.Wait(); err != nil {
		return err
	}
	fmt.Printf("%s, empty build caches: %s against %s: ratio %.2f (one round, both at once)\n", d.name, ms(g.wall), ms(t.wall), float64(g.wall)/float64(t.wall))
	return nil
}

// ecosystems are the figures of applications that nobody here wrote, which take long.
func (b *bench) ecosystems(which string, cold bool) error {
	for _, e := range []struct {
		name    string
		measure func(bool) error
	}{{"caddy", b.caddy}, {"collector", b.collector}} {
		if which != "all" && !slices.Contains(strings.Split(which, ","), e.name) {
			continue
		}
		if err := e.measure(cold); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	return nil
}

// caddy compares with what xcaddy does, by hand.
func (b *bench) caddy(cold bool) error {
	const caddy = "github.com/caddyserver/caddy/v2"
	d := &duel{
		name: "caddy", plugin: "caddy-hello/hello.go",
		build:   []string{"build", caddy + "/cmd/caddy@v2.11.9", "--with", "./caddy-hello", "--format", "tar.gz"},
		run:     []string{"run", caddy + "/cmd/caddy@v2.11.9", "--with", "./caddy-hello", "--", "version"},
		version: "version",
		prepare: func(string) error { return nil },
		again:   "(cd made && go build -trimpath -ldflags='-w -s' -o caddy .)",
		program: "made/caddy",
	}
	main := "package main\n\nimport (\n\tcaddycmd \"" + caddy + "/cmd\"\n\n\t_ \"" + caddy + "/modules/standard\"\n\t_ \"example.com/caddy-hello\"\n)\n\nfunc main() { caddycmd.Main() }\n"
	d.anew = []string{
		"rm -rf made && mkdir made && cd made",
		"cat > main.go <<'EOF'\n" + main + "EOF",
		"go mod init caddy",
		"go mod edit -require example.com/caddy-hello@v0.0.0 -replace example.com/caddy-hello=../caddy-hello -replace example.com/greeting=../greeting",
		"go get " + caddy + "/cmd@v2.11.9 " + caddy + "/modules/standard@v2.11.9 example.com/caddy-hello@v0.0.0",
		"cd .. && " + d.again,
	}
	return b.fight(d, ".", cold)
}

// collector compares with ocb, the collector's own builder.
func (b *bench) collector(cold bool) error {
	if _, err := b.run([]string{"GOBIN=" + b.tmp}, "env", "-C", b.tmp, "CGO_ENABLED=0", "go", "install", "go.opentelemetry.io/collector/cmd/builder@v0.145.0"); err != nil {
		return err
	}
	d := &duel{
		name: "collector", plugin: "idle/idle.go",
		build: []string{"build", "--format", "tar.gz"}, run: []string{"run", "--", "--version"}, version: "--version",
		prepare: func(dir string) error {
			_, err := b.run(nil, "env", "-C", dir, b.graft, "import", "builder-config.yaml")
			return err
		},
		again:   "(cd out && go build -trimpath -ldflags='-s -w' -o otelcol-few .)",
		program: "out/otelcol-few",
	}
	d.anew = []string{"rm -rf out", filepath.Join(b.tmp, "builder") + " --config builder-config.yaml"}
	return b.fight(d, "otel", cold)
}
