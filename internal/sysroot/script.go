package sysroot

import (
	"bytes"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// maxScript is far above any linker script that a package has in place of a library.
const maxScript = 64 << 10

// maybeScript says whether a file may be a linker script that stands in for a library.
func maybeScript(name string, size int64) bool {
	return strings.HasSuffix(name, ".so") && size <= maxScript && strings.HasPrefix(name, "usr/lib")
}

var (
	scriptWord  = regexp.MustCompile(`\b(GROUP|INPUT)\s*\(`)
	scriptToken = regexp.MustCompile(`/\*(?s:.*?)\*/|"[^"]*"|[^\s(),"]+`)
)

// rewriteScript makes the files that a GNU linker script names by absolute path relative to
// the script, which is at name. It returns false for what is no such script or needs no
// change. Linkers look beside the script for relative names.
func rewriteScript(name string, b []byte) ([]byte, bool) {
	if bytes.IndexByte(b, 0) >= 0 || !scriptWord.Match(b) {
		return nil, false
	}
	changed := false
	out := scriptToken.ReplaceAllFunc(b, func(tok []byte) []byte {
		file := strings.Trim(string(tok), `"`)
		// "=" and "$SYSROOT" stand for a --sysroot, which graft never passes.
		file = strings.TrimPrefix(strings.TrimPrefix(file, "="), "$SYSROOT")
		if !strings.HasPrefix(file, "/") || strings.HasPrefix(file, "/*") {
			return tok
		}
		changed = true
		to := merged(strings.TrimLeft(path.Clean(file), "/"))
		rel, err := filepath.Rel("/"+path.Dir(name), "/"+to)
		if err != nil {
			return tok
		}
		if rel = filepath.ToSlash(rel); tok[0] == '"' {
			rel = `"` + rel + `"`
		}
		return []byte(rel)
	})
	if !changed {
		return nil, false
	}
	return out, true
}
