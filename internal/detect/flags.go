package detect

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/hostdir"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/target"
)

// runtime are the libraries that come with the compiler or the C library, by -l name. zig
// has them all, so that no package is needed for them.
var runtime = map[string]bool{
	"c": true, "m": true, "pthread": true, "dl": true, "rt": true, "util": true, "resolv": true, "anl": true, "ld": true,
	"gcc": true, "gcc_s": true, "gcc_eh": true, "atomic": true, "unwind": true, "ssp": true,
	"stdc++": true, "stdc++fs": true, "supc++": true, "c++": true, "c++abi": true, ":libstdc++.a": true, ":libgcc.a": true,
}

// hasCXX says whether a package has C++ in it: sources, or libraries that ask for it. On Debian
// that is compiled and linked with the C++ library that Debian's own are made with.
func (p listed) hasCXX() bool {
	return len(p.CXXFiles)+len(p.SwigCXXFiles) > 0 || slices.ContainsFunc(libraries(p.CgoLDFLAGS), func(l string) bool {
		return l == "stdc++" || l == "stdc++fs" || l == "supc++" || l == ":libstdc++.a"
	})
}

// flags is what the #cgo lines of one package ask for.
type flags struct {
	pkgConfig []string
	libs      []string
	notes     []string
}

// readFlags reads the #cgo lines of a package. Only names that can be a package's or a
// library's are taken; everything else the compiler will judge.
func readFlags(p listed, t target.Target) flags {
	var f flags
	for _, name := range p.CgoPkgConfig {
		switch {
		case strings.HasPrefix(name, "-"): // a flag for pkg-config: --static
		case isName(name):
			f.pkgConfig = append(f.pkgConfig, name)
		default:
			f.notes = append(f.notes, "pkg-config name "+quote(name)+" is left out: it cannot be one")
		}
	}
	own := p.libraryFolders()
	if t.ABI.Libc == "glibc" && p.hasCXX() {
		f.libs = append(f.libs, resolve.CXX)
	}
	for _, name := range libraries(p.CgoLDFLAGS) {
		switch {
		case runtime[name] && !(name == "pthread" && t.ABI.Libc == "msvcrt"), t.ABI.Libc == "musl" && (name == "crypt" || name == "xnet"):
		case isBrought(own, name):
			f.notes = append(f.notes, "-l"+name+" is in its own folder")
		case isName(strings.TrimPrefix(name, ":")):
			f.libs = append(f.libs, name)
		default:
			f.notes = append(f.notes, "library name "+quote(name)+" is left out: it cannot be one")
		}
	}
	f.notes = append(f.notes, p.foreign()...)
	slices.Sort(f.pkgConfig)
	f.pkgConfig = slices.Compact(f.pkgConfig)
	slices.Sort(f.libs)
	f.libs = slices.Compact(f.libs)
	return f
}

// foreign tells of places on the machine that builds, which say nothing about the target.
func (p listed) foreign() []string {
	var notes []string
	for _, flag := range slices.Concat(p.CgoCPPFLAGS, p.CgoCFLAGS, p.CgoLDFLAGS) {
		path := strings.TrimPrefix(strings.TrimPrefix(flag, "-I"), "-L")
		if sub, ok := hostdir.Include(path); ok && !within(p.root(), path) {
			notes = append(notes, quote(flag)+" names a place on this machine; the target's is searched: /usr/include/"+sub)
		} else if filepath.IsAbs(path) && !within(p.root(), path) {
			notes = append(notes, quote(flag)+" names a place on this machine, which the target does not have")
		}
	}
	return slices.Compact(notes)
}

// libraries are the names that linker flags give after -l, in their order.
func libraries(ldflags []string) []string {
	var names []string
	for i := 0; i < len(ldflags); i++ {
		flag := ldflags[i]
		switch {
		case flag == "-l" && i+1 < len(ldflags):
			i++
			names = append(names, ldflags[i])
		case strings.HasPrefix(flag, "-l") && len(flag) > 2:
			names = append(names, flag[2:])
		case flag == "-framework" || flag == "-Xlinker":
			i++
		case strings.HasPrefix(flag, "-Wl,"):
			for _, w := range strings.Split(flag, ",")[1:] {
				if len(w) > 2 && strings.HasPrefix(w, "-l") {
					names = append(names, w[2:])
				}
			}
		}
	}
	return names
}

// root is the folder of the package's module.
func (p listed) root() string {
	if p.Module != nil && p.Module.Dir != "" {
		return p.Module.Dir
	}
	return p.Dir
}

// libraryFolders are the folders of the package's own module that its -L flags name. What
// this machine has elsewhere is not for the target.
func (p listed) libraryFolders() []string {
	var dirs []string
	for i, flag := range p.CgoLDFLAGS {
		dir, ok := strings.CutPrefix(flag, "-L")
		if dir == "" && ok && i+1 < len(p.CgoLDFLAGS) {
			dir = p.CgoLDFLAGS[i+1]
		}
		if !ok || dir == "" {
			continue
		}
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(p.Dir, dir)
		}
		if within(p.root(), dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

func isBrought(dirs []string, name string) bool {
	_, ok := brought(dirs, name)
	return ok
}

// brought finds the file of a library in one of the folders, as the linker would look for it.
func brought(dirs []string, name string) (string, bool) {
	files := []string{"lib" + name + ".so", "lib" + name + ".a", "lib" + name + ".dll.a", name + ".lib", "lib" + name + ".dylib"}
	if exact, ok := strings.CutPrefix(name, ":"); ok {
		files = []string{exact}
	}
	for _, dir := range dirs {
		for _, file := range files {
			if strings.ContainsAny(file, `/\`) {
				continue
			}
			full := filepath.Join(dir, file)
			if fi, err := os.Stat(full); err == nil && fi.Mode().IsRegular() {
				return full, true
			}
		}
	}
	return "", false
}

func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// isName says whether s can be the name of a library or of a .pc file.
func isName(s string) bool {
	if s == "" || len(s) > 200 || s[0] == '-' || s[0] == '.' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._+-", r)
	})
}
