package nixbuild

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"

	"github.com/graft-build/graft"
	"github.com/graft-build/graft/internal/store"
)

// build runs a sealed build. Its store, caches and module cache are below the build's folder,
// filled with the files that the plan has; what of them Nix keeps as read-only files is linked.
func (b Builder) build(ctx context.Context, in Build) error {
	dir := filepath.Join(b.Top, "graft")
	env := b.environment(dir, in)
	s, err := store.Open(filepath.Join(dir, "store"))
	if err != nil {
		return err
	}
	for _, p := range in.Packages {
		if err := addFile(s, p.File, p.SHA256); err != nil {
			return fmt.Errorf("take package %s: %w", filepath.Base(p.File), err)
		}
	}
	if err := fillModCache(filepath.Join(dir, "mod"), in.ModuleFiles); err != nil {
		return err
	}
	for _, d := range []string{"home", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return err
		}
	}
	p, err := graft.Open(in.App, graft.Config{
		Env: env, Store: s.Dir(), Events: b.Events, Offline: true, Executable: b.Executable,
	})
	if err != nil {
		return err
	}
	out := filepath.Join(dir, "dist")
	_, err = p.Build(ctx, graft.Request{
		Plugins: in.Plugins, Replace: in.Modules, Name: in.Name, Version: in.Version, Tags: in.Tags,
		Targets: in.Targets, Formats: in.Formats, Locks: in.Locks, Out: out,
	})
	if err != nil && strings.Contains(err.Error(), "GOPROXY=off") {
		return &graft.UncoveredError{Locks: in.Locks, What: []string{"a module that is imported now is not among their module files: " + err.Error()}}
	}
	if err != nil {
		return err
	}
	return copyTree(out, b.Out)
}

// environment is all that the build sees of one.
func (b Builder) environment(dir string, in Build) []string {
	path := filepath.Join(in.Go, "bin")
	if in.Zig != "" {
		path += string(filepath.ListSeparator) + in.Zig
	}
	return []string{
		"PATH=" + path, "HOME=" + filepath.Join(dir, "home"), "TMPDIR=" + filepath.Join(dir, "tmp"),
		"GOMODCACHE=" + filepath.Join(dir, "mod"), "GOCACHE=" + cmp.Or(b.GoCache, filepath.Join(dir, "gocache")),
		"GOPROXY=off", "GOSUMDB=off", "GOTOOLCHAIN=local", "GOFLAGS=-modcacherw",
	}
}

// fillModCache lays module files out as the go command's own downloads. It wants an .info file
// of a version that it is asked for by name; a version is all that it has to say.
func fillModCache(cache string, files []ModuleFile) error {
	for _, f := range files {
		name := filepath.Join(cache, "cache", "download", filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.Symlink(f.File, name); err != nil {
			return fmt.Errorf("take module file %s: %w", f.Path, err)
		}
		base, isMod := strings.CutSuffix(name, ".mod")
		if !isMod {
			continue
		}
		version, err := module.UnescapeVersion(filepath.Base(base))
		if err != nil {
			return fmt.Errorf("take module file %s: %w", f.Path, err)
		}
		if err := os.WriteFile(base+".info", []byte(`{"Version":"`+version+`"}`), 0o644); err != nil {
			return err
		}
	}
	return nil
}
