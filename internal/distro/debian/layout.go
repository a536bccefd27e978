package debian

import (
	"path"
	"strings"

	"github.com/graft-build/graft/internal/resolve"
)

// layout knows the folders of Debian's file system that matter for one architecture. Paths
// have no slash in front.
type layout struct{ triplet string }

// Bits of what a package holds. A package's trait is made of all its paths.
const (
	holdsHeaders  = 1 << iota
	holdsConfigs  // .pc files in the search path
	holdsArchives // lib*.a in the search path
	holdsLinks    // lib*.so in the search path
	holdsShared   // lib*.so.* in the search path
	holdsPrograms
	holdsDocs
	holdsDocTools // what documentation is made with
	holdsSystem
	holdsOther
	holdsDocLink // its documentation folder is a link to another package's
)

// configDirs are the folders of .pc files, in the order of search.
func (l layout) configDirs() []string {
	return []string{"usr/lib/" + l.triplet + "/pkgconfig", "usr/lib/pkgconfig", "usr/share/pkgconfig"}
}

// libraryDirs are the folders of libraries, in the order of search.
func (l layout) libraryDirs() []string {
	return []string{"usr/lib/" + l.triplet, "lib/" + l.triplet, "usr/lib", "lib"}
}

// headerDirs are the folders of headers, in the order of search.
func (l layout) headerDirs() []string {
	return []string{"usr/include", "usr/include/" + l.triplet}
}

// paths returns where a file that meets a need can be, best first.
func (l layout) paths(n resolve.Need) []string {
	var out []string
	if n.Kind != resolve.Header && strings.Contains(n.Name, "/") || !safePath(n.Name) {
		return nil // a name that no file has
	}
	switch n.Kind {
	case resolve.PkgConfig:
		for _, d := range l.configDirs() {
			out = append(out, d+"/"+n.Name+".pc")
		}
	case resolve.Library:
		if file, exact := strings.CutPrefix(n.Name, ":"); exact {
			for _, d := range l.libraryDirs() {
				out = append(out, d+"/"+file)
			}
			break
		}
		for _, ext := range []string{".so", ".a"} {
			for _, d := range l.libraryDirs() {
				out = append(out, d+"/lib"+n.Name+ext)
			}
		}
	case resolve.Header:
		for _, d := range l.headerDirs() {
			out = append(out, d+"/"+n.Name)
		}
	}
	return out
}

// config returns the name of a .pc file in the search path.
func (l layout) config(p string) (string, bool) {
	name, ok := strings.CutSuffix(path.Base(p), ".pc")
	if !ok {
		return "", false
	}
	dir := path.Dir(p)
	for _, d := range l.configDirs() {
		if dir == d {
			return name, true
		}
	}
	return "", false
}

// library returns the name of a file that lies in a library folder itself.
func (l layout) library(p string) (string, bool) {
	if !strings.HasPrefix(p, "lib/") && !strings.HasPrefix(p, "usr/lib/") {
		return "", false
	}
	dir := path.Dir(p)
	for _, d := range l.libraryDirs() {
		if dir == d {
			return path.Base(p), true
		}
	}
	return "", false
}

// alternative returns the name of a library in a folder of its own below the triplet's, where
// packages keep what update-alternatives links to.
func (l layout) alternative(p string) (string, bool) {
	rest, ok := strings.CutPrefix(p, "usr/lib/"+l.triplet+"/")
	if !ok || strings.Count(rest, "/") != 1 {
		return "", false
	}
	name := path.Base(rest)
	return name, strings.HasPrefix(name, "lib") && (strings.Contains(name, ".so.") || strings.HasSuffix(name, ".so") || strings.HasSuffix(name, ".a"))
}

// header returns a header's name below its search folder.
func (l layout) header(p string) (string, bool) {
	rest, ok := strings.CutPrefix(p, "usr/include/")
	return strings.TrimPrefix(rest, l.triplet+"/"), ok
}

// systemFiles mark the packages that the toolchain brings itself: the C library, the
// kernel's headers, the compiler's own runtime.
var systemFiles = map[string]bool{
	"usr/include/features.h":     true, // libc6-dev
	"usr/include/linux/limits.h": true, // linux-libc-dev
}

var systemLibraries = map[string]bool{
	"libc.so.6":     true, // libc6
	"libgcc_s.so.1": true, // libgcc-s1
}

var docDirs = []string{
	"usr/share/doc/", "usr/share/man/", "usr/share/info/", "usr/share/lintian/", "usr/share/doc-base/",
	"usr/share/bug/", "usr/share/gtk-doc/", "usr/share/help/", "usr/share/omf/",
}

var programDirs = []string{"usr/bin/", "usr/sbin/", "bin/", "sbin/", "usr/games/"}

// classify says what a path tells of the package that has it, and whether the path itself
// is worth keeping: somebody may ask for it.
func (l layout) classify(p string) (bits int, keep bool) {
	if name, ok := l.library(p); ok {
		return classifyLibrary(name)
	}
	if name, ok := l.alternative(p); ok {
		if strings.Contains(name, ".so.") {
			return holdsShared, true
		}
		return holdsOther, true
	}
	switch {
	case strings.HasPrefix(p, "usr/include/"):
		if systemFiles[p] || strings.HasPrefix(p, "usr/include/c++/") {
			return holdsHeaders | holdsSystem, true
		}
		return holdsHeaders, true
	case strings.HasSuffix(p, ".pc"):
		if _, ok := l.config(p); ok {
			return holdsConfigs, true
		}
		return holdsOther, false
	case strings.HasPrefix(p, "usr/lib/gcc/"):
		return holdsSystem, false
	case strings.HasPrefix(p, "usr/share/sgml/"), strings.HasPrefix(p, "usr/share/xml/docbook/"):
		return holdsDocTools, false
	}
	if hasPrefix(p, programDirs) {
		return holdsPrograms, false
	}
	if rest, ok := strings.CutPrefix(p, "usr/share/doc/"); ok && !strings.Contains(rest, "/") {
		return holdsDocs | holdsDocLink, false
	}
	if hasPrefix(p, docDirs) {
		return holdsDocs, false
	}
	return holdsOther, false
}

func classifyLibrary(name string) (bits int, keep bool) {
	switch {
	case strings.Contains(name, ".so."):
		if systemLibraries[name] {
			return holdsShared | holdsSystem, true
		}
		return holdsShared, true
	case !strings.HasPrefix(name, "lib"):
		return holdsOther, false
	case strings.HasSuffix(name, ".so"):
		return holdsLinks, true
	case strings.HasSuffix(name, ".a"):
		return holdsArchives, true
	}
	return holdsOther, false
}

func hasPrefix(p string, dirs []string) bool {
	for _, d := range dirs {
		if strings.HasPrefix(p, d) {
			return true
		}
	}
	return false
}

// traits turns the bits of all of a package's paths into what the closures ask.
func traits(bits int) resolve.Traits {
	const develops = holdsHeaders | holdsArchives | holdsConfigs
	t := resolve.Traits{
		Develop:  bits&(develops|holdsLinks) != 0,
		Library:  bits&holdsShared != 0,
		Programs: bits&holdsPrograms != 0,
		System:   bits&holdsSystem != 0,
		DocLink:  bits&holdsDocLink != 0,
	}
	// A lib*.so beside nothing to compile with is a library without a version in its name
	// (libnss3), which the file list does not tell from a link to one.
	if bits&holdsLinks != 0 && bits&develops == 0 {
		t.Library = true
	}
	// Tools of documentation come with a .pc file that says where they are.
	if bits&holdsDocTools != 0 && bits&(develops|holdsLinks) == holdsConfigs {
		t.Develop = false
	}
	// Data that many use (xkb-data) comes with a .pc file that says where it is.
	located := bits&(develops|holdsLinks) == holdsConfigs
	t.Data = bits&holdsOther != 0 && (!t.Develop || located) && !t.Library && !t.Programs && !t.System
	t.Empty = bits&^(holdsDocs|holdsDocLink) == 0
	return t
}
