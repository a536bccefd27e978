package compose

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	goversion "go/version"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

// checkPins refuses plugins that want something else than the application has fixed: its own
// version, or that of a module that it replaces. Plugins that need a newer Go are an
// *OldGoError.
//
// A require line is no pin, but the lowest version that will do: without raising it next to
// nothing could be built together. checkRaises tells about those.
func (c *composer) checkPins(ctx context.Context, r requirements) error {
	if err := c.checkGo(); err != nil {
		return err
	}
	for _, m := range c.pluginMods() {
		for _, q := range m.file.Require {
			if err := c.checkPin(ctx, m, q.Mod.Path, q.Mod.Version); err != nil {
				return err
			}
		}
	}
	for _, p := range c.plugins {
		if v := p.mod.version; v != "" && !p.follows && p.mod != c.app.mod {
			if q, ok := r.find(p.mod.path); ok && q.Version != v {
				return refuse(p.who, "", "%s requires the newer %s; name the plugin with that version", cmp.Or(q.By, "another plugin"), q.Version)
			}
		}
	}
	return nil
}

// checkPin looks at one module that a plugin requires.
func (c *composer) checkPin(ctx context.Context, m *mod, path, version string) error {
	app := c.app.mod
	if path == app.path {
		if !app.local() && semver.Compare(version, app.version) > 0 {
			return c.needsNewerApp(ctx, m, version)
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
			return c.pinError(ctx, m, path, version, line.Old.Version, fmt.Sprintf("replaces exactly that one with %s %s", line.New.Path, pinned))
		case line.New.Path == path && pinned != "" && semver.Compare(version, pinned) > 0:
			return c.pinError(ctx, m, path, version, pinned, "pins it by a replace line")
		}
	}
	return nil
}

// needsNewerApp is a plugin that requires another version of the application than the user
// has named, with what he can do.
func (c *composer) needsNewerApp(ctx context.Context, m *mod, version string) error {
	app := c.app.mod
	advice := fmt.Sprintf("build %s@%s, or lower the requirement in the plugin's go.mod", c.app.pkg, version)
	if !m.local() {
		switch v, known := c.fitting(ctx, m, requiresAtMost(app.path, app.version)); {
		case v != "":
			advice = fmt.Sprintf("the newest version of the plugin that fits is %s; or build %s@%s", v, c.app.pkg, version)
		case known:
			advice = "no older release of the plugin fits; build " + c.app.pkg + "@" + version
		default:
			advice = fmt.Sprintf("use an older plugin, or build %s@%s", c.app.pkg, version)
		}
	}
	return refuse(m.who, m.shown+"/go.mod", "it requires %s %s, but the application is %s; %s", app.path, version, app.version, advice)
}

func (c *composer) pinError(ctx context.Context, m *mod, path, version, pinned, how string) error {
	advice := "use a plugin version that works with it, or change the application's go.mod"
	if v, _ := c.fitting(ctx, m, requiresAtMost(path, pinned)); v != "" {
		advice = "the newest version of the plugin that fits is " + v
	}
	return refuse(m.who, m.shown+"/go.mod", "it raises %s to %s, but the application has %s and %s; %s", path, version, pinned, how, advice)
}

// requiresAtMost says of a go.mod whether it requires no higher version of a module.
func requiresAtMost(path, version string) func(*modfile.File) bool {
	return func(f *modfile.File) bool {
		for _, q := range f.Require {
			if q.Mod.Path == path && semver.Compare(q.Mod.Version, version) > 0 {
				return false
			}
		}
		return true
	}
}

// warnLanguage tells that the application is compiled as a newer language than it is written in.
func (c *composer) warnLanguage(r requirements) {
	if lang := c.app.mod.goLine(); goversion.Compare("go"+r.Go, "go"+lang) > 0 && goversion.Lang("go"+r.Go) != goversion.Lang("go"+lang) {
		c.warn("the plugins need the language version go %s; the application, written for go %s, is compiled with it", strings.TrimPrefix(goversion.Lang("go"+r.Go), "go"), lang)
	}
}
