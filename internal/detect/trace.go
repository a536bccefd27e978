package detect

import (
	"os"

	"github.com/graft-build/graft/digest"
)

// trace is which files of the user's folders a result was made from: those that were read, by
// content, and those that were looked for and not there.
type trace struct {
	Files  map[string]digest.Digest
	Absent map[string]bool
	full   bool
}

// maxTraced bounds what is worth remembering.
const maxTraced = 20_000

func (t *trace) note(name string, text []byte, there bool) {
	switch {
	case t == nil || t.full:
	case len(t.Files)+len(t.Absent) >= maxTraced:
		t.full = true
	case there:
		t.Files[name] = digest.OfString(string(text))
	default:
		t.Absent[name] = true
	}
}

// holds says whether all is as it was.
func (t *trace) holds() bool {
	for name := range t.Absent {
		if fi, err := os.Stat(name); err == nil && fi.Mode().IsRegular() {
			return false
		}
	}
	for name, was := range t.Files {
		if text, ok := readRegular(name, maxScanned); !ok || digest.OfString(string(text)) != was {
			return false
		}
	}
	return true
}
