//go:build unix

package shim

import (
	"fmt"
	"io"
	"syscall"
)

// become replaces this process by another program. It returns only when that fails.
func become(argv, env []string, _ io.Reader, _, _ io.Writer) (int, error) {
	err := syscall.Exec(argv[0], argv, env)
	return 1, fmt.Errorf("start %s: %w", argv[0], err)
}
