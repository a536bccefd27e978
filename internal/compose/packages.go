package compose

import (
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/graft-build/graft/target"
)

// maxPackageFiles bounds the files of one package that are read.
const maxPackageFiles = 10_000

// buildContext says which files of a package belong to a target, as the go command does.
func (c *composer) buildContext(t target.Target) build.Context {
	ctx := build.Default
	ctx.GOROOT, ctx.GOPATH = c.Go.Root, ""
	ctx.GOOS, ctx.GOARCH, ctx.CgoEnabled = t.GOOS(), t.GOARCH(), true
	ctx.Compiler, ctx.BuildTags, ctx.ToolTags = "gc", c.spec.Tags, nil
	for _, tag := range build.Default.ToolTags {
		// Those of graft's own processor are not the target's.
		if strings.HasPrefix(tag, "goexperiment.") {
			ctx.ToolTags = append(ctx.ToolTags, tag)
		}
	}
	ctx.ReleaseTags = nil
	for i := 1; i <= minor(c.Go.Version); i++ {
		ctx.ReleaseTags = append(ctx.ReleaseTags, "go1."+strconv.Itoa(i))
	}
	return ctx
}

// minor is the 26 of "1.26.8".
func minor(version string) int {
	n := 0
	for _, r := range strings.TrimPrefix(version, "1.") {
		if r < '0' || r > '9' || n > 1000 {
			break
		}
		n = n*10 + int(r-'0')
	}
	return n
}

// checkPackages refuses an application that is no main package, and plugins that are one,
// that are not there or that the application cannot import.
func (c *composer) checkPackages() error {
	name, err := c.packageName(c.app)
	if err != nil {
		return err
	}
	if name != "main" {
		return refuse(c.app.who, "", "it is package %s; an application is package main", name)
	}
	for i := range c.plugins {
		p := &c.plugins[i]
		if err := c.checkImportable(p); err != nil {
			return err
		}
		if p.name, err = c.packageName(*p); err != nil {
			return err
		}
		if p.name == "main" {
			return refuse(p.who, "", "%s is package main, which nothing can import; a plugin is an ordinary package", c.show(p.dir))
		}
	}
	return nil
}

func (c *composer) checkImportable(p *part) error {
	if p.pkg == c.app.pkg {
		return refuse(p.who, "", "it is the application's own package")
	}
	if first, _, _ := strings.Cut(p.pkg, "/"); !strings.Contains(first, ".") && isDir(filepath.Join(c.Go.Root, "src", filepath.FromSlash(p.pkg))) {
		return refuse(p.who, "", "its import path %s is that of a package of the standard library", p.pkg)
	}
	for i, e := 0, strings.Split(p.pkg, "/"); i < len(e); i++ {
		switch {
		case e[i] == "internal" && !below(c.app.pkg, strings.Join(e[:i], "/")):
			return refuse(p.who, "", "%s is an internal package, which the application %s cannot import", p.pkg, c.app.pkg)
		case e[i] == "vendor":
			return refuse(p.who, "", "%s is a vendored package; name its own module", p.pkg)
		}
	}
	return nil
}

// packageName is the name that the files of a package state, for any of the platforms.
func (c *composer) packageName(p part) (string, error) {
	files, err := goFiles(p.dir)
	if err != nil {
		return "", refuse(p.who, "", "%v", err)
	}
	if len(files) == 0 {
		return "", refuse(p.who, "", "no package there: %s has no Go files", c.show(p.dir))
	}
	for _, t := range c.spec.Platforms {
		ctx := c.buildContext(t)
		pkg, err := ctx.ImportDir(p.dir, 0)
		var none *build.NoGoError
		if errors.As(err, &none) || err == nil && len(pkg.GoFiles)+len(pkg.CgoFiles) == 0 {
			continue
		}
		if err != nil {
			return "", refuse(p.who, "", "%s", strings.ReplaceAll(err.Error(), p.dir, c.show(p.dir)))
		}
		if !token.IsIdentifier(pkg.Name) || pkg.Name == "_" {
			return "", refuse(p.who, c.show(p.dir), "the package calls itself %q", pkg.Name)
		}
		if at := pkg.ImportPos[c.app.pkg]; len(at) > 0 && p.pkg != c.app.pkg {
			return "", refuse(p.who, fmt.Sprintf("%s:%d", c.show(at[0].Filename), at[0].Line),
				"it imports %s, which is package main: nothing can import that; what plugins need has to be in a package of its own", c.app.pkg)
		}
		return pkg.Name, nil
	}
	return "", refuse(p.who, "", "%s has no Go files for %s", c.show(p.dir), platformNames(c.spec.Platforms))
}

// goFiles are the names of a package's Go files, without its tests. A pipe or device of
// such a name is an error, as reading it might never end.
func goFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		name := e.Name()
		if !strings.HasSuffix(name, ".go") || name[0] == '_' || name[0] == '.' {
			continue
		}
		fi, err := os.Stat(filepath.Join(dir, name))
		switch {
		case err != nil || fi.IsDir():
			continue // as the go command does
		case !fi.Mode().IsRegular():
			return nil, fmt.Errorf("read %s: not a regular file", name)
		}
		if !strings.HasSuffix(name, "_test.go") {
			names = append(names, name)
		}
	}
	if len(names) > maxPackageFiles {
		return nil, fmt.Errorf("read %s: more than %d Go files", dir, maxPackageFiles)
	}
	return names, nil
}

func platformNames(ts []target.Target) string {
	var names []string
	for _, t := range ts {
		names = append(names, t.Platform.String())
	}
	return strings.Join(names, ", ")
}

// declared are the names that the application's main package declares, on any platform. The
// generated file must not use one of them for something else.
func declared(dir string) (map[string]bool, error) {
	files, err := goFiles(dir)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, file := range files {
		src, err := readFile(filepath.Join(dir, file), maxSource)
		if err != nil {
			continue // the go command will say so, should the file matter
		}
		f, _ := parser.ParseFile(token.NewFileSet(), file, src, parser.SkipObjectResolution)
		if f == nil {
			continue
		}
		for _, d := range f.Decls {
			declaredBy(d, names)
		}
	}
	return names, nil
}

func declaredBy(d ast.Decl, names map[string]bool) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			names[d.Name.Name] = true
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				names[s.Name.Name] = true
			case *ast.ValueSpec:
				for _, n := range s.Names {
					names[n.Name] = true
				}
			}
		}
	}
}
