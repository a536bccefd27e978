package toolchain

import (
	"io"

	"github.com/graft-build/graft/internal/toolchain/shim"
)

// Shim acts as a tool of a kit when argv[0] is one, and returns its exit status. It is the
// first thing that main calls. When it returns false nothing has happened.
func Shim(argv, env []string, stdin io.Reader, stdout, stderr io.Writer) (exit int, isShim bool) {
	return shim.Main(argv, env, stdin, stdout, stderr)
}
