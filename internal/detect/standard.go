package detect

import (
	_ "embed"
	"strings"
)

// standardText lists the headers that a C compiler has without any package: those of glibc,
// musl, the kernel, clang and C++, as zig 0.16's lib folder has them.
//
//go:embed standard.txt
var standardText string

var standardHeaders, standardFolders = readStandard()

func readStandard() (headers map[string]bool, folders []string) {
	headers = map[string]bool{}
	for line := range strings.Lines(standardText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, name := range strings.Fields(line) {
			if strings.HasSuffix(name, "/") {
				folders = append(folders, name)
			}
			headers[name] = true
		}
	}
	return headers, folders
}

// standard says whether a header comes with every C compiler.
func standard(name string) bool {
	if standardHeaders[name] || strings.HasSuffix(name, "intrin.h") {
		return true
	}
	for _, dir := range standardFolders {
		if strings.HasPrefix(name, dir) {
			return true
		}
	}
	return false
}
