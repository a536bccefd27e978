package folder

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/graft-build/graft/digest"
)

// sums are the digests of artifacts by their place in the folder.
type sums map[string]digest.Digest

// parseSums reads SHA256SUMS as sha256sum writes it.
func parseSums(b []byte) (sums, error) {
	out := sums{}
	for line := range strings.Lines(string(b)) {
		sum, name, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		if name != "" && (name[0] == ' ' || name[0] == '*') {
			name = name[1:]
		}
		d, err := digest.Parse(sum)
		if err != nil || !fs.ValidPath(name) {
			return nil, fmt.Errorf("parse %s: %q is no digest and name", sumsName, line)
		}
		out[name] = d
	}
	return out, nil
}

// encode returns SHA256SUMS, as sha256sum -c reads it in the folder.
func (s sums) encode() []byte {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s)) {
		b.WriteString(s[name].Hex() + "  " + name + "\n")
	}
	return []byte(b.String())
}
