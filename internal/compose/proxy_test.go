package compose

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/tools/txtar"

	"github.com/graft-build/graft/internal/proxytest"
)

// proxied is testDeps with the modules of a txtar text, whose files are called
// path@version/file, in a module proxy of their own and an empty module cache.
func proxied(t *testing.T, text string) (Deps, *events) {
	t.Helper()
	d, ev := testDeps(t)
	src, proxy := tree(t, text), t.TempDir()
	var done []string
	for _, f := range txtar.Parse([]byte(text)).Files {
		path, rest, _ := strings.Cut(f.Name, "@")
		version, _, ok := strings.Cut(rest, "/")
		if !ok {
			t.Fatalf("%s: want path@version/file", f.Name)
		}
		m := module.Version{Path: path, Version: version}
		if slices.Contains(done, m.String()) {
			continue
		}
		done = append(done, m.String())
		if err := proxytest.Publish(proxy, m, filepath.Join(src, filepath.FromSlash(m.String()))); err != nil {
			t.Fatal(err)
		}
	}
	g, err := FindGo(t.Context(), append(os.Environ(), proxytest.Env(proxy, t.TempDir())...), nil)
	if err != nil {
		t.Fatal(err)
	}
	g.Fixed = false
	d.Go = g
	return d, ev
}
