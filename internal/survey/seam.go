package survey

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Seam is how plugins get into an application, as far as its sources show.
type Seam struct {
	// Interface, Entry and Register are values of the manifest; empty where importing a plugin
	// is enough.
	Interface, Entry, Register string
	Why                        string // what shows it, for a person: "var plugins []api.Plugin in main.go"
	From                       string // file of another builder that graft import reads: plugin.cfg; "" for none
}

// Seam looks at a main package of the module. The zero value says that nothing was found.
func (m *Module) Seam(main string) Seam {
	files := parsePackage(filepath.Join(m.Root, filepath.FromSlash(main)))
	for _, find := range []func([]source) Seam{m.registry, m.function, m.collector} {
		if s := find(files); s.Why != "" {
			return s
		}
	}
	if b, err := readFile(filepath.Join(m.Root, "plugin.cfg")); err == nil && orderLine.Match(b) {
		return Seam{Why: "plugin.cfg, the ordered list of plugins", From: "plugin.cfg"}
	}
	if s := blank(files); s.Why != "" {
		return s
	}
	return m.selfRegistering()
}

// orderLine is a line of a CoreDNS plugin.cfg.
var orderLine = regexp.MustCompile(`(?m)^[a-z0-9_]+:[A-Za-z0-9._/~-]+\s*$`)

// source is a parsed file.
type source struct {
	name string
	*ast.File
}

// parsePackage parses the files of a package, those apart that are no Go.
func parsePackage(dir string) []source {
	names, err := goFiles(dir)
	if err != nil {
		return nil
	}
	var out []source
	for _, name := range names {
		b, err := readFile(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		if f, err := parser.ParseFile(token.NewFileSet(), name, b, parser.SkipObjectResolution); err == nil {
			out = append(out, source{name, f})
		}
	}
	return out
}

// qualified is a type of another package that a file names: api.Plugin.
type qualified struct{ shown, path, name string }

// typeOf resolves package.Type by the file's imports.
func (s source) typeOf(e ast.Expr) (qualified, bool) {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok {
		return qualified{}, false
	}
	pkg, ok := sel.X.(*ast.Ident)
	if !ok {
		return qualified{}, false
	}
	for _, imp := range s.Imports {
		p, err := strconv.Unquote(imp.Path.Value)
		if err == nil && (imp.Name != nil && imp.Name.Name == pkg.Name || imp.Name == nil && guessName(p) == pkg.Name) {
			return qualified{pkg.Name + "." + sel.Sel.Name, p, sel.Sel.Name}, true
		}
	}
	return qualified{}, false
}

// guessName is the name that a package of an import path likely has.
func guessName(p string) string {
	name := path.Base(p)
	if majorElement.MatchString(name) && path.Dir(p) != "." {
		name = path.Base(path.Dir(p))
	}
	name, _, _ = strings.Cut(name, ".")
	return strings.TrimPrefix(name, "go-")
}

var majorElement = regexp.MustCompile(`^v[0-9]+$`)

// registry finds a list of plugins that something appends to: var plugins []api.Plugin, or
// []func() api.Plugin.
func (m *Module) registry(files []source) Seam {
	for _, f := range files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				if s := m.registryVar(f, spec.(*ast.ValueSpec)); s.Why != "" {
					return s
				}
			}
		}
	}
	return Seam{}
}

func (m *Module) registryVar(f source, v *ast.ValueSpec) Seam {
	typ := v.Type
	if typ == nil && len(v.Values) == 1 {
		if lit, ok := v.Values[0].(*ast.CompositeLit); ok {
			typ = lit.Type
		}
	}
	list, ok := typ.(*ast.ArrayType)
	if !ok || list.Len != nil || len(v.Names) != 1 {
		return Seam{}
	}
	elem, shown, call := list.Elt, "[]", "()"
	if fn, ok := elem.(*ast.FuncType); ok && fn.Params.NumFields() == 0 && fn.Results.NumFields() == 1 {
		elem, shown, call = fn.Results.List[0].Type, "[]func() ", ""
	}
	q, ok := f.typeOf(elem)
	if !ok || !m.pluggable(q, v.Names[0].Name) {
		return Seam{}
	}
	name := v.Names[0].Name
	return Seam{
		Interface: q.path + "." + q.name, Entry: entryName(q.name),
		Register: name + " = append(" + name + ", {{.Entry}}" + call + ")",
		Why:      "var " + name + " " + shown + q.shown + " in " + f.name,
	}
}

// registerName is what functions are called that take a plugin.
var registerName = regexp.MustCompile(`(?i)^(register|add|use|install)_?(plugin|extension|module|addon|driver)?s?$`)

// pluginWord is in the names of lists of plugins.
var pluginWord = regexp.MustCompile(`(?i)plugin|extension|addon|module|driver|handler|backend|provider`)

// function finds a function of the main package that takes one plugin: func register(p api.Plugin).
func (m *Module) function(files []source) Seam {
	for _, f := range files {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || fn.Type.TypeParams != nil || fn.Type.Params.NumFields() != 1 || !registerName.MatchString(fn.Name.Name) {
				continue
			}
			q, ok := f.typeOf(fn.Type.Params.List[0].Type)
			if !ok || !m.pluggable(q, fn.Name.Name) {
				continue
			}
			return Seam{
				Interface: q.path + "." + q.name, Entry: entryName(q.name),
				Register: fn.Name.Name + "({{.Entry}}())",
				Why:      "func " + fn.Name.Name + "(" + q.shown + ") in " + f.name,
			}
		}
	}
	return Seam{}
}

func entryName(typ string) string {
	if strings.HasSuffix(typ, "Plugin") {
		return "Plugin"
	}
	return "New"
}

// pluggable says whether a type can be what plugins implement: an interface, as far as its
// package is at hand, else one that is called so.
func (m *Module) pluggable(q qualified, variable string) bool {
	dir, ok := m.near[q.path]
	if !ok {
		first, _, _ := strings.Cut(q.path, "/")
		return strings.Contains(first, ".") && (pluginWord.MatchString(q.name) || pluginWord.MatchString(variable))
	}
	for _, f := range parsePackage(dir) {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.TYPE {
				continue
			}
			for _, spec := range g.Specs {
				t := spec.(*ast.TypeSpec)
				if _, iface := t.Type.(*ast.InterfaceType); t.Name.Name == q.name {
					return iface && t.TypeParams == nil
				}
			}
		}
	}
	return false
}

// collector recognises what the OpenTelemetry collector's builder has written.
func (m *Module) collector(files []source) Seam {
	for _, f := range files {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || fn.Name.Name != "components" || fn.Type.Results.NumFields() != 2 {
				continue
			}
			if q, ok := f.typeOf(fn.Type.Results.List[0].Type); ok && q.name == "Factories" {
				return Seam{Why: "components() of an OpenTelemetry collector in " + f.name, From: "builder-config.yaml"}
			}
		}
	}
	return Seam{}
}

// blank finds imports for their side effects alone, which is how plugins of this application
// come in.
func blank(files []source) Seam {
	for _, f := range files {
		for _, imp := range f.Imports {
			p, err := strconv.Unquote(imp.Path.Value)
			first, _, _ := strings.Cut(p, "/")
			if err == nil && imp.Name != nil && imp.Name.Name == "_" && strings.Contains(first, ".") {
				return Seam{Why: f.name + " imports " + p + " for what its init does"}
			}
		}
	}
	return Seam{}
}

// selfRegistering finds an exported Register function in the module's other packages, which
// plugins call from an init of theirs.
func (m *Module) selfRegistering() Seam {
	for _, p := range m.packages {
		if p.pkg.Name == "main" || slices.Contains(strings.Split(p.path, "/"), "internal") {
			continue
		}
		for _, f := range parsePackage(p.dir) {
			for _, d := range f.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if ok && fn.Recv == nil && fn.Name.IsExported() && strings.HasPrefix(fn.Name.Name, "Register") && fn.Type.Params.NumFields() > 0 {
					return Seam{Why: "plugins can call " + p.path + "." + fn.Name.Name + " in their init"}
				}
			}
		}
	}
	return Seam{}
}

// Entry is the function of a plugin's package that returns an interface, given as
// import/path.Type; "" when there is none.
func Entry(dir, iface string) string {
	for _, f := range parsePackage(dir) {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || !fn.Name.IsExported() || fn.Type.Params.NumFields() != 0 || fn.Type.Results.NumFields() != 1 {
				continue
			}
			if q, ok := f.typeOf(fn.Type.Results.List[0].Type); ok && q.path+"."+q.name == iface {
				return fn.Name.Name
			}
		}
	}
	return ""
}
