package compile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// archivesFile lies beside a program in the store, under the same key. No program has such a name.
const archivesFile = ".archives"

// Archives returns the static libraries of the sysroot that the link of an action's output was
// given, as slash-separated paths below the sysroot, sorted; none for a program without C.
func Archives(output string) ([]string, error) {
	b, err := os.ReadFile(filepath.Join(filepath.Dir(output), archivesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the archives of %s: %w", filepath.Base(output), err)
	}
	return strings.Fields(string(b)), nil
}
