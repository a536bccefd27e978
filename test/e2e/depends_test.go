package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/graft-build/graft/test/dpkgdeps"
)

// TestDepends compares the Depends of image-server's packages with dpkg-shlibdeps, which sees
// the locked packages as if they were installed.
func TestDepends(t *testing.T) {
	w := newWorld(t)
	for target, arch := range map[string]string{"linux/amd64": "amd64", "rpi4": "armhf"} {
		t.Run(arch, func(t *testing.T) {
			if missing := dpkgdeps.Tools(arch); len(missing) > 0 {
				t.Skipf("not installed: %s", strings.Join(missing, ", "))
			}
			out := "depends-" + arch
			w.must(t, "build", "examples/image-server", "--with", "examples/qr-plugin", "--target", target, "--format", "deb", "--out", out)
			cmd := exec.CommandContext(t.Context(), "go", "run", "../shlibdeps", filepath.Join(w.dir, out, "graft.lock"), w.find(t, out, "deb", target))
			cmd.Env = append(w.environ(), "CGO_ENABLED=0")
			said, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(said), "libc6 (>= 2.34), libcairo2 (>= 1.2.4), libqrencode4 (>= 3.2.0)") {
				t.Errorf("%v\n%s", err, said)
			}
		})
	}
}
