package detect

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/compose"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/target"
)

func testDeps(t *testing.T) compose.Deps {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	g, err := compose.FindGo(context.Background(), os.Environ(), nil)
	if err != nil {
		t.Skip(err)
	}
	ev := func(e event.Event) {
		if c, ok := e.(event.Command); ok && c.End {
			t.Log("ran", c.Took, c.Argv[:3], c.Err)
		}
	}
	return compose.Deps{Go: g, Store: s, Events: ev}
}

func TestX(t *testing.T) {
	dir, _ := filepath.Abs("../../examples")
	d := testDeps(t)
	for range 3 {
		start := time.Now()
		c, err := compose.Compose(t.Context(), d, compose.Spec{
			App: "image-server", Dir: dir, Plugins: []compose.PluginSpec{{Ref: "./count-plugin"}, {Ref: "./qr-plugin"}},
			Interface: "example.com/api.Plugin", Entry: "Plugin", Register: "plugins = append(plugins, {{.Entry}})",
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Log("compose", time.Since(start))
		for _, n := range []string{"linux/amd64", "rpi4"} {
			tg, _ := target.Parse(n)
			r, err := Detect(t.Context(), d, c, tg, nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", r.Needs)
		}
		t.Log("both", time.Since(start))
	}
}
