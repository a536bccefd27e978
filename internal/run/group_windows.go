//go:build windows

package run

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// group puts the process into a group of its own, ended with all its children when the
// context ends.
func group(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
	cmd.Cancel = func() error {
		exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid)).Run()
		return cmd.Process.Kill()
	}
}

func reap(*exec.Cmd) {}

func look(env []string, name string) string {
	exts := []string{"", ".exe"}
	if strings.ContainsAny(name, `\/`) {
		for _, e := range exts {
			if _, err := os.Stat(name + e); err == nil {
				return name + e
			}
		}
		return ""
	}
	for _, v := range env {
		if len(v) < 5 || !strings.EqualFold(v[:5], "PATH=") {
			continue
		}
		for _, dir := range filepath.SplitList(v[5:]) {
			for _, e := range exts {
				p := filepath.Join(dir, name+e)
				if fi, err := os.Stat(p); err == nil && !fi.IsDir() && filepath.IsAbs(p) {
					return p
				}
			}
		}
	}
	return ""
}

// interrupt kills: Windows has no signal for one process of a console.
func interrupt(cmd *exec.Cmd) error { return cmd.Process.Kill() }
