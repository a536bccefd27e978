package shim

import (
	"path/filepath"
	"strings"

	"github.com/graft-build/graft/internal/hostdir"
)

// hostDirs are folders of the machine that compiles. Nothing in them is for the target.
var hostDirs = []string{
	"/usr/include", "/usr/local/include", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32", "/usr/local/lib",
	"/usr/local/lib64", "/lib", "/lib32", "/lib64",
	"/opt/homebrew/include", "/opt/homebrew/lib", "/opt/local/include", "/opt/local/lib",
}

// targetInclude returns where the target has the headers of a folder of the developer's machine,
// /opt/homebrew/include/SDL2: below one of its own header folders, if there.
func (t *translation) targetInclude(path string) (string, bool) {
	sub, ok := hostdir.Include(path)
	if !ok || sub == "" || t.spec.Sysroot == "" {
		return "", false
	}
	for _, d := range t.spec.Include {
		if dir := t.spec.inSysroot(d + "/" + sub); t.files.IsDir(dir) {
			return dir, true
		}
	}
	return "", false
}

// place returns where a path of a flag leads. A path of the machine's own system folders is
// looked for in the sysroot, because "-I/usr/include/cairo" means the target's; false says
// that it is in neither. A relative path becomes absolute: zig writes what it finds through a
// relative -L into the program (ziglang/zig#19699).
func (t *translation) place(path string) (string, bool) {
	if path == "" {
		return path, true
	}
	slash := filepath.ToSlash(path)
	if strings.HasPrefix(slash, "/") && !t.ours(path) {
		if moved := t.spec.inSysroot(filepath.ToSlash(filepath.Clean(slash))); t.spec.Sysroot != "" && (t.files.IsDir(moved) || t.files.IsFile(moved)) {
			return moved, true
		}
		return path, !hostDir(slash)
	}
	if !filepath.IsAbs(path) {
		return filepath.Join(t.cwd, path), true
	}
	return path, true
}

// ours says whether a path is inside the sysroot, the kit or zig.
func (t *translation) ours(path string) bool {
	for _, dir := range []string{t.spec.Sysroot, t.kit, t.spec.Lib} {
		if dir != "" && within(path, dir) {
			return true
		}
	}
	return false
}

func within(path, dir string) bool {
	rest, ok := strings.CutPrefix(path, dir)
	return ok && (rest == "" || rest[0] == '/' || rest[0] == filepath.Separator)
}

// hostDir says whether path is a system folder of the host, its libraries by triplet included.
// Folders deeper down may be anybody's: Debian keeps the Go distribution in /usr/lib.
func hostDir(path string) bool {
	path = strings.TrimRight(path, "/")
	if _, ok := hostdir.Include(path); ok {
		return true
	}
	for _, d := range hostDirs {
		if path == d || within(path, d) && strings.HasSuffix(d, "/include") {
			return true
		}
		if rest, ok := strings.CutPrefix(path, d+"/"); ok && strings.Contains(rest, "-linux-") && !strings.Contains(rest, "/") {
			return true
		}
	}
	return false
}

// defaultInclude says whether a folder is one of the sysroot's default header folders, which
// come behind zig's own and nowhere else: in front of them, they break zig's C library.
func (t *translation) defaultInclude(path string) bool {
	if t.spec.Sysroot == "" {
		return false
	}
	path = filepath.Clean(path)
	for _, d := range t.spec.Include {
		if path == filepath.Clean(t.spec.inSysroot(d)) {
			return true
		}
	}
	return false
}

// findLib looks for a file in every library folder, in order.
func (t *translation) findLib(names ...string) string {
	for _, dir := range t.libDirs {
		for _, n := range names {
			if p := filepath.Join(dir, n); t.files.IsFile(p) {
				return p
			}
		}
	}
	return ""
}
