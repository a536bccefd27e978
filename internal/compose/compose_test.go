package compose

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/store"
)

func testDeps(t *testing.T) Deps {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	ev := func(e event.Event) {
		switch e := e.(type) {
		case event.Command:
			if e.End {
				t.Log("ran", e.Took, e.Argv, e.Err)
			}
		default:
			t.Logf("%T %+v", e, e)
		}
	}
	g, err := FindGo(context.Background(), os.Environ(), ev)
	if err != nil {
		t.Skip(err)
	}
	return Deps{Go: g, Store: s, Events: ev}
}

func TestExamples(t *testing.T) {
	dir, _ := filepath.Abs("../../examples")
	d := testDeps(t)
	c, err := Compose(t.Context(), d, Spec{
		App: "image-server", Dir: dir, Plugins: []PluginSpec{{"./count-plugin"}, {"./qr-plugin"}},
		Interface: "example.com/api.Plugin", Entry: "Plugin", Register: "plugins = append(plugins, {{.Entry}})",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", c)
	for _, f := range []string{"go.mod", "plugins.go", "overlay.json"} {
		b, _ := os.ReadFile(filepath.Join(filepath.Dir(c.Dir), f))
		t.Logf("%s", b)
	}
}
