//go:build linux

// Package emptyroot starts programs in a folder as their root, for tests: nothing of the
// host is there, no library, no /proc, no /dev.
package emptyroot

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// Command returns a process to be started with root as its root folder. The test is skipped
// where that is not allowed.
func Command(t *testing.T, root string, argv ...string) *exec.Cmd {
	t.Helper()
	if !allowed(t) {
		t.Skip("neither root nor user namespaces: no chroot here")
	}
	cmd := &exec.Cmd{Path: argv[0], Args: argv, Dir: "/", Env: []string{"LANG=C"}}
	cmd.SysProcAttr = attr(root)
	return cmd
}

func attr(root string) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Chroot: root}
	if os.Geteuid() != 0 {
		one := func(id int) []syscall.SysProcIDMap {
			return []syscall.SysProcIDMap{{ContainerID: 0, HostID: id, Size: 1}}
		}
		a.Cloneflags, a.UidMappings, a.GidMappings = syscall.CLONE_NEWUSER, one(os.Getuid()), one(os.Getgid())
	}
	return a
}

func allowed(t *testing.T) bool {
	cmd := exec.Command("/proc/self/exe", "-test.run=^$")
	cmd.SysProcAttr = attr("/")
	return cmd.Run() == nil
}

// Qemu copies the user-mode emulator of a processor into root and returns its path there.
// The test is skipped where there is none. arch is qemu's name: "aarch64".
func Qemu(t *testing.T, root, arch string) string {
	t.Helper()
	from, err := exec.LookPath("qemu-" + arch + "-static")
	if err != nil {
		t.Skip("no static qemu-" + arch + " here")
	}
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "qemu"), b, 0o755); err != nil {
		t.Fatal(err)
	}
	return "/qemu"
}
