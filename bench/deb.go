package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/graft-build/graft/test/dpkgdeps"
)

// nfpmVersion is the one that graft has as a library (go.mod).
const nfpmVersion = "v2.45.0"

// debs are the figures of Debian packages: one written again, all of it there, against
// dpkg-deb and nfpm's own command for the same content, and Depends against dpkg-shlibdeps.
func (b *bench) debs() error {
	build := []string{b.graft, "build", project, "--target", "linux/amd64", "--format", "deb", "--out", "deb"}
	if _, err := b.run(nil, build...); err != nil {
		return err
	}
	found, err := filepath.Glob(filepath.Join(b.dir, "deb", "*.deb"))
	if err != nil || len(found) != 1 {
		return fmt.Errorf("find the package: %q %w", found, err)
	}
	deb, content := filepath.Join(b.tmp, "x.deb"), filepath.Join(b.tmp, "deb")
	if err := os.Rename(found[0], deb); err != nil {
		return err
	}
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		fmt.Println("Debian package: dpkg-deb is not installed")
		return nil
	}
	if _, err := b.run(nil, "dpkg-deb", "-R", deb, content); err != nil {
		return err
	}
	again := func() error { return os.RemoveAll(filepath.Join(b.dir, "deb")) }
	graft := func() (took, error) { return b.run(nil, build...) }
	what := "Debian package, written again with all that is before it, graft against "
	if err := b.pairs(what+"dpkg-deb (gzip, the same content)", again, graft, func() (took, error) {
		return b.run(nil, "dpkg-deb", "--root-owner-group", "-Zgzip", "-z6", "-b", content, filepath.Join(b.tmp, "y.deb"))
	}); err != nil {
		return err
	}
	if err := b.againstNfpm(what, content, again, graft); err != nil {
		return err
	}
	return b.depends()
}

// againstNfpm has nfpm's command write the same files.
func (b *bench) againstNfpm(what, content string, again func() error, graft func() (took, error)) error {
	install := exec.CommandContext(b.ctx, "go", "install", "github.com/goreleaser/nfpm/v2/cmd/nfpm@"+nfpmVersion)
	install.Dir, install.Env = b.tmp, append(os.Environ(), "GOBIN="+b.tmp, "GOFLAGS=")
	if out, err := install.CombinedOutput(); err != nil {
		fmt.Printf("Debian package: nfpm can't be had: %v %.200s\n", err, out)
		return nil
	}
	config := filepath.Join(b.tmp, "nfpm.yaml")
	text := fmt.Sprintf("name: x\nversion: 1.0.0\narch: amd64\nmaintainer: x <x@example.com>\ndescription: x\ndeb: {compression: \"gzip:6\"}\ncontents:\n- {src: %q, dst: /, type: tree}\n", filepath.Join(content, "usr")+"/")
	text = strings.Replace(text, "dst: /,", "dst: /usr,", 1)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		return err
	}
	return b.pairs(what+"nfpm "+nfpmVersion+" (the same files)", again, graft, func() (took, error) {
		return b.run(nil, filepath.Join(b.tmp, "nfpm"), "package", "-f", config, "-p", "deb", "-t", filepath.Join(b.tmp, "z.deb"))
	})
}

// depends times graft's Depends and dpkg-shlibdeps, by the command of the tests that compares
// what they say.
func (b *bench) depends() error {
	if missing := dpkgdeps.Tools("amd64"); len(missing) > 0 {
		fmt.Printf("Depends: not installed: %s\n", strings.Join(missing, ", "))
		return nil
	}
	tool := filepath.Join(b.tmp, "shlibdeps")
	build := exec.CommandContext(b.ctx, "go", "build", "-o", tool, "./test/shlibdeps")
	build.Dir = b.root
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build test/shlibdeps: %w\n%s", err, out)
	}
	var ours, theirs []time.Duration
	var ratios []float64
	for range b.rounds {
		a, d, err := b.timed(b.ctx, tool)
		if err != nil {
			return err
		}
		ours, theirs, ratios = append(ours, a), append(theirs, d), append(ratios, float64(a)/float64(d))
	}
	slices.Sort(ratios)
	fmt.Printf("Depends with the closure, graft against dpkg-shlibdeps: %s against %s: ratio %.3f (pairs %.3f to %.3f)\n",
		ms(median(ours)), ms(median(theirs)), float64(median(ours))/float64(median(theirs)), ratios[0], ratios[len(ratios)-1])
	return nil
}

// timed reads both times off "NAME (12ms; dpkg-shlibdeps 600ms)".
func (b *bench) timed(ctx context.Context, tool string) (ours, theirs time.Duration, err error) {
	cmd := exec.CommandContext(ctx, tool, filepath.Join(b.dir, project, "graft.lock"), filepath.Join(b.tmp, "x.deb"))
	cmd.Env = b.environ()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, 0, fmt.Errorf("shlibdeps: %w\n%s", err, out)
	}
	_, rest, _ := strings.Cut(string(out), " (")
	first, rest, _ := strings.Cut(rest, "; dpkg-shlibdeps ")
	second, _, _ := strings.Cut(rest, ")")
	if ours, err = time.ParseDuration(first); err != nil {
		return 0, 0, err
	}
	theirs, err = time.ParseDuration(second)
	return ours, theirs, err
}
