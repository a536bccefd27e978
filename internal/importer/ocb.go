package importer

import (
	"bytes"
	"fmt"
	"go/token"
	"path"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/graft-build/graft/manifest"
)

// kinds are the lists of an ocb manifest and what components of them are called.
var kinds = []struct{ section, kind string }{
	{"extensions", "extension"}, {"receivers", "receiver"}, {"processors", "processor"}, {"exporters", "exporter"},
	{"connectors", "connector"}, {"telemetry", "telemetry"}, {"providers", "provider"}, {"converters", "converter"},
}

// maxComponents bounds an ocb manifest; the contrib distribution has some 300.
const maxComponents = 2000

// ocbFile is an ocb manifest that is being read.
type ocbFile struct {
	name    string
	places  Places
	project Project

	command, module, version, description string
	output                                string
	tags                                  []string
	debug                                 bool
	scheme                                string
	components                            []component
	declared                              map[string]bool // sections that are there
	replaces                              []replaceLine
	excludes                              []string
}

// component is an entry of one of the lists.
type component struct {
	line            int
	kind            string
	module, version string // gomod
	pkg             string // import
	name            string
	dir             string // path, as graft.yaml has it
}

type replaceLine struct {
	line     int
	old, new module.Version
}

// OCB reads a manifest of the OpenTelemetry collector's builder,
// go.opentelemetry.io/collector/cmd/builder. The project is a main module whose components
// are plugins. Collectors before v0.120.0 have another API and are refused.
func OCB(name string, text []byte, places Places) (*Project, error) {
	tree, err := manifest.Tree(name, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	f := &ocbFile{name: name, places: places, project: Project{Kind: "ocb"}, declared: map[string]bool{}, command: "otelcol-custom", module: "collector"}
	for _, doc := range tree.Docs {
		if doc.Body == nil {
			continue
		}
		for _, e := range entries(doc.Body) {
			if err := f.section(e); err != nil {
				return nil, err
			}
		}
	}
	if len(f.components) == 0 {
		return nil, &Error{File: name, Text: "no components: want receivers, processors, exporters, extensions or connectors"}
	}
	if err := f.complete(); err != nil {
		return nil, err
	}
	return f.write()
}

func (f *ocbFile) note(line int, format string, args ...any) {
	f.project.Notes = append(f.project.Notes, Note{line, fmt.Sprintf(format, args...)})
}

func (f *ocbFile) errorAt(line int, format string, args ...any) error {
	return &Error{f.name, line, fmt.Sprintf(format, args...)}
}

// entry is a key of a mapping.
type entry struct {
	key   string
	line  int
	value ast.Node
}

// entries are the keys of a mapping; none for other nodes.
func entries(n ast.Node) []entry {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	}
	var out []entry
	for _, v := range values {
		out = append(out, entry{v.Key.GetToken().Value, v.Key.GetToken().Position.Line, v.Value})
	}
	return out
}

// text is a scalar as it is written, without quotes; "" for others.
func text(n ast.Node) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value
	}
	return ""
}

func list(n ast.Node) []ast.Node {
	if s, ok := n.(*ast.SequenceNode); ok {
		return s.Values
	}
	return nil
}

func (f *ocbFile) section(e entry) error {
	for _, k := range kinds {
		if e.key != k.section {
			continue
		}
		f.declared[k.section] = true
		nodes := list(e.value)
		if k.kind == "telemetry" {
			nodes = []ast.Node{e.value}
		}
		for _, n := range nodes {
			if err := f.component(k.kind, n); err != nil {
				return err
			}
		}
		return nil
	}
	switch e.key {
	case "dist":
		for _, d := range entries(e.value) {
			f.dist(d)
		}
	case "conf_resolver":
		for _, d := range entries(e.value) {
			if d.key == "default_uri_scheme" {
				f.scheme = text(d.value)
			} else {
				f.note(d.line, "conf_resolver.%s is not carried", d.key)
			}
		}
	case "replaces":
		for _, n := range list(e.value) {
			if err := f.replace(n); err != nil {
				return err
			}
		}
	case "excludes":
		for _, n := range list(e.value) {
			if err := f.exclude(n); err != nil {
				return err
			}
		}
	default:
		f.note(e.line, "%s is not carried", e.key)
	}
	return nil
}

func (f *ocbFile) dist(d entry) {
	value := text(d.value)
	switch d.key {
	case "name":
		f.command = value
	case "module":
		f.module = value
	case "description":
		f.description = value
	case "version":
		f.version = strings.TrimPrefix(value, "v")
		if f.version != "" && manifest.CheckVersion(f.version) != nil {
			f.note(d.line, "version %q is not carried: graft's begin with a digit", value)
			f.version = ""
		}
	case "output_path":
		f.output = value
		f.note(d.line, "output_path is not carried: artifacts are written to dist/")
	case "build_tags":
		for _, tag := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' }) {
			if err := manifest.CheckTag(tag); err != nil {
				f.note(d.line, "%v", err)
				continue
			}
			f.tags = append(f.tags, tag)
		}
	case "debug_compilation":
		f.debug = value == "true"
	case "cgo_enabled":
		f.note(d.line, "cgo_enabled is not carried: C is compiled where a package has it")
	case "use_absolute_replace_paths":
	case "resource":
		f.note(d.line, "resource.detection is not carried: name the build tags (omit_detector_NAME) under build.tags")
	default:
		f.note(d.line, "dist.%s is not carried", d.key)
	}
}

func (f *ocbFile) component(kind string, n ast.Node) error {
	line := n.GetToken().Position.Line
	c := component{line: line, kind: kind}
	folder := ""
	for _, e := range entries(n) {
		line = e.line
		if c.line > line {
			c.line = line
		}
		switch value := text(e.value); e.key {
		case "gomod":
			fields := strings.Fields(value)
			if len(fields) != 2 {
				return f.errorAt(line, "gomod %q: want a module's path and its version", value)
			}
			c.module, c.version = fields[0], fields[1]
		case "import":
			c.pkg = value
		case "name":
			c.name = value
		case "path":
			folder = value
		default:
			f.note(line, "%s of a component is not carried", e.key)
		}
	}
	if c.module == "" {
		return f.errorAt(c.line, "a %s without gomod", kind)
	}
	if c.pkg == "" {
		c.pkg = c.module
	}
	if _, err := packageAt(c.pkg, c.version); err != nil || !below(c.pkg, c.module) {
		return f.errorAt(c.line, "component %s %s: no package of module %s", c.pkg, c.version, c.module)
	}
	if c.name != "" && (!token.IsIdentifier(c.name) || c.name == "_" || c.name == "init" || c.name == "main") {
		f.note(c.line, "name %q is not carried: Go can't call a package so", c.name)
		c.name = ""
	}
	if folder != "" {
		c.dir = f.places.Place(path.Join(strings.ReplaceAll(folder, `\`, "/"), strings.TrimPrefix(c.pkg, c.module)))
	}
	for _, o := range f.components {
		if o.pkg == c.pkg {
			return f.errorAt(c.line, "%s is listed twice, first in line %d", c.pkg, o.line)
		}
		if o.name != "" && o.name == c.name {
			f.note(c.line, "name %s is not carried: the component of line %d has it", c.name, o.line)
			c.name = ""
		}
	}
	if len(f.components) == maxComponents {
		return f.errorAt(c.line, "more than %d components", maxComponents)
	}
	f.components = append(f.components, c)
	return nil
}

// replace reads "old [version] => new [version]", as go.mod has it.
func (f *ocbFile) replace(n ast.Node) error {
	line := n.GetToken().Position.Line
	g, err := modfile.Parse(f.name, []byte("module m\nreplace "+text(n)+"\n"), nil)
	if err != nil || len(g.Replace) != 1 || len(g.Require)+len(g.Exclude)+len(g.Retract) > 0 {
		return f.errorAt(line, "replace %q: want module [version] => folder, or module and version", text(n))
	}
	r := replaceLine{line, g.Replace[0].Old, g.Replace[0].New}
	if r.new.Version == "" {
		from := f.places
		if f.output != "" && !isFolder(f.output) {
			f.output = "./" + f.output
		}
		from.From = path.Join(f.places.From, f.output) // ocb's go.mod lies there
		if isFolder(f.output) && strings.HasPrefix(f.output, "/") {
			from.From = f.output
		}
		r.new.Path = from.Place(r.new.Path)
	}
	f.replaces = append(f.replaces, r)
	return nil
}

func (f *ocbFile) exclude(n ast.Node) error {
	line := n.GetToken().Position.Line
	g, err := modfile.Parse(f.name, []byte("module m\nexclude "+text(n)+"\n"), nil)
	if err != nil || len(g.Exclude) != 1 || len(g.Require)+len(g.Replace)+len(g.Retract) > 0 {
		return f.errorAt(line, "exclude %q: want a module and its version", text(n))
	}
	f.excludes = append(f.excludes, g.Exclude[0].Mod.Path+" "+g.Exclude[0].Mod.Version)
	return nil
}
