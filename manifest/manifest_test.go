package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const whole = `# the article's application
name: image-server
version: 1.0.0
description: Serves an image that plugins paint on
maintainer: Karl Koch <contact@example.com>
homepage: https://example.com
license: MIT
app: .
plugins:
  interface: example.com/api.Plugin
  entry: Plugin
  register: plugins = append(plugins, {{.Entry}})
  use:
    - ../count-plugin
    - example.com/qr@v1.2.3
targets: [linux/amd64, rpi4]
formats: [tar.gz, deb, oci]
build: {tags: [netgo], ldflags: -X main.v=1, debug: true}
packages:
  debian: {build: [libfoo-dev], run: [tzdata], choose: {"pkg-config:x": libx-dev}}
repositories:
  debian: {suite: trixie, mirrors: ["file:///srv/debian"], security: ["file:///srv/sec"], keyring: keys.gpg}
oci: {ports: [8080], env: {A: b}, args: [-v], user: "1000"}
files:
  - {source: x.env, destination: /etc/default/image-server}
  - {source: web, destination: /usr/share/web, mode: 0750}
services:
  image-server: {description: Serves, args: [-n, 1.0], env: {A: 2.0}, user: www, state: true, unit: x.service}
man: x.8
completions: {bash: x.bash}
deb: {section: web, priority: optional, depends: [fonts-dejavu-core]}
`

func TestParse(t *testing.T) {
	got, err := Parse("graft.yaml", strings.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	want := &Manifest{
		Name: "image-server", Version: "1.0.0", Description: "Serves an image that plugins paint on",
		Maintainer: "Karl Koch <contact@example.com>", Homepage: "https://example.com", License: "MIT", App: ".",
		Plugins: Plugins{
			Interface: "example.com/api.Plugin", Entry: "Plugin", Register: "plugins = append(plugins, {{.Entry}})",
			Use: []Use{{Module: "../count-plugin"}, {Module: "example.com/qr@v1.2.3"}},
		},
		Targets: []string{"linux/amd64", "rpi4"}, Formats: []string{"tar.gz", "deb", "oci"},
		Build:    Build{Tags: []string{"netgo"}, LDFlags: "-X main.v=1", Debug: true},
		Packages: map[string]Packages{"debian": {Build: []string{"libfoo-dev"}, Run: []string{"tzdata"}, Choose: map[string]string{"pkg-config:x": "libx-dev"}}},
		Repositories: map[string]Repository{"debian": {
			Suite: "trixie", Mirrors: []string{"file:///srv/debian"}, Security: []string{"file:///srv/sec"}, Keyring: "keys.gpg",
		}},
		OCI:   OCI{Ports: []int{8080}, Env: map[string]string{"A": "b"}, Args: []string{"-v"}, User: "1000"},
		Files: []Install{{Source: "x.env", Destination: "/etc/default/image-server"}, {Source: "web", Destination: "/usr/share/web", Mode: "0750"}},
		Services: map[string]Service{"image-server": {
			Description: "Serves", Args: []string{"-n", "1.0"}, Env: map[string]string{"A": "2.0"}, User: "www", State: true, Unit: "x.service",
		}},
		Man: "x.8", Completions: map[string]string{"bash": "x.bash"},
		Deb: Deb{Section: "web", Priority: "optional", Depends: []string{"fonts-dejavu-core"}},
	}
	if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Manifest{})); d != "" {
		t.Error(d)
	}
}

// YAML reads 1.10 as the number 1.1; a version is what the user wrote.
func TestParseNumbersAsWritten(t *testing.T) {
	m, err := Parse("graft.yaml", strings.NewReader("name: 007\nversion: 1.10\noci: {env: {A.B: 2.0, C: 0x1F}, args: [1.0, -v]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := Manifest{Name: "007", Version: "1.10", OCI: OCI{Env: map[string]string{"A.B": "2.0", "C": "0x1F"}, Args: []string{"1.0", "-v"}}}
	if d := cmp.Diff(&want, m, cmpopts.IgnoreUnexported(Manifest{})); d != "" {
		t.Error(d)
	}
}

func TestErrorAt(t *testing.T) {
	m, err := Parse("graft.yaml", strings.NewReader("plugins:\n  use:\n    - ../a\n    - ../b\n"))
	if err != nil {
		t.Fatal(err)
	}
	var e *Error
	if err := m.ErrorAt("$.plugins.use[1]", "no folder %s", "../b"); !errors.As(err, &e) || e.Line != 4 || e.Col != 7 || e.Text != "no folder ../b" {
		t.Errorf("got %v", err)
	}
	if err := new(Manifest).ErrorAt("$.app", "x"); err.Error() != "x" {
		t.Errorf("of a made manifest: %v", err)
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		name, in  string
		line, col int
		text      string
	}{
		{"unknown key", "name: x\ntarget: [rpi4]\n", 2, 1, `unknown key "target"; did you mean "targets"?`},
		{"unknown key below", "plugins:\n  used: [a]\n", 2, 3, `unknown key "used"`},
		{"wrong type", "name: x\ntargets: rpi4\n", 2, 10, "want a list"},
		{"wrong type in list", "oci:\n  ports: [a]\n", 2, 11, "want a whole number"},
		{"unknown target", "targets:\n  - linux/amd64\n  - rpi44\n", 3, 5, `unknown target "rpi44"; did you mean rpi4`},
		{"unknown format", "formats: [deb, exe]\n", 1, 16, `unknown format "exe"`},
		{"unknown suite", "repositories:\n  debian:\n    suite: buzz\n", 3, 12, `unknown suite "buzz"`},
		{"unknown distribution", "repositories:\n  arch: {}\n", 2, 9, `unknown distribution "arch"`},
		{"bad name", "name: Image Server\n", 1, 7, "lower-case"},
		{"bad version", "version: v1\n", 1, 10, "want a digit first"},
		{"control character", "description: \"a\\nControl: b\"\n", 1, 14, "one line"},
		{"twice", "name: a\nname: b\n", 2, 1, "name"},
		{"alias", "name: &a x\nversion: *a\n", 1, 7, "anchors"},
		{"register", "plugins: {register: \"x = {{.Entry\"}\n", 1, 21, "unclosed action"},
		{"ldflags", "build: {ldflags: \"-X 'a.b=c d\"}\n", 1, 18, "a ' is opened and not closed"},
		{"port", "oci: {ports: [70000]}\n", 1, 15, "port 70000"},
		{"image user", "oci: {user: root}\n", 1, 13, "uid:gid"},
		{"build tag", "build: {tags: [a, b c]}\n", 1, 19, `build tag "b c"`},
		{"mirror", "repositories: {debian: {mirrors: [\"ftp://x\"]}}\n", 1, 35, `mirror "ftp://x"`},
		{"entry", "plugins: {entry: plugin}\n", 1, 18, "exported function"},
		{"interface", "plugins: {interface: nodot}\n", 1, 22, "example.com/api.Plugin"},
		{"dependency", "deb: {depends: [libc6, foo (>>>1)]}\n", 1, 24, "no dependency"},
		{"file without source", "files: [{destination: /etc/x}]\n", 1, 9, "want source"},
		{"file outside", "files: [{source: x, destination: /usr/../x}]\n", 1, 34, "want an absolute path"},
		{"mode", "files: [{source: x, destination: /x, mode: 4755}]\n", 1, 44, "three octal digits"},
		{"service", "services:\n  A b: {}\n", 2, 8, "lower-case letters"},
		{"service's user", "services: {a.b: {user: X}}\n", 1, 24, "at most 31 lower-case"},
		{"service's argument", "services: {a: {args: [b, \"c\\nd\"]}}\n", 1, 26, "one line"},
		{"service's environment", "services: {a: {env: {A-B: x}}}\n", 1, 21, "letters, digits and _"},
		{"man", "man: server.txt\n", 1, 6, "the section"},
		{"shell", "completions: {ksh: x}\n", 1, 20, `unknown shell "ksh"`},
		{"empty plugin", "plugins: {use: [\"\"]}\n", 1, 17, "folder or package@version"},
		{"syntax", "name: [\n", 1, 7, ""},
		{"deep", strings.Repeat("[", 5000), 1, 1, "nested deeper"},
		{"nul", "name: a\n\x00", 2, 1, "NUL"},
		{"large", strings.Repeat("# \n", MaxSize), 0, 0, "larger than"},
		{"two documents", "name: a\n---\nname: b\n", 0, 0, "more than one"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("graft.yaml", strings.NewReader(tt.in))
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if e.Line != tt.line || e.Col != tt.col || !strings.Contains(e.Text, tt.text) {
				t.Errorf("got %d:%d %q, want %d:%d and %q\n%v", e.Line, e.Col, e.Text, tt.line, tt.col, tt.text, err)
			}
			if !strings.HasPrefix(err.Error(), "graft.yaml:") {
				t.Errorf("error does not start with the file: %v", err)
			}
		})
	}
}

func TestParseEmpty(t *testing.T) {
	for _, in := range []string{"", "# nothing\n"} {
		if m, err := Parse("graft.yaml", strings.NewReader(in)); err != nil || !cmp.Equal(m, &Manifest{}, cmpopts.IgnoreUnexported(Manifest{})) {
			t.Errorf("Parse(%q) = %+v, %v", in, m, err)
		}
	}
}

// TestSchema holds the schema and the Go types together: the same keys at the same places.
func TestSchema(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(Schema, &schema); err != nil {
		t.Fatal(err)
	}
	compareSchema(t, "$", reflect.TypeOf(Manifest{}), schema)
}

func compareSchema(t *testing.T, path string, typ reflect.Type, schema map[string]any) {
	if typ == reflect.TypeOf(map[string]any{}) {
		return
	}
	for typ.Kind() == reflect.Map || typ.Kind() == reflect.Slice {
		next, ok := schema["additionalProperties"].(map[string]any)
		if typ.Kind() == reflect.Slice {
			next, ok = schema["items"].(map[string]any)
		}
		if !ok {
			t.Errorf("%s: schema does not describe the elements", path)
			return
		}
		typ, schema = typ.Elem(), next
	}
	if typ.Kind() != reflect.Struct {
		return
	}
	if forms, ok := schema["oneOf"].([]any); ok {
		schema = forms[1].(map[string]any) // the text alone is the other form
	}
	props, _ := schema["properties"].(map[string]any)
	if schema["additionalProperties"] != false {
		t.Errorf("%s: schema allows unknown keys", path)
	}
	for i := range typ.NumField() {
		if !typ.Field(i).IsExported() {
			continue
		}
		key := typ.Field(i).Tag.Get("yaml")
		sub, ok := props[key].(map[string]any)
		if !ok {
			t.Errorf("%s.%s: not in the schema", path, key)
			continue
		}
		compareSchema(t, path+"."+key, typ.Field(i).Type, sub)
		delete(props, key)
	}
	for key := range props {
		t.Errorf("%s.%s: in the schema only", path, key)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(whole)
	f.Add("targets: rpi4")
	f.Add("a: &b [*b]")
	f.Fuzz(func(t *testing.T, in string) {
		hang := time.AfterFunc(10*time.Second, func() { panic(fmt.Sprintf("hangs on %q", in)) })
		defer hang.Stop()
		m, err := Parse("f", strings.NewReader(in))
		if (m == nil) == (err == nil) {
			t.Errorf("manifest %v with error %v", m, err)
		}
	})
}

// TestDocumented parses every example of docs/manifest.md and finds every key in it.
func TestDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/manifest.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, block := range strings.Split(string(doc), "```yaml\n")[1:] {
		text, _, _ := strings.Cut(block, "```")
		if _, err := Parse("docs/manifest.md", strings.NewReader(text)); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
		n++
	}
	if n < 5 {
		t.Errorf("%d examples, want 5 at least", n)
	}
	for _, key := range keys(reflect.TypeOf(Manifest{}), nil) {
		if !strings.Contains(string(doc), key+"`") && !strings.Contains(string(doc), "`"+key) {
			t.Errorf("key %s is not described", key)
		}
	}
}

// TestExamples parses the manifests that newcomers copy.
func TestExamples(t *testing.T) {
	found, err := filepath.Glob("../examples/*/graft.yaml")
	if err != nil || len(found) < 4 {
		t.Fatalf("%d examples, %v", len(found), err)
	}
	for _, file := range found {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(file, f); err != nil {
			t.Error(err)
		}
		f.Close()
	}
}
