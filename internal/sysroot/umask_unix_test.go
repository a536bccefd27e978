//go:build unix

package sysroot

import (
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUmask: modes are the same whatever the user's umask is.
func TestUmask(t *testing.T) {
	var lists [2][]string
	for i, mask := range []int{0o077, 0} {
		old := syscall.Umask(mask)
		s := open(t)
		root, err := Build(t.Context(), s, armhf, sample(t, s), nil)
		syscall.Umask(old)
		if err != nil {
			t.Fatal(err)
		}
		lists[i] = list(t, root.Dir)
	}
	if diff := cmp.Diff(lists[0], lists[1]); diff != "" {
		t.Error(diff)
	}
}
