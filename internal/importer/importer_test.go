package importer

import (
	"bytes"
	"errors"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/modfile"

	"github.com/graft-build/graft/manifest"
)

var here = Places{From: "/home/u/src", To: "/home/u/src/out"}

// file is one of a project's files, "" when it has none of that name.
func (p *Project) file(name string) string {
	for _, f := range p.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// wellFormed checks what graft and Go will ask of a project's files.
func wellFormed(t *testing.T, p *Project) *manifest.Manifest {
	t.Helper()
	var m *manifest.Manifest
	for _, f := range p.Files {
		if filepath.Base(f.Name) != f.Name {
			t.Fatalf("file %q is not in the folder", f.Name)
		}
		var err error
		switch {
		case f.Name == "graft.yaml":
			m, err = manifest.Parse(f.Name, bytes.NewReader(f.Data))
		case f.Name == "go.mod":
			_, err = modfile.Parse(f.Name, f.Data, nil)
		case strings.HasSuffix(f.Name, ".go"):
			_, err = parser.ParseFile(token.NewFileSet(), f.Name, f.Data, parser.AllErrors)
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, f.Data)
		}
	}
	if m == nil {
		t.Fatal("no graft.yaml")
	}
	return m
}

func TestOCB(t *testing.T) {
	p, err := OCB("builder.yaml", []byte(`dist:
  name: otelcol-Mine
  module: example.com/mine
  description: "Mine: small"
  version: v1.2
  output_path: ./_build
  build_tags: a,b
  debug_compilation: true
  cgo_enabled: true
conf_resolver:
  default_uri_scheme: env
extensions:
  - gomod: example.com/ext v0.1.0
    path: ../ext
receivers:
  - gomod: go.opentelemetry.io/collector/receiver/otlpreceiver v0.138.0
exporters:
  - gomod: example.com/exp v0.2.0
    import: example.com/exp/sub
    name: mine
processors:
  - gomod: example.com/proc v0.3.0
replaces:
  - example.com/proc => ../proc
  - example.com/dep v1.0.0 => example.com/fork v1.0.1
  - example.com/other => ./other
excludes:
  - example.com/dep v1.1.0
unknown: 1
`), here)
	if err != nil {
		t.Fatal(err)
	}
	m := wellFormed(t, p)
	if m.Name != "otelcol-mine" || m.Version != "1.2" || m.Description != "Mine: small" || !m.Build.Debug || !cmp.Equal(m.Build.Tags, []string{"a", "b"}) {
		t.Errorf("%+v", m)
	}
	var uses []string
	for _, u := range m.Plugins.Use {
		uses = append(uses, strings.TrimSpace(u.Options["kind"].(string)+" "+u.Module+" "+u.Alias))
	}
	want := []string{
		"extension ../../ext", "receiver go.opentelemetry.io/collector/receiver/otlpreceiver@v0.138.0",
		"processor ../proc", "exporter example.com/exp/sub@v0.2.0 mine",
		"provider go.opentelemetry.io/collector/confmap/provider/envprovider@v1.44.0", "provider go.opentelemetry.io/collector/confmap/provider/fileprovider@v1.44.0",
		"provider go.opentelemetry.io/collector/confmap/provider/httpprovider@v1.44.0", "provider go.opentelemetry.io/collector/confmap/provider/httpsprovider@v1.44.0",
		"provider go.opentelemetry.io/collector/confmap/provider/yamlprovider@v1.44.0",
	}
	if d := cmp.Diff(want, uses); d != "" {
		t.Error(d)
	}
	gomod := "module example.com/mine\n\ngo 1.24\n\nrequire go.opentelemetry.io/collector/otelcol v0.138.0\n\n" +
		"replace example.com/dep v1.0.0 => example.com/fork v1.0.1\n\nreplace example.com/other => ../_build/other\n\nexclude example.com/dep v1.1.0\n"
	if d := cmp.Diff(gomod, p.file("go.mod")); d != "" {
		t.Error(d)
	}
	for _, want := range []string{`Command:     "otelcol-Mine"`, `Description: "Mine: small"`, `DefaultScheme:      "env"`} {
		if !strings.Contains(p.file("main.go"), want) {
			t.Errorf("main.go lacks %s", want)
		}
	}
	notes := []Note{
		{6, "output_path is not carried: artifacts are written to dist/"},
		{9, "cgo_enabled is not carried: C is compiled where a package has it"},
		{29, "unknown is not carried"},
	}
	if d := cmp.Diff(notes, p.Notes); d != "" {
		t.Error(d)
	}
}

func TestOCBTelemetry(t *testing.T) {
	p, err := OCB("b.yaml", []byte("receivers:\n- gomod: go.opentelemetry.io/collector/receiver/nopreceiver v0.145.0\nproviders: []\n"), here)
	if err != nil {
		t.Fatal(err)
	}
	m := wellFormed(t, p)
	if len(m.Plugins.Use) != 2 || m.Plugins.Use[1].Module != telemetryPath+"@v0.145.0" {
		t.Errorf("%+v", m.Plugins.Use)
	}
}

func TestOCBRefuses(t *testing.T) {
	const head = "receivers:\n  - gomod: go.opentelemetry.io/collector/receiver/nopreceiver v0.145.0\n"
	for text, want := range map[string]string{
		"dist:\n  name: x\n": "no components",
		"receivers:\n  - gomod: go.opentelemetry.io/collector/x v0.100.0\n":  "from v0.120.0 on",
		"receivers:\n  - gomod: example.com/x v1.0.0\n":                      "no version of the collector",
		"receivers:\n  - import: example.com/x\n":                            "b.yaml:2: a receiver without gomod",
		"receivers:\n  - gomod: example.com/x\n":                             "b.yaml:2: gomod",
		"receivers:\n  - gomod: ../x v1.0.0\n":                               "b.yaml:2: component",
		"receivers:\n  - gomod: example.com/x v1\n    import: example.com/y": "b.yaml:2: component",
		head + head[11:]:                                  "listed twice, first in line 2",
		head + "replaces:\n  - a => b => c\n":             "b.yaml:4: replace",
		head + "excludes:\n  - \"a v1\\nrequire b v1\"\n": "b.yaml:4: exclude",
		head + "dist:\n  module: \"a b\"\n":               "dist.module",
		"a: &x 1\nb: *x\n":                                "anchors",
	} {
		if _, err := OCB("b.yaml", []byte(text), here); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestPluginCfg(t *testing.T) {
	gomod := []byte("module example.com/mine\nrequire (\n\tgithub.com/coredns/coredns v1.12.4\n\texample.com/dns v0.3.0\n)\n")
	p, err := PluginCfg("plugin.cfg", []byte("# order\nmetadata:metadata\r\nprometheus:metrics\n\nmine:example.com/dns/mine\nfar:example.org/far/v2\nfull:github.com/coredns/coredns/plugin/full\non:github.com/coredns/caddy/onevent\n"), gomod, "")
	if err != nil {
		t.Fatal(err)
	}
	m := wellFormed(t, p)
	want := []manifest.Use{
		{Module: "github.com/coredns/coredns/plugin/metadata"},
		{Module: "github.com/coredns/coredns/plugin/metrics", Options: map[string]any{"directive": "prometheus"}},
		{Module: "example.com/dns/mine@v0.3.0"},
		{Module: "example.org/far/v2@latest"},
		{Module: "github.com/coredns/coredns/plugin/full"},
		{Module: "github.com/coredns/caddy/onevent", Options: map[string]any{"directive": "on"}},
	}
	if d := cmp.Diff(want, m.Plugins.Use); d != "" || m.App != "github.com/coredns/coredns@v1.12.4" || len(m.Plugins.Files) != 2 {
		t.Errorf("%s %s", m.App, d)
	}
	for text, want := range map[string]string{
		"":                  "no plugins",
		"a:a\n# x\na:b\n":   "plugin.cfg:3: a second a",
		"a:a\nwhat is it\n": "plugin.cfg:2: ",
		"a:../../x\n":       "plugin.cfg:1: ",
		"a:x.y/../../etc\n": "plugin.cfg:1: ",
	} {
		if _, err := PluginCfg("plugin.cfg", []byte(text), nil, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestXcaddy(t *testing.T) {
	tests := []struct {
		name, line string
		manifest   string // without its comment
		gomod      string
		notes      []Note
	}{
		{"plain", "xcaddy build", "name: caddy\napp: github.com/caddyserver/caddy/v2/cmd/caddy@latest\n", "", nil},
		{"plugins", "GOOS=linux GOARCH=arm GOARM=7 xcaddy build v2.8.4 --with example.com/a@v1.0.0 --with=example.com/b --with example.com/c@v1.0.0=../c --output bin/My-Caddy.exe --embed web:./www",
			"name: my-caddy\napp: github.com/caddyserver/caddy/v2/cmd/caddy@v2.8.4\nplugins:\n  use:\n    - example.com/a@v1.0.0\n    - example.com/b@latest\n    - ../../c\ntargets: [linux/arm/v7]\n", "",
			[]Note{{0, "--output bin/My-Caddy.exe is not carried: artifacts are written to dist/"}, {0, "--embed web:./www is not carried: files cannot be put into the program"}}},
		{"replacements", "env CADDY_VERSION=v2.8.4 XCADDY_SETCAP=1 xcaddy build --with example.com/a@v1.0.0=example.com/fork@v1.0.1 --replace example.com/dep=./dep",
			"name: caddy\nversion: '2.8.4'\napp: .\nplugins:\n  use:\n    - example.com/a@v1.0.0\n",
			"module caddy\n\ngo 1.24\n\nrequire github.com/caddyserver/caddy/v2 v2.8.4\n\nreplace example.com/a => example.com/fork v1.0.1\nreplace example.com/dep => ../dep\n",
			[]Note{{0, "XCADDY_SETCAP=1 is not carried"}}},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			p, err := Xcaddy(strings.Fields(c.line), here)
			if err != nil {
				t.Fatal(err)
			}
			wellFormed(t, p)
			_, text, _ := strings.Cut(p.file("graft.yaml"), "\n")
			if d := cmp.Diff([]any{c.manifest, c.gomod, c.notes}, []any{text, p.file("go.mod"), p.Notes}); d != "" {
				t.Error(d)
			}
		})
	}
	for line, want := range map[string]string{
		"caddy build": "want a command line", "xcaddy": "want a command line", "xcaddy run": "want a command line",
		"xcaddy build --with": "no value", "xcaddy build --what x": "unknown flag --what", "xcaddy build v1 v2": "two versions",
		"xcaddy build --with ../a": "--with ../a", "xcaddy build --replace example.com/a": "want MODULE=REPLACEMENT",
		"xcaddy build --replace example.com/a=./a":    "exact version",
		"GOOS=plan10 xcaddy build":                    "plan10",
		"xcaddy build --replace example.com/a=b@main": "replacement b@main",
	} {
		var e *Error
		if _, err := Xcaddy(strings.Fields(line), here); !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}

func TestDetect(t *testing.T) {
	for text, want := range map[string]string{"# x\ndist:\n  name: y\n": "ocb", "receivers: # all\n": "ocb", "a:b\n": "plugin.cfg", "name: app\n": "", "": ""} {
		if got := Detect([]byte(text)); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func FuzzOCB(f *testing.F) {
	f.Add("dist: {name: \"a\", version: 1.10, build_tags: 'x,y'}\nreceivers:\n- {gomod: go.opentelemetry.io/collector/x v0.145.0, name: a, path: ./x}\nreplaces:\n- a.b/c => ../d\n")
	f.Add("exporters:\n  - gomod: \"a.b/c v0.130.0\"\n    import: a.b/c/d\nproviders:\n - gomod: x.y/z v1.0.0\ntelemetry: {gomod: q.r/s v0.130.0}\nexcludes: [a.b/c v1.0.0]\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := OCB("b.yaml", []byte(text), here)
		if err == nil {
			wellFormed(t, p)
		}
	})
}

func FuzzPluginCfg(f *testing.F) {
	f.Add("on:github.com/coredns/caddy/onevent\nmetadata:metadata\n", "module m\nrequire a.b/c v1.0.0\n")
	f.Fuzz(func(t *testing.T, text, gomod string) {
		p, err := PluginCfg("plugin.cfg", []byte(text), []byte(gomod), "")
		if err == nil {
			wellFormed(t, p)
		}
	})
}

func FuzzXcaddy(f *testing.F) {
	f.Add("GOOS=windows\nxcaddy\nbuild\nv2.8.4\n--with\nexample.com/a@v1=./it's\n--output\nx y\n--replace\na.b/c=../d e")
	f.Fuzz(func(t *testing.T, line string) {
		p, err := Xcaddy(strings.Split(line, "\n"), here)
		if err == nil {
			wellFormed(t, p)
		}
	})
}
