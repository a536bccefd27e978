package e2e

import (
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func isUp(url string) bool {
	res, err := http.Get(url)
	if err != nil {
		return false
	}
	res.Body.Close()
	return true
}

// TestRun starts servers as a plugin's author and an application's do, and ends them with
// Ctrl-C.
func TestRun(t *testing.T) {
	for _, tt := range []struct{ name, dir, app string }{
		{"in a plugin's folder", "examples/count-plugin", ""},
		{"application", ".", "examples/image-server"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			before := tree(t, w.dir)
			w.dir = filepath.Join(w.dir, filepath.FromSlash(tt.dir))
			addr := freeAddr(t)
			args := []string{"run"}
			if tt.app != "" {
				args = append(args, tt.app)
			}
			p := w.start(t, append(args, "--", "-addr", addr)...)
			url := p.answers(t, addr)
			checkCounts(t, url)
			p.interrupt(t)
			p.status(t)
			leftNothing(t)
			if isUp(url) {
				t.Error("the server still answers")
			}
			if s := p.stderr.String(); strings.Contains(s, "panic") || strings.Contains(s, "half done") {
				t.Errorf("graft says %q", s)
			}
			// No artifact, and nothing in the folders but the lock.
			for _, name := range added(before, tree(t, strings.TrimSuffix(w.dir, filepath.FromSlash(tt.dir)))) {
				if filepath.Base(name) != "graft.lock" {
					t.Errorf("graft run wrote %s", name)
				}
			}
		})
	}
}

// TestRunEndsServer sends the signal to graft alone, as a supervisor does.
func TestRunEndsServer(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			w := newWorld(t)
			addr := freeAddr(t)
			p := w.start(t, "run", "examples/image-server", "--", "-addr", addr)
			url := p.answers(t, addr)
			start := time.Now()
			if err := p.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			p.status(t)
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("it took %v", took)
			}
			leftNothing(t)
			if isUp(url) {
				t.Error("the server still answers")
			}
		})
	}
}

// TestRunStatus wants the program's own exit status and output.
func TestRunStatus(t *testing.T) {
	w := newWorld(t)
	w.write(t, "app/go.mod", "module example.com/app\n\ngo 1.24\n")
	w.write(t, "app/main.go", `package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Println(os.Args[1:])
	os.Exit(7)
}
`)
	stdout, stderr, status := w.run(t, "run", "app", "--", "-x", "a b")
	if status != 7 || stdout != "[-x a b]\n" || stderr != "" {
		t.Errorf("status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
}
