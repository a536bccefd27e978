// Package e2e runs the graft command as users do, on real packages from the Debian archive
// and with the real zig, starts what it made and looks at the answers.
package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// graft is the command under test, built once.
var graft string

// world is where a run of graft happens: nothing in it is the developer's own.
type world struct {
	dir, store, home string
	env              []string // beside the usual
	wrapper          []string // command that starts graft; none usually
}

// shared is the store that tests share when they do not test the store itself.
var shared string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		tmp, err := os.MkdirTemp("", "graft-e2e-")
		if err != nil {
			fmt.Println(err)
			return 1
		}
		defer removeAll(tmp)
		graft = filepath.Join(tmp, "graft")
		build := exec.Command("go", "build", "-o", graft, "github.com/graft-build/graft/cmd/graft")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Printf("%v\n%s", err, out)
			return 1
		}
		if shared = os.Getenv("GRAFT_E2E_STORE"); shared == "" {
			shared = filepath.Join(tmp, "store")
		}
		return m.Run()
	}())
}

// removeAll removes a folder that has read-only folders in it.
func removeAll(dir string) {
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			os.Chmod(path, 0o700)
		}
		return nil
	})
	os.RemoveAll(dir)
}

// newWorld is a folder with a copy of the examples, and the shared store.
func newWorld(t *testing.T) world {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "examples"), os.DirFS("../../examples")); err != nil {
		t.Fatal(err)
	}
	os.RemoveAll(filepath.Join(dir, "examples", "image-server", "graft.lock"))
	os.RemoveAll(filepath.Join(dir, "examples", "tailored", "graft.lock"))
	return world{dir: dir, store: shared}
}

// environ is the environment of a run: the machine's, without what would reach the output
// or a compiler.
func (w world) environ() []string {
	var env []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		switch name {
		case "CC", "CXX", "CGO_ENABLED", "GOFLAGS", "GRAFT_STORE", "GRAFT_ZIG", "ZIG_LIB_DIR", "PKG_CONFIG_PATH":
		default:
			env = append(env, kv)
		}
	}
	env = append(env, "GRAFT_STORE="+w.store)
	if w.home != "" {
		env = append(env, "HOME="+w.home)
	}
	return append(env, w.env...)
}

// run runs graft and returns its output and exit status.
func (w world) run(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	argv := append(append(slices.Clone(w.wrapper), graft), args...)
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = w.dir, w.environ()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// must is run for commands that have to succeed.
func (w world) must(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, status := w.run(t, args...)
	if status != 0 {
		t.Fatalf("graft %s: exit status %d\n%s%s", strings.Join(args, " "), status, stdout, stderr)
	}
	return stdout
}

// artifact is one record of artifacts.json.
type artifact struct {
	Kind, Target, File, SHA256 string
	Size                       int64
}

// artifacts reads dist/artifacts.json and checks that the files are there.
func (w world) artifacts(t *testing.T, dist string) []artifact {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(w.dir, dist, "artifacts.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Artifacts []artifact }
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatalf("artifacts.json: %v\n%s", err, b)
	}
	for _, a := range list.Artifacts {
		fi, err := os.Stat(filepath.Join(w.dir, dist, a.File))
		if err != nil || fi.Size() != a.Size {
			t.Errorf("%s: %v, want a file of %d bytes", a.File, err, a.Size)
		}
	}
	sums := exec.Command("sha256sum", "--check", "--strict", "SHA256SUMS")
	sums.Dir = filepath.Join(w.dir, dist)
	if out, err := sums.CombinedOutput(); err != nil {
		t.Errorf("SHA256SUMS: %v\n%s", err, out)
	}
	return list.Artifacts
}

// find is the path of the artifact of a kind and target.
func (w world) find(t *testing.T, dist, kind, target string) string {
	t.Helper()
	for _, a := range w.artifacts(t, dist) {
		if a.Kind == kind && a.Target == target {
			return filepath.Join(w.dir, dist, a.File)
		}
	}
	t.Fatalf("no %s for %s in %s", kind, target, dist)
	return ""
}
