package compose

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	goversion "go/version"

	"golang.org/x/mod/semver"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/lock"
)

// local marks a module of the lock that is a folder.
const local = "local"

// goLinePath is the path under which a lock records a go line that is higher than all the
// go.mod files say: the name that the go command itself has for it.
const goLinePath = "go"

// lockModules are the modules as the lock records them.
func (c *composer) lockModules(r requirements, raises []raise) []lock.Module {
	list := c.listModules(r)
	for i := range list {
		m := &list[i]
		for _, up := range raises {
			if up.path == m.Path && up.to == m.Version {
				m.From, m.By = up.from, up.by()
			}
		}
		if old, ok := c.lockedModule(m.Path); ok && old.Version == m.Version {
			m.From, m.By = old.From, old.By
		}
	}
	return list
}

// lockedModule is what the lock says of a module.
func (c *composer) lockedModule(path string) (lock.Module, bool) {
	if c.spec.Locked == nil {
		return lock.Module{}, false
	}
	i := slices.IndexFunc(c.spec.Locked.Modules, func(m lock.Module) bool { return m.Path == path })
	if i < 0 {
		return lock.Module{}, false
	}
	return c.spec.Locked.Modules[i], true
}

func (c *composer) listModules(r requirements) []lock.Module {
	app := c.app.mod
	list := []lock.Module{{Path: app.path, Version: app.version, Sum: app.sum}}
	if app.local() {
		list[0].Replace = local
	}
	if u, err := c.union(); err == nil && goversion.Compare("go"+r.Go, "go"+u.Go) > 0 {
		list = append(list, lock.Module{Path: goLinePath, Version: r.Go})
	}
	sums := sumsByModule(r.Sums)
	for _, q := range r.List {
		m := lock.Module{Path: q.Path, Version: q.Version}
		p, replaced := c.replacedBy(q)
		switch {
		case replaced && p.mod != nil:
			m.Version, m.Replace = "", local
		case replaced:
			m.Replace = p.new.Path + "@" + p.new.Version
			m.Sum = sums[p.new.Path+" "+p.new.Version]
		default:
			m.Sum = sums[q.Path+" "+q.Version]
		}
		list = append(list, m)
	}
	return list
}

// replacedBy is the replace line that counts for a requirement.
func (c *composer) replacedBy(q requirement) (replacement, bool) {
	var always *replacement
	for i := range c.replaces {
		switch p := &c.replaces[i]; {
		case p.old.Path != q.Path:
		case p.old.Version == q.Version:
			return *p, true
		case p.old.Version == "":
			always = p
		}
	}
	if always == nil {
		return replacement{}, false
	}
	return *always, true
}

func sumsByModule(lines []string) map[string]string {
	sums := map[string]string{}
	for _, l := range lines {
		if f := strings.Fields(l); len(f) == 3 && !strings.HasSuffix(f[1], "/go.mod") {
			sums[f[0]+" "+f[1]] = f[2]
		}
	}
	return sums
}

// lockedRequirements are the versions of the lock, checked against what the go.mod files
// require now.
func (c *composer) lockedRequirements(ctx context.Context, u requirements) (requirements, error) {
	r := requirements{Go: u.Go, Sums: c.spec.Locked.Sums}
	var stale []string
	path, version, _ := strings.Cut(c.spec.Locked.Composition.App, "@")
	_, anew := c.spec.updated(path)
	if path != c.app.mod.path || version != c.app.mod.version && !anew {
		stale = append(stale, fmt.Sprintf("the application is %s, the lock has %s", versioned(c.app.mod.path, c.app.mod.version), versioned(path, version)))
	}
	for _, m := range c.spec.Locked.Modules {
		if m.Path == path {
			continue
		}
		if m.Path == goLinePath {
			if goversion.Compare("go"+m.Version, "go"+r.Go) > 0 {
				r.Go = m.Version
			}
			continue
		}
		q := requirement{Path: m.Path, Version: m.Version, Indirect: true}
		now, named := u.find(m.Path)
		if c.spec.Loose && m.Version == "" && !named {
			continue // a folder of another composition
		}
		if named {
			q.Indirect = now.Indirect
			if now.Version == m.Version {
				q.By = now.By
			}
		}
		if m.Version == "" {
			if q.Version = now.Version; !named {
				q.Version = noVersion(m.Path)
			}
		}
		r.List = append(r.List, q)
	}
	r.sort()
	if c.spec.Loose {
		c.addFolders(u, &r)
	}
	if len(c.spec.Update) > 0 && len(stale) == 0 {
		return r, c.raise(ctx, u, &r)
	}
	stale = append(stale, c.differences(u, r)...)
	if was := c.spec.Locked.Composition.GoMod; len(stale) == 0 && !was.IsZero() && was != c.inputs() {
		stale = append(stale, "the requirements in go.mod files have changed since it was written, or what generated files import")
	}
	if len(stale) > 0 {
		return r, &StaleError{What: stale}
	}
	return r, nil
}

// addFolders adds the folders of this composition that a lock of others does not know: a folder
// needs no version.
func (c *composer) addFolders(u requirements, r *requirements) {
	var missing []requirement
	for _, q := range u.List {
		if _, ok := r.find(q.Path); ok {
			continue
		}
		if p, replaced := c.replacedBy(q); replaced && p.mod != nil {
			missing = append(missing, q)
		}
	}
	r.List = append(r.List, missing...)
	r.sort()
}

// differences compares the requirements of the go.mod files with the locked ones. The lock
// may have more modules and higher versions: those that the named modules need in turn.
func (c *composer) differences(u, locked requirements) []string {
	var diff []string
	for _, q := range u.List {
		l, ok := locked.find(q.Path)
		switch {
		case !ok:
			diff = append(diff, fmt.Sprintf("%s requires %s, which the lock does not have", q.By, versioned(q.Path, q.Version)))
		case semver.Compare(q.Version, l.Version) > 0:
			diff = append(diff, fmt.Sprintf("%s requires %s, the lock has %s", q.By, versioned(q.Path, q.Version), l.Version))
		}
	}
	if c.spec.Loose {
		return diff
	}
	for _, m := range c.spec.Locked.Modules {
		q, ok := locked.find(m.Path)
		if !ok || m.Path == c.app.mod.path {
			continue
		}
		p, replaced := c.replacedBy(q)
		now := ""
		switch {
		case replaced && p.mod != nil:
			now = local
		case replaced:
			now = p.new.Path + "@" + p.new.Version
		}
		if now != m.Replace {
			diff = append(diff, fmt.Sprintf("%s is %s, the lock has %s", m.Path, orItself(now), orItself(m.Replace)))
		}
	}
	return diff
}

func orItself(replace string) string {
	switch replace {
	case "":
		return "not replaced"
	case local:
		return "a folder"
	}
	return "replaced by " + replace
}

func versioned(path, version string) string {
	if version == "" {
		return path + " in a folder"
	}
	return path + "@" + version
}

// inputs is the digest of what the go.mod files say about versions, so that a lock can tell
// whether any of them has changed since.
func (c *composer) inputs() digest.Digest {
	k := digest.NewKey("go.mod/1")
	mods := c.modules()
	slices.SortStableFunc(mods[1:], func(a, b *mod) int { return strings.Compare(a.path, b.path) })
	for _, m := range mods {
		k.Add("module", m.path, m.version, m.goLine())
		for _, q := range m.file.Require {
			k.Add("require", q.Mod.Path, q.Mod.Version)
		}
		for _, p := range m.file.Replace {
			k.Add("replace", p.Old.Path, p.Old.Version, p.New.Path, p.New.Version)
		}
		for _, e := range m.file.Exclude {
			k.Add("exclude", e.Mod.Path, e.Mod.Version)
		}
	}
	// What is imported beside the plugins decides too which modules are needed.
	for _, i := range c.spec.Imports {
		k.Add("import", i)
	}
	for _, i := range slices.Sorted(maps.Keys(c.imports())) {
		if !slices.ContainsFunc(c.plugins, func(p part) bool { return p.pkg == i }) {
			k.Add("import", i)
		}
	}
	return k.Digest()
}
