// Package ecosystems builds applications that nobody here wrote, with plugins of our own
// against their real plugin APIs, starts the results and looks at what they answer. The graft
// lines of docs/ecosystems.md are what it runs.
//
// Everything comes from the Go module proxy. Compiling takes minutes with an empty build
// cache; the heaviest tests run only with GRAFT_TEST_FULL=1.
package ecosystems

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// graft is the command under test, built once; shared is the store of all tests.
var graft, shared string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		tmp, err := os.MkdirTemp("", "graft-ecosystems-")
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

// full skips a test that compiles for minutes, unless such ones are asked for.
func full(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("GRAFT_TEST_FULL") == "" {
		t.Skipf("%s takes minutes with an empty build cache; GRAFT_TEST_FULL=1 runs it", what)
	}
}

// world is a folder of a user.
type world struct{ dir string }

// newWorld has copies of folders of testdata, by the names that they get. "." is the folder
// itself.
func newWorld(t *testing.T, folders map[string]string) world {
	t.Helper()
	w := world{t.TempDir()}
	for name, from := range folders {
		if err := os.CopyFS(filepath.Join(w.dir, name), os.DirFS(filepath.Join("testdata", from))); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w world) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// environ is the machine's environment without what would reach a build.
func environ() []string {
	var env []string
	for _, kv := range os.Environ() {
		switch name, _, _ := strings.Cut(kv, "="); name {
		case "CC", "CXX", "CGO_ENABLED", "GOFLAGS", "GRAFT_STORE", "PKG_CONFIG_PATH":
		default:
			env = append(env, kv)
		}
	}
	return append(env, "GRAFT_STORE="+shared)
}

// run runs graft and returns its output and exit status.
func (w world) run(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), graft, args...)
	cmd.Dir, cmd.Env = w.dir, environ()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	start := time.Now()
	err := cmd.Run()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(err)
	}
	t.Logf("graft %s (%s)", strings.Join(args, " "), time.Since(start).Round(100*time.Millisecond))
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

// artifact is the path of the only artifact of a kind and target.
func (w world) artifact(t *testing.T, kind, target string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(w.dir, "dist", "artifacts.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Artifacts []struct{ Kind, Target, File string }
	}
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	for _, a := range list.Artifacts {
		if a.Kind == kind && a.Target == target {
			return filepath.Join(w.dir, "dist", a.File)
		}
	}
	t.Fatalf("no %s for %s in %s", kind, target, b)
	return ""
}

// program unpacks the tar.gz for this machine and returns the program in it.
func (w world) program(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("tar", "-xzf", w.artifact(t, "tar.gz", "linux/amd64"), "-C", dir, "--strip-components=1").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(dir, "bin", name)
}

// output is what a program prints; it has to succeed.
func output(t *testing.T, argv ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "HOME="+cmd.Dir, "XDG_CONFIG_HOME=", "XDG_DATA_HOME=")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%q: %v\n%s%s", argv, err, out, errs.String())
	}
	return string(out)
}

// start starts a server in the world's folder; the test's end stops it. up says whether it
// answers.
func (w world) start(t *testing.T, up func() error, argv ...string) {
	t.Helper()
	var said bytes.Buffer
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = w.dir, &said, &said
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "XDG_CONFIG_HOME=", "XDG_DATA_HOME=")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan error, 1)
	go func() { gone <- cmd.Wait(); close(gone) }()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-gone
		if t.Failed() {
			t.Logf("%q said:\n%s", argv, said.String())
		}
	})
	var last error
	for range 1200 {
		if last = up(); last == nil {
			return
		}
		select {
		case err := <-gone:
			t.Fatalf("%q ended: %v", argv, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatalf("%q does not answer: %v", argv, last)
}

// freePort is a port of 127.0.0.1 that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}
