package shim

import (
	"embed"
	"io/fs"
	"sort"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/format/pc"
	"github.com/graft-build/graft/internal/pkgconfig"
)

//go:embed *.go
var source embed.FS

// Revision is the digest of the source that the tools of a kit are made of. It belongs to a
// kit's key: a graft with another table of flags makes other kits, and the go command, which
// sees only the compiler's path, compiles again. Comments count, tests don't.
func Revision() digest.Digest {
	k := digest.NewKey("shim/1")
	for _, part := range []struct {
		name string
		fsys fs.FS
	}{{"shim", source}, {"pkgconfig", pkgconfig.Source}, {"pc", pc.Source}} {
		names, _ := fs.Glob(part.fsys, "*.go") // the pattern is right
		sort.Strings(names)
		for _, n := range names {
			if strings.HasSuffix(n, "_test.go") {
				continue
			}
			b, err := fs.ReadFile(part.fsys, n)
			if err != nil {
				panic(err) // embedded files can be read
			}
			k.Add(part.name+"/"+n, string(b))
		}
	}
	return k.Digest()
}
