package compose

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"
)

// maxSource is the largest Go file that is read.
const maxSource = 8 << 20

// sources type-checks what packages declare, from their source files and without any
// process: bodies and whatever else says nothing about the types of exported things are
// left out, and with them most imports. What cannot be loaded is unknown and fits
// everything: it is for the compiler to judge.
type sources struct {
	c    *composer
	ctx  build.Context
	fset *token.FileSet
	mods []sourceModule // longest path first
	pkgs map[string]*types.Package
	dirs []string // of the user's folders that were read, in the order of reading

	// whole leaves nothing out but bodies. It is slow, and used to confirm a refusal.
	whole   bool
	unknown bool // a package outside the standard library could not be loaded
}

// sourceModule is where a module's files are.
type sourceModule struct {
	path, dir string
	local     bool
}

func (c *composer) newSources(r requirements) *sources {
	s := &sources{c: c, ctx: c.buildContext(c.spec.Platforms[0]), fset: token.NewFileSet(), pkgs: map[string]*types.Package{}}
	s.mods = append(s.mods, sourceModule{c.app.mod.path, c.app.mod.root, c.app.mod.local()})
	for _, q := range r.List {
		p, replaced := c.replacedBy(q)
		switch {
		case replaced && p.mod != nil:
			s.mods = append(s.mods, sourceModule{q.Path, p.mod.root, true})
		case replaced:
			s.addCached(q.Path, p.new)
		default:
			s.addCached(q.Path, module.Version{Path: q.Path, Version: q.Version})
		}
	}
	slices.SortStableFunc(s.mods, func(a, b sourceModule) int { return len(b.path) - len(a.path) })
	return s
}

func (s *sources) addCached(path string, m module.Version) {
	p, err := module.EscapePath(m.Path)
	if err != nil {
		return
	}
	v, err := module.EscapeVersion(m.Version)
	if err != nil {
		return
	}
	s.mods = append(s.mods, sourceModule{path, filepath.Join(s.c.Go.ModCache, filepath.FromSlash(p)+"@"+v), false})
}

// folder finds the folder of a package. std says that a package of the standard library
// imports it.
func (s *sources) folder(path string, std bool) (dir string, local, isStd bool) {
	src := filepath.Join(s.c.Go.Root, "src")
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		if dir := filepath.Join(src, filepath.FromSlash(path)); isDir(dir) {
			return dir, false, true
		}
	}
	if std {
		return filepath.Join(src, "vendor", filepath.FromSlash(path)), false, true
	}
	for _, m := range s.mods {
		if below(path, m.path) {
			dir := filepath.Join(m.dir, filepath.FromSlash(path[len(m.path):]))
			if isDir(dir) {
				return dir, m.local, false
			}
		}
	}
	return "", false, false
}

// absent says whether the package may be in a module whose files are not there.
func (s *sources) absent(path string) bool {
	return slices.ContainsFunc(s.mods, func(m sourceModule) bool { return below(path, m.path) && !isDir(m.dir) })
}

// load returns the declarations of a package, nil when it is not there.
func (s *sources) load(path string, std bool) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if module.CheckImportPath(path) != nil {
		return nil, fmt.Errorf("import path %q", path)
	}
	dir, local, isStd := s.folder(path, std)
	id := path
	if isStd && std && strings.Contains(filepath.ToSlash(dir), "/src/vendor/") {
		id = "vendor/" + path
	}
	if p, ok := s.pkgs[id]; ok {
		if p == nil {
			return nil, fmt.Errorf("package %s cannot be loaded", path)
		}
		return p, nil
	}
	s.pkgs[id] = nil // an import cycle ends here
	if !s.whole && std && opaque(path) {
		return nil, fmt.Errorf("package %s is left out", path)
	}
	if dir == "" {
		s.unknown = true
		return nil, fmt.Errorf("no module has package %s", path)
	}
	files, err := s.parse(dir, local)
	if err != nil {
		s.unknown = true
		return nil, err
	}
	if local {
		s.dirs = append(s.dirs, dir)
	}
	s.prune(files, isStd, s.whole)
	p := s.check(id, files, isStd, nil)
	s.pkgs[id] = p
	return p, nil
}

// opaque says which packages of the standard library the others are read without: most of
// its text, and next to nothing of what it declares to others.
func opaque(path string) bool {
	return path == "runtime" || path == "syscall" || strings.Contains("/"+path+"/", "/internal/")
}

// prune prunes the files of one package.
func (s *sources) prune(files []*ast.File, std, variables bool) {
	for _, f := range files {
		prune(f, variables)
	}
	if s.whole {
		return
	}
	if !variables {
		pruneConsts(files)
	}
	for _, f := range files {
		s.dropImports(f, std)
	}
}

// check type-checks files. Errors go to report; without one they do not matter.
func (s *sources) check(path string, files []*ast.File, std bool, report func(types.Error)) *types.Package {
	conf := types.Config{
		FakeImportC:      true,
		IgnoreFuncBodies: report == nil,
		Importer:         importer{s, std},
		Sizes:            types.SizesFor("gc", s.ctx.GOARCH),
		Error: func(err error) {
			if e, ok := err.(types.Error); ok && report != nil {
				report(e)
			}
		},
	}
	p, _ := conf.Check(path, s.fset, files, nil)
	return p
}

// importer is the importer for the packages that one package imports.
type importer struct {
	s   *sources
	std bool
}

func (i importer) Import(path string) (*types.Package, error) { return i.s.load(path, i.std) }

// parse reads the files of a package that belong to the target.
func (s *sources) parse(dir string, local bool) ([]*ast.File, error) {
	names, err := goFiles(dir)
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	made := s.c.overlaid(dir)
	for _, name := range slices.Sorted(maps.Keys(made)) {
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := s.parseFile(filepath.Join(dir, name), made[name], !local)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	for _, name := range names {
		if ok, err := s.ctx.MatchFile(dir, name); err != nil || !ok || made[name] != nil {
			continue
		}
		src, err := readFile(filepath.Join(dir, name), maxSource)
		if err != nil {
			return nil, err
		}
		f, err := s.parseFile(filepath.Join(dir, name), src, !local)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// parseFile parses a file, with bodies first cut out where only declarations count: most of
// the time goes into them. Lines then have other numbers.
func (s *sources) parseFile(name string, src []byte, cut bool) (*ast.File, error) {
	if cut {
		if f, err := parser.ParseFile(s.fset, name, withoutBodies(src), parser.SkipObjectResolution); err == nil {
			return f, nil
		}
	}
	return parser.ParseFile(s.fset, name, src, parser.SkipObjectResolution)
}

// withoutBodies cuts function bodies out of a file that is formatted as gofmt does it: from
// a line that begins with func and ends with a brace to the next that begins with one. When
// that was wrong, because of a raw string, the rest does not parse.
func withoutBodies(src []byte) []byte {
	out := make([]byte, 0, len(src)/2)
	for len(src) > 0 {
		n := bytes.IndexByte(src, '\n') + 1
		if n == 0 {
			n = len(src)
		}
		line := src[:n]
		src = src[n:]
		out = append(out, line...)
		if !bytes.HasPrefix(line, []byte("func ")) || !bytes.HasSuffix(line, []byte("{\n")) || bytes.HasPrefix(src, []byte("}")) {
			continue
		}
		if end := bytes.Index(src, []byte("\n}")); end >= 0 {
			src = src[end+1:]
		}
	}
	return out
}

// dropImports removes the imports that nothing in the pruned file uses.
func (s *sources) dropImports(f *ast.File, std bool) {
	used := map[string]bool{}
	for _, d := range f.Decls {
		ast.Inspect(d, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok {
					used[x.Name] = true
				}
			}
			return true
		})
	}
	keep := func(spec *ast.ImportSpec) bool {
		path := strings.Trim(spec.Path.Value, "\"`")
		if spec.Name != nil {
			return spec.Name.Name == "." || spec.Name.Name != "_" && used[spec.Name.Name]
		}
		if path == "C" {
			return true
		}
		name := path[strings.LastIndexByte(path, '/')+1:]
		if used[name] {
			return true
		}
		// The name may differ from the path's last element; for the standard library it does
		// only in math/rand/v2.
		if std && !strings.HasSuffix(path, "/v2") {
			return false
		}
		name = s.packageName(path, std)
		return name == "" || used[name]
	}
	decls := f.Decls[:0]
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
			g.Specs = slices.DeleteFunc(g.Specs, func(sp ast.Spec) bool { return !keep(sp.(*ast.ImportSpec)) })
			if len(g.Specs) == 0 {
				continue
			}
		}
		decls = append(decls, d)
	}
	f.Decls = decls
}

// packageName reads the name that a package's files state, "" when they cannot be read.
func (s *sources) packageName(path string, std bool) string {
	dir, _, _ := s.folder(path, std)
	if dir == "" {
		return ""
	}
	names, _ := goFiles(dir)
	for _, name := range names {
		if ok, err := s.ctx.MatchFile(dir, name); err != nil || !ok {
			continue
		}
		src, err := readFile(filepath.Join(dir, name), maxSource)
		if err != nil {
			return ""
		}
		if f, err := parser.ParseFile(token.NewFileSet(), "", src, parser.PackageClauseOnly); err == nil {
			return f.Name.Name
		}
	}
	return ""
}
