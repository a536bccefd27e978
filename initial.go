package graft

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/draft"
	"github.com/graft-build/graft/internal/survey"
	"github.com/graft-build/graft/manifest"
	"github.com/graft-build/graft/target"
)

// InitRequest says what the first manifest of a project is about.
type InitRequest struct {
	Dir     string   // folder that relative paths of the request start from; default: the project's
	Look    string   // folder whose module is looked at, or package@version of an application; default: the project's
	App     string   // the application, instead of what is found: a folder or package@version
	With    []string // plugins: folders, package@version, or package: its newest version
	Targets []string
	Force   bool // write over a manifest that is there
}

// InitResult says what Init found and wrote.
type InitResult struct {
	Path    string   `json:"path"`    // of the manifest
	Kind    string   `json:"kind"`    // "application", "plugin", or "distribution" of somebody else's application
	App     string   `json:"app"`     // as the manifest has it; "" where it has to be filled in
	Plugins []string `json:"plugins"` // plugins.use
	Takes   string   `json:"takes"`   // what shows how the application takes plugins, "" when nothing does
	Mains   []string `json:"mains"`   // main packages of the module
	Needs   []string `json:"needs"`   // C libraries that its sources name
}

// ExistsError is a file that is there already and is not written over.
type ExistsError struct{ Path string }

func (e *ExistsError) Error() string { return "there is a " + e.Path + " already" }

// Init looks at a module and writes a manifest for it into the project's folder, with
// comments that say what can be changed. Sources are only read.
func (p *Project) Init(ctx context.Context, req InitRequest) (*InitResult, error) {
	i := &initial{project: p, req: req, base: req.Dir}
	if i.base == "" {
		i.base = p.dir
	}
	file := filepath.Join(p.dir, manifest.FileName)
	if _, err := os.Lstat(file); err == nil && !req.Force {
		return nil, &ExistsError{file}
	}
	for _, name := range req.Targets {
		t, err := target.Parse(name)
		if err != nil {
			return nil, err
		}
		i.facts.Targets = append(i.facts.Targets, t.Name)
	}
	if err := i.find(ctx); err != nil {
		return nil, err
	}
	text := draft.Write(i.facts)
	m, err := manifest.Parse(manifest.FileName, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	if m.App != i.facts.App || len(m.Plugins.Use) != len(i.facts.Use) {
		return nil, fmt.Errorf("write %s: the names of folders have characters that no manifest can have", file)
	}
	f, err := stageFile(file, text)
	if err != nil {
		return nil, err
	}
	defer f.drop()
	i.res.Path, i.res.App, i.res.Plugins, i.res.Takes = file, i.facts.App, append([]string{}, i.facts.Use...), i.facts.Seam.Why
	return &i.res, f.put()
}

// initial is the making of a first manifest.
type initial struct {
	project *Project
	req     InitRequest
	base    string
	facts   draft.Facts
	res     InitResult
	appDir  string // folder of the application's main package, "" when it is unknown
}

// find finds out what the manifest shall say.
func (i *initial) find(ctx context.Context) error {
	look := i.req.Look
	if isModule(look) {
		if i.req.App != "" {
			return &UsageError{"two applications: " + look + " and " + i.req.App}
		}
		i.req.App, look = look, ""
	}
	dir := absolute(i.base, look)
	if look == "" {
		dir = i.project.dir
	}
	if !isDir(dir) {
		return &NotFoundError{Path: look, Err: fs.ErrNotExist}
	}
	m, err := survey.Look(dir)
	switch {
	case errors.Is(err, survey.ErrNoModule) && i.req.App != "":
		m, err = nil, nil
	case errors.Is(err, survey.ErrNoModule):
		return &UsageError{fmt.Sprintf("%s is in no Go module: name the folder of an application or a plugin, or an application as package@version", dir)}
	}
	if err != nil {
		return err
	}
	i.res.Mains, i.res.Needs = []string{}, []string{}
	if m != nil {
		i.res.Mains, i.res.Needs = append(i.res.Mains, m.Mains...), append(i.res.Needs, m.Needs...)
	}
	switch {
	case m == nil || len(m.Mains) > 0 && isModule(i.req.App):
		i.res.Kind = "distribution"
		err = i.application(ctx, i.req.App)
	case len(m.Mains) == 0:
		err = i.plugin(ctx, m, dir)
	default:
		i.res.Kind = "application"
		err = i.own(m, dir)
	}
	if err != nil {
		return err
	}
	return i.use(ctx)
}

// own is a module with main packages: one of them is the application.
func (i *initial) own(m *survey.Module, dir string) error {
	main := ""
	rel, err := filepath.Rel(m.Root, dir)
	if rel = filepath.ToSlash(rel); err == nil && slices.Contains(m.Mains, rel) {
		main = rel
	} else if i.req.App == "" {
		main = m.Main()
	}
	if i.req.App != "" {
		rel, err := filepath.Rel(m.Root, absolute(i.base, i.req.App))
		if main = filepath.ToSlash(rel); err != nil || !slices.Contains(m.Mains, main) {
			return &UsageError{fmt.Sprintf("application %s is no main package of module %s, which has: %s", i.req.App, m.Path, strings.Join(i.shown(m, ""), ", "))}
		}
	}
	if main == "" {
		return &UsageError{fmt.Sprintf("module %s has %d main packages; name one with --app: %s", m.Path, len(m.Mains), strings.Join(i.shown(m, ""), ", "))}
	}
	i.appDir = filepath.Join(m.Root, filepath.FromSlash(main))
	i.facts.App = i.folder(i.appDir)
	i.facts.Name = defaultName(m.Import(main))
	i.facts.Mains = i.shown(m, main)
	i.facts.Needs = m.Needs
	i.facts.Inherit = i.appDir != i.project.dir && isFile(filepath.Join(i.appDir, manifest.FileName))
	i.facts.Seam = m.Seam(main)
	return nil
}

// shown are the main packages of a module but one, as folders relative to the project.
func (i *initial) shown(m *survey.Module, but string) []string {
	var out []string
	for _, main := range m.Mains {
		if main != but {
			out = append(out, i.folder(filepath.Join(m.Root, filepath.FromSlash(main))))
		}
	}
	const most = 20
	return out[:min(len(out), most)]
}

func (i *initial) folder(dir string) string {
	return (&editing{project: i.project}).folder("", dir)
}

// plugin is a module without a main package.
func (i *initial) plugin(ctx context.Context, m *survey.Module, dir string) error {
	i.res.Kind = "plugin"
	i.facts.Plugin = true
	i.facts.Use = []string{i.folder(dir)}
	app := i.req.App
	if app == "" {
		app = m.Host()
	}
	if app != "" {
		if err := i.application(ctx, app); err != nil {
			return err
		}
	}
	i.facts.Needs = m.Needs
	i.facts.Name = defaultName(m.Path)
	return nil
}

// application is one that was named: a folder, or package@version, which is downloaded to be
// looked at only when its version has to be asked for.
func (i *initial) application(ctx context.Context, app string) error {
	if !isModule(app) {
		dir := absolute(i.base, app)
		if !isDir(dir) {
			return &UsageError{fmt.Sprintf("application %s: there is no such folder", app)}
		}
		m, err := survey.Look(dir)
		if err != nil {
			return err
		}
		return i.own(m, dir)
	}
	pkg, query, _ := strings.Cut(app, "@")
	i.facts.App, i.facts.Name = app, defaultName(pkg)
	if !exactVersion(query) {
		version, err := i.project.versionOfApp(ctx, app)
		if err != nil {
			return err
		}
		i.facts.App = pkg + "@" + version
	}
	return nil
}

// use adds the plugins that the request names, and learns their entry function from them.
func (i *initial) use(ctx context.Context) error {
	e := &editing{project: i.project, base: i.base, refs: i.facts.Use}
	for _, text := range i.req.With {
		ref, err := e.reference(ctx, text)
		if err != nil {
			return err
		}
		if e.find(ref) < 0 {
			e.refs = append(e.refs, ref)
		}
	}
	i.facts.Use = e.refs
	if i.facts.Seam.Interface == "" {
		return nil
	}
	for _, ref := range i.facts.Use {
		if isModule(ref) {
			continue
		}
		if name := survey.Entry(absolute(i.project.dir, ref), i.facts.Seam.Interface); name != "" {
			i.facts.Seam.Entry = name
			break
		}
	}
	return nil
}
