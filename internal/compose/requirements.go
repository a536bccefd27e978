package compose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	goversion "go/version"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// requirement is one line of the composed go.mod.
type requirement struct {
	Path, Version string
	Indirect      bool
	By            string `json:"-"` // who wants that version; for messages
}

// requirements is the composed go.mod but for its replace lines, in whichever way it was
// found: from the go.mod files, by the go command, or in a lock.
type requirements struct {
	Go   string // the go line
	List []requirement
	Sums []string // lines of go.sum, sorted
}

// oldGo is the language version of a go.mod without a go line.
const oldGo = "1.16"

func (m *mod) goLine() string {
	if m.file.Go == nil {
		return oldGo
	}
	return m.file.Go.Version
}

// noVersion is the version that stands for a module whose folder is used.
func noVersion(path string) string {
	_, major, _ := module.SplitPathVersion(path)
	return module.ZeroPseudoVersion(module.PathMajorPrefix(major))
}

// union is what the modules together require: the highest version of each module that any
// of them names, which is what the go command's minimal version selection comes to when
// their go.mod files are complete.
func (c *composer) union() (requirements, error) {
	var r requirements
	have := map[string]*requirement{}
	add := func(q requirement) {
		if q.Path == c.app.mod.path {
			return // the main module is what it is; checkPins looks at the version
		}
		old := have[q.Path]
		if old == nil {
			have[q.Path] = &q
			return
		}
		old.Indirect = old.Indirect && q.Indirect
		if semver.Compare(q.Version, old.Version) > 0 {
			old.Version, old.By = q.Version, q.By
		}
	}
	for _, m := range c.modules() {
		if goversion.Compare("go"+m.goLine(), "go"+r.Go) > 0 {
			r.Go = m.goLine()
		}
		for _, q := range m.file.Require {
			if q.Mod.Path == "go" || q.Mod.Path == "toolchain" {
				return r, refuse(m.who, m.shown+"/go.mod", "it requires a module called %s", q.Mod.Path)
			}
			add(requirement{Path: q.Mod.Path, Version: q.Mod.Version, Indirect: q.Indirect || m != c.app.mod, By: m.who})
		}
	}
	for _, p := range c.plugins {
		v := p.mod.version
		if v == "" {
			v = noVersion(p.mod.path)
		}
		add(requirement{Path: p.mod.path, Version: v, By: p.who})
	}
	for path := range c.spec.Replace {
		add(requirement{Path: path, Version: noVersion(path), By: "module " + path})
	}
	for _, q := range have {
		r.List = append(r.List, *q)
	}
	r.sort()
	return r, nil
}

func (r *requirements) sort() {
	slices.SortFunc(r.List, func(a, b requirement) int { return cmp.Compare(a.Path, b.Path) })
}

func (r *requirements) find(path string) (requirement, bool) {
	i, ok := slices.BinarySearchFunc(r.List, path, func(q requirement, p string) int { return cmp.Compare(q.Path, p) })
	if !ok {
		return requirement{}, false
	}
	return r.List[i], true
}

// modules are all modules whose go.mod was read, the application's first, each once.
func (c *composer) modules() []*mod {
	list := []*mod{c.app.mod}
	for _, p := range c.plugins {
		if !slices.Contains(list, p.mod) {
			list = append(list, p.mod)
		}
	}
	for _, r := range c.replaces {
		if r.mod != nil && !slices.Contains(list, r.mod) {
			list = append(list, r.mod)
		}
	}
	return list
}

// render writes the composed go.mod. The same inputs give the same bytes.
func (c *composer) render(r requirements) ([]byte, error) {
	f := new(modfile.File)
	if err := f.AddModuleStmt(c.app.mod.path); err != nil {
		return nil, err
	}
	if err := f.AddGoStmt(r.Go); err != nil {
		return nil, err
	}
	if err := c.addGodebug(f, r.Go); err != nil {
		return nil, err
	}
	reqs := make([]*modfile.Require, len(r.List))
	for i, q := range r.List {
		reqs[i] = &modfile.Require{Mod: module.Version{Path: q.Path, Version: q.Version}, Indirect: q.Indirect}
	}
	f.SetRequireSeparateIndirect(reqs)
	for _, e := range c.app.mod.file.Exclude {
		if err := f.AddExclude(e.Mod.Path, e.Mod.Version); err != nil {
			return nil, err
		}
	}
	for _, p := range c.replaces {
		target, version := p.target()
		if err := f.AddReplace(p.old.Path, p.old.Version, target, version); err != nil {
			return nil, err
		}
	}
	f.Cleanup()
	f.SortBlocks()
	return f.Format()
}

// addGodebug keeps the run-time settings of the application when a plugin needs a newer
// language version than it: by themselves they follow the go line.
func (c *composer) addGodebug(f *modfile.File, goLine string) error {
	own := false
	for _, g := range c.app.mod.file.Godebug {
		own = own || g.Key == "default"
		if err := f.AddGodebug(g.Key, g.Value); err != nil {
			return err
		}
	}
	if lang := goversion.Lang("go" + c.app.mod.goLine()); !own && lang != "" && lang != goversion.Lang("go"+goLine) {
		return f.AddGodebug("default", lang)
	}
	return nil
}

// mergeSums unites the go.sum files of the application and of the folders. They must not
// disagree: the go command would take whichever it reads first.
func (c *composer) mergeSums() ([]string, error) {
	type entry struct{ sum, by string }
	have := map[string]entry{}
	var lines []string
	for _, m := range c.modules() {
		for line := range strings.Lines(string(m.sums)) {
			f := strings.Fields(line)
			if len(f) != 3 || !strings.HasPrefix(f[2], "h1:") {
				continue
			}
			id := f[0] + " " + f[1]
			if old, ok := have[id]; ok {
				if old.sum != f[2] {
					return nil, refuse(m.who, m.shown+"/go.sum", "%s@%s has the sum %s, that of %s says %s; one of them was changed", f[0], f[1], f[2], old.by, old.sum)
				}
				continue
			}
			have[id] = entry{f[2], m.who}
			lines = append(lines, id+" "+f[2])
		}
	}
	slices.Sort(lines)
	return lines, nil
}

func joinLines(lines []string) []byte {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintln(&b, l)
	}
	return []byte(b.String())
}
