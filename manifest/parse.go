package manifest

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/graft-build/graft/internal/format/deb822"
	"github.com/graft-build/graft/target"
)

// MaxSize is the largest manifest that Parse reads, in bytes.
const MaxSize = 256 << 10

// maxDepth bounds nesting before the YAML parser, which recurses, sees the text.
const maxDepth = 64

// Schema is the JSON Schema (draft 2020-12) of graft.yaml.
//
//go:embed schema.json
var Schema []byte

// Formats that artifacts can have.
var Formats = []string{"tar.gz", "deb", "rpm", "apk", "archlinux", "oci", "docker", "zip"}

// Distributions that packages come from.
var Distributions = []string{"debian", "msys2"}

// Suites that a distribution has, the default first.
var Suites = map[string][]string{
	"debian": {"bookworm", "trixie"},
	"msys2":  {"clang64", "ucrt64", "mingw64", "clangarm64"},
}

// Parse reads a manifest. file is only used in errors, which are *Error and state line,
// column and the text around it. Unknown keys are errors.
func Parse(file string, r io.Reader) (*Manifest, error) {
	b, doc, err := readYAML(file, r)
	if err != nil {
		return nil, err
	}
	m := new(Manifest)
	if err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(m); err != nil && !errors.Is(err, io.EOF) {
		return nil, doc.wrap(err)
	}
	doc.literals(m)
	if err := doc.check(m); err != nil {
		return nil, err
	}
	m.doc = doc
	return m, nil
}

// literals takes numbers where text is wanted as they are written: version: 1.10 is not 1.1.
func (d *document) literals(m *Manifest) {
	d.systemLiterals(m)
	d.literal("$.name", &m.Name)
	d.literal("$.version", &m.Version)
	for i := range m.OCI.Args {
		d.literal(fmt.Sprintf("$.oci.args[%d]", i), &m.OCI.Args[i])
	}
	for key, value := range m.OCI.Env {
		d.literal("$.oci.env.'"+key+"'", &value)
		m.OCI.Env[key] = value
	}
	for key, value := range m.OCI.Labels {
		d.literal("$.oci.labels.'"+key+"'", &value)
		m.OCI.Labels[key] = value
	}
	d.literal("$.oci.stopSignal", &m.OCI.StopSignal)
}

func (d *document) literal(path string, value *string) {
	p, err := yaml.PathString(path)
	if err != nil {
		return
	}
	n, err := p.FilterFile(d.tree)
	if err != nil {
		return
	}
	switch n.(type) {
	case *ast.FloatNode, *ast.IntegerNode:
		*value = n.GetToken().Value
	}
}

// document gives errors their place in the text.
type document struct {
	file string
	tree *ast.File
}

// wrap turns an error of the YAML library into an *Error.
func (d *document) wrap(err error) error {
	var ye yaml.Error
	if !errors.As(err, &ye) {
		return &Error{File: d.file, Text: err.Error()}
	}
	text := ye.GetMessage()
	var te *yaml.TypeError
	if errors.As(err, &te) {
		text = fmt.Sprintf("want %s here", kindName(te.DstType.String()))
	}
	var un *yaml.UnexpectedNodeTypeError
	if errors.As(err, &un) {
		text = fmt.Sprintf("want %s here, not %s", nodeName(un.Expected), nodeName(un.Actual))
	}
	var uf *yaml.UnknownFieldError
	if errors.As(err, &uf) {
		text = strings.Replace(text, "unknown field", "unknown key", 1)
		text += closest(ye.GetToken())
	}
	return d.at(ye.GetToken(), text)
}

func (d *document) at(tk *token.Token, text string) error {
	e := &Error{File: d.file, Text: text}
	if tk != nil && tk.Position != nil {
		e.Line, e.Col = tk.Position.Line, tk.Position.Column
		e.Excerpt = excerpt(tk)
	}
	return e
}

// errorAt is an error at a YAML path ("$.targets[1]"), or at the whole file when nothing is there.
func (d *document) errorAt(path, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	p, err := yaml.PathString(path)
	if err == nil {
		if n, err := p.FilterFile(d.tree); err == nil && n != nil {
			return d.at(n.GetToken(), text)
		}
	}
	return &Error{File: d.file, Text: text}
}

// plain refuses what a manifest has no use for and what makes YAML expensive to read.
func (d *document) plain() error {
	if len(d.tree.Docs) > 1 {
		return &Error{File: d.file, Text: "the manifest has more than one YAML document"}
	}
	v := &plainVisitor{}
	for _, doc := range d.tree.Docs {
		if doc.Body != nil {
			ast.Walk(v, doc.Body)
		}
	}
	if v.bad != nil {
		return d.at(v.bad.GetToken(), "anchors, aliases and merge keys are not read: write the value out")
	}
	return nil
}

type plainVisitor struct{ bad ast.Node }

func (v *plainVisitor) Visit(n ast.Node) ast.Visitor {
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		if v.bad == nil {
			v.bad = n
		}
	}
	return v
}

var (
	nameForm    = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]*$`)
	versionForm = regexp.MustCompile(`^[0-9][A-Za-z0-9.+~-]*$`)
	tagForm     = regexp.MustCompile(`^[\pL\pN_.]+$`) // as go/build has it
	labelForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,255}$`)
	signalForm  = regexp.MustCompile(`^(SIG[A-Z0-9]{1,12}([+-][0-9]{1,2})?|[1-9][0-9]?)$`)
	userForm    = regexp.MustCompile(`^[0-9]{1,10}(:[0-9]{1,10})?$`)
	mirrorForm  = regexp.MustCompile(`^(https?|file)://\S+$`)
	needForm    = regexp.MustCompile(`^(pkg-config|lib|header):\S+$`)
	oneLine     = regexp.MustCompile(`^[^\x00-\x1f\x7f]*$`)
)

// openQuote returns the quote of a field of linker flags that has no second one, 0 for none.
// A quote inside of a field is a character like any other, as for the go command.
func openQuote(flags string) byte {
	for {
		flags = strings.TrimLeft(flags, " \t")
		if flags == "" {
			return 0
		}
		end := strings.IndexAny(flags, " \t")
		if q := flags[0]; q == '\'' || q == '"' {
			if end = strings.IndexByte(flags[1:], q) + 1; end == 0 {
				return q
			}
			end++
		}
		if end < 0 {
			return 0
		}
		flags = flags[end:]
	}
}

// check is what a schema can't say, each with its place.
func (d *document) check(m *Manifest) error {
	if err := CheckName(m.Name); m.Name != "" && err != nil {
		return d.errorAt("$.name", "%v", err)
	}
	if q := openQuote(m.Build.LDFlags); q != 0 {
		return d.errorAt("$.build.ldflags", "ldflags: a %c is opened and not closed", q)
	}
	if err := CheckVersion(m.Version); m.Version != "" && err != nil {
		return d.errorAt("$.version", "%v", err)
	}
	lines := []struct{ path, value string }{
		{"description", m.Description}, {"maintainer", m.Maintainer}, {"homepage", m.Homepage},
		{"license", m.License}, {"app", m.App}, {"build.ldflags", m.Build.LDFlags}, {"oci.user", m.OCI.User},
		{"deb.section", m.Deb.Section}, {"deb.priority", m.Deb.Priority}, {"windows.icon", m.Windows.Icon},
		{"windows.manifest", m.Windows.Manifest}, {"windows.company", m.Windows.Company}, {"windows.copyright", m.Windows.Copyright},
	}
	for _, l := range lines {
		if !oneLine.MatchString(l.value) {
			return d.errorAt("$."+l.path, "%s: want one line without control characters", l.path)
		}
	}
	if err := d.checkPlugins(m.Plugins); err != nil {
		return err
	}
	for i, dep := range m.Deb.Depends {
		if _, err := deb822.ParseRelations(dep); err != nil || dep == "" || !oneLine.MatchString(dep) {
			return d.errorAt(fmt.Sprintf("$.deb.depends[%d]", i), "%q is no dependency of a Debian package, such as libfoo1 (>= 1.2)", dep)
		}
	}
	for i, name := range m.Targets {
		if _, err := target.Parse(name); err != nil {
			return d.errorAt(fmt.Sprintf("$.targets[%d]", i), "%v (all: graft targets)", err)
		}
	}
	for i, f := range m.Formats {
		if err := CheckFormat(f); err != nil {
			return d.errorAt(fmt.Sprintf("$.formats[%d]", i), "%v", err)
		}
	}
	for i, tag := range m.Build.Tags {
		if err := CheckTag(tag); err != nil {
			return d.errorAt(fmt.Sprintf("$.build.tags[%d]", i), "%v", err)
		}
	}
	if m.OCI.User != "" && !userForm.MatchString(m.OCI.User) {
		return d.errorAt("$.oci.user", "user %q: want numbers, uid or uid:gid", m.OCI.User)
	}
	if err := d.checkSources(m); err != nil {
		return err
	}
	if err := d.checkWindows(m); err != nil {
		return err
	}
	if err := d.checkSystem(m); err != nil {
		return err
	}
	return d.checkOCI(m.OCI)
}

func (d *document) checkOCI(o OCI) error {
	for i, p := range o.Ports {
		if p < 1 || p > 65535 {
			return d.errorAt(fmt.Sprintf("$.oci.ports[%d]", i), "port %d: want 1 to 65535", p)
		}
	}
	for _, name := range sortedKeys(o.Labels) {
		if !labelForm.MatchString(name) {
			return d.errorAt("$.oci.labels", "label %q: want letters, digits and . _ - /, such as org.opencontainers.image.source", name)
		}
	}
	if o.StopSignal != "" && !signalForm.MatchString(o.StopSignal) {
		return d.errorAt("$.oci.stopSignal", "stop signal %q: want a name such as SIGINT, or a number", o.StopSignal)
	}
	return nil
}

func (d *document) checkWindows(m *Manifest) error {
	for key, patterns := range map[string][]string{"dlls": m.Windows.DLLs, "data": m.Windows.Data} {
		for i, p := range patterns {
			if _, err := path.Match(p, ""); err != nil || p == "" || path.IsAbs(p) || path.Clean(p) != strings.TrimSuffix(p, "/") || strings.HasPrefix(p, "..") || strings.Contains(p, `\`) {
				return d.errorAt(fmt.Sprintf("$.windows.%s[%d]", key, i), "pattern %q: want a path with slashes below the packages' folder; * stands for a part of a name", p)
			}
		}
	}
	return nil
}

func (d *document) checkSources(m *Manifest) error {
	for _, dist := range sortedKeys(m.Repositories) {
		r := m.Repositories[dist]
		if !contains(Distributions, dist) {
			return d.errorAt("$.repositories."+dist, "unknown distribution %q: want one of %s", dist, strings.Join(Distributions, ", "))
		}
		if r.Suite != "" && !contains(Suites[dist], r.Suite) {
			return d.errorAt("$.repositories."+dist+".suite", "unknown suite %q of %s: want one of %s", r.Suite, dist, strings.Join(Suites[dist], ", "))
		}
		for key, list := range map[string][]string{"mirrors": r.Mirrors, "security": r.Security} {
			for i, m := range list {
				if !mirrorForm.MatchString(m) {
					return d.errorAt(fmt.Sprintf("$.repositories.%s.%s[%d]", dist, key, i), "mirror %q: want an address that begins with https://, http:// or file://", m)
				}
			}
		}
	}
	for _, dist := range sortedKeys(m.Packages) {
		if !contains(Distributions, dist) {
			return d.errorAt("$.packages."+dist, "unknown distribution %q: want one of %s", dist, strings.Join(Distributions, ", "))
		}
		for _, need := range sortedKeys(m.Packages[dist].Choose) {
			if !needForm.MatchString(need) {
				return d.errorAt("$.packages."+dist+".choose", "need %q: want pkg-config:NAME, lib:NAME or header:NAME", need)
			}
		}
	}
	return nil
}

// CheckName says whether a program can have a name, which becomes that of files.
func CheckName(s string) error {
	if !nameForm.MatchString(s) {
		return fmt.Errorf("name %q: want lower-case letters, digits and + . - only, as package formats do", s)
	}
	return nil
}

// CheckVersion says whether artifacts can have a version.
func CheckVersion(s string) error {
	if !versionForm.MatchString(s) {
		return fmt.Errorf("version %q: want a digit first, then letters, digits and . + ~ - only", s)
	}
	return nil
}

// CheckTag says whether a build tag is one.
func CheckTag(s string) error {
	if !tagForm.MatchString(s) {
		return fmt.Errorf("build tag %q: want letters, digits, _ and . only", s)
	}
	return nil
}

// CheckFormat says whether an artifact format exists.
func CheckFormat(f string) error {
	if !contains(Formats, f) {
		return fmt.Errorf("unknown format %q: want one of %s", f, strings.Join(Formats, ", "))
	}
	return nil
}
