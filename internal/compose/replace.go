package compose

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	goversion "go/version"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/graft-build/graft/event"
)

// replacement is one replace line of the composed go.mod.
type replacement struct {
	old module.Version
	new module.Version // a module; the zero value when it is a folder
	mod *mod           // the folder's module
	by  *mod           // whose go.mod has the line; for a local plugin itself that module
}

// link is where a folder stands in a composition: below modules/, by its module path, so
// that nothing of where the user keeps it shows in the binary. The @ keeps the link of a
// module apart from the folder that the links of modules below its path need.
func (p replacement) link() string {
	version := "local"
	if p.old.Version != "" {
		version = escapeCase(p.old.Version)
	}
	return "modules/" + escapeCase(p.old.Path) + "@" + version
}

// escapeCase is what module.EscapePath does, also for paths without a dot: file systems may
// not tell case apart.
func escapeCase(s string) string {
	var b []byte
	for _, c := range []byte(s) {
		if 'A' <= c && c <= 'Z' {
			b = append(b, '!', c+'a'-'A')
			continue
		}
		b = append(b, c)
	}
	return string(b)
}

// target is the right side of the line. The main module's root is app/ in the composition.
func (p replacement) target() (path, version string) {
	if p.mod != nil {
		return "../" + p.link(), ""
	}
	return p.new.Path, p.new.Version
}

func (p replacement) same(q replacement) bool {
	if p.old != q.old || (p.mod == nil) != (q.mod == nil) {
		return false
	}
	if p.mod != nil {
		return p.mod.root == q.mod.root
	}
	return p.new == q.new
}

func (p replacement) String() string {
	s := p.old.Path
	if p.old.Version != "" {
		s += " " + p.old.Version
	}
	if p.mod != nil {
		return s + " => " + p.mod.shown
	}
	return s + " => " + p.new.Path + " " + p.new.Version
}

// collectReplaces fills c.replaces: the local plugins, the application's replace lines and
// what the local plugins carry along.
func (c *composer) collectReplaces() error {
	for _, p := range c.plugins {
		if p.mod.local() && p.mod != c.app.mod {
			c.addReplace(replacement{old: module.Version{Path: p.mod.path}, mod: p.mod, by: p.mod})
		}
	}
	if err := c.standIns(); err != nil {
		return err
	}
	// A line of a plugin counts only when somebody needs the module, so that the leftovers
	// of its author's own experiments harm nobody.
	needed := map[string]bool{}
	for _, m := range append([]*mod{c.app.mod}, c.pluginMods()...) {
		for _, q := range m.file.Require {
			needed[q.Mod.Path] = true
		}
	}
	// Before Go 1.17 a go.mod did not name all modules that are needed.
	unneeded := func(m *mod, line *modfile.Replace) bool {
		return !needed[line.Old.Path] && goversion.Compare("go"+m.goLine(), "go1.17") >= 0
	}
	for _, r := range c.app.mod.file.Replace {
		if r.New.Version == "" && unneeded(c.app.mod, r) {
			continue
		}
		if err := c.carry(c.app.mod, r); err != nil {
			return err
		}
	}
	// What is in the user's folders counts before what was downloaded.
	mods := c.pluginMods()
	slices.SortStableFunc(mods, func(a, b *mod) int {
		switch {
		case a.local() == b.local():
			return 0
		case a.local():
			return -1
		}
		return 1
	})
	for _, m := range mods {
		c.noteFolders(m)
		for _, r := range m.file.Replace {
			if unneeded(m, r) || !m.local() && !c.portable(m, r) || c.dangling(m, r) {
				continue
			}
			if err := c.carry(m, r); err != nil {
				return err
			}
		}
	}
	slices.SortFunc(c.replaces, func(a, b replacement) int {
		return cmp.Or(cmp.Compare(a.old.Path, b.old.Path), cmp.Compare(a.old.Version, b.old.Version))
	})
	return nil
}

// standIns adds the folders that the user names for modules.
func (c *composer) standIns() error {
	for _, path := range slices.Sorted(maps.Keys(c.spec.Replace)) {
		dir := c.spec.Replace[path]
		who := "module " + path
		if path == c.app.mod.path || c.plugin(path) != nil {
			return refuse(who, "", "it is named twice, with the folder %s and as application or plugin", dir)
		}
		root, err := filepath.EvalSymlinks(dir)
		if err != nil || !isFile(filepath.Join(root, "go.mod")) {
			return refuse(who, "", "no go.mod in %s", dir)
		}
		m, err := c.open(who, root, c.show(root), "")
		if err != nil {
			return err
		}
		if m.path != path {
			return refuse(who, filepath.Join(m.shown, "go.mod"), "the module there is %s", m.path)
		}
		c.addReplace(replacement{old: module.Version{Path: path}, mod: m, by: m})
	}
	return nil
}

// dangling says whether a plugin's line names a folder that is not there, for a module that
// somebody else provides: the plugin was taken without the folders that its author has beside it.
func (c *composer) dangling(m *mod, line *modfile.Replace) bool {
	dir := filepath.FromSlash(line.New.Path)
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(m.root, dir)
	}
	if line.New.Version != "" || isDir(dir) || !slices.ContainsFunc(c.replaces, func(p replacement) bool { return p.old.Path == line.Old.Path }) {
		return false
	}
	c.note("%s replaces %s with %s, which is not there; that of the application or another plugin is used", m.who, line.Old.Path, line.New.Path)
	return true
}

// pluginMods are the modules of the plugins, without the application's own.
func (c *composer) pluginMods() []*mod {
	var list []*mod
	for _, p := range c.plugins {
		if p.mod != c.app.mod && !slices.Contains(list, p.mod) {
			list = append(list, p.mod)
		}
	}
	return list
}

// noteFolders tells of the modules that a downloaded plugin replaces with folders of where it
// was made: what repositories of many modules have, and what counts nowhere else.
func (c *composer) noteFolders(m *mod) {
	var names []string
	for _, r := range m.file.Replace {
		if !m.local() && r.New.Version == "" && r.Old.Path != c.app.mod.path {
			names = append(names, r.Old.Path)
		}
	}
	if len(names) > 0 {
		c.note("%s replaces %s with folders that are not part of its module; the versions that it requires count", m.who, strings.Join(names, ", "))
	}
}

// portable says whether a replace line of a downloaded plugin can be taken over, and tells the
// user of those that cannot: the plugin may not work without them. One of his own folders he
// can edit; there a line that cannot be is an error.
func (c *composer) portable(m *mod, line *modfile.Replace) bool {
	if line.Old.Path == c.app.mod.path {
		return false // it is the main module
	}
	const left = "%s replaces %s with %s, which is left out: "
	with := strings.TrimSpace(line.New.Path + " " + line.New.Version)
	if line.New.Version == "" {
		return false // noteFolders tells
	}
	for _, q := range c.replaces {
		switch {
		case q.old.Path != line.Old.Path || q.same(replacement{old: line.Old, new: line.New}):
		case q.by == c.app.mod:
			c.warn(left+"the application has %s", m.who, line.Old.Path, with, q)
			return false
		default:
			c.warn(left+"%s has %s", m.who, line.Old.Path, with, q.by.who, q)
			return false
		}
	}
	for _, q := range c.app.mod.file.Require {
		if q.Mod.Path == line.Old.Path {
			c.warn(left+"the application requires %s %s itself; if the plugin does not work without it, put the line into the application's go.mod", m.who, line.Old.Path, with, q.Mod.Path, q.Mod.Version)
			return false
		}
	}
	c.note("%s replaces %s with %s, which is taken over", m.who, line.Old.Path, with)
	return true
}

func (c *composer) addReplace(p replacement) {
	if !slices.ContainsFunc(c.replaces, p.same) {
		c.replaces = append(c.replaces, p)
	}
}

// carry takes one replace line over.
func (c *composer) carry(by *mod, line *modfile.Replace) error {
	if line.Old.Path == c.app.mod.path {
		return nil // it is the main module
	}
	if c.spec.Replace[line.Old.Path] != "" {
		return nil // the user's word counts
	}
	p := replacement{old: line.Old, new: line.New, by: by}
	if line.New.Version == "" {
		m, err := c.replacedFolder(by, line)
		if err != nil {
			return err
		}
		p.new, p.mod = module.Version{}, m
	}
	if pl := c.plugin(line.Old.Path); pl != nil {
		return c.replacedPlugin(pl, p)
	}
	for _, q := range c.replaces {
		if q.old.Path != p.old.Path || q.by == by || q.same(p) {
			continue
		}
		return refuse(by.who, place(by, line), "it replaces %s, but %s has %s; make the lines agree or remove one", p, q.by.who, q)
	}
	if by != c.app.mod && p.mod != nil && !slices.ContainsFunc(c.replaces, p.same) {
		for _, q := range c.app.mod.file.Require {
			if q.Mod.Path == p.old.Path {
				c.note("%s replaces %s, which the application requires at %s, with %s", by.who, p.old.Path, q.Mod.Version, p.mod.shown)
			}
		}
	}
	c.addReplace(p)
	return nil
}

// replacedPlugin decides on a line that replaces a plugin which the user has named: the
// user's word counts, unless the application pins the plugin to something else.
func (c *composer) replacedPlugin(pl *part, p replacement) error {
	if p.mod != nil && pl.mod.local() && p.mod.root == pl.mod.root {
		return nil
	}
	if p.by == c.app.mod && !pl.mod.local() {
		return refuse(pl.who, "", "the application replaces this module (%s); remove that line or name the plugin without a version", p)
	}
	c.note("%s has %s; %s is used instead", p.by.who, p, pl.text)
	return nil
}

func (c *composer) plugin(modulePath string) *part {
	for i := range c.plugins {
		if c.plugins[i].mod.path == modulePath {
			return &c.plugins[i]
		}
	}
	return nil
}

// replacedFolder opens the folder that a replace line names.
func (c *composer) replacedFolder(by *mod, line *modfile.Replace) (*mod, error) {
	dir := filepath.FromSlash(line.New.Path)
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(by.root, dir)
	}
	if by.version != "" {
		return nil, refuse(by.who, place(by, line), "the folder %s is not part of the module", line.New.Path)
	}
	root, err := filepath.EvalSymlinks(dir)
	if err != nil || !isFile(filepath.Join(root, "go.mod")) {
		return nil, refuse(by.who, place(by, line), "it replaces %s with %s: no go.mod there", line.Old.Path, line.New.Path)
	}
	return c.open("module "+line.Old.Path, root, c.show(root), "")
}

func place(m *mod, line *modfile.Replace) string {
	return fmt.Sprintf("%s:%d", filepath.Join(m.shown, "go.mod"), line.Syntax.Start.Line)
}

func (c *composer) warn(format string, args ...any) {
	c.Events.Send(event.Warning{Text: fmt.Sprintf(format, args...)})
}

func (c *composer) note(format string, args ...any) {
	c.Events.Send(event.Note{Text: fmt.Sprintf(format, args...)})
}
