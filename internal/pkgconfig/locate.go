package pkgconfig

import (
	"path/filepath"
	"strings"

	"github.com/graft-build/graft/internal/format/pc"
)

// locate moves the path that a flag of m makes the compiler read into the sysroot.
func (r *repository) locate(m *module, f pc.Flag) pc.Flag {
	if !m.inside {
		return f
	}
	switch {
	case f.Type == 'I' || f.Type == 'L' || f.Type == 'F':
		f.Data = r.move(f.Data)
	case f.Type == 0 && len(f.Args) > 0:
		args := append([]string(nil), f.Args...)
		for i, a := range args {
			args[i] = r.move(a)
		}
		f.Args = args
	case f.Type == 0:
		f.Data = r.move(f.Data)
	}
	return f
}

// move puts the sysroot before an absolute path that isn't in it. Absolute means the target's
// notion of it, with a slash, whatever the host's is.
func (r *repository) move(path string) string {
	if r.cfg.Sysroot == "" || !strings.HasPrefix(path, "/") || r.inSysroot(path) {
		return path
	}
	return r.cfg.Sysroot + path
}

// system says whether a flag names a folder that is searched anyway.
func (r *repository) system(f pc.Flag, allowCflags, allowLibs bool) bool {
	var dirs []string
	switch {
	case f.Type == 'I' && !allowCflags:
		dirs = r.cfg.SystemInclude
	case f.Type == 'L' && !allowLibs:
		dirs = r.cfg.SystemLib
	}
	if len(dirs) == 0 {
		return false
	}
	path := filepath.ToSlash(filepath.Clean(f.Data))
	for _, d := range dirs {
		if path == filepath.ToSlash(filepath.Clean(r.cfg.Sysroot+d)) || r.cfg.Sysroot != "" && path == d {
			return true
		}
	}
	return false
}
