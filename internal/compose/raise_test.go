package compose

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/lock"
)

// published is an application and plugins in versions that ask for more and more.
const published = `
-- example.com/app@v1.2.0/go.mod --
module example.com/app

go 1.24

require example.com/shared v1.0.0
-- example.com/app@v1.2.0/cmd/app/main.go --
package main

import "example.com/shared"

func main() { println(shared.Version) }
-- example.com/app@v1.2.0/api/api.go --
package api
-- example.com/app@v1.3.0/go.mod --
module example.com/app

go 1.24

require example.com/shared v1.0.0
-- example.com/app@v1.3.0/api/api.go --
package api
-- example.com/shared@v1.0.0/go.mod --
module example.com/shared

go 1.24
-- example.com/shared@v1.0.0/shared.go --
package shared

const Version = "v1.0.0"
-- example.com/shared@v1.1.0/go.mod --
module example.com/shared

go 1.24
-- example.com/shared@v1.1.0/shared.go --
package shared

const Version = "v1.1.0"
-- example.com/shared@v1.2.0/go.mod --
module example.com/shared

go 1.24
-- example.com/shared@v1.2.0/shared.go --
package shared

const Version = "v1.2.0"
-- example.com/between@v0.5.0/go.mod --
module example.com/between

go 1.16

require example.com/shared v1.2.0
-- example.com/between@v0.5.0/between.go --
package between

import _ "example.com/shared"
-- example.com/p@v1.3.1/go.mod --
module example.com/p

go 1.24

require example.com/app v1.1.0
-- example.com/p@v1.3.2/go.mod --
module example.com/p

go 1.24

require example.com/app v1.2.0
-- example.com/p@v1.3.2/p.go --
package p

import _ "example.com/app/api"
-- example.com/p@v1.3.3/go.mod --
module example.com/p

go 1.24

require example.com/app v1.3.0
-- example.com/p@v1.4.0-rc.1/go.mod --
module example.com/p

go 1.24

require example.com/app v1.2.0
-- example.com/p@v1.4.0/go.mod --
module example.com/p

go 1.24

require example.com/app v1.3.0
-- example.com/p@v1.4.0/p.go --
package p

import _ "example.com/app/api"
-- example.com/direct@v1.0.0/go.mod --
module example.com/direct

go 1.24

require example.com/shared v1.1.0
-- example.com/direct@v1.0.0/direct.go --
package direct

import _ "example.com/shared"
-- example.com/far@v1.0.0/go.mod --
module example.com/far

go 1.16

require example.com/between v0.5.0
-- example.com/far@v1.0.0/far.go --
package far

import _ "example.com/between"
`

func appSpec(t *testing.T, plugins ...string) Spec {
	t.Helper()
	s := Spec{App: "example.com/app/cmd/app@v1.2.0", Dir: t.TempDir(), Platforms: platforms(t, "linux/amd64")}
	for _, p := range plugins {
		s.Plugins = append(s.Plugins, PluginSpec{Ref: p})
	}
	return s
}

// The application's own version never moves; the plugin that wants more has an older version
// that does not.
func TestNewerApplication(t *testing.T) {
	d, _ := proxied(t, published)
	_, err := Compose(t.Context(), d, appSpec(t, "example.com/p@v1.4.0"))
	refusal(t, err, "plugin example.com/p@v1.4.0", "example.com/p@v1.4.0/go.mod",
		"it requires example.com/app v1.3.0, but the application is v1.2.0; the newest version of the plugin that fits is v1.3.2; or build example.com/app/cmd/app@v1.3.0")
	if _, err := Compose(t.Context(), d, appSpec(t, "example.com/p@v1.3.2")); err != nil {
		t.Errorf("the offered version: %v", err)
	}

	t.Run("offline", func(t *testing.T) {
		d := d
		d.Offline = true
		_, err := Compose(t.Context(), d, appSpec(t, "example.com/p@v1.4.0"))
		refusal(t, err, "plugin example.com/p@v1.4.0", "but the application is v1.2.0; use an older plugin, or build example.com/app/cmd/app@v1.3.0")
	})
	t.Run("no list", func(t *testing.T) {
		d, _ := proxied(t, published)
		for _, kv := range d.Go.Env {
			if proxy, ok := strings.CutPrefix(kv, "GOPROXY=file://"); ok {
				if err := os.Remove(filepath.Join(proxy, "example.com", "p", "@v", "list")); err != nil {
					t.Fatal(err)
				}
			}
		}
		_, err := Compose(t.Context(), d, appSpec(t, "example.com/p@v1.4.0"))
		refusal(t, err, "plugin example.com/p@v1.4.0", "but the application is v1.2.0; use an older plugin, or build example.com/app/cmd/app@v1.3.0")
	})
	t.Run("folder", func(t *testing.T) {
		spec := appSpec(t, "./p")
		spec.Dir = tree(t, "-- p/go.mod --\nmodule example.com/p\n\ngo 1.24\n\nrequire example.com/app v1.3.0\n-- p/p.go --\npackage p\n")
		_, err := Compose(t.Context(), d, spec)
		refusal(t, err, "plugin ./p", "it requires example.com/app v1.3.0, but the application is v1.2.0; build example.com/app/cmd/app@v1.3.0, or lower the requirement")
	})
}

func TestRaises(t *testing.T) {
	d, ev := proxied(t, published)
	tests := []struct {
		plugin, to, note, by string
	}{
		{"example.com/direct@v1.0.0", "v1.1.0", "plugin example.com/direct@v1.0.0 raises example.com/shared from v1.0.0 to v1.1.0", "example.com/direct@v1.0.0"},
		{"example.com/far@v1.0.0", "v1.2.0", "plugin example.com/far@v1.0.0 raises example.com/shared from v1.0.0 to v1.2.0 (through example.com/between@v0.5.0)", "example.com/far@v1.0.0 example.com/between@v0.5.0"},
	}
	for _, tt := range tests {
		t.Run(tt.plugin, func(t *testing.T) {
			ev.texts = nil
			spec := appSpec(t, tt.plugin)
			c, err := Compose(t.Context(), d, spec)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(ev.texts, tt.note) {
				t.Errorf("told %q, want %q", ev.texts, tt.note)
			}
			i := slices.IndexFunc(c.Modules, func(m lock.Module) bool { return m.Path == "example.com/shared" })
			if m := c.Modules[i]; m.Version != tt.to || m.From != "v1.0.0" || m.By != tt.by {
				t.Errorf("the lock gets %+v", m)
			}

			ev.texts = nil
			spec.Locked = lockOf(c.Modules, c.Sums)
			again, err := Compose(t.Context(), d, spec)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c, again); diff != "" {
				t.Errorf("with the lock: %s", diff)
			}
			if len(ev.texts) > 0 {
				t.Errorf("with the lock it tells again: %q", ev.texts)
			}

			spec.Keep = true
			for _, l := range []*lock.Lock{nil, spec.Locked} {
				spec.Locked = l
				_, err = Compose(t.Context(), d, spec)
				refusal(t, err, "plugin "+tt.plugin, "it raises example.com/shared from v1.0.0 to "+tt.to, "plugins.versions: keep")
			}
		})
	}
}

func TestReplaceLinesOfDownloads(t *testing.T) {
	const more = `
-- example.com/q@v1.0.0/go.mod --
module example.com/q

go 1.24

require (
	example.com/fork v1.0.0
	example.com/shared v1.0.0
	example.com/local v1.0.0
)

replace example.com/fork v1.0.0 => example.com/ours v1.0.0

replace example.com/shared => example.com/shared v1.2.0

replace example.com/local => ../local

replace example.com/leftover => ../x
-- example.com/q@v1.0.0/q.go --
package q

import "example.com/fork"

func init() { println(fork.Name) }
-- example.com/r@v1.0.0/go.mod --
module example.com/r

go 1.24

require example.com/fork v1.0.0

replace example.com/fork v1.0.0 => example.com/theirs v1.0.0
-- example.com/r@v1.0.0/r.go --
package r
-- example.com/ours@v1.0.0/go.mod --
module example.com/ours

go 1.24
-- example.com/ours@v1.0.0/ours.go --
package fork

const Name = "ours"
-- example.com/local@v1.0.0/go.mod --
module example.com/local

go 1.24
-- example.com/local@v1.0.0/local.go --
package local
`
	d, ev := proxied(t, published+more)
	c, err := Compose(t.Context(), d, appSpec(t, "example.com/q@v1.0.0", "example.com/r@v1.0.0"))
	if err != nil {
		t.Fatal(err)
	}
	goBuild(t, d, c)
	want := []string{
		"plugin example.com/q@v1.0.0 replaces example.com/fork with example.com/ours v1.0.0, which is taken over",
		"plugin example.com/q@v1.0.0 replaces example.com/shared with example.com/shared v1.2.0, which is left out: the application requires example.com/shared v1.0.0 itself; if the plugin does not work without it, put the line into the application's go.mod",
		"plugin example.com/q@v1.0.0 replaces example.com/local, example.com/leftover with folders that are not part of its module; the versions that it requires count",
		"plugin example.com/r@v1.0.0 replaces example.com/fork with example.com/theirs v1.0.0, which is left out: plugin example.com/q@v1.0.0 has example.com/fork v1.0.0 => example.com/ours v1.0.0",
	}
	slices.Sort(want)
	slices.Sort(ev.texts)
	if diff := cmp.Diff(want, ev.texts); diff != "" {
		t.Error(diff)
	}
	mod := read(t, filepath.Join(filepath.Dir(c.Dir), "go.mod"))
	if strings.Count(mod, "replace ") != 1 || !strings.Contains(mod, "replace example.com/fork v1.0.0 => example.com/ours v1.0.0") {
		t.Errorf("got\n%s", mod)
	}
}

// A package's module that was found once is not looked for again: proxies are slow to say
// that there is no module example.com/app/cmd/app.
func TestKnownModulesAreNotLookedFor(t *testing.T) {
	d, ev := proxied(t, published)
	for _, first := range []bool{true, false} {
		ev.commands = nil
		if _, err := Compose(t.Context(), d, appSpec(t, "example.com/p@v1.3.2")); err != nil {
			t.Fatal(err)
		}
		asked := slices.ContainsFunc(ev.commands, func(argv []string) bool { return slices.Contains(argv, "download") })
		if asked != first {
			t.Errorf("modules asked for: %t, want %t: %q", asked, first, ev.commands)
		}
	}
}
