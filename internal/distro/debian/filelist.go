package debian

import (
	"bytes"
	"fmt"
	"io"
	"strconv"

	"github.com/graft-build/graft/internal/format/contents"
)

// Keys of a file table: "f" path, whose value is the packages that have it, separated by
// commas; "a" name NUL path, the same for a library in a folder of alternatives; "o" package NUL path, without a value, for the same paths; "t" package, whose
// value is the bits of layout for all its paths.

// maxPaths bounds the paths that are kept; the archive has some 600,000 entries for them.
const maxPaths = 4 << 20

// writeFileList turns a Contents file into a table.
func writeFileList(in io.Reader, out io.Writer, l layout) error {
	var b bag
	held := map[string]int{}
	var owners []byte
	err := contents.Read(in, func(path, packages []byte) error {
		if len(b.items) > maxPaths || len(held) > maxPackages {
			return fmt.Errorf("read contents: more than %d paths or %d packages", maxPaths, maxPackages)
		}
		bits, keep := l.classifyBytes(path)
		owners = owners[:0]
		contents.Packages(packages, func(name []byte) {
			if old, ok := held[string(name)]; !ok || old|bits != old {
				held[string(name)] = old | bits
			}
			if keep {
				owners = append(append(owners, name...), ',')
				b.add(nil, []byte("o"), name, []byte{0}, path)
			}
		})
		if keep && len(owners) > 0 {
			b.add(owners[:len(owners)-1], []byte("f"), path)
			if name, ok := l.alternative(string(path)); ok {
				b.add(owners[:len(owners)-1], []byte("a"), []byte(name), []byte{0}, path)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for name, bits := range held {
		b.add(strconv.AppendInt(nil, int64(bits), 10), []byte("t"), []byte(name))
	}
	return b.write(out)
}

// classifyBytes is classify without a copy of most paths.
func (l layout) classifyBytes(path []byte) (bits int, keep bool) {
	switch {
	case bytes.HasPrefix(path, []byte("usr/share/doc/")) && bytes.IndexByte(path[len("usr/share/doc/"):], '/') > 0,
		bytes.HasPrefix(path, []byte("usr/share/man/")):
		return holdsDocs, false
	}
	return l.classify(string(path))
}
