package compose

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/run"
	"github.com/graft-build/graft/target"
)

// require finds the versions of all modules: in the lock, or from the go.mod files with the
// go command's help.
func (c *composer) require(ctx context.Context, file []byte) (requirements, error) {
	r, err := c.union()
	if err != nil {
		return r, err
	}
	if err := c.checkPins(ctx, r); err != nil {
		return r, err
	}
	platforms := c.spec.Platforms
	if c.spec.Locked == nil {
		r.Sums, err = c.mergeSums()
	} else {
		r, err = c.lockedRequirements(ctx, r)
		platforms = c.platformsFor()
	}
	if err != nil || len(platforms) == 0 {
		return r, err
	}
	first := r
	if r, err = c.complete(ctx, r, file, platforms); err != nil {
		return r, err
	}
	for i, q := range r.List {
		if was, _ := first.find(q.Path); was.Version == q.Version {
			r.List[i].By = was.By
		}
	}
	if err := c.checkUpdated(r, first); err != nil {
		return r, err
	}
	return r, c.checkPins(ctx, r)
}

// unlocked are the platforms of which the lock knows nothing yet: their sums may be missing.
func (c *composer) unlocked() []target.Target {
	return slices.DeleteFunc(slices.Clone(c.spec.Platforms), func(t target.Target) bool {
		_, ok := c.spec.Locked.Target(t.Name)
		return ok
	})
}

// complete lets the go command add what the go.mod files do not say: versions that modules
// they don't name require, and the sums of all that is needed on the platforms. The result
// is remembered by all that it depends on.
func (c *composer) complete(ctx context.Context, r requirements, file []byte, platforms []target.Target) (requirements, error) {
	gomod, err := c.render(r)
	if err != nil {
		return r, fmt.Errorf("write go.mod: %w", err)
	}
	l := layout{gomod: gomod, gosum: joinLines(r.Sums), file: file, files: c.files, name: c.freeName()}
	if l.rel, err = filepath.Rel(c.app.mod.root, c.app.dir); err != nil {
		return r, err
	}
	key := c.completionKey(l, platforms)
	if b, ok := c.Store.Record("requirements", key); ok {
		var known requirements
		if json.Unmarshal(b, &known) == nil && known.Go != "" {
			return known, nil
		}
	}
	done, err := c.ask(ctx, r, l, platforms)
	if err != nil {
		return r, err
	}
	if b, err := json.Marshal(done); err == nil {
		// Without the record the next composition asks again.
		_ = c.Store.PutRecord("requirements", key, b)
	}
	return done, nil
}

func (c *composer) completionKey(l layout, platforms []target.Target) digest.Digest {
	k := digest.NewKey("requirements/1").Add("go", c.Go.Version).Add("package", c.app.pkg).Add("tags", c.spec.Tags...).
		Add("go.mod", string(l.gomod)).Add("go.sum", string(l.gosum)).Add("file", string(l.file))
	c.addFiles(k)
	for _, m := range c.modules() {
		k.Add("module", m.path, m.version, m.sum, string(modfile.Format(m.file.Syntax)))
	}
	for _, t := range platforms {
		k.Add("platform", t.Platform.String())
	}
	return k.Digest()
}

// ask runs the go command in a copy of the composition until nothing is added any more.
func (c *composer) ask(ctx context.Context, r requirements, l layout, platforms []target.Target) (requirements, error) {
	dir, cleanup, err := c.Store.Temp("compose")
	if err != nil {
		return r, err
	}
	defer cleanup()
	if err := c.write(l, dir, dir); err != nil {
		return r, fmt.Errorf("write composition: %w", err)
	}
	before := l.gomod
	// A platform that comes later may raise versions, which may change what an earlier one
	// needs; this ends, as versions only grow.
	for range 4 {
		for _, t := range platforms {
			if err := c.list(ctx, l, dir, t); err != nil {
				return r, err
			}
		}
		after, err := readFile(filepath.Join(dir, "go.mod"), maxModFile)
		if err != nil {
			return r, err
		}
		if bytes.Equal(before, after) || len(platforms) == 1 {
			break
		}
		before = after
	}
	return c.readBack(dir, r)
}

func (c *composer) list(ctx context.Context, l layout, dir string, t target.Target) error {
	app := filepath.Join(dir, "app")
	argv := append([]string{c.Go.Exe, "list", "-deps", "-f", "{{with .Error}}{{.}}{{end}}"}, l.flags(dir, "mod")...)
	if len(c.spec.Tags) > 0 {
		argv = append(argv, "-tags="+strings.Join(c.spec.Tags, ","))
	}
	var stderr bytes.Buffer
	err := run.Run(ctx, run.Cmd{
		Argv: append(argv, c.app.pkg), Env: append(c.env(app), PlatformEnv(t)...), Dir: app,
		Stderr: &limitedBuffer{Buffer: &stderr, left: 1 << 20}, Events: c.Events,
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	text := c.Go.Redact(c.rewriter(dir).Rewrite(progress.ReplaceAllLiteralString(stderr.String(), "")))
	if old := c.oldGo(text); err != nil && old != nil {
		return old
	}
	if m := guessed.FindStringSubmatch(text); m != nil {
		return refuse(c.importer(m[1]), "", "it imports %s, but no go.mod requires a module that has it; go get or go mod tidy in its folder adds it", m[1])
	}
	if err != nil {
		if c.Offline && strings.Contains(text, "GOPROXY=off") {
			return fmt.Errorf("resolve modules for %s: %w\n%s", t.Name, ErrOffline, strings.TrimSpace(text))
		}
		if text = strings.TrimSpace(text); text != "" {
			if !t.Cgo() && strings.Contains(text, "build constraints exclude all Go files") {
				text += "\nno C is compiled for " + t.Name + "; a package that is nothing without C can't be built for it"
			}
			return fmt.Errorf("resolve modules for %s: %s", t.Name, text)
		}
		return fmt.Errorf("resolve modules for %s: %w", t.Name, err)
	}
	return nil
}

// guessed is what the go command says when it is about to choose a module's newest version
// by itself.
var guessed = regexp.MustCompile(`(?m)^go: finding module for package (\S+)$`)

// importer is who imports a package, as far as the folders given by the user tell.
func (c *composer) importer(pkg string) string {
	for _, p := range append([]part{c.app}, c.plugins...) {
		for _, t := range c.spec.Platforms {
			ctx := c.buildContext(t)
			b, _ := ctx.ImportDir(p.dir, 0)
			if b != nil && slices.Contains(b.Imports, pkg) {
				return p.who
			}
		}
	}
	switch {
	case slices.ContainsFunc(c.spec.Imports, func(s string) bool { return s == pkg || strings.HasSuffix(s, " "+pkg) }):
		return "plugins.imports"
	case c.imports()[pkg]:
		return "plugins.files"
	}
	return "composition"
}

// readBack reads what the go command made of go.mod and go.sum.
func (c *composer) readBack(dir string, r requirements) (requirements, error) {
	b, err := readFile(filepath.Join(dir, "go.mod"), maxModFile)
	if err != nil {
		return r, err
	}
	f, err := modfile.Parse("go.mod", b, nil)
	if err != nil {
		return r, fmt.Errorf("read the completed go.mod: %w", err)
	}
	done := requirements{Go: r.Go}
	if f.Go != nil {
		done.Go = f.Go.Version
	}
	for _, q := range f.Require {
		done.List = append(done.List, requirement{Path: q.Mod.Path, Version: q.Mod.Version, Indirect: q.Indirect})
	}
	done.sort()
	sums, err := readFile(filepath.Join(dir, "go.sum"), maxSumFile)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return r, err
	}
	for line := range strings.Lines(string(sums)) {
		if line = strings.TrimSpace(line); line != "" {
			done.Sums = append(done.Sums, line)
		}
	}
	slices.Sort(done.Sums)
	done.Sums = slices.Compact(done.Sums)
	return done, nil
}

// PlatformEnv is the part of a go command's environment that selects the target, with cgo on
// where the target has C.
func PlatformEnv(t target.Target) []string {
	cgo := "0"
	if t.Cgo() {
		cgo = "1"
	}
	return append([]string{"GOOS=" + t.GOOS(), "GOARCH=" + t.GOARCH(), "CGO_ENABLED=" + cgo}, t.GoEnv...)
}

// limitedBuffer keeps the first bytes of what is written to it.
type limitedBuffer struct {
	*bytes.Buffer
	left int
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	n := min(len(p), b.left)
	b.left -= n
	b.Buffer.Write(p[:n])
	return len(p), nil
}
