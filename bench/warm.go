package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// project is what the warm figures build: the image server with two plugins.
const project = "examples/tailored"

// warm builds everything once, so that the figures after it find what they need.
func (b *bench) warm() error {
	for _, args := range [][]string{
		{"build", project, "--target", "linux/amd64", "--target", "rpi4", "--format", "tar.gz,deb,oci"},
		oneTarget("rpi4", "tar.gz"),
	} {
		if _, err := b.run(nil, append([]string{b.graft}, args...)...); err != nil {
			return err
		}
	}
	return nil
}

func oneTarget(target, format string) []string {
	return []string{"build", project, "--target", target, "--format", format, "--out", "one"}
}

// nothingChanged is the time of a build after which nothing has to be done.
func (b *bench) nothingChanged() error {
	return b.again("2 targets, 6 artifacts", "build", project, "--target", "linux/amd64", "--target", "rpi4", "--format", "tar.gz,deb,oci")
}

// again is the time of a command that has nothing to do.
func (b *bench) again(what string, args ...string) error {
	const goal = 150 * time.Millisecond
	argv := append([]string{b.graft}, args...)
	var graft, version []time.Duration
	time.Sleep(2100 * time.Millisecond) // files that were written just now are read, not believed
	for i := range 3*b.rounds + 1 {
		t, err := b.run(nil, argv...)
		if err != nil {
			return err
		}
		v, err := b.run(nil, "go", "version")
		if err != nil {
			return err
		}
		if i > 0 { // the first one remembers
			graft, version = append(graft, t.wall), append(version, v.wall)
		}
	}
	m := median(graft)
	fmt.Printf("nothing changed, %s: %s (go version: %s); goal 150 ms: %s\n", what, ms(m), ms(median(version)), met(m <= goal))
	return nil
}

// compiling is the go build that graft -v shows.
var compiling = regexp.MustCompile(`(?m)^\+ cd (\S+) && env -i (.*) (\S+/go) build -json -o (\S+) (.*)$`)

var temporary = regexp.MustCompile(`\b(GOTMPDIR|TMPDIR|TMP|TEMP)=\S+`)

// goBuild is the go command that graft compiles with, taken from what graft -v says: its
// folder, and the script that starts it with the same environment, caches, CC and flags.
func goBuild(said, out string) (string, error) {
	m := compiling.FindStringSubmatch(said)
	if m == nil {
		return "", fmt.Errorf("graft -v shows no go build:\n%.2000s", said)
	}
	// graft has removed its folder for temporary files since.
	tmp := temporary.ReplaceAllString(m[2], "${1}="+filepath.Dir(out))
	return fmt.Sprintf("cd %s && exec env -i %s %s build -o %s %s", m[1], tmp, m[3], out, m[5]), nil
}

// pluginEdited is the figure that the goal is set for.
func (b *bench) pluginEdited() error { return b.edited("rpi4", "tar.gz") }

// edited compares a build after an edit of a plugin with the go build inside it.
func (b *bench) edited(target, format string) error {
	const goal = 1.10
	file := filepath.Join(b.dir, "examples", "count-plugin", "count.go")
	src, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	edits := 0
	edit := func() error {
		edits++
		text := fmt.Sprintf("%s\nfunc edited() int64 { return %d }\n\nvar _ = edited\n", src, time.Now().UnixNano()+int64(edits))
		return os.WriteFile(file, []byte(text), 0o644)
	}
	if err := edit(); err != nil {
		return err
	}
	argv := append([]string{b.graft}, oneTarget(target, format)...)
	t, err := b.run(nil, append(argv, "-v")...)
	if err != nil {
		return err
	}
	script, err := goBuild(t.stderr, filepath.Join(b.tmp, "program"))
	if err != nil {
		return err
	}
	var graft, goBuild []time.Duration
	var ratios []float64
	for range b.rounds {
		if err := edit(); err != nil {
			return err
		}
		g, err := b.run(nil, argv...)
		if err != nil {
			return err
		}
		if err := edit(); err != nil {
			return err
		}
		c, err := b.run(nil, "sh", "-c", script)
		if err != nil {
			return err
		}
		graft, goBuild = append(graft, g.wall), append(goBuild, c.wall)
		ratios = append(ratios, float64(g.wall)/float64(c.wall))
	}
	ratio := float64(median(graft)) / float64(median(goBuild))
	slices.Sort(ratios)
	fmt.Printf("a plugin edited, %s, %s: %s against %s of its go build: ratio %.2f (pairs %.2f to %.2f); goal 1.10: %s\n",
		target, format, ms(median(graft)), ms(median(goBuild)), ratio, ratios[0], ratios[len(ratios)-1], met(ratio <= goal))
	if err := edit(); err != nil {
		return err
	}
	if t, err = b.run(nil, append(argv, "-v")...); err != nil {
		return err
	}
	for line := range strings.Lines(t.stderr) {
		if !strings.HasPrefix(line, "+") {
			fmt.Print("    ", line)
		}
	}
	return os.WriteFile(file, src, 0o644)
}

// bytesFetched is what each target's packages weigh, against what apt would fetch.
func (b *bench) bytesFetched() error {
	var targets []string
	for _, t := range []string{"linux/amd64", "linux/arm64", "rpi4", "linux/riscv64"} {
		targets = append(targets, "--target", t)
	}
	if _, err := b.run(nil, append([]string{b.graft, "lock", project}, targets...)...); err != nil {
		return err
	}
	raw, err := os.ReadFile(filepath.Join(b.dir, project, "graft.lock"))
	if err != nil {
		return err
	}
	var l struct {
		Packages []struct {
			Target     string
			Size       int64
			Build, Run bool
		}
	}
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	for i := 1; i < len(targets); i += 2 {
		var n int
		var all, build, run int64
		for _, p := range l.Packages {
			if p.Target != targets[i] {
				continue
			}
			n, all = n+1, all+p.Size
			if p.Build {
				build += p.Size
			}
			if p.Run {
				run += p.Size
			}
		}
		fmt.Printf("packages of %s: %d, %s (to build %s, to run %s)%s\n", targets[i], n, mb(all), mb(build), mb(run), aptSays(targets[i], build))
	}
	return nil
}

// aptSays compares with issue 2's figure: what apt fetches to build with libcairo2-dev on
// armhf, beside a C library and without what programs need when they run.
func aptSays(target string, build int64) string {
	if target != "rpi4" {
		return ""
	}
	const apt, goal = 37_800_000, 12_000_000
	return fmt.Sprintf("; to build with libcairo2-dev alone apt would fetch 124 packages, 37.8 MB: %.2f of that; goal 12 MB: %s", float64(build)/apt, met(build <= goal))
}
