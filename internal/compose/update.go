package compose

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/graft-build/graft/internal/run"
	"github.com/graft-build/graft/target"
)

// updated says whether a module of the lock is to be chosen anew, and how: "latest" or what
// follows the @ of its name.
func (s Spec) updated(path string) (query string, ok bool) {
	for _, name := range s.Update {
		if p, q, has := strings.Cut(name, "@"); p == path {
			if !has {
				q = "latest"
			}
			return q, true
		}
	}
	return "", false
}

// raise puts the newest versions of the modules that are to be chosen anew into requirements
// taken from a lock. What the go.mod files require is the least.
func (c *composer) raise(ctx context.Context, u requirements, locked *requirements) error {
	for i, q := range locked.List {
		query, ok := c.spec.updated(q.Path)
		if !ok {
			continue
		}
		if p, replaced := c.replacedBy(q); replaced && p.mod != nil {
			return refuse("module "+q.Path, "", "it is a folder: there is no version to choose")
		}
		least, named := u.find(q.Path)
		version := q.Version
		if c.versionPlugin(q.Path) {
			version = least.Version // what its reference says now
		} else {
			found, err := c.newest(ctx, q.Path, query)
			if err != nil {
				return err
			}
			if query != "latest" || semver.Compare(found, version) > 0 {
				version = found
			}
		}
		if named && semver.Compare(least.Version, version) > 0 {
			if query != "latest" {
				return refuse("module "+q.Path, "", "%s requires %s, so that it cannot be %s", least.By, least.Version, version)
			}
			version = least.Version
		}
		locked.List[i].Version, locked.List[i].By = version, "graft lock --update"
	}
	locked.add(u)
	return nil
}

// add puts in what others require: new versions of plugins may require more.
func (r *requirements) add(others requirements) {
	for _, q := range others.List {
		i := slices.IndexFunc(r.List, func(o requirement) bool { return o.Path == q.Path })
		switch {
		case i < 0:
			r.List = append(r.List, q)
		case semver.Compare(q.Version, r.List[i].Version) > 0:
			r.List[i].Version, r.List[i].By = q.Version, q.By
		}
	}
	r.sort()
}

// versionPlugin says whether a module is that of a plugin that the user names with a version.
func (c *composer) versionPlugin(path string) bool {
	return slices.ContainsFunc(c.plugins, func(p part) bool { return p.mod.path == path && p.mod.version != "" })
}

// newest asks the go command for the version of a module that a query means.
func (c *composer) newest(ctx context.Context, path, query string) (string, error) {
	dir, cleanup, err := c.Store.Temp("update")
	if err != nil {
		return "", err
	}
	defer cleanup()
	out, err := run.Output(ctx, run.Cmd{
		Argv: []string{c.Go.Exe, "list", "-m", "-json", path + "@" + query},
		Env:  c.env(dir), Dir: dir, Events: c.Events,
	})
	var failed *run.Error
	if errors.As(err, &failed) && failed.Stderr != "" && ctx.Err() == nil {
		if c.Offline {
			return "", fmt.Errorf("look up %s@%s: %w", path, query, ErrOffline)
		}
		return "", &DownloadError{path + "@" + query, errors.New(strings.TrimSpace(failed.Stderr))}
	}
	if err != nil {
		return "", fmt.Errorf("look up %s@%s: %w", path, query, err)
	}
	var m struct{ Path, Version string }
	if err := json.Unmarshal(out, &m); err != nil || m.Path != path || module.Check(m.Path, m.Version) != nil {
		return "", fmt.Errorf("look up %s@%s: the go command answered %.200q", path, query, out)
	}
	return m.Version, nil
}

// platformsFor are the platforms for which the go command must look at modules again.
func (c *composer) platformsFor() []target.Target {
	if len(c.spec.Update) > 0 {
		return c.spec.Platforms
	}
	return c.unlocked()
}

// checkUpdated refuses a version that was asked for by its name and that others do not leave.
func (c *composer) checkUpdated(r, wanted requirements) error {
	for _, q := range wanted.List {
		query, ok := c.spec.updated(q.Path)
		got, _ := r.find(q.Path)
		if ok && query != "latest" && got.Version != q.Version {
			return refuse("module "+q.Path, "", "other modules require %s, so that it cannot be %s", got.Version, q.Version)
		}
	}
	return nil
}

// Newer is what the module proxy has of a module.
type Newer struct {
	Version string // "" with Err
	Err     error
}

// Newest looks up the newest version of modules, as Spec.Update takes it, with one go command;
// "go" is the newest version of Go. A module that cannot be looked up has an error of its own.
func Newest(ctx context.Context, d Deps, paths []string) (map[string]Newer, error) {
	out := map[string]Newer{}
	if len(paths) == 0 {
		return out, nil
	}
	if d.Offline {
		return nil, fmt.Errorf("look up newest versions: %w", ErrOffline)
	}
	dir, cleanup, err := d.Store.Temp("newest")
	if err != nil {
		return nil, err
	}
	defer cleanup()
	argv := []string{d.Go.Exe, "list", "-m", "-e", "-json"}
	for _, p := range paths {
		argv = append(argv, p+"@latest")
	}
	b, err := run.Output(ctx, run.Cmd{Argv: argv, Env: slices.Concat(d.Go.Env, []string{"PWD=" + dir}), Dir: dir, Events: d.Events})
	if err != nil {
		return nil, fmt.Errorf("look up newest versions: %w", err)
	}
	for dec := json.NewDecoder(bytes.NewReader(b)); ; {
		var m struct {
			Path, Version string
			Error         *struct{ Err string }
		}
		if err := dec.Decode(&m); err == io.EOF {
			return out, nil
		} else if err != nil {
			return nil, fmt.Errorf("look up newest versions: read go list's answer: %w", err)
		}
		n := Newer{Version: m.Version}
		if m.Error != nil {
			n = Newer{Err: errors.New(m.Error.Err)}
		}
		out[m.Path] = n
	}
}

// direct are the modules that the go.mod files of the user's folders require themselves, and
// those of plugins that are named with a version. What is taken from a folder has no versions.
func (c *composer) direct(r requirements) []string {
	var out []string
	add := func(path string) {
		q, ok := r.find(path)
		p, replaced := c.replacedBy(q)
		if ok && !(replaced && p.mod != nil) {
			out = append(out, path)
		}
	}
	for _, m := range c.modules() {
		if !m.local() && m != c.app.mod {
			add(m.path)
			continue
		}
		for _, q := range m.file.Require {
			if !q.Indirect {
				add(q.Mod.Path)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
