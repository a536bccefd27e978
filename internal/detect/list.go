package detect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/graft-build/graft/internal/compose"
	"github.com/graft-build/graft/internal/run"
	"github.com/graft-build/graft/target"
)

// listed is what is read of go list's answer for one package.
type listed struct {
	ImportPath string
	Dir        string
	Standard   bool
	Module     *struct{ Path, Version, Dir string }

	GoFiles, CgoFiles, CFiles, CXXFiles, MFiles, HFiles, FFiles, SFiles []string
	SwigFiles, SwigCXXFiles, SysoFiles                                  []string

	CgoPkgConfig, CgoLDFLAGS, CgoCFLAGS, CgoCPPFLAGS, CgoCXXFLAGS []string

	Error *struct {
		ImportStack []string
		Pos, Err    string
	}
}

const fields = "ImportPath,Dir,Standard,Module,GoFiles,CgoFiles,CFiles,CXXFiles,MFiles,HFiles,FFiles,SFiles," +
	"SwigFiles,SwigCXXFiles,SysoFiles,CgoPkgConfig,CgoLDFLAGS,CgoCFLAGS,CgoCPPFLAGS,CgoCXXFLAGS,Error"

// list runs go list for the composition's package and all that it imports.
func list(ctx context.Context, d compose.Deps, comp compose.Composition, t target.Target, tags []string) ([]listed, error) {
	argv := append([]string{d.Go.Exe, "list", "-e", "-deps", "-json=" + fields}, comp.Flags...)
	if len(tags) > 0 {
		argv = append(argv, "-tags="+strings.Join(tags, ","))
	}
	env := append(append(append([]string{}, d.Go.Env...), comp.Env...), compose.PlatformEnv(t)...)
	if d.Offline {
		env = append(env, "GOPROXY=off", "GOSUMDB=off")
	}
	out, err := run.Output(ctx, run.Cmd{Argv: append(argv, comp.Package), Env: env, Dir: comp.Dir, Events: d.Events})
	if err != nil {
		return nil, goError(ctx, comp, t, err)
	}
	var all []listed
	problems := &Error{Target: t.Name}
	o := newOrigins(comp)
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p listed
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("detect needs for %s: read go list's answer: %w", t.Name, err)
		}
		if p.Error != nil {
			problems.add(o, p)
		}
		all = append(all, p)
	}
	if len(problems.Problems) > 0 {
		return nil, problems
	}
	return all, nil
}

// goError is what to say when go list did not answer at all.
func goError(ctx context.Context, comp compose.Composition, t target.Target, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var e *run.Error
	if !errors.As(err, &e) || e.Stderr == "" {
		return fmt.Errorf("detect needs for %s: %w", t.Name, err)
	}
	return &Error{Target: t.Name, Problems: []Problem{{Text: comp.Rewriter("").Rewrite(strings.TrimSpace(e.Stderr))}}}
}

// Error says which packages of a composition cannot be loaded for a target.
type Error struct {
	Target   string
	Problems []Problem
}

// Problem is one package that cannot be loaded.
type Problem struct {
	Package string // import path
	Plugin  string // the plugin it comes from, as the user named it; "" for others
	Pos     string // file:line:column of what needs it, "" when there is none
	Text    string
}

// maxProblems bounds how many are shown: they tend to have one cause.
const maxProblems = 10

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "load packages for %s:", e.Target)
	for i, p := range e.Problems {
		if i == maxProblems {
			fmt.Fprintf(&b, "\n  and %d more", len(e.Problems)-i)
			break
		}
		b.WriteString("\n  ")
		if p.Pos != "" {
			b.WriteString(p.Pos + ": ")
		}
		b.WriteString(strings.ReplaceAll(p.Text, "\n", "\n  "))
		if p.Plugin != "" {
			fmt.Fprintf(&b, " (plugin %s)", p.Plugin)
		}
	}
	return b.String()
}

// Stale says whether the composition's go.mod or go.sum lack something that the go.mod files
// of the folders have: it was made before they were changed, or for other targets.
func (e *Error) Stale() bool {
	for _, p := range e.Problems {
		if strings.Contains(p.Text, "missing go.sum entry") || strings.Contains(p.Text, "updates to go.mod needed") {
			return true
		}
	}
	return false
}

func (e *Error) add(o origins, p listed) {
	pr := Problem{Package: p.ImportPath, Plugin: o.plugin(p.ImportPath), Pos: p.Error.Pos, Text: o.rewrite.Rewrite(p.Error.Err)}
	if strings.HasPrefix(filepath.Base(pr.Pos), o.comp.Generated+":") {
		pr.Pos = "" // the user has no such file
	}
	pr.Pos = o.rewrite.Rewrite(pr.Pos)
	// A package that is missing belongs to nobody: the one that imports it is at fault.
	stack := p.Error.ImportStack
	for i := len(stack) - 1; i >= 0 && pr.Plugin == ""; i-- {
		pr.Plugin = o.plugin(stack[i])
	}
	switch {
	case strings.Contains(pr.Text, "import cycle"):
		pr.Text += ": " + strings.Join(stack, " imports ")
	case strings.Contains(pr.Text, "import lookup disabled"):
		pr.Text = o.missing(p.ImportPath)
	}
	e.Problems = append(e.Problems, pr)
}

// missing explains that a package is nowhere.
func (o origins) missing(importPath string) string {
	module := ""
	for _, m := range o.comp.Modules {
		if strings.HasPrefix(importPath, m.Path+"/") && len(m.Path) > len(module) {
			module = m.Path
		}
	}
	if module != "" {
		return "module " + module + " has no package " + importPath
	}
	return "no go.mod requires a module that has package " + importPath + "; go get or go mod tidy in its folder adds it"
}

// origins knows where the packages of a composition come from.
type origins struct {
	comp    compose.Composition
	rewrite compose.Rewriter
}

func newOrigins(comp compose.Composition) origins {
	return origins{comp, comp.Rewriter("")}
}

func (o origins) describe(p listed) Package {
	d := Package{
		ImportPath: p.ImportPath, Dir: o.real(p.Dir), CXX: len(p.CXXFiles)+len(p.SwigCXXFiles) > 0,
		Cgo: len(p.CgoFiles)+len(p.SwigFiles)+len(p.SwigCXXFiles) > 0,
	}
	if p.Module != nil {
		d.Module, d.Version, d.Root = p.Module.Path, p.Module.Version, o.real(p.Module.Dir)
	}
	for _, l := range o.comp.LocalDirs {
		d.Local = d.Local || d.Module == l.Path
	}
	if d.Local {
		d.Version = ""
	}
	d.Plugin = o.plugin(p.ImportPath)
	for _, fs := range [][]string{p.GoFiles, p.CgoFiles, p.CFiles, p.CXXFiles, p.MFiles, p.HFiles, p.FFiles, p.SFiles, p.SwigFiles, p.SwigCXXFiles, p.SysoFiles} {
		d.Files = append(d.Files, fs...)
	}
	return d
}

// real is the user's folder for one of the composition.
func (o origins) real(dir string) string {
	for _, l := range o.comp.LocalDirs {
		if dir == l.Link {
			return l.Root
		}
		if rest, ok := strings.CutPrefix(dir, l.Link+string(filepath.Separator)); ok {
			return filepath.Join(l.Root, rest)
		}
	}
	return dir
}

// plugin is the plugin whose module or folder has the package.
func (o origins) plugin(importPath string) string {
	best, ref := "", ""
	for _, p := range o.comp.Plugins {
		// A plugin in the application's own module has only its own folder.
		root := p.Module
		if root == o.comp.Module {
			root = p.Path
		}
		if len(root) >= len(best) && (importPath == root || strings.HasPrefix(importPath, root+"/")) {
			best, ref = root, p.Ref
		}
	}
	return ref
}
