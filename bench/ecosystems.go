package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// duel compares graft with another way to the same program. Both have folders of their own
// with the same plugin in them.
type duel struct {
	name   string
	plugin string      // file of the plugin, in either folder, that is edited
	graft  []string    // graft's arguments
	caches [2][]string // variables, so that caches that were cold are one side's alone
	dirs   [2]string

	prepare func(dir string) error // what graft's folder has beside the plugin
	anew    []string               // shell lines that make the other's folder and build
	again   string                 // the shell line that only builds, once that was done
	program string                 // that it makes
}

const (
	goalWarm = 1.05
	goalLess = 1.00
)

// side is one of the two ways: graft's is 0.
func (b *bench) side(d *duel, i int, lines ...string) (took, error) {
	argv := append([]string{b.graft}, d.graft...)
	if i == 1 {
		argv = []string{"sh", "-ec", strings.Join(lines, "\n")}
	}
	argv = append([]string{"env", "-C", d.dirs[i], "CGO_ENABLED=0"}, argv...)
	return b.run(d.caches[i], argv...)
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

// inTurns prints the ratio of both ways, and whether the goal, if there is one, was met. What
// graft does always has its archive, which the other side makes only where it says so.
func (b *bench) inTurns(d *duel, what string, goal float64, before func() error, lines ...string) error {
	ratio, err := b.ratio(d.name+", "+what, before,
		func() (took, error) { return b.side(d, 0) },
		func() (took, error) { return b.side(d, 1, lines...) })
	if err != nil {
		return err
	}
	if goal > 0 {
		fmt.Printf("; goal %.2f: %s", goal, met(ratio <= goal))
	}
	fmt.Println()
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
	none := func() error { return nil }
	for _, f := range []struct {
		what   string
		goal   float64
		before func() error
		lines  []string
	}{
		{"new folders, another text of the plugin", goalWarm, empty, d.anew},
		{"the plugin edited, against the tool", goalLess, d.edit, d.anew},
		{"the plugin edited, against go build and tar", goalWarm, d.edit, []string{d.again, "tar -czf program.tar.gz " + d.program}},
		{"the plugin edited, against go build alone", 0, d.edit, []string{d.again}},
		{"nothing changed, against go build alone", goalLess, none, []string{d.again}},
	} {
		if f.goal == goalLess {
			time.Sleep(2100 * time.Millisecond) // files that were written just now are read, not believed
		}
		if err := b.inTurns(d, f.what, f.goal, f.before, f.lines...); err != nil {
			return err
		}
	}
	return nil
}

// coldDuel gives each side a build cache of its own that is empty, and graft a store. Modules
// are in the module cache already. There is one round of it.
func (b *bench) coldDuel(d *duel) error {
	own := filepath.Join(b.tmp, "duel", d.name)
	var took [2]time.Duration
	for i := range took {
		d.caches[i] = []string{"GOCACHE=" + filepath.Join(own, fmt.Sprint("cache", i)), "GRAFT_STORE=" + filepath.Join(own, "store")}
		t, err := b.side(d, i, d.anew...)
		if err != nil {
			return err
		}
		took[i] = t.wall
	}
	fmt.Printf("%s, empty build caches: %s against %s: ratio %.2f (one round)\n", d.name, ms(took[0]), ms(took[1]), float64(took[0])/float64(took[1]))
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
		graft:   []string{"build", caddy + "/cmd/caddy@v2.11.9", "--with", "./caddy-hello", "--format", "tar.gz"},
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
		graft: []string{"build", "--format", "tar.gz"},
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
