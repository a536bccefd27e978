package compose

import (
	"bytes"
	"errors"
	"fmt"
	"go/format"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"golang.org/x/mod/module"

	"github.com/graft-build/graft/digest"
)

// Limits on templates of files and on what becomes of them.
const (
	maxTemplate = 1 << 20
	maxFile     = 8 << 20
)

// FileSpec is a file of the application's module that a template makes.
type FileSpec struct {
	Template string // absolute
	Shown    string // Template as the user knows it
	To       string // path with slashes, relative to the application's folder
}

// file is a file that a template has made.
type file struct {
	to   string // path with slashes, relative to the main module's root
	data []byte
}

// name is the file's name in the folder of a composition.
func (f file) name() string { return "files/" + f.to }

// fileData is what a template of a file can use.
type fileData struct {
	Name    string // of the program
	Version string // of the artifacts
	App     appData
	Plugins []pluginData // in the user's order
}

type appData struct {
	Path    string // import path of the main package
	Module  string
	Version string // of the module, "" for a folder
}

// pluginData is what templates and register statements can use of a plugin.
type pluginData struct {
	Path    string // import path
	Module  string
	Version string // of the module, "" for a folder
	Package string // the package's own name
	Alias   string // a name for it that no other plugin has and the file does not use otherwise
	Entry   string // the entry function as Go names it: count.Plugin; "" where plugins have none
	Options map[string]any
}

func (c *composer) data(p *part) pluginData {
	d := pluginData{
		Path: p.pkg, Module: p.mod.path, Version: p.mod.version, Package: p.name, Alias: p.alias, Options: p.options,
	}
	if c.spec.Entry != "" {
		d.Entry = p.alias + "." + c.spec.Entry
	}
	return d
}

// where are the plugins whose option has a value.
func where(list []pluginData, key string, value any) ([]pluginData, error) {
	want, err := literal(value)
	if err != nil {
		return nil, err
	}
	var out []pluginData
	for _, p := range list {
		v, ok := p.Options[key]
		if !ok {
			continue
		}
		if got, err := literal(v); err == nil && got == want {
			out = append(out, p)
		}
	}
	return out, nil
}

// readTemplates parses the templates of files.
func (c *composer) readTemplates() ([]*template.Template, error) {
	var list []*template.Template
	for _, f := range c.spec.Files {
		b, err := readFile(f.Template, maxTemplate)
		if err != nil {
			var path *fs.PathError
			if errors.As(err, &path) {
				err = path.Err // it would say the path again
			}
			return nil, refuse("plugins.files", "", "read template %s: %v", f.Shown, err)
		}
		t, err := template.New(f.Shown).Funcs(funcs()).Option("missingkey=error").Parse(string(b))
		if err != nil {
			return nil, templateError(f.Shown, err)
		}
		c.templates = append(c.templates, string(b))
		list = append(list, t)
	}
	return list, nil
}

// templateError is an error of text/template with its place in the template.
func templateError(shown string, err error) error {
	text := strings.TrimPrefix(err.Error(), "template: ")
	rest, ok := strings.CutPrefix(text, shown+":")
	if !ok {
		return refuse("plugins.files", shown, "%s", text)
	}
	place, reason, _ := strings.Cut(rest, ": ")
	reason = strings.NewReplacer("executing "+strconv.Quote(shown)+" at ", "", " in type compose.pluginData", ": plugins have none", " in type compose.fileData", "").Replace(reason)
	return refuse("plugins.files", shown+":"+place, "%s", reason)
}

// makeFiles executes the templates of files.
func (c *composer) makeFiles(list []*template.Template) error {
	data := fileData{
		Name: c.spec.Name, Version: c.spec.Version,
		App: appData{Path: c.app.pkg, Module: c.app.mod.path, Version: c.app.mod.version},
	}
	for i := range c.plugins {
		data.Plugins = append(data.Plugins, c.data(&c.plugins[i]))
	}
	for i, t := range list {
		spec := c.spec.Files[i]
		to, err := c.destination(spec)
		if err != nil {
			return err
		}
		w := &limitedWriter{left: maxFile}
		if err := t.Execute(w, data); err != nil {
			return templateError(spec.Shown, err)
		}
		f := file{to: to, data: []byte(w.b.String())}
		if path.Ext(to) == ".go" {
			if f.data, err = formatted(f.data); err != nil {
				return refuse("plugins.files", spec.Shown, "what it makes is no Go: %v", err)
			}
		}
		c.files = append(c.files, f)
	}
	return nil
}

// destination is the file's path in the main module.
func (c *composer) destination(f FileSpec) (string, error) {
	rel, err := filepath.Rel(c.app.mod.root, filepath.Join(c.app.dir, filepath.FromSlash(f.To)))
	if err != nil || !filepath.IsLocal(rel) || path.IsAbs(f.To) || strings.Contains(f.To, `\`) {
		return "", refuse("plugins.files", "", "%s is not in the application's module", f.To)
	}
	to := filepath.ToSlash(rel)
	switch base := path.Base(to); {
	case base == "go.mod", base == "go.sum", to == ".":
		return "", refuse("plugins.files", "", "%s cannot be made by a template", f.To)
	case slices.ContainsFunc(c.files, func(o file) bool { return o.to == to }):
		return "", refuse("plugins.files", "", "%s is made twice", f.To)
	}
	for dir := path.Dir(to); dir != "."; dir = path.Dir(dir) {
		if isFile(filepath.Join(c.app.mod.root, filepath.FromSlash(dir), "go.mod")) {
			return "", refuse("plugins.files", "", "%s is in another module, %s", f.To, dir)
		}
	}
	return to, nil
}

// formatted is Go source as gofmt writes it. The error shows the line.
func formatted(src []byte) ([]byte, error) {
	_, err := parser.ParseFile(token.NewFileSet(), "", src, parser.ParseComments|parser.SkipObjectResolution)
	var list scanner.ErrorList
	if errors.As(err, &list) {
		lines := bytes.Split(src, []byte("\n"))
		text := ""
		if n := list[0].Pos.Line; n > 0 && n <= len(lines) {
			text = fmt.Sprintf("line %d of it, %s: ", n, strconv.Quote(string(bytes.TrimSpace(lines[n-1]))))
		}
		return nil, errors.New(text + list[0].Msg)
	}
	if err != nil {
		return nil, err
	}
	return format.Source(src)
}

// imports are the packages that the generated files import.
func (c *composer) imports() map[string]bool {
	out := map[string]bool{}
	for _, f := range c.files {
		if path.Ext(f.to) != ".go" {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), "", f.data, parser.ImportsOnly)
		if err != nil {
			continue
		}
		for _, i := range parsed.Imports {
			if p, err := strconv.Unquote(i.Path.Value); err == nil {
				out[p] = true
			}
		}
	}
	return out
}

// overlaid are the files that stand in a folder of the main module instead of, or beside,
// those on disk, by name.
func (c *composer) overlaid(dir string) map[string][]byte {
	rel, err := filepath.Rel(c.app.mod.root, dir)
	if err != nil {
		return nil
	}
	var out map[string][]byte
	for _, f := range c.files {
		if path.Dir(f.to) != filepath.ToSlash(rel) {
			continue
		}
		if out == nil {
			out = map[string][]byte{}
		}
		out[path.Base(f.to)] = f.data
	}
	return out
}

// action is what a template has between braces.
var action = regexp.MustCompile(`(?s)\{\{.*?\}\}`)

// mentions says whether the text of a template or statement has a name as Go code.
func mentions(text, name string) bool {
	return uses(action.ReplaceAllLiteralString(text, " "), name)
}

// addFiles adds the files to a key.
func (c *composer) addFiles(k *digest.Key) {
	for _, f := range c.files {
		k.Add("overlay", f.to, string(f.data))
	}
}

// importSpecs are the packages that register statements use beside the plugins.
func (c *composer) importSpecs() ([]importSpec, error) {
	var out []importSpec
	for _, text := range c.spec.Imports {
		name, p, ok := strings.Cut(text, " ")
		if !ok {
			name, p = "", text
		}
		if name != "" && (!token.IsIdentifier(name) || name == "_") || module.CheckImportPath(p) != nil {
			return nil, refuse("plugins.imports", "", "%q is no import: want a package's path, or its name in the file, a space and the path", text)
		}
		out = append(out, importSpec{name, p})
	}
	return out, nil
}

type importSpec struct{ name, path string }
