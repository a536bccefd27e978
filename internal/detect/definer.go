package detect

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// Definition is where a source file defines a C symbol.
type Definition struct {
	Package Package
	File    string // its real path
	Line    int
}

// Definers finds the packages with C code that define a C symbol for other files, by their
// source files: a function with a body, a variable, or a Go function that is exported to C.
// It is an explanation for two definitions, not a reading of C.
func Definers(r Result, symbol string) []Definition {
	name := regexp.QuoteMeta(symbol)
	// At the beginning of a line: type, name, and a body, a value or nothing.
	form, err := regexp.Compile(`(?m)^(?://export[ \t]+` + name + `[ \t]*$` +
		`|(?:[ \t]*[A-Za-z_][\w \t*]*[\s*])` + name + `\s*(?:\([^;{}]*\)\s*\{|(?:\[[^\]]*\])?\s*[=;]))`)
	if err != nil {
		return nil
	}
	internal := regexp.MustCompile(`^\s*(?:static|extern|typedef|return|goto)\b`)
	var out []Definition
	for _, p := range r.Packages {
		if !p.Cgo {
			continue
		}
		for _, file := range p.Files {
			file = filepath.Join(p.Dir, file)
			if fi, err := os.Stat(file); err != nil || !fi.Mode().IsRegular() || fi.Size() > maxSource {
				continue
			}
			b, err := os.ReadFile(file)
			if err != nil {
				continue
			}
			for _, at := range form.FindAllIndex(b, -1) {
				if internal.Match(b[at[0]:at[1]]) {
					continue
				}
				out = append(out, Definition{p, file, 1 + bytes.Count(b[:at[0]], []byte("\n")) + leading(b[at[0]:at[1]])})
				break
			}
		}
	}
	return out
}

// leading are the lines before the first that is not empty.
func leading(b []byte) int {
	return bytes.Count(b[:len(b)-len(bytes.TrimLeft(b, " \t\r\n"))], []byte("\n"))
}

func (d Definition) String() string {
	return fmt.Sprintf("%s:%d", d.File, d.Line)
}
