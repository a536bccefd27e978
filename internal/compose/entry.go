package compose

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
)

// checkEntries refuses plugins whose entry function is not what the application declares,
// and register statements that do not fit the application's main package.
func (c *composer) checkEntries(s *sources, file []byte) error {
	want, err := c.wanted(s)
	if err != nil {
		return err
	}
	for i := range c.plugins {
		if err := c.checkEntry(s, &c.plugins[i], want); err != nil {
			return err
		}
	}
	return c.checkGenerated(s, file)
}

// wanted is the type that entry functions return, nil when there is none to check.
func (c *composer) wanted(s *sources) (types.Type, error) {
	name := c.spec.Interface
	if name == "" {
		return nil, nil
	}
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 || dot < strings.LastIndexByte(name, '/') || !token.IsIdentifier(name[dot+1:]) {
		return nil, refuse("plugins.interface", "", "%q is not a package path and a type, such as example.com/api.Plugin", name)
	}
	path, typ := name[:dot], name[dot+1:]
	if path == c.app.pkg {
		return nil, refuse("plugins.interface", "", "%s is in package main, which plugins cannot import; move it into a package of its own", typ)
	}
	pkg, err := s.load(path, false)
	if err != nil {
		// A module that is not downloaded yet leaves it to the compiler, as s.unknown says.
		s.unknown = s.unknown && s.absent(path)
		return nil, refuse("plugins.interface", "", "%v", err)
	}
	obj, ok := pkg.Scope().Lookup(typ).(*types.TypeName)
	if !ok {
		return nil, refuse("plugins.interface", "", "package %s declares no type %s", path, typ)
	}
	if named, ok := obj.Type().(*types.Named); ok && named.TypeParams().Len() > 0 {
		return nil, refuse("plugins.interface", "", "%s has type parameters", name)
	}
	return obj.Type(), nil
}

// checkEntry looks at one plugin's entry function.
func (c *composer) checkEntry(s *sources, p *part, want types.Type) error {
	entry := c.spec.Entry
	if entry == "" {
		return nil
	}
	pkg, err := s.load(p.pkg, false)
	if err != nil {
		return nil // for the compiler to say
	}
	qual := (*types.Package).Name
	expected := "func " + entry + "()"
	if want != nil {
		expected += " " + c.spec.Interface
	}
	obj := pkg.Scope().Lookup(entry)
	if obj == nil {
		return refuse(p.who, c.show(p.dir), "package %s has no entry function; expected: %s%s", pkg.Name(), expected, alternative(pkg, want))
	}
	fn, ok := obj.(*types.Func)
	if !ok {
		return refuse(p.who, s.where(obj.Pos()), "%s is no function; expected: %s", entry, expected)
	}
	sig := fn.Signature()
	if sig.TypeParams().Len() > 0 {
		return refuse(p.who, s.where(fn.Pos()), "%s has type parameters; expected: %s", entry, expected)
	}
	if want == nil {
		return nil
	}
	if sig.Results().Len() != 1 {
		return refuse(p.who, s.where(fn.Pos()), "%s() returns %d values; expected: %s", entry, sig.Results().Len(), expected)
	}
	got := sig.Results().At(0).Type()
	if unknown(got) || types.AssignableTo(got, want) {
		return nil
	}
	returns := fmt.Sprintf("%s() returns %s", entry, types.TypeString(got, qual))
	if what := c.lacks(got, want, qual); what != "" {
		return refuse(p.who, "", "%s, %s (%s)", returns, what, s.where(fn.Pos()))
	}
	return refuse(p.who, "", "%s; expected: %s (%s)", returns, expected, s.where(fn.Pos()))
}

// unknown says whether a type, or what it points to or embeds, could not be found out.
func unknown(t types.Type) bool { return unknownBelow(t, 8) }

func unknownBelow(t types.Type, depth int) bool {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Kind() == types.Invalid
	case *types.Struct:
		for i := range u.NumFields() {
			if f := u.Field(i); f.Embedded() && depth > 0 && unknownBelow(f.Type(), depth-1) {
				return true
			}
		}
	}
	return false
}

// lacks names the method for want of which a type does not fit, "" when it is not that.
func (c *composer) lacks(got, want types.Type, qual types.Qualifier) string {
	iface, ok := want.Underlying().(*types.Interface)
	if !ok {
		return ""
	}
	m, wrong := types.MissingMethod(got, iface, true)
	if m == nil {
		return ""
	}
	signature := func(f types.Object) string {
		return f.Name() + strings.TrimPrefix(types.TypeString(f.Type(), qual), "func")
	}
	of := signature(m) + " of " + c.spec.Interface
	if p := types.NewPointer(got); types.AssignableTo(p, want) {
		return "which lacks " + of + "; " + types.TypeString(p, qual) + " has it"
	}
	if has, _, _ := types.LookupFieldOrMethod(got, true, m.Pkg(), m.Name()); wrong && has != nil {
		return "whose " + signature(has) + " should be " + of
	}
	return "which lacks " + of
}

// alternative names a function that could be meant.
func alternative(pkg *types.Package, want types.Type) string {
	if want == nil {
		return ""
	}
	for _, name := range pkg.Scope().Names() {
		fn, ok := pkg.Scope().Lookup(name).(*types.Func)
		if !ok || !fn.Exported() {
			continue
		}
		if res := fn.Signature().Results(); res.Len() == 1 && !unknown(res.At(0).Type()) && types.AssignableTo(res.At(0).Type(), want) {
			return " (" + name + " returns one)"
		}
	}
	return ""
}

// where is a position as the user knows it.
func (s *sources) where(pos token.Pos) string {
	p := s.fset.Position(pos)
	p.Column = 0
	p.Filename = s.c.show(p.Filename)
	return p.String()
}

// checkGenerated type-checks the generated file against what the application's main package
// declares.
func (c *composer) checkGenerated(s *sources, file []byte) error {
	files, err := s.parse(c.app.dir, true)
	if err != nil {
		return nil // for the compiler to say
	}
	if c.app.mod.local() {
		s.dirs = append(s.dirs, c.app.dir)
	}
	s.prune(files, false, true)
	name := filepath.Join(c.app.dir, "graft_plugins.go")
	gen, err := parser.ParseFile(s.fset, name, file, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	var first *types.Error
	s.check("main", append(files, gen), false, func(e types.Error) {
		if first == nil && s.fset.Position(e.Pos).Filename == name {
			first = &e
		}
	})
	if first == nil {
		return nil
	}
	who := "plugins.register"
	if p := c.blamed(gen, first.Pos); p != nil {
		who = p.who
	}
	line := strings.TrimSpace(strings.Split(string(file), "\n")[s.fset.Position(first.Pos).Line-1])
	return refuse(who, "", "the generated statement does not fit the application: %s: %s", line, first.Msg)
}

// blamed is the plugin whose statement has the position.
func (c *composer) blamed(gen *ast.File, pos token.Pos) *part {
	var found *part
	ast.Inspect(gen, func(n ast.Node) bool {
		fn, ok := n.(*ast.FuncDecl)
		if !ok {
			return true
		}
		for _, stmt := range fn.Body.List {
			if stmt.Pos() > pos || pos >= stmt.End() {
				continue
			}
			ast.Inspect(stmt, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					if i := slices.IndexFunc(c.plugins, func(p part) bool { return p.alias == id.Name }); i >= 0 {
						found = &c.plugins[i]
					}
				}
				return true
			})
		}
		return false
	})
	return found
}
