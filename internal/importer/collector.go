package importer

import (
	"bytes"
	"embed"
	"fmt"
	"go/format"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/graft-build/graft/internal/draft"
)

const otel = "go.opentelemetry.io/collector"

// What ocb's releases have told of the collector's versions.
const (
	oldest        = 120 // v0.120.0: otelcol.MakeFactoryMap, ProviderModules
	firstFactory  = 139 // v0.139.0: the telemetry of a collector is a component
	stableBehind  = 94  // v0.139.0 of the collector goes with v1.45.0 of its stable modules
	telemetryPath = otel + "/service/telemetry/otelconftelemetry"
)

// defaultProviders are what a manifest without providers has.
var defaultProviders = []string{"env", "file", "http", "https", "yaml"}

// complete adds what a manifest leaves open: telemetry and providers.
func (f *ocbFile) complete() error {
	minor, ok := f.minor()
	if !ok {
		return &Error{File: f.name, Text: "no version of the collector: no component has one of the form v0.N.M"}
	}
	if minor < oldest {
		return &Error{File: f.name, Text: fmt.Sprintf("a collector v0.%d: graft imports those from v0.%d.0 on", minor, oldest)}
	}
	add := func(kind, pkg, mod, version string) {
		f.components = append(f.components, component{kind: kind, pkg: pkg, module: mod, version: version})
	}
	if !f.declared["telemetry"] && minor >= firstFactory {
		add("telemetry", telemetryPath, otel+"/service", fmt.Sprintf("v0.%d.0", minor))
	}
	if !f.declared["providers"] {
		for _, p := range defaultProviders {
			mod := otel + "/confmap/provider/" + p + "provider"
			add("provider", mod, mod, fmt.Sprintf("v1.%d.0", minor-stableBehind))
		}
	}
	// A module that a replace line takes from a folder need not exist elsewhere.
	f.replaces = slices.DeleteFunc(f.replaces, func(r replaceLine) bool {
		used := false
		for i := range f.components {
			c := &f.components[i]
			if r.new.Version == "" && c.module == r.old.Path && (r.old.Version == "" || r.old.Version == c.version) && c.dir == "" {
				c.dir, used = r.new.Path+strings.TrimPrefix(c.pkg, c.module), true
			}
		}
		return used
	})
	return nil
}

// minor is the N of the newest v0.N.M of the collector's components, those of others counting
// only when it has none.
func (f *ocbFile) minor() (int, bool) {
	for _, prefix := range []string{otel + "/", "github.com/open-telemetry/opentelemetry-collector-contrib/", ""} {
		best := ""
		for _, c := range f.components {
			if strings.HasPrefix(c.module, prefix) && semver.Major(c.version) == "v0" && semver.Compare(c.version, best) > 0 {
				best = c.version
			}
		}
		if best != "" {
			n, err := strconv.Atoi(strings.TrimPrefix(semver.MajorMinor(best), "v0."))
			return n, err == nil && n < 100_000
		}
	}
	return 0, false
}

//go:embed collector
var collectorFiles embed.FS

func (f *ocbFile) write() (*Project, error) {
	if err := module.CheckImportPath(f.module); err != nil {
		return nil, &Error{File: f.name, Text: "dist.module: " + err.Error()}
	}
	for _, name := range []string{"main.go", "main_others.go", "main_windows.go"} {
		b, err := f.source(name)
		if err != nil {
			return nil, err
		}
		f.project.Files = append(f.project.Files, File{name, b})
	}
	components, err := collectorFiles.ReadFile("collector/components.go.tmpl")
	if err != nil {
		return nil, err
	}
	gomod, err := f.gomod()
	if err != nil {
		return nil, err
	}
	f.project.Files = append(f.project.Files, File{"components.go.tmpl", components}, File{"go.mod", gomod}, File{"graft.yaml", f.manifest()})
	return f.project.checked(f.name)
}

// source executes one of the templates of the main package.
func (f *ocbFile) source(name string) ([]byte, error) {
	t, err := template.New(name+".tmpl").Funcs(template.FuncMap{"quote": strconv.Quote}).ParseFS(collectorFiles, "collector/"+name+".tmpl")
	if err != nil {
		return nil, err
	}
	program := programName(f.command)
	if program == "" {
		program = "otelcol"
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]string{"Program": program, "Command": f.command, "Description": f.description, "Scheme": f.scheme})
	if err != nil {
		return nil, err
	}
	return format.Source(b.Bytes())
}

func (f *ocbFile) gomod() ([]byte, error) {
	minor, _ := f.minor()
	m := new(modfile.File)
	if err := m.AddModuleStmt(f.module); err != nil {
		return nil, err
	}
	if err := m.AddGoStmt("1.24"); err != nil {
		return nil, err
	}
	m.AddNewRequire(otel+"/otelcol", fmt.Sprintf("v0.%d.0", minor), false)
	for _, r := range f.replaces {
		if err := m.AddReplace(r.old.Path, r.old.Version, r.new.Path, r.new.Version); err != nil {
			return nil, f.errorAt(r.line, "%v", err)
		}
	}
	for _, e := range f.excludes {
		path, version, _ := strings.Cut(e, " ")
		if err := m.AddExclude(path, version); err != nil {
			return nil, &Error{File: f.name, Text: err.Error()}
		}
	}
	return m.Format()
}

// manifest is graft.yaml.
func (f *ocbFile) manifest() []byte {
	var b strings.Builder
	b.WriteString("# An OpenTelemetry collector: main.go is its program, components.go is made of this list.\n")
	name := programName(f.command)
	if name == "" {
		name = "otelcol"
	}
	b.WriteString("name: " + draft.Scalar(name) + "\n")
	if f.version != "" {
		b.WriteString("version: " + draft.Scalar(f.version) + "\n")
	}
	if d := strings.Join(strings.Fields(f.description), " "); d != "" && !strings.ContainsFunc(d, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		b.WriteString("description: " + draft.Scalar(d) + "\n")
	}
	b.WriteString("app: .\nplugins:\n  files:\n    - {template: components.go.tmpl, to: components.go}\n  use:\n")
	for _, k := range kinds {
		for _, c := range f.components {
			if c.kind == k.kind {
				b.WriteString(c.use().yaml())
			}
		}
	}
	f.build(&b)
	return []byte(b.String())
}

func (f *ocbFile) build(b *strings.Builder) {
	if len(f.tags) == 0 && !f.debug {
		return
	}
	b.WriteString("build:\n")
	if len(f.tags) > 0 {
		var tags []string
		for _, t := range f.tags {
			tags = append(tags, flowScalar(t))
		}
		b.WriteString("  tags: [" + strings.Join(tags, ", ") + "]\n")
	}
	if f.debug {
		b.WriteString("  debug: true\n")
	}
}

// use is a component as a plugin.
func (c component) use() use {
	u := use{module: c.pkg + "@" + c.version, alias: c.name, options: [][2]string{{"kind", c.kind}}}
	if c.dir != "" {
		u.module = c.dir
		u.options = append(u.options, [2]string{"gomod", c.module + " " + c.version})
	}
	return u
}
