package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestInterrupt presses Ctrl-C in the middle of a build, at several stages.
func TestInterrupt(t *testing.T) {
	for _, tt := range []struct {
		name, at string
		after    time.Duration
		env      func(t *testing.T) []string
	}{
		// An empty build cache makes the compiler busy for a long time.
		{"compiling", " build -json -o ", 3 * time.Second, func(t *testing.T) []string { return []string{"GOCACHE=" + t.TempDir()} }},
		{"beginning", "compose: ", 0, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newSmallWorld(t)
			w.must(t, "build", "app")
			w.write(t, "app/edited.go", fmt.Sprintf("package main\n\nvar edited = %d\n", time.Now().UnixNano()))
			tmp := t.TempDir()
			w.env = append(w.env, "TMPDIR="+tmp)
			before := tree(t, w.dir)
			interrupted := w
			if tt.env != nil {
				interrupted.env = append(interrupted.env, tt.env(t)...)
			}
			p := interrupted.start(t, "build", "app", "-v")
			p.says(t, tt.at)
			time.Sleep(tt.after)
			start := time.Now()
			p.interrupt(t)
			if status := p.status(t); status != 130 || !strings.HasSuffix(p.stderr.String(), "graft: interrupted; nothing half done is left\n") {
				t.Errorf("status %d", status)
			}
			if took := time.Since(start); took > 4*time.Second {
				t.Errorf("it took %v", took)
			}
			leftNothing(t)
			unchanged(t, "the folder", before, tree(t, w.dir))
			if left, _ := filepath.Glob(filepath.Join(tmp, "*")); len(left) > 0 {
				t.Errorf("temporary files are left: %q", left)
			}
			w.must(t, "build", "app")
			w.startsSmall(t, "dist")
		})
	}
}
