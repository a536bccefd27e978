// Package compose makes one main module of an application and its plugins: a go.mod that
// requires the plugins and a file that imports and registers them, both kept in the store
// and handed to the go command by -modfile and -overlay. Nothing is written into the trees
// of the user. It is the first stage after the manifest; detect and compile read its result.
package compose

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"runtime"

	"golang.org/x/mod/module"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/target"
)

// Deps is what composing works with.
type Deps struct {
	Go      Go
	Store   *store.Store
	Events  event.Sink
	Offline bool // modules come only from the go command's cache
}

// PluginSpec is one plugin as the user names it.
type PluginSpec struct {
	Ref     string         // folder, package@version, or a package of the application or of a module that it requires
	Alias   string         // what generated files call the package; "" for its own name
	Options map[string]any // for templates, as package manifest has them
}

// Spec says what to compose.
type Spec struct {
	App     string // folder, or package@version
	Dir     string // absolute folder that relative ones start from
	Plugins []PluginSpec

	Interface string     // what an entry function returns: example.com/api.Plugin; "" is not checked
	Entry     string     // its name; "" when plugins need only be imported
	Register  string     // text/template of a Go statement for each plugin; "" imports it only
	Imports   []string   // what the statements use beside the plugins: paths, or a name and a path
	Files     []FileSpec // files of the application that templates make

	Name, Version string // of the program, for templates

	Keep bool // plugins must not raise versions that the application requires

	Replace map[string]string // folders that stand in for modules, whatever go.mod files say; by module path

	Tags      []string        // build tags
	Platforms []target.Target // what will be built; default: the host

	// Versions come from here; nil lets the go command choose them. Platforms that are none of
	// its targets are added to it: the composition's Modules and Sums then have more.
	Locked *lock.Lock
	Loose  bool     // Locked is of other compositions: it may have modules that this one has not, and folders
	Update []string // modules that are chosen anew though they are locked: path, or path@query
}

// Plugin is a plugin of a composition.
type Plugin struct {
	Ref     string // as the user named it
	Path    string // import path
	Module  string // module path
	Version string // "" for a folder
	Dir     string // the package's folder
	Root    string // the module's folder
	Name    string // package name
}

// Composition is a main module that go build accepts: it runs in Dir with Flags for Package.
type Composition struct {
	Name    string // of the program: the last element of the package's path
	Module  string // path of the main module
	Version string // of the application's module, "" for a folder
	Package string // import path of the main package

	Dir   string   // where the go command runs: the main module's root in the composition
	Env   []string // what its environment needs beside GoEnv: PWD, as Dir is a symbolic link
	Flags []string // -mod, -modfile, -overlay

	Base      string   // the user's folder, from which messages show paths
	Generated string   // name of the generated file in the main package
	Files     []string // files that templates have made, by their paths with slashes in the main module

	AppRoot string // the real folder of the main module
	AppDir  string // the real folder of the main package
	Plugins []Plugin

	Modules   []lock.Module // the main module first, then the others by path
	Sums      []string      // lines of go.sum, sorted
	LocalDirs []LocalDir    // module folders whose content is input
	GoVersion string

	Inputs digest.Digest // of the requirements in the go.mod files it was made from
	Direct []string      // modules that the user's go.mod files require themselves, and those of plugins with a version
	Key    digest.Digest // of all that Dir, Flags and Package say, wherever the folders are
}

// LocalDir is a module in a folder of the user.
type LocalDir struct {
	Path string // module path
	Root string // its real folder
	Link string // where the composition has it, as the go command prints it
}

type composer struct {
	Deps
	spec     Spec
	app      part
	plugins  []part
	mods     []*mod // opened so far
	replaces []replacement

	templates []string // texts of the templates of files
	files     []file   // that they make
}

// Compose makes the composition. Mistakes of the application or a plugin are a *Refusal; a
// lock that was made for other go.mod files is a *StaleError. With a lock no version is
// looked up, and modules are downloaded only when the go command does not have them.
func Compose(ctx context.Context, d Deps, s Spec) (Composition, error) {
	if !filepath.IsAbs(s.Dir) {
		return Composition{}, fmt.Errorf("compose: base folder %q is not absolute", s.Dir)
	}
	if len(s.Platforms) == 0 {
		host, err := target.Host(runtime.GOOS, runtime.GOARCH)
		if err != nil {
			return Composition{}, err
		}
		s.Platforms = []target.Target{host}
	}
	c := &composer{Deps: d, spec: s}
	if err := c.locate(ctx); err != nil {
		return Composition{}, err
	}
	if err := c.checkPackages(); err != nil {
		return Composition{}, err
	}
	file, err := c.generate()
	if err != nil {
		return Composition{}, err
	}
	r, err := c.require(ctx, file)
	if err != nil {
		return Composition{}, err
	}
	if err := c.follow(ctx, r); err != nil {
		return Composition{}, err
	}
	raises := c.raises(r)
	if s.Keep || s.Locked == nil {
		if err := c.checkRaises(raises); err != nil {
			return Composition{}, err
		}
	}
	if s.Locked == nil {
		c.warnLanguage(r)
	}
	comp, err := c.compose(ctx, r, raises, file)
	if err != nil {
		return Composition{}, err
	}
	if err := c.checkEntriesOnce(comp, r, file); err != nil {
		return Composition{}, err
	}
	return comp, nil
}

// App is where an application is, for those who want to read what it says about itself.
type App struct {
	Module, Version string // Version is "" for a folder
	Package         string
	Root, Dir       string // folders of the module and of the main package
}

// Locate finds the application of a Spec. One that is package@version is downloaded.
func Locate(ctx context.Context, d Deps, s Spec) (App, error) {
	c := &composer{Deps: d, spec: s}
	if err := c.locateApp(ctx); err != nil {
		return App{}, err
	}
	a := c.app
	return App{Module: a.mod.path, Version: a.mod.version, Package: a.pkg, Root: a.mod.root, Dir: a.dir}, nil
}

func (c *composer) locateApp(ctx context.Context) error {
	name := c.spec.App
	if name == "" {
		name = "."
	}
	who := "application " + name
	r, err := parseRef(c.spec.Dir, name)
	if err != nil {
		return refuse("application", "", "%v", err)
	}
	if r.dir != "" {
		c.app, err = c.locateLocal(who, r)
		return err
	}
	c.app, err = c.locateVersionApp(ctx, who, r)
	return err
}

// locate finds the application, the plugins and all folders that replace lines name.
func (c *composer) locate(ctx context.Context) error {
	if err := c.locateApp(ctx); err != nil {
		return err
	}
	for _, s := range c.spec.Plugins {
		p, err := c.locatePlugin(ctx, s)
		if err != nil {
			return err
		}
		if err := c.checkTwins(p); err != nil {
			return err
		}
		c.plugins = append(c.plugins, p)
	}
	return c.collectReplaces()
}

func (c *composer) locatePlugin(ctx context.Context, s PluginSpec) (part, error) {
	p, err := c.locatePluginRef(ctx, s)
	p.alias, p.options = s.Alias, s.Options
	return p, err
}

func (c *composer) locatePluginRef(ctx context.Context, s PluginSpec) (part, error) {
	who := "plugin " + s.Ref
	if c.isPackage(s.Ref) {
		if p, ok, err := c.locateKnown(ctx, who, s.Ref); ok || err != nil {
			return p, err
		}
	}
	r, err := parseRef(c.spec.Dir, s.Ref)
	if err != nil {
		return part{}, refuse("plugin", "", "%v", err)
	}
	if r.dir != "" {
		return c.locateLocal(who, r)
	}
	return c.locateVersion(ctx, who, r)
}

// checkTwins refuses a second plugin of the same import path, and a second copy of a module.
func (c *composer) checkTwins(p part) error {
	for _, q := range append([]part{c.app}, c.plugins...) {
		switch {
		case q.pkg == p.pkg && q.mod == p.mod && q.who == c.app.who:
			return refuse(p.who, "", "it is the application's own package")
		case q.pkg == p.pkg:
			return refuse(p.who, "", "it is package %s, and so is %s; a package can be a plugin once", p.pkg, q.who)
		case q.mod.path == p.mod.path && q.mod.root != p.mod.root:
			return refuse(p.who, "", "its module %s is also that of %s, from %s; one composition has a module once", p.mod.path, q.who, q.mod.shown)
		}
	}
	return nil
}

// open is openModule, with one value for each folder.
func (c *composer) open(who, root, shown, version string) (*mod, error) {
	for _, m := range c.mods {
		if m.root == root {
			return m, nil
		}
	}
	m, err := openModule(who, root, shown, version)
	if err == nil {
		c.mods = append(c.mods, m)
	}
	return m, err
}

// show is a path as messages have it: relative to where the user is, if that is shorter.
func (c *composer) show(path string) string { return shorter(c.spec.Dir, path) }

// compose lays the composition out and describes it.
func (c *composer) compose(ctx context.Context, r requirements, raises []raise, file []byte) (Composition, error) {
	gomod, err := c.render(r)
	if err != nil {
		return Composition{}, fmt.Errorf("write go.mod: %w", err)
	}
	l := layout{gomod: gomod, gosum: joinLines(r.Sums), file: file, files: c.files, name: c.freeName()}
	l.rel, err = filepath.Rel(c.app.mod.root, c.app.dir)
	if err != nil {
		return Composition{}, err
	}
	comp := Composition{
		Name: programName(c.app.pkg), Module: c.app.mod.path, Version: c.app.mod.version, Package: c.app.pkg,
		Base: c.spec.Dir, Generated: l.name, AppRoot: c.app.mod.root, AppDir: c.app.dir, GoVersion: c.Go.Version,
		Modules: c.lockModules(r, raises), Sums: r.Sums, Inputs: c.inputs(), Direct: c.direct(r),
	}
	for _, p := range c.plugins {
		comp.Plugins = append(comp.Plugins, Plugin{
			Ref: p.text, Path: p.pkg, Module: p.mod.path, Version: p.mod.version, Dir: p.dir, Root: p.mod.root, Name: p.name,
		})
	}
	k := digest.NewKey("compose/1").
		Add("package", c.app.pkg).Add("version", c.app.mod.version, c.app.mod.sum).Add("go", c.Go.Version).
		Add("go.mod", string(l.gomod)).Add("go.sum", string(l.gosum)).
		Add("file", filepath.ToSlash(l.rel), l.name, string(file))
	c.addFiles(k)
	comp.Key = k.Digest()
	for _, f := range c.files {
		comp.Files = append(comp.Files, f.to)
	}
	dir, err := c.place(ctx, l, comp.Key)
	if err != nil {
		return Composition{}, err
	}
	comp.Dir, comp.Flags = filepath.Join(dir, "app"), l.flags(dir, "readonly")
	comp.Env = []string{"PWD=" + comp.Dir}
	if c.app.mod.local() {
		comp.LocalDirs = append(comp.LocalDirs, LocalDir{Path: c.app.mod.path, Root: c.app.mod.root, Link: comp.Dir})
	}
	for _, p := range c.replaces {
		if p.mod != nil {
			comp.LocalDirs = append(comp.LocalDirs, LocalDir{Path: p.old.Path, Root: p.mod.root, Link: filepath.Join(dir, filepath.FromSlash(p.link()))})
		}
	}
	return comp, nil
}

// programName is what go build calls the program of a package.
func programName(pkg string) string {
	name := path.Base(pkg)
	if prefix, major, ok := module.SplitPathVersion(pkg); ok && major != "" && major[0] == '/' {
		name = path.Base(prefix)
	}
	return name
}

// env is the environment for a go command that runs in dir.
func (c *composer) env(dir string) []string {
	env := append([]string{}, c.Go.Env...)
	if c.Offline {
		env = append(env, "GOPROXY=off", "GOSUMDB=off")
	}
	return append(env, "PWD="+dir)
}

// ErrOffline says that a module is missing and must not be downloaded.
var ErrOffline = errors.New("it is not in the go command's module cache, and this build is offline; graft fetch gets it")
