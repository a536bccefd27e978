package manifest

import (
	"errors"
	"go/parser"
	"math"
	"strings"
	"testing"
	"text/template"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

func TestParseUse(t *testing.T) {
	const in = `
plugins:
  imports: [example.com/registry, reg example.com/other]
  versions: keep
  files:
    - {template: components.go.tmpl, to: ../core/components.go}
  use:
    - ../x
    - module: example.com/p@v1.2.3
      alias: other
      options:
        size: 3
        ratio: 1.5
        least: -2
        "on": true
        none: null
        names: [a, "1"]
        deep: {k: {l: [1]}}
    - {module: example.com/q/sub}
`
	m, err := Parse("graft.yaml", strings.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	want := Plugins{
		Imports: []string{"example.com/registry", "reg example.com/other"}, Versions: KeepVersions,
		Files: []File{{Template: "components.go.tmpl", To: "../core/components.go"}},
		Use: []Use{
			{Module: "../x"},
			{Module: "example.com/p@v1.2.3", Alias: "other", Options: map[string]any{
				"size": uint64(3), "ratio": 1.5, "least": int64(-2), "on": true, "none": nil,
				"names": []any{"a", "1"}, "deep": map[string]any{"k": map[string]any{"l": []any{uint64(1)}}},
			}},
			{Module: "example.com/q/sub"},
		},
	}
	if d := cmp.Diff(want, m.Plugins); d != "" {
		t.Error(d)
	}
	text, err := yaml.Marshal(m.Plugins.Use)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse("graft.yaml", strings.NewReader("plugins:\n  use:\n"+indent(string(text))))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if d := cmp.Diff(want.Use, again.Plugins.Use); d != "" {
		t.Errorf("written and read again: %s", d)
	}
	if !strings.HasPrefix(string(text), "- ../x\n") {
		t.Errorf("a plugin with nothing but its place is written as\n%s", text)
	}
}

func indent(s string) string { return "    " + strings.ReplaceAll(s, "\n", "\n    ") }

func TestParsePluginErrors(t *testing.T) {
	tests := []struct {
		name, in  string
		line, col int
		text      string
	}{
		{"unknown key of a plugin", "plugins:\n  use:\n    - modul: ../x\n", 3, 7, `unknown key "modul"; did you mean "module"?`},
		{"no module", "plugins:\n  use:\n    - options: {a: 1}\n", 3, 0, "want a folder or package@version"},
		{"list as plugin", "plugins: {use: [[a]]}\n", 1, 17, "want text"},
		{"alias", "plugins: {use: [{module: ../x, alias: a-b}]}\n", 1, 39, `alias "a-b"`},
		{"keyword as alias", "plugins: {use: [{module: ../x, alias: func}]}\n", 1, 39, `alias "func"`},
		{"alias twice", "plugins: {use: [{module: ../x, alias: a}, {module: ../y, alias: a}]}\n", 1, 65, "alias a is that of ../x too"},
		{"no number", "plugins: {use: [{module: ../x, options: {a: .inf}}]}\n", 1, 0, "option a: +Inf is no number"},
		{"options as list", "plugins: {use: [{module: ../x, options: [a]}]}\n", 1, 41, "want a mapping"},
		{"template missing", "plugins: {files: [{to: a.go}]}\n", 1, 0, "template: want a file"},
		{"absolute", "plugins: {files: [{template: a, to: /etc/x.go}]}\n", 1, 0, `to "/etc/x.go"`},
		{"not clean", "plugins: {files: [{template: a, to: b/../a.go}]}\n", 1, 0, "want a path with slashes"},
		{"backslash", "plugins: {files: [{template: a, to: 'b\\a.go'}]}\n", 1, 0, "want a path with slashes"},
		{"written twice", "plugins: {files: [{template: a, to: a.go}, {template: b, to: a.go}]}\n", 1, 0, "a.go is written twice"},
		{"import", "plugins: {imports: ['a b c']}\n", 1, 21, "is no import"},
		{"import that ends the line", "plugins: {imports: [\"a\\nb\"]}\n", 1, 21, "is no import"},
		{"versions", "plugins: {versions: never}\n", 1, 21, "want raise or keep"},
		{"unknown function", "plugins: {register: '{{golang .Options}}'}\n", 1, 21, `function "golang" not defined`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("graft.yaml", strings.NewReader(tt.in))
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if e.Line != tt.line || tt.col > 0 && e.Col != tt.col || !strings.Contains(e.Text, tt.text) {
				t.Errorf("got %d:%d %q, want %d:%d and %q\n%v", e.Line, e.Col, e.Text, tt.line, tt.col, tt.text, err)
			}
		})
	}
}

func TestGoLiteral(t *testing.T) {
	tests := []struct {
		in   any
		want string
	}{
		{nil, "nil"}, {"a\"\n`", `"a\"\n` + "`\""}, {true, "true"}, {uint64(3), "3"}, {int64(-3), "-3"}, {1.0, "1.0"}, {1e100, "1e+100"}, {0.5, "0.5"},
		{[]any{"a", "b"}, `[]string{"a", "b"}`}, {[]any{uint64(1), int64(-1)}, "[]int{1, -1}"}, {[]any{"a", uint64(1)}, `[]any{"a", 1}`}, {[]any{}, "[]any{}"},
		{map[string]any{"b": nil, "a": []any{true}}, `map[string]any{"a": []any{true}, "b": nil}`},
	}
	for _, tt := range tests {
		got, err := GoLiteral(tt.in)
		if err != nil || got != tt.want {
			t.Errorf("GoLiteral(%#v) = %s, %v, want %s", tt.in, got, err, tt.want)
		}
		if _, err := parser.ParseExpr(got); err != nil {
			t.Errorf("%s: %v", got, err)
		}
	}
	for _, v := range []any{struct{}{}, math.NaN(), math.Inf(1), []any{math.NaN()}, map[string]any{"a": new(int)}} {
		if got, err := GoLiteral(v); err == nil {
			t.Errorf("GoLiteral(%v) = %s, want an error", v, got)
		}
	}
}

func TestTemplateFuncs(t *testing.T) {
	tmpl := template.Must(template.New("").Funcs(TemplateFuncs()).Parse(`{{quote .}} {{base .}} {{go .}} {{base "v2"}} {{base "a/v1"}}`))
	var b strings.Builder
	if err := tmpl.Execute(&b, "example.com/p/v2"); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), `"example.com/p/v2" p "example.com/p/v2" v2 v1`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
