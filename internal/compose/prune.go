package compose

import (
	"go/ast"
	"go/token"
	"slices"
)

// prune leaves of a file what its package declares to others. With variables, all of them
// stay as they are: those of the package whose own code is looked at.
func prune(f *ast.File, variables bool) {
	f.Comments = nil
	decls := f.Decls[:0]
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			d.Body, d.Doc = nil, nil
			if d.Recv == nil && (d.Name.Name == "init" || d.Name.Name == "_" || !variables && !d.Name.IsExported()) {
				continue
			}
		case *ast.GenDecl:
			d.Doc = nil
			switch {
			case d.Tok == token.VAR && !variables:
				if pruneVars(d); len(d.Specs) == 0 {
					continue
				}
			case d.Tok == token.TYPE && !variables:
				pruneFields(d)
			}
			emptyFuncs(d)
		}
		decls = append(decls, d)
	}
	f.Decls = decls
}

// pruneConsts takes out the groups of unexported constants of a package that nothing else
// needs: a plugin's settings, which are edited often.
func pruneConsts(files []*ast.File) {
	groups := map[ast.Decl]bool{} // those that may go
	used := map[string]bool{}
	for _, f := range files {
		for _, d := range f.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST && unexported(g) {
				groups[d] = true
				continue
			}
			use(d, used)
		}
	}
	for again := true; again; {
		again = false
		for d := range groups {
			if declares(d, used) {
				delete(groups, d)
				use(d, used)
				again = true
			}
		}
	}
	for _, f := range files {
		f.Decls = slices.DeleteFunc(f.Decls, func(d ast.Decl) bool { return groups[d] })
	}
}

func unexported(d ast.Decl) bool {
	names := map[string]bool{}
	declaredBy(d, names)
	for n := range names {
		if ast.IsExported(n) {
			return false
		}
	}
	return true
}

func declares(d ast.Decl, names map[string]bool) bool {
	own := map[string]bool{}
	declaredBy(d, own)
	for n := range own {
		if names[n] {
			return true
		}
	}
	return false
}

func use(n ast.Node, names map[string]bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			names[id.Name] = true
		}
		return true
	})
}

// pruneVars keeps the types of variables, and the values of exported ones that have no other
// type.
func pruneVars(d *ast.GenDecl) {
	specs := d.Specs[:0]
	for _, s := range d.Specs {
		v := s.(*ast.ValueSpec)
		exported := false
		for _, n := range v.Names {
			exported = exported || n.IsExported()
		}
		if !exported {
			continue
		}
		if v.Type != nil {
			v.Values = nil
		}
		specs = append(specs, v)
	}
	d.Specs = specs
}

// pruneFields takes the unexported fields out of structs, but for embedded ones, which may
// have methods.
func pruneFields(d *ast.GenDecl) {
	ast.Inspect(d, func(n ast.Node) bool {
		st, ok := n.(*ast.StructType)
		if !ok || st.Fields == nil {
			return true
		}
		list := st.Fields.List[:0]
		for _, f := range st.Fields.List {
			keep := len(f.Names) == 0
			for _, n := range f.Names {
				keep = keep || n.IsExported()
			}
			if keep {
				list = append(list, f)
			}
		}
		st.Fields.List = list
		return true
	})
}

// emptyFuncs empties the bodies of function literals.
func emptyFuncs(n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		if l, ok := n.(*ast.FuncLit); ok {
			l.Body = &ast.BlockStmt{Lbrace: l.Body.Lbrace, Rbrace: l.Body.Rbrace}
		}
		return true
	})
}
