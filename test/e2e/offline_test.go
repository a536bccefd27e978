package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestOffline fetches into an empty store and builds without a network. Two processes at a
// time do each of it, on the one store.
func TestOffline(t *testing.T) {
	if testing.Short() {
		t.Skip("it downloads everything anew; -short is set")
	}
	a := newSmallWorld(t)
	a.store = filepath.Join(t.TempDir(), "store")
	t.Cleanup(func() { removeAll(a.store) })
	b := newSmallWorld(t)
	b.store = a.store
	both := []world{a, b}
	run := func(args ...string) {
		t.Helper()
		var ps []*process
		for _, w := range both {
			ps = append(ps, w.start(t, args...))
		}
		for _, p := range ps {
			if p.status(t) != 0 {
				t.Fatalf("graft %q: exit status %d", args, p.status(t))
			}
		}
	}
	run("fetch", "app")
	for i := range both {
		both[i] = both[i].withoutNetwork(t)
		both[i].env = append(both[i].env, "GOPROXY=http://localhost:1")
	}
	run("build", "app", "--offline")
	compareDirs(t, filepath.Join(a.dir, "dist"), filepath.Join(b.dir, "dist"))
	a.startsSmall(t, "dist")
	// Without the flag as well: nothing is missing.
	both[0].must(t, "build", "app", "--format", "deb")
}

// TestOfflineMissing wants everything that is missing at once, and the next step.
func TestOfflineMissing(t *testing.T) {
	w := newSmallWorld(t)
	w.store = filepath.Join(t.TempDir(), "store")
	before := w.read("app/graft.lock")
	_, stderr, status := w.run(t, "build", "app", "--offline")
	if status != 3 {
		t.Errorf("status %d", status)
	}
	for _, want := range []string{"zlib1g-dev", "zlib1g ", "libc6", "tzdata", "ca-certificates", "zig", "graft fetch"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("no %q in\n%s", want, stderr)
		}
	}
	if w.read("app/graft.lock") != before || len(tree(t, filepath.Join(w.dir, "dist"))) > 0 {
		t.Error("lock or dist have changed")
	}
}
