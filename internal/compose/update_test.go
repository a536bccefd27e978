package compose

import (
	"testing"

	"github.com/graft-build/graft/lock"
)

// TestUpdate raises single modules of a lock; the others stay.
func TestUpdate(t *testing.T) {
	d, _ := testDeps(t)
	for _, version := range []string{"v1.5.1", "v1.5.2"} {
		need(t, d, "rsc.io/quote", version)
	}
	need(t, d, "rsc.io/sampler", "v1.3.1")
	spec := Spec{App: "app", Dir: tree(t, plain), Plugins: []PluginSpec{{Ref: "rsc.io/quote@v1.5.1"}}}
	c, err := Compose(t.Context(), d, spec)
	if err != nil {
		t.Fatal(err)
	}
	spec.Locked = lockOf(c.Modules, c.Sums)
	versions := func(list []lock.Module) map[string]string {
		m := map[string]string{}
		for _, l := range list {
			m[l.Path] = l.Version
		}
		return m
	}
	was := versions(c.Modules)

	up := spec
	up.Update = []string{"rsc.io/sampler@v1.3.1"}
	raised, err := Compose(t.Context(), d, up)
	if err != nil {
		t.Fatal(err)
	}
	if now := versions(raised.Modules); now["rsc.io/sampler"] != "v1.3.1" || now["rsc.io/quote"] != "v1.5.1" || now["golang.org/x/text"] != was["golang.org/x/text"] {
		t.Errorf("got %v", now)
	}
	goBuild(t, d, raised)

	kept := spec
	kept.Locked = lockOf(raised.Modules, raised.Sums)
	if again, err := Compose(t.Context(), d, kept); err != nil || again.Key != raised.Key {
		t.Errorf("the lock does not keep it: %v", err)
	}

	up = spec
	up.Plugins = []PluginSpec{{Ref: "rsc.io/quote@v1.5.2"}}
	up.Update = []string{"rsc.io/quote"}
	if raised, err = Compose(t.Context(), d, up); err != nil || versions(raised.Modules)["rsc.io/quote"] != "v1.5.2" {
		t.Errorf("plugin: %v, %v", versions(raised.Modules), err)
	}

	up = spec
	up.Update = []string{"rsc.io/sampler@v1.2.1"}
	_, err = Compose(t.Context(), d, up)
	refusal(t, err, "module rsc.io/sampler", "plugin rsc.io/quote@v1.5.1 requires v1.3.0")

	up = spec
	up.Update = []string{"example.com/plain"}
	if _, err = Compose(t.Context(), d, up); err != nil {
		t.Errorf("the application itself: %v", err)
	}
}

func TestNewest(t *testing.T) {
	d, _ := testDeps(t)
	need(t, d, "rsc.io/sampler", "v1.3.1")
	got, err := Newest(t.Context(), d, []string{"rsc.io/sampler", "example.invalid/none"})
	if err != nil {
		t.Skip(err)
	}
	if n := got["example.invalid/none"]; n.Err == nil {
		t.Errorf("a module that nobody has: %+v", n)
	}
	if n := got["rsc.io/sampler"]; n.Err == nil && n.Version == "" {
		t.Errorf("got %+v", n)
	}
	d.Offline = true
	if _, err := Newest(t.Context(), d, []string{"rsc.io/sampler"}); err == nil {
		t.Error("offline: no error")
	}
}
