// Package hostdir reads folders of a developer's own machine out of compiler flags:
// "-I/opt/homebrew/include/SDL2" says that headers are wanted from a folder SDL2, wherever the
// target has it. Detect and the compiler shim ask it.
package hostdir

import (
	"path"
	"strings"
)

// roots are what such folders begin with. A module's own folders are elsewhere.
var roots = []string{
	"/usr/include", "/usr/local", "/usr/pkg", "/usr/lib", "/usr/lib32", "/usr/lib64", "/lib", "/lib64",
	"/opt/homebrew", "/opt/local", "/opt/vc", "/opt/pkg", "/sw", "/mingw32", "/mingw64", "/ucrt64", "/clang64", "/clangarm64",
	"/home/linuxbrew/.linuxbrew", "/Library/Frameworks", "/Applications", "/System",
}

// Include returns where below the default header folders a host's header folder would be, ""
// for a default one itself; false when dir is no such folder. dir is an absolute path, of
// Windows too.
func Include(dir string) (sub string, ok bool) {
	dir, ok = normal(dir)
	if !ok {
		return "", false
	}
	// The last one: /usr/local/opt/x/include.
	_, below, found := cutLast(dir+"/", "/include/")
	if !found {
		return "", false
	}
	below = strings.Trim(below, "/")
	if first, rest, _ := strings.Cut(below, "/"); strings.Contains(first, "-linux-") {
		below = rest // a triplet
	}
	return below, true
}

// Is says whether a folder is one of the machine's own, for headers or libraries.
func Is(dir string) bool {
	_, ok := normal(dir)
	return ok
}

func normal(dir string) (string, bool) {
	dir = strings.ReplaceAll(dir, `\`, "/")
	if len(dir) > 2 && dir[1] == ':' && dir[2] == '/' { // a drive of Windows
		dir = path.Clean(dir[2:])
		i := strings.LastIndex(dir+"/", "/include/")
		j := strings.LastIndex(dir+"/", "/lib/")
		return dir, i >= 0 || j >= 0
	}
	dir = path.Clean(dir)
	for _, r := range roots {
		if dir == r || strings.HasPrefix(dir, r+"/") {
			return dir, !strings.HasPrefix(dir, "/usr/local/go/") && !source(dir)
		}
	}
	return dir, false
}

// source says whether a folder is below a Go workspace: Debian has Go itself in /usr/lib, and
// a module's own folder may be anywhere.
func source(dir string) bool {
	return strings.Contains(dir, "/pkg/mod/") || strings.Contains(dir, "/src/") || strings.HasPrefix(dir, "/usr/lib/go")
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
