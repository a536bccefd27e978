package manifest

import (
	"fmt"
	"go/ast"
	"go/token"
	"math"
	"path"
	"regexp"
	"strings"
	"text/template"
)

// Plugins says how the application takes plugins, and which.
type Plugins struct {
	Interface string   `yaml:"interface"` // what an entry function must return: example.com/api.Plugin
	Entry     string   `yaml:"entry"`     // name of the function in a plugin's root package
	Register  string   `yaml:"register"`  // Go statement in the generated init, a text/template; default: blank import only
	Imports   []string `yaml:"imports"`   // packages that the statements use beside the plugins: "example.com/registry", "reg example.com/registry"
	Files     []File   `yaml:"files"`     // files of the application that are written anew
	Versions  string   `yaml:"versions"`  // whether plugins may raise what the application requires: "raise" (default) or "keep"
	Use       []Use    `yaml:"use"`       // in the user's order
}

// File is a file of the application's module that a text/template over the plugins makes.
type File struct {
	Template string `yaml:"template"` // file, relative to the manifest
	To       string `yaml:"to"`       // path with slashes, relative to the application's folder; the file may exist
}

// Values of Plugins.Versions.
const (
	RaiseVersions = "raise"
	KeepVersions  = "keep"
)

// Use is one plugin. In YAML it is Module alone where the others are not set.
type Use struct {
	Module  string         `yaml:"module"`  // a folder, package@version, or a package of a module that the application requires
	Alias   string         `yaml:"alias"`   // what generated files call its package; default: its own name where that is free
	Options map[string]any `yaml:"options"` // for templates: bool, int64, uint64, float64, string, nil, []any and map[string]any
}

// UnmarshalYAML reads the plain string or the mapping.
func (u *Use) UnmarshalYAML(unmarshal func(any) error) error {
	var v any
	if err := unmarshal(&v); err != nil {
		return err
	}
	if _, ok := v.(map[string]any); !ok {
		return unmarshal(&u.Module)
	}
	type mapping Use
	return unmarshal((*mapping)(u))
}

// MarshalYAML writes the plain string where that says everything.
func (u Use) MarshalYAML() (any, error) {
	if u.Alias == "" && u.Options == nil {
		return u.Module, nil
	}
	type mapping struct {
		Module  string         `yaml:"module"`
		Alias   string         `yaml:"alias,omitempty"`
		Options map[string]any `yaml:"options,omitempty"`
	}
	return mapping(u), nil
}

// Undeclared says whether nothing states how plugins are taken.
func (p Plugins) Undeclared() bool {
	return p.Interface == "" && p.Entry == "" && p.Register == "" && len(p.Imports) == 0 && len(p.Files) == 0
}

var (
	typeForm   = regexp.MustCompile(`^\S+\.[\pL_][\pL\pN_]*$`)
	importForm = regexp.MustCompile(`^([\pL_][\pL\pN_]* )?[^\s"'\x60;]+$`)
)

// checkPlugins checks the part of a manifest that says how plugins are taken, and which.
func (d *document) checkPlugins(p Plugins) error {
	// What the functions do is for the composition; here they only have to be known.
	if _, err := template.New("register").Funcs(TemplateFuncs()).Parse(p.Register); err != nil {
		return d.errorAt("$.plugins.register", "register: %s", strings.TrimPrefix(err.Error(), "template: "))
	}
	if e := p.Entry; e != "" && (!token.IsIdentifier(e) || !ast.IsExported(e)) {
		return d.errorAt("$.plugins.entry", "%q is not the name of an exported function", e)
	}
	if i := p.Interface; i != "" && (!typeForm.MatchString(i) || !oneLine.MatchString(i)) {
		return d.errorAt("$.plugins.interface", "%q is not a package path and a type, such as example.com/api.Plugin", i)
	}
	for i, imp := range p.Imports {
		if !importForm.MatchString(imp) || !oneLine.MatchString(imp) {
			return d.errorAt(fmt.Sprintf("$.plugins.imports[%d]", i), "%q is no import: want a package's path, or its name in the file, a space and the path", imp)
		}
	}
	if v := p.Versions; v != "" && v != RaiseVersions && v != KeepVersions {
		return d.errorAt("$.plugins.versions", "versions %q: want %s or %s", v, RaiseVersions, KeepVersions)
	}
	for i, f := range p.Files {
		if err := d.checkFile(fmt.Sprintf("$.plugins.files[%d]", i), f, p.Files[:i]); err != nil {
			return err
		}
	}
	for i, u := range p.Use {
		if err := d.checkUse(fmt.Sprintf("$.plugins.use[%d]", i), u, p.Use[:i]); err != nil {
			return err
		}
	}
	return nil
}

func (d *document) checkFile(at string, f File, before []File) error {
	if f.Template == "" || !oneLine.MatchString(f.Template) {
		return d.errorAt(at, "template: want a file, relative to the manifest")
	}
	if f.To == "" || !oneLine.MatchString(f.To) || strings.Contains(f.To, `\`) || path.IsAbs(f.To) || path.Clean(f.To) != f.To || strings.HasSuffix("/"+f.To, "/..") || f.To == "." {
		return d.errorAt(at, "to %q: want a path with slashes, relative to the application's folder", f.To)
	}
	for _, b := range before {
		if b.To == f.To {
			return d.errorAt(at, "to: %s is written twice", f.To)
		}
	}
	return nil
}

func (d *document) checkUse(at string, u Use, before []Use) error {
	if u.Module == "" || !oneLine.MatchString(u.Module) {
		return d.errorAt(at, "want a folder or package@version")
	}
	if err := CheckAlias(u.Alias); u.Alias != "" && err != nil {
		return d.errorAt(at+".alias", "%v", err)
	}
	for _, b := range before {
		if u.Alias != "" && b.Alias == u.Alias {
			return d.errorAt(at+".alias", "alias %s is that of %s too", u.Alias, b.Module)
		}
	}
	for _, key := range sortedKeys(u.Options) {
		if err := checkOption(u.Options[key]); err != nil {
			return d.errorAt(at+".options", "option %s: %v", key, err)
		}
	}
	return nil
}

// CheckAlias says whether a generated file can call a package so.
func CheckAlias(s string) error {
	if !token.IsIdentifier(s) || s == "_" || s == "init" || s == "main" {
		return fmt.Errorf("alias %q: want a name that Go can give a package", s)
	}
	return nil
}

// checkOption refuses what has no plain value.
func checkOption(v any) error {
	switch v := v.(type) {
	case nil, bool, int64, uint64, string:
		return nil
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return fmt.Errorf("%v is no number that can be written in Go", v)
		}
		return nil
	case []any:
		for _, e := range v {
			if err := checkOption(e); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		for _, key := range sortedKeys(v) {
			if err := checkOption(v[key]); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("want text, a number, true or false, a list or a mapping, not %T", v)
}
