//go:build windows

package shim

import "io"

// become starts another program, waits for it and returns its exit status: Windows can't
// replace a process.
func become(argv, env []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	return child(argv, env, stdin, stdout, stderr)
}
