package compose

import (
	"context"
	"encoding/json"
	"sort"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/graft-build/graft/internal/run"
)

// maxSearch bounds how long a fitting version is looked for: it is an offer beside an error.
const maxSearch = 20 * time.Second

// fitting is the newest released version of a plugin, older than the one that was asked for,
// whose go.mod fits; "" when there is none, or none can be found, which known tells apart. It
// takes for granted that requirements only grow from version to version, and therefore asks
// for few.
func (c *composer) fitting(ctx context.Context, m *mod, fits func(*modfile.File) bool) (version string, known bool) {
	if m.local() || c.Offline {
		return "", false
	}
	ctx, cancel := context.WithTimeout(ctx, maxSearch)
	defer cancel()
	dir, cleanup, err := c.Store.Temp("versions")
	if err != nil {
		return "", false
	}
	defer cleanup()
	var list struct{ Versions []string }
	if c.askModule(ctx, dir, &list, "-versions", m.path) != nil {
		return "", false
	}
	older := list.Versions[:0]
	for _, v := range list.Versions {
		if semver.Compare(v, m.version) < 0 && semver.Prerelease(v) == "" {
			older = append(older, v)
		}
	}
	semver.Sort(older)
	known = true
	n := sort.Search(len(older), func(i int) bool {
		f := c.modOf(ctx, dir, module.Version{Path: m.path, Version: older[i]})
		known = known && f != nil
		return f == nil || !fits(f)
	})
	if ctx.Err() != nil {
		return "", false
	}
	if n == 0 {
		return "", known
	}
	return older[n-1], true
}

// modOf is the go.mod file of a version, downloaded without the module itself.
func (c *composer) modOf(ctx context.Context, dir string, m module.Version) *modfile.File {
	if f := c.cachedMod(m); f != nil {
		return f
	}
	var info struct{ GoMod string }
	if c.askModule(ctx, dir, &info, m.String()) != nil {
		return nil
	}
	return c.cachedMod(m)
}

// askModule is go list -m -json outside of any module.
func (c *composer) askModule(ctx context.Context, dir string, into any, args ...string) error {
	out, err := run.Output(ctx, run.Cmd{
		Argv: append([]string{c.Go.Exe, "list", "-m", "-json"}, args...), Env: c.env(dir), Dir: dir, Events: c.Events,
	})
	if err != nil {
		return err
	}
	return json.Unmarshal(out, into)
}
