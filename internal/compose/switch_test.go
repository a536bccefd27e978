package compose

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestOldGo(t *testing.T) {
	tests := []struct {
		name, app, plugin string // lines of the go.mod files
		who, version      string
	}{
		{"plugin", "go 1.24", "go 1.99.3", "plugin ./p", "1.99.3"},
		{"language version of a plugin", "go 1.24", "go 1.99", "plugin ./p", "1.99.0"},
		{"release candidate", "go 1.99rc1", "go 1.24", "application app", "1.99rc1"},
		{"application's toolchain", "go 1.24\n\ntoolchain go1.98.1", "go 1.24", "application app", "1.98.1"},
		{"highest", "go 1.24\n\ntoolchain go1.98.1", "go 1.99", "plugin ./p", "1.99.0"},
		{"plugin's toolchain, which counts in its own builds", "go 1.24", "go 1.24\n\ntoolchain go1.99.0", "", ""},
	}
	d, _ := testDeps(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := tree(t, plain)
			write(t, filepath.Join(dir, "app", "go.mod"), "module example.com/plain\n\n"+tt.app+"\n")
			if err := os.Mkdir(filepath.Join(dir, "p"), 0o777); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, "p", "go.mod"), "module example.com/p\n\n"+tt.plugin+"\n")
			write(t, filepath.Join(dir, "p", "p.go"), "package p\n")
			_, err := Compose(t.Context(), d, Spec{App: "app", Dir: dir, Plugins: []PluginSpec{{Ref: "./p"}}})
			var old *OldGoError
			if tt.who == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.As(err, &old) || old.Who != tt.who || old.Version != tt.version || old.Have != d.Go.Version {
				t.Errorf("got %v, want that %s needs Go %s", err, tt.who, tt.version)
			}
		})
	}
	t.Run("wish of an application where the user wants no other Go", func(t *testing.T) {
		d := d
		d.Go.Fixed = true
		dir := tree(t, plain)
		write(t, filepath.Join(dir, "app", "go.mod"), "module example.com/plain\n\ngo 1.24\n\ntoolchain go1.98.1\n")
		if _, err := Compose(t.Context(), d, Spec{App: "app", Dir: dir}); err != nil {
			t.Error(err)
		}
	})
}

// A module that no go.mod of a plugin tells about needs a newer Go.
func TestOldGoOfDependency(t *testing.T) {
	d, _ := proxied(t, `
-- example.com/p@v1.0.0/go.mod --
module example.com/p

go 1.24

require example.com/new v1.0.0
-- example.com/p@v1.0.0/p.go --
package p

import _ "example.com/new"
-- example.com/new@v1.0.0/go.mod --
module example.com/new

go 1.99
-- example.com/new@v1.0.0/new.go --
package new
-- example.com/newer@v1.0.0/go.mod --
module example.com/newer

go 1.99.7
-- example.com/newer@v1.0.0/newer.go --
package newer
`)
	for plugin, want := range map[string]OldGoError{
		"example.com/p@v1.0.0":     {Who: "module example.com/new@v1.0.0", Version: "1.99.0"},
		"example.com/newer@v1.0.0": {Who: "module example.com/newer@v1.0.0", Version: "1.99.7"},
	} {
		_, err := Compose(t.Context(), d, Spec{App: "app", Dir: tree(t, plain), Plugins: []PluginSpec{{Ref: plugin}}})
		var old *OldGoError
		if !errors.As(err, &old) || old.Who != want.Who || old.Version != want.Version {
			t.Errorf("%s: got %v, want that %s needs Go %s", plugin, err, want.Who, want.Version)
		}
	}
}

func TestSwitch(t *testing.T) {
	d, _ := proxied(t, "")
	if g, err := Switch(t.Context(), d.Go, d.Go.Version, false, nil); err != nil || !slices.Equal(g.Env, d.Go.Env) {
		t.Errorf("to the installed one: %v", err)
	}
	_, err := Switch(t.Context(), d.Go, "1.99.3", false, nil)
	if err == nil || !strings.HasPrefix(err.Error(), "get Go 1.99.3: go: download go1.99.3") {
		t.Errorf("Go's own message is not kept: %v", err)
	}
	if _, err := Switch(t.Context(), d.Go, "1.99.3", true, nil); !errors.Is(err, ErrOffline) {
		t.Errorf("offline: %v", err)
	}
	fixed := d.Go
	fixed.Fixed = true
	if _, err := Switch(t.Context(), fixed, "1.99.3", false, nil); err == nil || !strings.Contains(err.Error(), "GOTOOLCHAIN=local allows no other") {
		t.Errorf("against the user's word: %v", err)
	}
}

// The toolchain that the go command has downloaded before is used without asking it.
func TestSwitchDownloaded(t *testing.T) {
	d, ev := testDeps(t)
	found, _ := filepath.Glob(filepath.Join(d.Go.ModCache, "golang.org", "toolchain@v0.0.1-go1.*"))
	for _, dir := range found {
		version := readVersion(filepath.Join(dir, "VERSION"))
		if version == "" || version == d.Go.Version || !strings.HasSuffix(dir, hostToolchain(version)) {
			continue
		}
		g, err := Switch(t.Context(), d.Go, version, true, ev.sink)
		if err != nil || g.Root != dir || g.Version != version || len(ev.commands) > 0 {
			t.Fatalf("Switch to %s: %+v, %v", version, g, err)
		}
		dir := tree(t, plain)
		c, err := Compose(t.Context(), Deps{Go: g, Store: d.Store, Events: ev.sink}, Spec{App: "app", Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if c.GoVersion != version {
			t.Errorf("composed with Go %s", c.GoVersion)
		}
		return
	}
	t.Skip("the module cache has no other toolchain for this host")
}

func TestToolchainFixed(t *testing.T) {
	for value, want := range map[string]bool{"local": true, "auto": false, "": false, "go1.27.1+auto": false} {
		if got := toolchainFixed([]string{"GOTOOLCHAIN=" + value}, "linux"); got != want {
			t.Errorf("GOTOOLCHAIN=%s: %v", value, got)
		}
	}
}
