package draft

import (
	"bytes"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/graft-build/graft/internal/survey"
	"github.com/graft-build/graft/manifest"
)

// FuzzWrite checks that what was written says what it was given, whatever that is.
func FuzzWrite(f *testing.F) {
	f.Add("app", ".", "../p", "example.com/api.Plugin", "Plugin", "plugins = append(plugins, {{.Entry}}())", "pkg-config:cairo")
	f.Add("x", "example.com/a@v1.0.0", "it's: # odd", "", "", "", "lib:\nfoo")
	f.Add("n", "~", "no", "example.com/api.T", "New", "f({{.Entry}}, \"a: b\") # c", "")
	f.Fuzz(func(t *testing.T, name, app, use, iface, entry, register, need string) {
		if !utf8.ValidString(name + app + use + iface + entry + register) {
			return // no YAML has it
		}
		facts := Facts{Name: name, App: app, Use: []string{use}, Seam: survey.Seam{Interface: iface, Entry: entry, Register: register, Why: need}, Needs: []string{need}, Mains: []string{"./" + need}}
		b := Write(facts)
		if !bytes.Equal(b, Write(facts)) {
			t.Fatal("two texts from the same facts")
		}
		m, err := manifest.Parse("graft.yaml", bytes.NewReader(b))
		if err != nil {
			return // values that no manifest may have
		}
		got := []string{m.Name, m.App}
		want := []string{name, app}
		if register != "" {
			got = append(got, m.Plugins.Interface, m.Plugins.Entry, m.Plugins.Register)
			want = append(want, iface, entry, register)
		}
		if !slices.Equal(got, want) || len(m.Plugins.Use) != 1 || m.Plugins.Use[0].Module != use || len(m.Targets) != 0 {
			t.Fatalf("%s\nsays %q, not %q", b, got, want)
		}
	})
}
