package graft

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/compile"
	"github.com/graft-build/graft/internal/compose"
	"github.com/graft-build/graft/internal/detect"
	"github.com/graft-build/graft/internal/sysroot"
	"github.com/graft-build/graft/internal/toolchain"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/target"
)

// built is the program of one target and what it was made from.
type built struct {
	target  target.Target
	lock    lock.Target
	kit     toolchain.Kit // zero without C
	found   detect.Result
	file    string        // the program
	folders digest.Digest // state of the local folders it was made from
	stamp   string        // what the program says of itself
	cleanup func()
}

// inputs are packages as sysroots take them.
func (s *session) inputs(l *lock.Lock, t target.Target, want func(lock.Package) bool) ([]sysroot.Input, error) {
	lt, _ := l.Target(t.Name)
	prefix := distributionOf(lt.Repo).prefix(lt.Repo)
	var out []sysroot.Input
	for _, p := range l.PackagesOf(t.Name) {
		if !want(p) {
			continue
		}
		blob, ok := s.store.Blob(p.SHA256)
		if !ok {
			return nil, fmt.Errorf("unpack %s for %s: the store has lost it; build again", p.Name, t.Name)
		}
		out = append(out, sysroot.Input{Name: p.Name, Blob: blob, SHA256: p.SHA256, Prefix: prefix})
	}
	return out, nil
}

// kit makes the toolchain of a target that compiles C.
func (s *session) kit(ctx context.Context, l *lock.Lock, t target.Target) (toolchain.Kit, error) {
	var kit toolchain.Kit
	lt, ok := l.Target(t.Name)
	if !ok || !lt.Cgo {
		return kit, nil
	}
	in, err := s.inputs(l, t, func(p lock.Package) bool { return p.Build })
	if err != nil {
		return kit, err
	}
	var root sysroot.Sysroot
	if lt.Repo != "" {
		err = s.stage("sysroot", t.Name, func() (string, error) {
			root, err = sysroot.Build(ctx, s.store, t, in, s.cfg.Events)
			return count(len(in), "package"), err
		})
		if err != nil {
			return kit, err
		}
	}
	zig, err := s.zig(ctx)
	if err != nil {
		return kit, err
	}
	err = s.stage("toolchain", t.Name, func() (string, error) {
		kit, err = toolchain.Prepare(ctx, toolchain.KitConfig{
			Store: s.store, Zig: zig, Target: t, Sysroot: root.Dir, SysrootDigest: root.Digest, Prefix: distributionOf(lt.Repo).prefix(lt.Repo),
			LibcVersion: lt.Libc, Graft: s.cfg.Executable, Events: s.cfg.Events,
		})
		return "zig " + zig.Version, err
	})
	return kit, err
}

// zig is the C compiler, fetched when the store does not have it.
func (s *session) zig(ctx context.Context) (zig toolchain.Zig, err error) {
	err = s.stage("zig", "", func() (string, error) {
		zig, err = toolchain.GetZig(ctx, s.zigConfig())
		return zig.Version + " from " + zig.Origin, err
	})
	return zig, err
}

// compile builds the program of a target from folders in a state.
func (s *session) compile(ctx context.Context, l *lock.Lock, t target.Target, found detect.Result, state folders) (*built, error) {
	lt, _ := l.Target(t.Name)
	b := &built{target: t, lock: lt, found: found, folders: state.digest}
	var err error
	if b.kit, err = s.kit(ctx, l, t); err != nil {
		return nil, err
	}
	if b.stamp, err = s.stamp(l, b); err != nil {
		return nil, err
	}
	local := &compile.Local{Store: s.store, Events: s.cfg.Events}
	err = s.stage("compile", t.Name, func() (string, error) {
		file, cached, cleanup, err := local.Execute(ctx, s.action(b), state.complete)
		b.file, b.cleanup = file, cleanup
		if cached {
			return "nothing changed", err
		}
		return s.comp.Package, s.explainHeaders(ctx, b, s.explainDuplicates(blame(err, found), found))
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// action states the compilation as a value.
func (s *session) action(b *built) compile.Action {
	t := b.target
	a := compile.Action{Target: t.Name, Output: s.plan.m.Name}
	if t.Platform.OS == "windows" {
		a.Output += ".exe"
	}
	a.Inputs = append(a.Inputs,
		compile.Input{Name: "folders", Digest: b.folders},
		compile.Input{Name: "go", Digest: digest.OfString(s.goes.Version)},
		compile.Input{Name: "composition", Digest: s.comp.Key},
		compile.Input{Name: "kit", Digest: b.kit.Digest})
	ldflags := "-buildid="
	if !s.plan.m.Build.Debug {
		ldflags += " -s -w"
	}
	if t.GOOS() == "windows" && s.plan.m.Windows.GUI {
		ldflags += " -H=windowsgui"
	}
	ldflags += " -X " + compose.StampVar + "=" + b.stamp + versionFlag(s.comp)
	if s.plan.m.Build.LDFlags != "" {
		ldflags += " " + s.plan.m.Build.LDFlags
	}
	a.Args = []string{"-trimpath", "-buildvcs=false", "-ldflags=" + ldflags}
	if len(s.plan.tags) > 0 {
		a.Args = append(a.Args, "-tags="+strings.Join(s.plan.tags, ","))
	}
	a.Args = append(a.Args, s.comp.Package)
	a.Vars = toolchain.GoEnv(t)
	a.Place = compile.Place{
		Go: s.goes.Exe, Dir: s.comp.Dir, Args: s.comp.Flags,
		Vars: slices.Concat(s.goes.Env, s.comp.Env), Owner: owner(b.found),
		Rewrite: s.rewrite(b.found),
	}
	if b.kit.Dir == "" {
		a.Vars = append(a.Vars, "CGO_ENABLED=0")
	} else {
		a.Place.Vars = append(a.Place.Vars, b.kit.Env()...) // the kit's digest says what it is
	}
	if s.cfg.Offline {
		a.Place.Vars = append(a.Place.Vars, "GOPROXY=off")
	}
	return a
}

// rewrite turns paths in a compiler's messages into those of the user.
func (s *session) rewrite(found detect.Result) func(importPath, text string) string {
	r := s.comp.Rewriter(s.plan.base)
	dirs := map[string]string{}
	for _, p := range found.Packages {
		dirs[p.ImportPath] = p.Dir
	}
	return func(importPath, text string) string {
		if dir := dirs[importPath]; dir != "" {
			return r.In(dir).Rewrite(text)
		}
		return r.Rewrite(text)
	}
}

// owner tells which plugin a package of a compiler's message belongs to.
func owner(found detect.Result) func(string) string {
	plugins := map[string]string{}
	for _, p := range found.Packages {
		plugins[p.ImportPath] = p.Plugin
	}
	return func(importPath string) string { return plugins[importPath] }
}
