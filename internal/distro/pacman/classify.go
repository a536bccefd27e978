package pacman

import (
	"path"
	"strings"

	"github.com/graft-build/graft/internal/resolve"
)

// traits are the bits of resolve.Traits, gathered file by file.
type traits uint8

const (
	isDevelop traits = 1 << iota
	isLibrary
	isProgram
	isSystem
	isDoc
	isData
)

func (t traits) resolve() resolve.Traits {
	out := resolve.Traits{
		Develop: t&isDevelop != 0, Library: t&isLibrary != 0, Programs: t&isProgram != 0, System: t&isSystem != 0,
	}
	if t&(isDevelop|isLibrary|isProgram|isSystem) == 0 {
		out.Data, out.Empty = t&isData != 0, t&isData == 0
	}
	return out
}

// class is what a file is to whoever builds with it. At most one of the names is set.
type class struct {
	traits traits
	module string // of a .pc file
	lib    string // file name of a link-time library
	dll    string // lower-case file name of a DLL
	header string // path below include
}

// classify says what a path of a file list is. Only what a compiler, a linker and a loader
// look at by themselves counts: the top of bin and lib, pkgconfig, and all of include.
func (e Environment) classify(file string) class {
	rel, ok := strings.CutPrefix(file, e.Name+"/")
	if !ok || rel == "" || rel[len(rel)-1] == '/' {
		return class{}
	}
	dir, name := path.Split(rel)
	ending := path.Ext(name)
	switch dir {
	case "bin/":
		if strings.EqualFold(ending, ".dll") {
			return class{traits: isLibrary, dll: strings.ToLower(name)}
		}
		return class{traits: isProgram}
	case "sbin/":
		return class{traits: isProgram}
	case "lib/pkgconfig/", "share/pkgconfig/":
		if ending == ".pc" {
			return class{traits: isDevelop, module: strings.TrimSuffix(name, ".pc")}
		}
	case "lib/":
		switch {
		case e.zigBrings() && (name == "libmingw32.a" || name == "crt2.o"):
			return class{traits: isSystem}
		case ending == ".a", ending == ".lib":
			return class{traits: isDevelop, lib: name}
		}
	}
	if below, ok := strings.CutPrefix(rel, "include/"); ok {
		return class{traits: isDevelop | e.systemHeader(below), header: below}
	}
	if documentation(rel) {
		return class{traits: isDoc}
	}
	return class{traits: isData}
}

// systemHeader says whether a header is one of those that zig brings: MinGW's own and its
// threads. The packages that have them (headers-git, crt-git, winpthreads-git) would take
// the place of zig's, which fit its version of them.
func (e Environment) systemHeader(below string) traits {
	if !e.zigBrings() {
		return 0
	}
	if below == "_mingw.h" || below == "pthread.h" {
		return isSystem
	}
	return 0
}

func documentation(rel string) bool {
	for _, dir := range []string{"share/doc/", "share/man/", "share/info/", "share/gtk-doc/", "share/licenses/", "share/locale/"} {
		if strings.HasPrefix(rel, dir) {
			return true
		}
	}
	return false
}
