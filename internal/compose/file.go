package compose

import (
	"fmt"
	"io"
	"os"
)

// Limits on what is read of a user's or a plugin's files.
const (
	maxModFile = 4 << 20  // go.mod
	maxSumFile = 16 << 20 // go.sum
)

// readFile reads a regular file of at most limit bytes. Anything else, such as a pipe that
// never ends, is an error.
func readFile(name string, limit int64) ([]byte, error) {
	fi, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: not a regular file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("read %s: larger than %d bytes", name, limit)
	}
	return b, nil
}
