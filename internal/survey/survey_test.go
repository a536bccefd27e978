package survey

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/tools/txtar"
)

// tree writes the files of an archive to a folder.
func tree(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(text)).Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLook(t *testing.T) {
	dir := tree(t, `
-- app/go.mod --
module example.com/app/v2
require (
	example.com/api v1.2.3
	example.com/lib v0.0.0
)
replace example.com/lib => ../lib
-- app/cmd/app/main.go --
package main
-- app/cmd/tool/main.go --
package main
-- app/cmd/tool/ignored.go --
//go:build ignore

package other
-- app/only/ignored.go --
//go:build ignore

package main
-- app/testdata/main.go --
package main
-- app/nested/go.mod --
module example.com/nested
-- app/nested/main.go --
package main
-- app/c/c.go --
package c
// #cgo pkg-config: --static cairo
// #cgo LDFLAGS: -lm -lfoo
// #cgo windows LDFLAGS: -lbar
import "C"
-- lib/go.mod --
module example.com/lib
-- lib/lib.go --
package lib
// #cgo LDFLAGS: -lusb-1.0
import "C"
`)
	m, err := Look(filepath.Join(dir, "app", "cmd"))
	if err != nil {
		t.Fatal(err)
	}
	want := &Module{
		Path: "example.com/app/v2", Root: filepath.Join(dir, "app"), Mains: []string{"cmd/app", "cmd/tool"},
		Needs: []string{"lib:foo", "lib:usb-1.0", "pkg-config:cairo"},
	}
	if d := cmp.Diff(want, m, cmpopts.IgnoreUnexported(Module{}), cmpopts.IgnoreFields(Module{}, "Requires")); d != "" {
		t.Error(d)
	}
	if got := m.Main(); got != "cmd/app" {
		t.Errorf("main package %q", got)
	}
	if _, err := Look(dir); !errors.Is(err, ErrNoModule) {
		t.Errorf("no module: %v", err)
	}
}

const head = "-- go.mod --\nmodule example.com/app\nrequire example.com/far v1.0.0\n-- api/api.go --\npackage api\ntype Plugin interface{ Run() }\ntype Config struct{}\n-- main.go --\n"

var seams = []struct {
	name, files string
	want        Seam
}{
	{"slice", head + "package main\nimport \"example.com/app/api\"\nvar plugins []api.Plugin\n",
		Seam{"example.com/app/api.Plugin", "Plugin", "plugins = append(plugins, {{.Entry}}())", "var plugins []api.Plugin in main.go", ""}},
	{"slice of functions", head + "package main\nimport a \"example.com/app/api\"\nvar all = []func() a.Plugin{}\n",
		Seam{"example.com/app/api.Plugin", "Plugin", "all = append(all, {{.Entry}})", "var all []func() a.Plugin in main.go", ""}},
	{"slice of what is no interface", head + "package main\nimport \"example.com/app/api\"\nvar plugins []api.Config\n", Seam{}},
	{"slice of a type that is far away", head + "package main\nimport \"example.com/far/v2\"\nvar extensions []far.Extension\n",
		Seam{"example.com/far/v2.Extension", "New", "extensions = append(extensions, {{.Entry}}())", "var extensions []far.Extension in main.go", ""}},
	{"slice of the standard library", head + "package main\nimport \"net/http\"\nvar handlers []http.Handler\n", Seam{}},
	{"function", head + "package main\nimport \"example.com/app/api\"\nfunc register(p api.Plugin) {}\n",
		Seam{"example.com/app/api.Plugin", "Plugin", "register({{.Entry}}())", "func register(api.Plugin) in main.go", ""}},
	{"blank import", head + "package main\nimport _ \"example.com/far/standard\"\n",
		Seam{Why: "main.go imports example.com/far/standard for what its init does"}},
	{"own Register", head + "package main\n-- sql/sql.go --\npackage sql\nfunc Register(name string, d any) {}\n",
		Seam{Why: "plugins can call example.com/app/sql.Register in their init"}},
	{"CoreDNS", head + "package main\n-- plugin.cfg --\n# order\nroot:root\nmetadata:metadata\n", Seam{Why: "plugin.cfg, the ordered list of plugins", From: "plugin.cfg"}},
	{"collector", head + "package main\nimport \"go.opentelemetry.io/collector/otelcol\"\nfunc components() (otelcol.Factories, error) { panic(0) }\n",
		Seam{Why: "components() of an OpenTelemetry collector in main.go", From: "builder-config.yaml"}},
	{"broken", head + "package main\nvar plugins []\n", Seam{}},
	{"nothing", head + "package main\nfunc main() {}\n", Seam{}},
}

func TestSeam(t *testing.T) {
	for _, c := range seams {
		t.Run(c.name, func(t *testing.T) {
			m, err := Look(tree(t, c.files))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, m.Seam(".")); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestEntry(t *testing.T) {
	dir := tree(t, "-- p.go --\npackage p\nimport x \"example.com/app/api\"\nfunc helper() x.Plugin { return nil }\nfunc With(n int) x.Plugin { return nil }\nfunc Make() x.Plugin { return nil }\n")
	if got := Entry(dir, "example.com/app/api.Plugin"); got != "Make" {
		t.Errorf("entry %q", got)
	}
	if got := Entry(dir, "example.com/app/api.Other"); got != "" {
		t.Errorf("entry %q", got)
	}
}

func TestHost(t *testing.T) {
	m, err := Look(tree(t, "-- go.mod --\nmodule example.com/p\nrequire github.com/caddyserver/caddy/v2 v2.8.4\n-- p.go --\npackage p\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Host(); got != "github.com/caddyserver/caddy/v2/cmd/caddy@v2.8.4" || len(m.Mains) != 0 {
		t.Errorf("host %q, mains %q", got, m.Mains)
	}
}
