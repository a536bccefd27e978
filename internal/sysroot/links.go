package sysroot

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// maxLinks is how many links may lead to each other, as on Linux.
const maxLinks = 40

// checkLinks refuses links of MSYS2's packages that lead to nothing. Such a package is
// damaged: files are linked within a package, or to one that it needs. Only what is left out
// as documentation may be missing. Debian's packages do have links to others that are not
// installed.
func checkLinks(all map[string]entry, in []Input) error {
	prefix := ""
	if len(in) > 0 {
		prefix = in[0].Prefix
	}
	if prefix == "" {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		e := all[name]
		if e.mode.Type() != fs.ModeSymlink {
			continue
		}
		if at, ok := follow(all, name); !ok && !inside(strings.TrimPrefix(at, prefix+"/"), pacmanDocs) && !inside(strings.TrimPrefix(at, prefix+"/"), pacmanTranslations) {
			return fmt.Errorf("package %s: link /%s leads to /%s, which no package has", e.from, name, at)
		}
	}
	return nil
}

// follow returns where a link leads at last.
func follow(all map[string]entry, name string) (at string, ok bool) {
	for range maxLinks {
		e, ok := all[name]
		if !ok || e.mode.Type() != fs.ModeSymlink {
			return name, ok
		}
		name = path.Join(path.Dir(name), e.link)
	}
	return name, false
}
