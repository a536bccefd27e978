package edit

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/graft-build/graft/manifest"
)

const commented = `# The server.
app: .   # here
plugins:
  register: plugins = append(plugins, {{.Entry}})
  entry: Plugin

  use:
    # counts
    - ../count-plugin  # the working copy

    # reads codes
    - "example.com/qr@v1.2.3"
    - 'example.com/z@v0.1.0'
targets: [linux/amd64,  rpi4 ]
`

var changes = []struct {
	name string
	text string
	do   func(string) ([]byte, error)
	want string
}{
	{"append to a block", commented, inserting(3, "../new"), strings.Replace(commented, "v0.1.0'\n", "v0.1.0'\n    - ../new\n", 1)},
	{"before a plugin, above its comment", commented, inserting(1, "../new"), strings.Replace(commented, "working copy\n", "working copy\n    - ../new\n", 1)},
	{"first, above the first one's comment", commented, inserting(0, "../new"), strings.Replace(commented, "  use:\n", "  use:\n    - ../new\n", 1)},
	{"version, in its quotes", commented, setting(1, "example.com/qr@v1.3.0"), strings.Replace(commented, "v1.2.3", "v1.3.0", 1)},
	{"version, in single quotes", commented, setting(2, "example.com/z@v0.2.0"), strings.Replace(commented, "v0.1.0", "v0.2.0", 1)},
	{"delete, its comment stays", commented, deleting(1), strings.Replace(commented, "    - \"example.com/qr@v1.2.3\"\n", "", 1)},
	{"delete the line's comment", commented, deleting(0), strings.Replace(commented, "    - ../count-plugin  # the working copy\n", "", 1)},

	{"Windows line ends", "app: .\r\nplugins:\r\n  use:\r\n  - a\r\n# end\r\n", inserting(1, "b"), "app: .\r\nplugins:\r\n  use:\r\n  - a\r\n  - b\r\n# end\r\n"},
	{"no line end", "plugins:\n  use:\n    - a", inserting(1, "b"), "plugins:\n  use:\n    - a\n    - b"},
	{"flow", "plugins: {use: [a, b]}\n", inserting(1, "c"), "plugins: {use: [a, c, b]}\n"},
	{"flow, first", "plugins: {use: [a, b]}\n", inserting(0, "c"), "plugins: {use: [c, a, b]}\n"},
	{"empty flow", "plugins:\n  use: [] # none\n", inserting(0, "c"), "plugins:\n  use: [c] # none\n"},
	{"flow of lines", "plugins:\n  use: [\n    a, # A\n    b # B\n  ]\n", inserting(2, "c"), "plugins:\n  use: [\n    a, # A\n    b, # B\n    c\n  ]\n"},
	{"flow of lines, in the middle", "plugins:\n  use: [\n    a, # A\n    b # B\n  ]\n", inserting(1, "c"), "plugins:\n  use: [\n    a, # A\n    c,\n    b # B\n  ]\n"},
	{"no value", "plugins:\n  use: # none yet\n", inserting(0, "c"), "plugins:\n  use: [c] # none yet\n"},
	{"null", "plugins: ~\n", inserting(0, "c"), "plugins: {use: [c]}\n"},
	{"no use", "plugins:\n    entry: Plugin\n    register: f({{.Entry}}) # call\ntargets: [rpi4]\n", inserting(0, "c"),
		"plugins:\n    entry: Plugin\n    register: f({{.Entry}}) # call\n    use:\n      - c\ntargets: [rpi4]\n"},
	{"no plugins", "name: x\napp: . # here\n\n# systems\ntargets: [rpi4]\n", inserting(0, "c"), "name: x\napp: . # here\nplugins:\n  use:\n    - c\n\n# systems\ntargets: [rpi4]\n"},
	{"no plugins, no app", "oci:\n  ports: [80]\n", inserting(0, "c"), "oci:\n  ports: [80]\nplugins:\n  use:\n    - c\n"},
	{"after a block of text", "plugins:\n  register: |+\n    f({{.Entry}})\n\n\n", inserting(0, "c"), "plugins:\n  register: |+\n    f({{.Entry}})\n\n\n  use:\n    - c\n"},
	{"nothing", "", inserting(0, "c"), "plugins:\n  use:\n    - c\n"},
	{"only a comment", "# hello\n", inserting(0, "c"), "# hello\nplugins:\n  use:\n    - c\n"},
	{"JSON", `{"app": ".", "plugins": {"use": ["a"]}}`, inserting(1, "b"), `{"app": ".", "plugins": {"use": ["a", b]}}`},
	{"JSON without plugins", `{"app": "."}`, inserting(0, "b"), `{"app": ".", plugins: {use: [b]}}`},
	{"needs quotes", "plugins:\n  use: [a]\n", inserting(1, "~"), "plugins:\n  use: [a, '~']\n"},
	{"number", "plugins:\n  use: [a]\n", inserting(1, "1.5"), "plugins:\n  use: [a, '1.5']\n"},
	{"quote in it", "plugins:\n  use: [a]\n", inserting(1, "./it's # mine"), "plugins:\n  use: [a, './it''s # mine']\n"},

	{"delete the last of a block", "plugins:\n  entry: Plugin\n  register: f({{.Entry}})\n  use:\n    - a\n", deleting(0), "plugins:\n  entry: Plugin\n  register: f({{.Entry}})\n"},
	{"delete the last of a block with a comment", "plugins:\n  use:\n    # mine\n    - a\n", deleting(0), "plugins:\n  use: []\n    # mine\n"},
	{"delete from a flow", "plugins: {use: [a, b, c,]}\n", deleting(1), "plugins: {use: [a, c,]}\n"},
	{"delete the first of a flow", "plugins: {use: [a, b]}\n", deleting(0), "plugins: {use: [b]}\n"},
	{"delete the last of a flow", "plugins: {use: [a, b]}\n", deleting(1), "plugins: {use: [a]}\n"},
	{"delete the only one of a flow", "plugins: {use: [ a ]}\n", deleting(0), "plugins: {use: [  ]}\n"},
	{"delete from a flow of lines", "plugins:\n  use: [\n    a, # A\n    b # B\n  ]\n", deleting(1), "plugins:\n  use: [\n    a # A\n  ]\n"},
}

func inserting(i int, ref string) func(string) ([]byte, error) {
	return func(s string) ([]byte, error) { return Insert("graft.yaml", []byte(s), i, ref) }
}

func setting(i int, ref string) func(string) ([]byte, error) {
	return func(s string) ([]byte, error) { return Set("graft.yaml", []byte(s), i, ref) }
}

func deleting(i int) func(string) ([]byte, error) {
	return func(s string) ([]byte, error) { return Delete("graft.yaml", []byte(s), i) }
}

func TestChange(t *testing.T) {
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.do(c.text)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestRefuse(t *testing.T) {
	var bad *manifest.Error
	if _, err := Insert("graft.yaml", []byte("plugin: 1\n"), 0, "a"); !errors.As(err, &bad) || bad.Line != 1 {
		t.Errorf("a manifest with a mistake: %v", err)
	}
	var e *Error
	for name, do := range map[string]func(string) ([]byte, error){
		"insert": inserting(3, "a"), "set": setting(1, "a"), "delete": deleting(-1), "control": inserting(0, "a\nb"), "nothing": inserting(0, ""),
	} {
		if got, err := do("plugins: {use: [x]}\n"); !errors.As(err, &e) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// restores says whether taking out what was just added gives the very text back: not when the
// list had to be made of a key without a value.
func restores(text string, m *manifest.Manifest) bool {
	d, err := read([]byte(text), m)
	if err != nil || d.root == nil {
		return err == nil
	}
	switch {
	case d.plugins == nil:
		return !d.root.flow
	case d.inside == nil:
		return false
	case d.use == nil:
		return !d.inside.flow
	}
	return d.list != nil
}

func FuzzInsertDelete(f *testing.F) {
	for _, c := range changes {
		f.Add(c.text, 0, "../new")
		f.Add(c.text, 1, "example.com/p@v1.2.3")
	}
	f.Add("plugins:\n  use:\n    - a\n    -   b\n    - c: d\n", 1, "it's: #")
	f.Fuzz(func(t *testing.T, text string, i int, ref string) {
		before, err := manifest.Parse("graft.yaml", strings.NewReader(text))
		if err != nil {
			return
		}
		use := before.Plugins.Use
		i = int(uint(i) % uint(len(use)+1))
		added, err := Insert("graft.yaml", []byte(text), i, ref)
		if err != nil {
			return
		}
		after, err := manifest.Parse("graft.yaml", strings.NewReader(string(added)))
		if err != nil {
			t.Fatalf("%q is no manifest: %v", added, err)
		}
		want := *before
		want.Plugins.Use = slices.Insert(slices.Clone(use), i, manifest.Use{Module: ref})
		if !after.Equal(&want) {
			t.Fatalf("%q: %v", added, after.Plugins)
		}
		back, err := Delete("graft.yaml", added, i)
		if err != nil {
			t.Fatalf("delete what was added, %q: %v", added, err)
		}
		if restores(text, before) && string(back) != text {
			t.Fatalf("%q\nbecame %q\nbecame %q", text, added, back)
		}
	})
}
