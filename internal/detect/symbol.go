package detect

import (
	"os"
	"path/filepath"
	"regexp"
)

// maxSource is the largest source file that User looks into, in bytes.
const maxSource = 8 << 20

// User finds the package with C code that uses a C symbol, by its source files; the one that
// comes last in r, which is nearest to the program, when there are several.
func User(r Result, symbol string) (Package, bool) {
	word, err := regexp.Compile(`\b` + regexp.QuoteMeta(symbol) + `\b`)
	if err != nil {
		return Package{}, false
	}
	for i := len(r.Packages) - 1; i >= 0; i-- {
		p := r.Packages[i]
		if !p.Cgo {
			continue
		}
		for _, name := range p.Files {
			file := filepath.Join(p.Dir, name)
			if fi, err := os.Stat(file); err != nil || !fi.Mode().IsRegular() || fi.Size() > maxSource {
				continue
			}
			if b, err := os.ReadFile(file); err == nil && word.Match(b) {
				return p, true
			}
		}
	}
	return Package{}, false
}
