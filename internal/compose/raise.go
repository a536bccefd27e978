package compose

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// raise is a module that plugins bring in a higher version than the application requires.
type raise struct {
	path, from, to string
	plugin         string   // who forces it, for messages
	module         string   // that plugin's module, path@version
	through        []string // modules between the plugin and the requirement, path@version
}

func (r raise) String() string {
	s := r.path + " from " + r.from + " to " + r.to
	if len(r.through) > 0 {
		s += " (through " + strings.Join(r.through, ", ") + ")"
	}
	return s
}

// by is who forces the version, as a lock has it: wherever folders are.
func (r raise) by() string {
	return strings.Join(append([]string{cmp.Or(r.module, "plugins")}, r.through...), " ")
}

// raises are the modules of the application's go.mod that the composition has in another
// version, and who forces each.
func (c *composer) raises(r requirements) []raise {
	var out []raise
	var paths forcing
	for _, q := range c.app.mod.file.Require {
		got, ok := r.find(q.Mod.Path)
		if !ok || semver.Compare(got.Version, q.Mod.Version) <= 0 {
			continue
		}
		if p, replaced := c.replacedBy(got); replaced && p.mod != nil {
			continue // a folder has no version
		}
		up := raise{path: q.Mod.Path, from: q.Mod.Version, to: got.Version, plugin: got.By}
		if up.plugin == "" {
			if paths == nil {
				paths = c.forcing(r)
			}
			up.plugin, up.through = paths.find(module.Version{Path: got.Path, Version: got.Version})
		}
		for _, m := range c.modules() {
			if m.who == up.plugin {
				up.module = module.Version{Path: m.path, Version: m.version}.String()
			}
		}
		out = append(out, up)
	}
	return out
}

// checkRaises tells which versions the application gets otherwise than by itself, or refuses
// them where the user wants so.
func (c *composer) checkRaises(list []raise) error {
	var plugins []string
	by := map[string][]string{}
	for _, up := range list {
		if by[up.plugin] == nil {
			plugins = append(plugins, up.plugin)
		}
		by[up.plugin] = append(by[up.plugin], up.String())
	}
	for _, who := range plugins {
		if c.spec.Keep {
			return refuse(who, "", "it raises %s; plugins.versions: keep does not allow that", strings.Join(by[who], ", "))
		}
		const most = 6 // the lock has them all
		text, more := by[who], ""
		if len(text) > most+1 {
			text, more = text[:most], fmt.Sprintf(" and %d more that the application requires, see graft.lock", len(text)-most)
		}
		c.warn("%s raises %s%s", who, strings.Join(text, ", "), more)
	}
	return nil
}

// forcing is, for each module version that something of a plugin requires, the shortest way
// from a plugin to the requirement.
type forcing map[module.Version][]string

// find is the plugin and the modules between it and the requirement of a version.
func (f forcing) find(m module.Version) (plugin string, through []string) {
	way := f[m]
	if len(way) == 0 {
		return "the plugins' dependencies", nil
	}
	return way[0], way[1:]
}

// forcing follows the requirements of the selected versions, as far as their go.mod files
// are in the go command's cache.
func (c *composer) forcing(r requirements) forcing {
	ways := forcing{}
	type step struct {
		file *modfile.File
		way  []string
	}
	var queue []step
	for _, m := range c.modules()[1:] {
		queue = append(queue, step{m.file, []string{m.who}})
	}
	seen := map[string]bool{}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		for _, q := range s.file.Require {
			if ways[q.Mod] == nil {
				ways[q.Mod] = s.way
			}
			got, ok := r.find(q.Mod.Path)
			if !ok || seen[q.Mod.Path] || got.Version != q.Mod.Version {
				continue
			}
			seen[q.Mod.Path] = true
			if f := c.cachedMod(q.Mod); f != nil {
				queue = append(queue, step{f, append(slices.Clone(s.way), q.Mod.String())})
			}
		}
	}
	return ways
}

// cachedMod is the go.mod file of a version, nil when it is not in the go command's cache.
func (c *composer) cachedMod(m module.Version) *modfile.File {
	p, err := module.EscapePath(m.Path)
	if err != nil {
		return nil
	}
	v, err := module.EscapeVersion(m.Version)
	if err != nil {
		return nil
	}
	b, err := readFile(filepath.Join(c.Go.ModCache, "cache", "download", filepath.FromSlash(p), "@v", v+".mod"), maxModFile)
	if err != nil {
		return nil
	}
	f, err := modfile.ParseLax("go.mod", b, nil)
	if err != nil {
		return nil
	}
	return f
}
