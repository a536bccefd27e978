package sysroot

import (
	"path"
	"path/filepath"
	"strings"

	"github.com/graft-build/graft/internal/format/ldscript"
)

// maybeScript says whether a file may be a linker script that stands in for a library.
func maybeScript(name string, size int64) bool {
	return strings.HasSuffix(name, ".so") && size <= ldscript.MaxSize && strings.HasPrefix(name, "usr/lib")
}

// rewriteScript makes the files that a GNU linker script names by absolute path relative to
// the script, which is at name, and writes the script in the form that zig reads. It
// returns false for what is no such script. Linkers look beside the script for relative
// names.
func rewriteScript(name string, b []byte) ([]byte, bool) {
	commands, err := ldscript.Parse(b)
	if err != nil {
		return nil, false
	}
	for _, c := range commands {
		for i, f := range c.Files {
			// "=" and "$SYSROOT" stand for a --sysroot, which graft never passes.
			file := strings.TrimPrefix(strings.TrimPrefix(f.Name, "="), "$SYSROOT")
			if !strings.HasPrefix(file, "/") {
				continue
			}
			to := merged(strings.TrimLeft(path.Clean(file), "/"))
			if rel, err := filepath.Rel("/"+path.Dir(name), "/"+to); err == nil {
				c.Files[i].Name = filepath.ToSlash(rel)
			}
		}
	}
	return ldscript.Encode(commands), true
}
