package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// binfmt is where the kernel is told which files it starts by an emulator.
const binfmt = "/proc/sys/fs/binfmt_misc"

// emulate has the kernel start programs of a processor by qemu-user, in every root, and says
// whether it does. What was not registered here before is gone after the test, so that other
// tests see the machine as it was.
func emulate(t *testing.T, debianArch, qemu string) bool {
	t.Helper()
	if _, err := exec.LookPath("arch-test"); err != nil {
		return false // mmdebstrap asks it, too
	}
	if _, err := os.Stat(filepath.Join(binfmt, "qemu-"+qemu)); err == nil {
		return exec.Command("arch-test", debianArch).Run() == nil
	}
	// Flag F opens the emulator now: in another root it would not be found.
	rule, err := os.ReadFile("/usr/lib/binfmt.d/qemu-" + qemu + ".conf")
	if err != nil || os.Geteuid() != 0 || !strings.Contains(string(rule[strings.LastIndexByte(string(rule), ':')+1:]), "F") {
		return exec.Command("arch-test", debianArch).Run() == nil
	}
	if _, err := os.Stat(filepath.Join(binfmt, "register")); err != nil {
		if exec.Command("mount", "-t", "binfmt_misc", "binfmt_misc", binfmt).Run() == nil {
			t.Cleanup(func() { exec.Command("umount", binfmt).Run() })
		}
	}
	name := fmt.Sprintf("graft-%s-%d", qemu, os.Getpid())
	own := strings.Replace(strings.TrimSpace(string(rule)), ":qemu-"+qemu+":", ":"+name+":", 1)
	if os.WriteFile(filepath.Join(binfmt, "register"), []byte(own), 0) == nil {
		t.Cleanup(func() { os.WriteFile(filepath.Join(binfmt, name), []byte("-1"), 0) })
	}
	return exec.Command("arch-test", debianArch).Run() == nil
}
