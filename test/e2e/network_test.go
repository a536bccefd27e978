package e2e

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/graft-build/graft/internal/distro/debian"
)

// TestNoNetwork wants one clear error when nothing was locked and nothing can be asked.
func TestNoNetwork(t *testing.T) {
	w := newSmallWorld(t).withoutNetwork(t)
	os.Remove(filepath.Join(w.dir, "app", "graft.lock"))
	_, stderr, status := w.run(t, "build", "app")
	if status != 3 || !strings.Contains(stderr, "InRelease") || !strings.Contains(stderr, "check the network") {
		t.Errorf("status %d, %s", status, stderr)
	}
	if n := strings.Count(stderr, "\n"); n > 12 {
		t.Errorf("%d lines of error:\n%s", n, stderr)
	}
	if w.read("app/graft.lock") != "" || len(tree(t, filepath.Join(w.dir, "dist"))) > 0 {
		t.Error("something was written")
	}
}

// inRelease is the real index of bookworm, from the first mirror that has it.
func inRelease(t *testing.T) []byte {
	t.Helper()
	mirrors, _ := debian.HostSources(os.DirFS("/"))
	for _, base := range append(mirrors[debian.Archive], "https://ftp.debian.org/debian") {
		res, err := http.Get(base + "/dists/bookworm/InRelease")
		if err != nil {
			continue
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err == nil && res.StatusCode == http.StatusOK {
			return b
		}
	}
	t.Skip("no mirror of Debian answers")
	return nil
}

// TestBadSignature gives graft a mirror whose index somebody has changed. That other mirrors
// have the right one is no reason to go on: the user shall know.
func TestBadSignature(t *testing.T) {
	real := inRelease(t)
	for _, tt := range []struct {
		name, want string
		change     func([]byte) []byte
		status     int
	}{
		{"a byte of the text", "bad", func(b []byte) []byte {
			return bytes.Replace(b, []byte("Codename: bookworm"), []byte("Codename: bookwurm"), 1)
		}, 4},
		{"cut off", "verify signature", func(b []byte) []byte { return b[:len(b)-300] }, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newSmallWorld(t)
			before := w.read("app/graft.lock")
			w.write(t, "mirror/dists/bookworm/InRelease", string(tt.change(bytes.Clone(real))))
			w.env = append(w.env, "GRAFT_MIRROR_DEBIAN=file://"+filepath.Join(w.dir, "mirror"))
			_, stderr, status := w.run(t, "lock", "app", "--update")
			if status != tt.status || !strings.Contains(stderr, tt.want) || !strings.Contains(stderr, "mirror/dists/bookworm/InRelease") {
				t.Errorf("status %d, %s", status, stderr)
			}
			if w.read("app/graft.lock") != before {
				t.Error("the lock has changed")
			}
		})
	}
	t.Run("a login page", func(t *testing.T) {
		w := newSmallWorld(t)
		w.write(t, "mirror/dists/bookworm/InRelease", "<html>Please log in</html>\n")
		w.env = append(w.env, "GRAFT_MIRROR_DEBIAN=file://"+filepath.Join(w.dir, "mirror"))
		_, stderr, status := w.run(t, "lock", "app", "--update")
		// Nobody has forged anything: the next mirror is asked, and the user told.
		if status != 0 || !strings.Contains(stderr, "warning: ") || !strings.Contains(stderr, "it is not signed") {
			t.Errorf("status %d, %s", status, stderr)
		}
	})
}
