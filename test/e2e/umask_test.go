package e2e

import (
	"syscall"
	"testing"
)

// umask runs f, and what it starts, under another umask.
func umask(t *testing.T, mask int, f func()) {
	t.Helper()
	old := syscall.Umask(mask)
	defer syscall.Umask(old)
	f()
}
