// Package alternatives reads out of a Debian package's postinst script which links
// update-alternatives(1) makes when the package is installed: libblas.so is no file of any
// package, but a link to that of the implementation which was chosen. Graft runs no scripts;
// sysroots and the search for libraries make the links themselves.
package alternatives

import (
	"path"
	"strconv"
	"strings"
)

// Alternative is one link, master or slave.
type Alternative struct {
	Link     string // without a slash in front: "usr/lib/arm-linux-gnueabihf/libblas.so"
	Path     string // what it leads to, the same
	Priority int    // of its master; the highest wins
}

// Limits of a script. Those of Debian have some 10 kB.
const (
	maxScript = 1 << 20
	maxLinks  = 10_000
)

// Parse returns the links that a script makes, in its order. What it works out with variables
// is left out.
func Parse(script []byte) []Alternative {
	if len(script) > maxScript {
		return nil
	}
	var out []Alternative
	text := strings.ReplaceAll(string(script), "\\\n", " ")
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		for i, w := range words {
			if path.Base(w) != "update-alternatives" {
				continue
			}
			out = append(out, command(words[i+1:])...)
			break
		}
		if len(out) > maxLinks {
			return nil
		}
	}
	return out
}

// command reads the arguments of one call.
func command(words []string) []Alternative {
	var out []Alternative
	priority := 0
	for i := 0; i < len(words); i++ {
		switch {
		case (words[i] == "--install" || words[i] == "--slave") && i+3 < len(words):
			if words[i] == "--install" {
				if i+4 >= len(words) {
					return nil
				}
				n, err := strconv.Atoi(words[i+4])
				if err != nil {
					return nil
				}
				priority = n
			}
			link, ok := file(words[i+1])
			to, ok2 := file(words[i+3])
			if ok && ok2 && link != to {
				out = append(out, Alternative{Link: link, Path: to})
			}
			i += 3
		case words[i] == ";" || words[i] == "||" || words[i] == "&&":
			i = len(words)
		}
	}
	for i := range out {
		out[i].Priority = priority
	}
	return out
}

// file takes an absolute path as it stands in a script.
func file(word string) (string, bool) {
	word = strings.Trim(word, `"'`)
	rest, ok := strings.CutPrefix(word, "/")
	if !ok || rest == "" || len(rest) > 1000 || strings.ContainsAny(rest, "$`\"'\\*?;&|<>(){}\x00") {
		return "", false
	}
	return rest, path.Clean(rest) == rest && rest != "." && rest != ".." && !strings.HasPrefix(rest, "../")
}
