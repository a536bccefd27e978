package graft

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/attest"
	"github.com/graft-build/graft/internal/bom"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/manifest"
	"github.com/graft-build/graft/target"
)

// Request says what to build beside what the project's manifest says. The zero value is the
// manifest alone.
type Request struct {
	Dir       string   // folder that relative paths of the request start from; default: the project's
	App       string   // application, instead of the manifest's: a folder or package@version
	With      []string // plugins, after the manifest's: folders or package@version
	Plugins   []string // plugins, instead of the manifest's; nil keeps those, an empty list has none
	Interface string   // instead of the manifest's; the same for the next two
	Entry     string
	Register  string
	Tags      []string // build tags, after the manifest's
	Targets   []string // instead of the manifest's
	Formats   []string // instead of the manifest's
	Images    bool     // an image of each target that can have one, beside the other formats
	Name      string   // instead of the manifest's
	Version   string   // instead of the manifest's
	Snapshot  bool     // the version names the git commit too, and sorts before the stated one
	Out       string   // folder for artifacts; default "dist"
	Locked    bool     // the lock must not change
	Hosts     []string // GOOS/GOARCH: Lock records module files, and Go's toolchain for these; without any the lock's own, and this host where there is a flake.nix

	// Locks are files of locks that every version is taken from, instead of the project's lock:
	// one that is of this composition, or all of them together. Nothing is chosen anew.
	Locks []string
	// Replace has folders that stand in for modules, by their paths, whatever go.mod files say.
	Replace       map[string]string
	SBOM          []string // formats of bills of materials: "cyclonedx" (the default), "spdx"; or "none" alone
	ProvenanceKey string   // file with the private key that provenance is signed with; default: GRAFT_PROVENANCE_KEY of Config.Env

	anew   bool // no version is taken from the lock
	update Update

	formats map[string][]string // by target, instead of all others
}

// UsageError is a request that contradicts itself or the project.
type UsageError struct{ Text string }

func (e *UsageError) Error() string { return e.Text }

// check asks of the request's values what is asked of the manifest's.
func (r Request) check() error {
	var err error
	if r.Name != "" {
		err = manifest.CheckName(r.Name)
	}
	if r.Version != "" && err == nil {
		err = manifest.CheckVersion(r.Version)
	}
	for _, tag := range r.Tags {
		if err == nil {
			err = manifest.CheckTag(tag)
		}
	}
	if err != nil {
		return &UsageError{err.Error()}
	}
	return nil
}

// plan is a request and a manifest put together: everything that is wanted, nothing that
// was chosen.
type plan struct {
	m         manifest.Manifest // with the request's values and what it takes from the application's own manifest
	app       string            // absolute folder or package@version
	plugins   []manifest.Use    // Module is the same, or a package's path alone
	shown     map[string]string // app and plugins as the user wrote them
	base      string            // folder that the user is in
	targets   []target.Target
	formats   map[string][]string // by target's name
	out       string              // absolute
	outShown  string
	lockFile  string            // absolute
	stated    bool              // the version is of the manifest, the request or the application's module
	locks     []string          // Request.Locks, absolute
	replace   map[string]string // Request.Replace, absolute
	adhoc     bool              // the lock is of this request, not of the project: nobody edits or reviews it
	tags      []string
	asked     []string      // what decides the lock
	key       digest.Digest // of asked
	files     string        // folder that files named in m.Windows are relative to
	system    string        // the same for files of packages: m.Files, Services, Man, Completions
	templates string        // the same for those of m.Plugins.Files
	boms      []bom.Format
	signer    *attest.Signer // nil: provenance is not signed
}

// plan puts the request and the manifest together.
func (p *Project) plan(req Request) (*plan, error) {
	if err := req.check(); err != nil {
		return nil, err
	}
	pl := &plan{m: *p.manifest, files: p.dir, system: p.dir, templates: p.dir, shown: map[string]string{}, formats: map[string][]string{}}
	base := p.dir
	if req.Dir != "" {
		base = req.Dir
	}
	pl.base = base
	pl.adhoc = !p.declared || req.App != "" || len(req.With) > 0 || len(req.Tags) > 0 || req.Plugins != nil || len(req.Locks) > 0 || len(req.Replace) > 0
	if req.App != "" {
		pl.app = pl.placeApp(base, req.App)
	} else {
		pl.app = pl.placeApp(p.dir, cmp.Or(p.manifest.App, "."))
		if !isModule(pl.app) && !isDir(pl.app) {
			return nil, p.manifest.ErrorAt("$.app", "app: there is no folder %s", p.manifest.App)
		}
	}
	for i, u := range p.manifest.Plugins.Use {
		if req.App != "" || req.Plugins != nil { // another application does not get this one's plugins
			break
		}
		at := pl.place(p.dir, u.Module)
		if filepath.IsAbs(at) && !isDir(at) {
			return nil, p.manifest.ErrorAt(fmt.Sprintf("$.plugins.use[%d]", i), "plugin: there is no folder %s (a module is written with its version: example.com/p@v1.2.3)", u.Module)
		}
		if p.manifest.App == "" && at == pl.app {
			return nil, p.manifest.ErrorAt("$.app", "app: name the application that this folder is a plugin of: a folder, or package@version")
		}
		u.Module = at
		pl.plugins = append(pl.plugins, u)
	}
	// A flag can't be an empty list: "" is one.
	named := slices.DeleteFunc(slices.Clone(req.Plugins), func(ref string) bool { return ref == "" })
	for _, ref := range slices.Concat(named, req.With) {
		pl.plugins = append(pl.plugins, manifest.Use{Module: pl.place(base, ref)})
	}
	if err := p.inherit(pl); err != nil {
		return nil, err
	}
	pl.settle(req)
	pl.outShown = cmp.Or(req.Out, "dist")
	pl.out = absolute(base, pl.outShown)
	if err := pl.setTargets(req, p.manifest); err != nil {
		return nil, err
	}
	var err error
	if pl.boms, err = checkSBOM(req.SBOM); err != nil {
		return nil, err
	}
	if pl.signer, err = p.signer(base, req.ProvenanceKey); err != nil {
		return nil, err
	}
	pl.lockFile = filepath.Join(p.dir, lock.FileName)
	if pl.adhoc {
		pl.lockFile = filepath.Join(pl.out, lock.FileName)
	}
	for _, name := range req.Locks {
		pl.locks = append(pl.locks, absolute(base, name))
	}
	for path, dir := range req.Replace {
		if pl.replace == nil {
			pl.replace = map[string]string{}
		}
		pl.replace[path] = absolute(base, dir)
	}
	pl.decide(p.dir)
	return pl, nil
}

// settle lets the request decide over the manifests, and fills in what none of them says.
func (pl *plan) settle(req Request) {
	override(&pl.m.Plugins.Interface, req.Interface)
	override(&pl.m.Plugins.Entry, req.Entry)
	override(&pl.m.Plugins.Register, req.Register)
	override(&pl.m.Name, req.Name)
	override(&pl.m.Version, req.Version)
	pl.m.Name = cmp.Or(pl.m.Name, defaultName(pl.app))
	pl.stated = pl.m.Version != ""
	pl.m.Version = cmp.Or(pl.m.Version, "0.0.0")
	pl.tags = slices.Concat(pl.m.Build.Tags, req.Tags)
}

// placeApp makes a folder absolute and leaves package@version alone.
func (pl *plan) placeApp(base, ref string) string {
	at := ref
	if !isModule(ref) {
		at = absolute(base, ref)
	}
	pl.shown[at] = ref
	return at
}

// place makes a folder absolute and leaves package@version and a package's path alone.
func (pl *plan) place(base, ref string) string {
	at := ref
	if !isModule(ref) && (isDir(absolute(base, ref)) || !isPackage(ref)) {
		at = absolute(base, ref)
	}
	pl.shown[at] = ref
	return at
}

func absolute(base, dir string) string {
	if filepath.IsAbs(dir) {
		return filepath.Clean(dir)
	}
	return filepath.Join(base, dir)
}

// isModule tells package@version from a folder. A folder may have an @ in its name when it
// is written with a leading ./ or as an absolute path.
func isModule(ref string) bool {
	return strings.Contains(ref, "@") && !strings.HasPrefix(ref, ".") && !filepath.IsAbs(ref)
}

// isPackage says whether a name that is no folder's looks like a package's path.
func isPackage(ref string) bool {
	first, _, more := strings.Cut(ref, "/")
	return more && strings.Contains(strings.Trim(first, "."), ".") && module.CheckImportPath(ref) == nil
}

func override(field *string, value string) {
	if value != "" {
		*field = value
	}
}

// inherit fills what the manifest leaves open from the application's own manifest: how it
// takes plugins, what its build needs, how its image is configured.
func (p *Project) inherit(pl *plan) error {
	if isModule(pl.app) || pl.app == p.dir {
		return nil
	}
	file := filepath.Join(pl.app, manifest.FileName)
	own, err := readManifest(file, filepath.Join(pl.shown[pl.app], manifest.FileName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	pl.takeFrom(own, pl.app)
	return nil
}

// takeFrom takes what an application's own manifest, in dir, says.
func (pl *plan) takeFrom(own *manifest.Manifest, dir string) {
	m := &pl.m
	if reflect.ValueOf(m.Windows).IsZero() {
		m.Windows, pl.files = own.Windows, dir
	}
	if m.Files == nil && m.Services == nil && m.Man == "" && m.Completions == nil {
		m.Files, m.Services, m.Man, m.Completions, pl.system = own.Files, own.Services, own.Man, own.Completions, dir
	}
	if m.Plugins.Undeclared() {
		use, versions := m.Plugins.Use, m.Plugins.Versions
		m.Plugins, pl.templates = own.Plugins, dir
		m.Plugins.Use, m.Plugins.Versions = use, versions
	}
	if len(m.Build.Tags) == 0 && m.Build.LDFlags == "" {
		m.Build = own.Build
	}
	if m.Packages == nil {
		m.Packages = own.Packages
	}
	if reflect.ValueOf(m.OCI).IsZero() {
		m.OCI = own.OCI
	}
}

func defaultName(app string) string {
	app, _, _ = strings.Cut(filepath.ToSlash(app), "@")
	name := path.Base(app)
	if strings.HasPrefix(name, "v") && strings.Trim(name[1:], "0123456789") == "" && len(name) > 1 {
		name = path.Base(path.Dir(app)) // example.com/app/v2
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '+', r == '.', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, name)
	return cmp.Or(strings.Trim(name, "-.+"), "app")
}

// setTargets decides targets and, for each, formats. Formats of the manifest that a target
// can't have are left out, asked for by the request they are an error.
func (pl *plan) setTargets(req Request, m *manifest.Manifest) error {
	names := req.Targets
	if len(names) == 0 {
		names = m.Targets
	}
	if len(names) == 0 {
		host, err := target.Host(runtime.GOOS, runtime.GOARCH)
		if err != nil {
			return err
		}
		names = []string{host.Name}
	}
	for _, name := range names {
		t, err := target.Parse(name)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(pl.targets, func(o target.Target) bool { return o.Name == t.Name }) {
			continue
		}
		pl.targets = append(pl.targets, t)
		asked := req.Formats
		if req.formats != nil {
			asked = req.formats[t.Name]
		}
		if err := pl.setFormats(t, asked, m.Formats); err != nil {
			return err
		}
		if req.Images && canPack(t, "oci") && !slices.Contains(pl.formats[t.Name], "oci") {
			pl.formats[t.Name] = append(pl.formats[t.Name], "oci")
		}
	}
	return nil
}

func (pl *plan) setFormats(t target.Target, asked, declared []string) error {
	for _, f := range asked {
		if err := manifest.CheckFormat(f); err != nil {
			return &UsageError{err.Error()}
		}
		if !canPack(t, f) {
			return &UsageError{fmt.Sprintf("format %s does not exist for target %s: it is for %s", f, t.Name, madeFor(f))}
		}
	}
	formats := asked
	if len(formats) == 0 {
		formats = slices.DeleteFunc(slices.Clone(declared), func(f string) bool {
			// A zip is what Windows opens; a tar.gz for it has to be asked for.
			return !canPack(t, f) || f == "tar.gz" && t.GOOS() == "windows"
		})
	}
	if len(formats) == 0 {
		formats = t.Formats
	}
	pl.formats[t.Name] = slices.Compact(slices.Clone(formats))
	return nil
}

// canPack says whether artifacts of a format exist for a target.
func canPack(t target.Target, format string) bool {
	switch format {
	case "deb", "rpm", "apk", "archlinux", "oci", "docker":
		return t.Platform.OS == "linux"
	case "zip":
		return t.Platform.OS == "windows"
	}
	return true
}

func madeFor(format string) string {
	if format == "zip" {
		return "Windows"
	}
	return "Linux"
}
