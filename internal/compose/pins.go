package compose

import (
	"fmt"

	goversion "go/version"

	"golang.org/x/mod/semver"
)

// checkPins refuses plugins that want something else than the application has fixed: its own
// version, a module that it replaces, or the Go version that there is.
//
// A require line is no pin, but the lowest version that will do; that a plugin raises it is
// only noted.
func (c *composer) checkPins(r requirements) error {
	for _, m := range c.modules() {
		if goversion.Compare("go"+m.goLine(), "go"+c.Go.Version) > 0 {
			return refuse(m.who, m.shown+"/go.mod", "it needs Go %s, this is Go %s", m.goLine(), c.Go.Version)
		}
	}
	for _, m := range c.pluginMods() {
		for _, q := range m.file.Require {
			if err := c.checkPin(m, q.Mod.Path, q.Mod.Version); err != nil {
				return err
			}
		}
	}
	for _, p := range c.plugins {
		if v := p.mod.version; v != "" && !p.follows && p.mod != c.app.mod {
			if q, ok := r.find(p.mod.path); ok && q.Version != v {
				return refuse(p.who, "", "%s requires the newer %s; name the plugin with that version", q.By, q.Version)
			}
		}
	}
	return c.checkRaised(r)
}

// checkPin looks at one module that a plugin requires.
func (c *composer) checkPin(m *mod, path, version string) error {
	app := c.app.mod
	if path == app.path {
		if !app.local() && semver.Compare(version, app.version) > 0 {
			return refuse(m.who, m.shown+"/go.mod", "it needs the application at %s, which is %s; use a newer application or an older plugin", version, app.version)
		}
		return nil
	}
	for _, line := range app.file.Replace {
		if line.Old.Path != path {
			continue
		}
		pinned := line.New.Version
		switch {
		case line.Old.Version != "" && semver.Compare(version, line.Old.Version) > 0:
			// The higher version would be selected, and the line would no longer count.
			return pinError(m, path, version, line.Old.Version, fmt.Sprintf("replaces exactly that one with %s %s", line.New.Path, pinned))
		case line.New.Path == path && pinned != "" && semver.Compare(version, pinned) > 0:
			return pinError(m, path, version, pinned, "pins it by a replace line")
		}
	}
	return nil
}

func pinError(m *mod, path, version, pinned, how string) error {
	return refuse(m.who, m.shown+"/go.mod", "it raises %s to %s, but the application has %s and %s; use a plugin version that works with it, or change the application's go.mod", path, version, pinned, how)
}

// checkRaised tells which versions the application gets otherwise than by itself, or refuses
// them where the user wants so.
func (c *composer) checkRaised(r requirements) error {
	if lang := c.app.mod.goLine(); goversion.Compare("go"+r.Go, "go"+lang) > 0 && goversion.Lang("go"+r.Go) != goversion.Lang("go"+lang) {
		c.warn("the plugins need the language version go %s; the application, written for go %s, is compiled with it", r.Go, lang)
	}
	for _, q := range c.app.mod.file.Require {
		if got, ok := r.find(q.Mod.Path); ok && semver.Compare(got.Version, q.Mod.Version) > 0 {
			by := got.By
			if by == "" {
				by = "the plugins"
			}
			if c.spec.Keep {
				return refuse(by, "", "it raises %s from %s to %s; plugins.versions: keep does not allow that", q.Mod.Path, q.Mod.Version, got.Version)
			}
			c.note("%s raises %s from %s to %s", by, q.Mod.Path, q.Mod.Version, got.Version)
		}
	}
	return nil
}
