package detect

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/target"
)

// refuse says what of a package can be compiled for no target, before anything is chosen for it.
func (o origins) refuse(p listed, t target.Target) []Problem {
	var out []Problem
	say := func(file, text string) {
		out = append(out, Problem{
			Package: p.ImportPath, Plugin: o.plugin(p.ImportPath), Pos: o.rewrite.Rewrite(filepath.Join(p.Dir, file)),
			Text: "package " + p.ImportPath + ": " + text,
		})
	}
	if len(p.CgoFiles) > 0 && len(p.FFiles) > 0 {
		say(p.FFiles[0], "Fortran cannot be compiled: zig is a compiler of C and C++ alone; replace the package, or link a library of the distribution instead of its source")
	}
	if swig := slices.Concat(p.SwigFiles, p.SwigCXXFiles); len(swig) > 0 {
		say(swig[0], "SWIG's interface files need the program swig, which is not run: generate the Go and C files once (swig -go -cgo) and keep them in the module")
	}
	for _, b := range p.prebuilt(t) {
		if why := b.misfit(t); why != "" {
			say(b.name, why)
		}
	}
	return out
}

// prebuilt are compiled files that a module brings.
type prebuilt struct {
	name string // as in the package's folder, or absolute
	file string
}

// prebuilt lists what a package gives the linker of its own module.
func (p listed) prebuilt(t target.Target) []prebuilt {
	var out []prebuilt
	add := func(file string) {
		if !filepath.IsAbs(file) {
			file = filepath.Join(p.Dir, file)
		}
		if !within(p.root(), file) {
			return
		}
		name, err := filepath.Rel(p.Dir, file)
		if err != nil {
			name = file
		}
		out = append(out, prebuilt{name, file})
	}
	for _, f := range p.SysoFiles {
		add(f)
	}
	for _, flag := range p.CgoLDFLAGS {
		if ext := filepath.Ext(flag); !strings.HasPrefix(flag, "-") && (ext == ".a" || ext == ".o" || ext == ".so" || ext == ".syso") {
			add(flag)
		}
	}
	own := p.libraryFolders()
	for _, name := range libraries(p.CgoLDFLAGS) {
		if file, ok := brought(own, name); ok {
			add(file)
		}
	}
	return out
}
