package detect

import (
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/graft-build/graft/digest"
)

// memo is a result with what it was read from: the folders that the user may change. The
// module cache and the standard library do not change.
type memo struct {
	Result  Result
	Folders []folder
	C       trace // what headers were found in
}

// folder is a package of the user's: Head covers which files there are, and what each Go
// file says up to its last import, #cgo lines and build constraints included. Nothing below
// that changes what go list says, so that an edited function does not count.
type folder struct {
	Dir  string
	Head digest.Digest
}

// Limits on a folder that is worth remembering.
const (
	maxFiles = 5000
	maxHead  = 1 << 20 // bytes of a file
)

func remember(r Result, c *trace) (memo, bool) {
	m := memo{Result: r, C: *c}
	if c.full {
		return memo{}, false
	}
	for _, p := range r.Packages {
		if !p.Local {
			continue
		}
		d, err := head(p.Dir)
		if err != nil {
			return memo{}, false
		}
		m.Folders = append(m.Folders, folder{p.Dir, d})
	}
	return m, true
}

// holds says whether the folders still say the same.
func (m memo) holds() bool {
	for _, f := range m.Folders {
		if d, err := head(f.Dir); err != nil || d != f.Head {
			return false
		}
	}
	return m.C.holds()
}

// sources are the endings of the files that the go command takes into a package.
var sources = map[string]bool{
	".go": true, ".c": true, ".cc": true, ".cpp": true, ".cxx": true, ".m": true, ".h": true, ".hh": true, ".hpp": true, ".hxx": true,
	".f": true, ".F": true, ".for": true, ".f90": true, ".s": true, ".S": true, ".sx": true, ".swig": true, ".swigcxx": true, ".syso": true,
}

// head is the digest of a package folder as go list reads it.
func head(dir string) (digest.Digest, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return digest.Digest{}, err
	}
	if len(entries) > maxFiles {
		return digest.Digest{}, os.ErrInvalid
	}
	k := digest.NewKey("folder/1")
	for _, e := range entries {
		name := e.Name()
		if name[0] == '.' || name[0] == '_' || e.IsDir() || !sources[filepath.Ext(name)] || strings.HasSuffix(name, "_test.go") {
			continue
		}
		k.Add("file", name)
		if filepath.Ext(name) != ".go" {
			continue
		}
		b, err := fileHead(filepath.Join(dir, name))
		if err != nil {
			return digest.Digest{}, err
		}
		k.Add("head", string(b))
	}
	return k.Digest(), nil
}

// fileHead is a Go file up to its last import. A file without a readable beginning counts
// as a whole.
func fileHead(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if fi, err := f.Stat(); err != nil || !fi.Mode().IsRegular() {
		return nil, os.ErrInvalid
	}
	src, err := io.ReadAll(io.LimitReader(f, maxHead))
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", src, parser.ImportsOnly)
	if err != nil {
		return src, nil
	}
	end := file.Name.End()
	for _, d := range file.Decls {
		end = max(end, d.End())
	}
	return slices.Clip(src[:fset.Position(end).Offset]), nil
}

func quote(s string) string { return strconv.Quote(s) }
