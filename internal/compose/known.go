package compose

import (
	"context"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// isPackage says whether a plugin is named by its import path alone: it then is in the
// application's module or in one that the application requires.
func (c *composer) isPackage(text string) bool {
	return !strings.Contains(text, "@") && !strings.HasPrefix(text, ".") && !filepath.IsAbs(text) &&
		module.CheckImportPath(text) == nil && !isDir(filepath.Join(c.spec.Dir, text))
}

// locateKnown finds a package in the application's module or in one that it requires. It is
// not found when no such module can have it.
func (c *composer) locateKnown(ctx context.Context, who, pkg string) (p part, found bool, err error) {
	app := c.app.mod
	r := ref{text: pkg, path: pkg}
	if below(pkg, app.path) {
		rel := filepath.FromSlash(strings.TrimPrefix(strings.TrimPrefix(pkg, app.path), "/"))
		if dir := filepath.Join(app.root, rel); isDir(dir) && nestedModule(app.root, rel) == "" {
			return part{ref: r, who: who, mod: app, dir: dir, pkg: pkg}, true, nil
		}
	}
	q := c.requiredFor(pkg)
	if q.Path == "" {
		if below(pkg, app.path) {
			return part{}, false, refuse(who, "", "the application's module %s has no package %s", app.path, pkg)
		}
		return part{}, false, nil
	}
	if line := replaceOf(app.file, q); line != nil {
		if line.New.Version != "" {
			return part{}, false, refuse(who, "", "the application replaces its module (%s => %s %s); name a folder", q.Path, line.New.Path, line.New.Version)
		}
		m, err := c.replacedFolder(app, line)
		if err != nil {
			return part{}, false, err
		}
		if m.path != q.Path {
			return part{}, false, refuse(who, "", "the application replaces its module %s with a folder that calls itself %s", q.Path, m.path)
		}
		dir := filepath.Join(m.root, filepath.FromSlash(strings.TrimPrefix(pkg, q.Path)))
		return part{ref: r, who: who, mod: m, dir: dir, pkg: pkg}, true, nil
	}
	p, err = c.locateAt(ctx, who, r, c.lockedVersion(q))
	p.follows = true
	return p, err == nil, err
}

// locateAt finds a package in a version of a module.
func (c *composer) locateAt(ctx context.Context, who string, r ref, m module.Version) (part, error) {
	d, err := c.download(ctx, m)
	if err != nil {
		return part{}, err
	}
	if !isDir(d.folder(r)) {
		return part{}, refuse(who, "", "module %s@%s, which the application requires, has no package %s", m.Path, m.Version, r.path)
	}
	return c.openVersion(who, r, d)
}

// requiredFor is the module of the longest path among those that the application requires
// and that can have a package; the zero value when there is none.
func (c *composer) requiredFor(pkg string) (m module.Version) {
	for _, q := range c.app.mod.file.Require {
		if below(pkg, q.Mod.Path) && len(q.Mod.Path) > len(m.Path) {
			m = q.Mod
		}
	}
	return m
}

// lockedVersion is the lock's version of a module where it has one: a plugin may have raised it.
func (c *composer) lockedVersion(m module.Version) module.Version {
	if l, ok := c.lockedModule(m.Path); ok && l.Version != "" && module.Check(l.Path, l.Version) == nil {
		return module.Version{Path: l.Path, Version: l.Version}
	}
	return m
}

// follow makes plugins that are of a module which the application requires be of the version
// that the composition has of it.
func (c *composer) follow(ctx context.Context, r requirements) error {
	for i := range c.plugins {
		p := &c.plugins[i]
		q, ok := r.find(p.mod.path)
		if !p.follows || !ok || q.Version == p.mod.version {
			continue
		}
		now, err := c.locateAt(ctx, p.who, p.ref, module.Version{Path: q.Path, Version: q.Version})
		if err != nil {
			return err
		}
		p.mod, p.dir = now.mod, now.dir
	}
	return nil
}

// replaceOf is the replace line of a go.mod that counts for a module.
func replaceOf(f *modfile.File, m module.Version) (found *modfile.Replace) {
	for _, line := range f.Replace {
		switch {
		case line.Old.Path != m.Path:
		case line.Old.Version == m.Version:
			return line
		case line.Old.Version == "":
			found = line
		}
	}
	return found
}

// nestedModule is the folder between root and a folder below it that is a module of its own,
// "" when there is none.
func nestedModule(root, rel string) string {
	for dir := rel; dir != "." && dir != ""; dir = filepath.Dir(dir) {
		if isFile(filepath.Join(root, dir, "go.mod")) {
			return dir
		}
	}
	return ""
}
