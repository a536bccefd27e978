package importer

import (
	"bufio"
	"bytes"
	"fmt"
	"path"
	"regexp"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/graft-build/graft/internal/draft"
)

const coreDNS = "github.com/coredns/coredns"

// entryLine is one plugin of a plugin.cfg.
var entryLine = regexp.MustCompile(`(?m)^([A-Za-z0-9_-]+):([A-Za-z0-9._/~-]+)[ \t\r]*$`)

// maxPlugins bounds a plugin.cfg; CoreDNS has some 60.
const maxPlugins = 2000

const zplugin = `// The plugins of plugin.cfg, which register themselves. Made by graft from graft.yaml.

package plugin

import (
{{- range .Plugins}}
	_ {{quote .Path}}
{{- end}}
)
`

const zdirectives = `// The order in which queries pass the plugins. Made by graft from graft.yaml.

package dnsserver

// Directives are the plugins' names in their order.
var Directives = []string{
{{- range .Plugins}}
	{{quote (or (index .Options "directive") (base .Path))}},
{{- end}}
}
`

// PluginCfg reads a CoreDNS plugin.cfg: "name:package" a line, in the order in which queries
// pass the plugins. A package without a dot in its first element is one of CoreDNS's own
// folder plugin. app is the CoreDNS to build, a folder or package@version; "" is the newest.
// gomod is the go.mod beside it, which knows versions of other plugins; nil for none.
func PluginCfg(name string, text, gomod []byte, app string) (*Project, error) {
	p := &Project{Kind: "plugin.cfg"}
	known := versions(gomod)
	if app == "" {
		app = coreDNS + "@latest"
		if v := known[coreDNS]; v != "" {
			app = coreDNS + "@" + v
		}
	}
	var uses []use
	seen := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		m := entryLine.FindStringSubmatch(line)
		if m == nil {
			return nil, &Error{name, n, fmt.Sprintf("%q is not name:package", line)}
		}
		if seen[m[1]] {
			return nil, &Error{name, n, "a second " + m[1]}
		}
		seen[m[1]] = true
		u, err := dnsPlugin(m[1], m[2], known)
		if err != nil {
			return nil, &Error{name, n, err.Error()}
		}
		if len(uses) == maxPlugins {
			return nil, &Error{name, n, fmt.Sprintf("more than %d plugins", maxPlugins)}
		}
		uses = append(uses, u)
	}
	if err := lines.Err(); err != nil {
		return nil, &Error{File: name, Text: err.Error()}
	}
	if len(uses) == 0 {
		return nil, &Error{File: name, Text: "no plugins: want lines of name:package"}
	}
	var b strings.Builder
	b.WriteString("# CoreDNS with the plugins of " + path.Base(name) + ", in the order in which queries pass them.\n")
	b.WriteString("name: coredns\napp: " + draft.Scalar(app) + "\nplugins:\n  files:\n")
	b.WriteString("    - {template: zplugin.go.tmpl, to: core/plugin/zplugin.go}\n    - {template: zdirectives.go.tmpl, to: core/dnsserver/zdirectives.go}\n  use:\n")
	for _, u := range uses {
		b.WriteString(u.yaml())
	}
	p.Files = []File{{"zplugin.go.tmpl", []byte(zplugin)}, {"zdirectives.go.tmpl", []byte(zdirectives)}, {"graft.yaml", []byte(b.String())}}
	return p.checked(name)
}

func dnsPlugin(name, pkg string, known map[string]string) (use, error) {
	if first, _, _ := strings.Cut(pkg, "/"); !strings.Contains(first, ".") {
		pkg = path.Join(coreDNS, "plugin", pkg)
	}
	if err := module.CheckImportPath(pkg); err != nil {
		return use{}, err
	}
	u := use{module: pkg}
	if base(pkg) != name {
		u.options = [][2]string{{"directive", name}}
	}
	// Its own packages and those of its server are of versions that CoreDNS requires.
	if !below(pkg, coreDNS) && !below(pkg, "github.com/coredns/caddy") {
		u.module += "@" + nearest(pkg, known)
	}
	return u, nil
}

// base is what templates call base: the last element that is no major version.
func base(pkg string) string {
	b := path.Base(pkg)
	if majorElement.MatchString(b) && strings.Contains(pkg, "/") {
		return path.Base(path.Dir(pkg))
	}
	return b
}

var majorElement = regexp.MustCompile(`^v([2-9]|[1-9][0-9]+)$`)

func below(pkg, mod string) bool { return pkg == mod || strings.HasPrefix(pkg, mod+"/") }

// versions are those that a go.mod requires, by module.
func versions(gomod []byte) map[string]string {
	f, err := modfile.ParseLax("go.mod", gomod, nil)
	if err != nil {
		return nil
	}
	known := map[string]string{}
	for _, r := range f.Require {
		known[r.Mod.Path] = r.Mod.Version
	}
	return known
}

// nearest is the version of the module that has a package, "latest" when none is known.
func nearest(pkg string, known map[string]string) string {
	for p := pkg; p != "." && p != "/"; p = path.Dir(p) {
		if v := known[p]; v != "" && queryForm.MatchString(v) {
			return v
		}
	}
	return "latest"
}
