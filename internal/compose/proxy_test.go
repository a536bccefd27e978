package compose

import (
	"os"
	"testing"

	"github.com/graft-build/graft/internal/proxytest"
)

// proxied is testDeps with the modules of a txtar text, whose files are called
// path@version/file, in a module proxy of their own and an empty module cache.
func proxied(t *testing.T, text string) (Deps, *events) {
	t.Helper()
	d, ev := testDeps(t)
	proxy := t.TempDir()
	if err := proxytest.PublishTree(proxy, text); err != nil {
		t.Fatal(err)
	}
	g, err := FindGo(t.Context(), append(os.Environ(), proxytest.Env(proxy, t.TempDir())...), nil)
	if err != nil {
		t.Fatal(err)
	}
	g.Fixed = false
	d.Go = g
	return d, ev
}
