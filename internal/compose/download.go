package compose

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/run"
)

// download is what go mod download -json tells of a module.
type download struct {
	Path, Version, Error string
	Zip, Dir, Sum        string
}

// find returns the module that holds the package of package@version, and where get has put
// it. The likeliest module is asked for first, and before it those that were there once:
// proxies are slow to say that there is no such module.
func (c *composer) find(ctx context.Context, r ref, get func(module.Version) (download, error)) (download, error) {
	var first, empty, decisive error
	list := c.candidates(r)
	slices.SortStableFunc(list, func(a, b module.Version) int { return c.remembers(b) - c.remembers(a) })
	for _, m := range list {
		d, err := get(m)
		if err == nil && !isDir(d.folder(r)) {
			err = fmt.Errorf("module %s@%s has no package %s", d.Path, d.Version, r.path)
			empty = cmp.Or(empty, err)
		}
		if err == nil {
			return d, nil
		}
		if ctx.Err() != nil {
			return download{}, ctx.Err()
		}
		first = cmp.Or(first, err)
		if decides(err) {
			decisive = cmp.Or(decisive, err)
		}
	}
	if first = cmp.Or(decisive, empty, first); first == nil {
		first = &StaleError{What: []string{fmt.Sprintf("no module of the lock has %s", r.text)}}
	}
	return download{}, first
}

// decides says whether a module that could not be had may be the one with the package: it is
// there, or nobody could look. Otherwise another module without the package says more.
func decides(err error) bool {
	var old *OldGoError
	return errors.As(err, &old) || errors.Is(err, ErrOffline) || strings.Contains(err.Error(), ": verifying ")
}

// folder is where the package is in the downloaded module.
func (d download) folder(r ref) string {
	return filepath.Join(d.Dir, filepath.FromSlash(strings.TrimPrefix(r.path, d.Path)))
}

// locateVersion finds a plugin that is package@version.
func (c *composer) locateVersion(ctx context.Context, who string, r ref) (part, error) {
	d, err := c.find(ctx, r, func(m module.Version) (download, error) { return c.download(ctx, m) })
	if err != nil {
		return part{}, fmt.Errorf("%s: %w", who, err)
	}
	return c.openVersion(who, r, d)
}

// locateVersionApp finds an application that is package@version and copies its module.
func (c *composer) locateVersionApp(ctx context.Context, who string, r ref) (part, error) {
	d, err := c.find(ctx, r, func(m module.Version) (d download, err error) {
		d = download{Path: m.Path, Version: m.Version, Sum: c.lockedSum(m)}
		if d.Sum == "" {
			if d, err = c.download(ctx, m); err != nil {
				return d, err
			}
		}
		d.Dir, err = c.appTree(ctx, module.Version{Path: d.Path, Version: d.Version}, d.Sum)
		return d, err
	})
	if err != nil {
		return part{}, fmt.Errorf("%s: %w", who, err)
	}
	p, err := c.openVersion(who, r, d)
	if err != nil {
		return part{}, err
	}
	// As the main module it is asked for its go.sum.
	p.mod.sums, err = readFile(filepath.Join(d.Dir, "go.sum"), maxSumFile)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return part{}, refuse(who, "", "%v", err)
	}
	return p, nil
}

func (c *composer) openVersion(who string, r ref, d download) (part, error) {
	if !isFile(filepath.Join(d.Dir, "go.mod")) {
		return part{}, refuse(who, "", "module %s@%s has no go.mod; a Go module is expected", d.Path, d.Version)
	}
	m, err := c.open(who, d.Dir, d.Path+"@"+d.Version, d.Version)
	if err != nil {
		return part{}, err
	}
	if m.path != d.Path {
		return part{}, refuse(who, "go.mod", "module %s calls itself %s; use that path", d.Path, m.path)
	}
	m.sum = d.Sum
	return part{ref: r, who: who, mod: m, dir: d.folder(r), pkg: r.path}, nil
}

// candidates are the modules that may hold the package, the likeliest first.
func (c *composer) candidates(r ref) []module.Version {
	if c.spec.Locked != nil {
		list := c.lockedCandidates(r)
		if !slices.ContainsFunc(list, func(m module.Version) bool { _, ok := c.spec.updated(m.Path); return ok }) {
			return list
		}
	}
	var paths []string
	for p := r.path; p != "." && p != ""; p = parent(p) {
		if module.CheckPath(p) == nil {
			paths = append(paths, p)
		}
	}
	// On the large hosts the repository is the first three elements: asking for each folder
	// below it first would be slow.
	if root := repositoryRoot(r.path); root != "" {
		paths = slices.DeleteFunc(paths, func(p string) bool { return p == root || len(p) < len(root) })
		paths = append([]string{root}, paths...)
	}
	var list []module.Version
	for _, p := range paths {
		list = append(list, module.Version{Path: p, Version: r.version})
	}
	return list
}

func parent(p string) string {
	i := strings.LastIndexByte(p, '/')
	return p[:max(i, 0)]
}

// repositoryRoot is github.com/owner/name, with the major version's element that follows.
func repositoryRoot(p string) string {
	e := strings.Split(p, "/")
	if len(e) < 4 || e[0] != "github.com" && e[0] != "gitlab.com" && e[0] != "bitbucket.org" {
		return ""
	}
	n := 3
	if _, major, ok := module.SplitPathVersion(strings.Join(e[:4], "/")); ok && major != "" {
		n = 4
	}
	return strings.Join(e[:n], "/")
}

// lockedCandidates are the lock's modules that may hold the package, the longest path first.
func (c *composer) lockedCandidates(r ref) []module.Version {
	var list []module.Version
	for _, m := range c.spec.Locked.Modules {
		if m.Version != "" && below(r.path, m.Path) && module.Check(m.Path, m.Version) == nil {
			list = append(list, module.Version{Path: m.Path, Version: m.Version})
		}
	}
	slices.SortStableFunc(list, func(a, b module.Version) int { return len(b.Path) - len(a.Path) })
	return list
}

// download has the go command fetch a module into its cache and check it against the
// checksum database. What was checked once is remembered by its sum.
func (c *composer) download(ctx context.Context, m module.Version) (download, error) {
	key := moduleKey(m)
	exact := module.CanonicalVersion(m.Version) == m.Version
	if exact {
		if sum, ok := c.Store.Record("module", key); ok {
			want := c.lockedSum(m)
			if d, err := c.cached(m, string(sum)); err == nil && (want == "" || want == d.Sum) {
				return d, nil
			}
		}
	}
	dir, cleanup, err := c.Store.Temp("download")
	if err != nil {
		return download{}, err
	}
	defer cleanup()
	out, err := run.Output(ctx, run.Cmd{
		Argv: []string{c.Go.Exe, "mod", "download", "-json", m.Path + "@" + m.Version},
		Env:  c.env(dir), Dir: dir, Events: c.Events,
	})
	var d download
	if jsonErr := json.Unmarshal(out, &d); jsonErr != nil && err == nil {
		err = jsonErr
	}
	if d.Error != "" {
		err = errors.New(c.Go.Redact(strings.TrimPrefix(d.Error, m.Path+"@"+m.Version+": ")))
		if old := c.oldGo(d.Error); old != nil {
			err = old
		}
		if c.Offline && strings.Contains(d.Error, "GOPROXY=off") {
			err = ErrOffline
		}
	}
	if ctx.Err() != nil {
		return download{}, ctx.Err()
	}
	var failed *run.Error
	if errors.As(err, &failed) {
		err = c.Go.message(err, false)
	}
	if err != nil {
		return download{}, &DownloadError{m.Path + "@" + m.Version, err}
	}
	if err := module.Check(d.Path, d.Version); err != nil || d.Path != m.Path || d.Sum == "" {
		return download{}, fmt.Errorf("download module %s@%s: the go command answered %s@%s", m.Path, m.Version, d.Path, d.Version)
	}
	if want := c.lockedSum(module.Version{Path: d.Path, Version: d.Version}); want != "" && want != d.Sum {
		return download{}, fmt.Errorf("download module %s@%s: it has the sum %s, the lock says %s", d.Path, d.Version, d.Sum, want)
	}
	if exact && d.Version == m.Version {
		// Without the record the next composition starts a process more.
		_ = c.Store.PutRecord("module", key, []byte(d.Sum))
	}
	return d, nil
}

// moduleKey is that of a module's sum in the store.
func moduleKey(m module.Version) digest.Digest {
	return digest.NewKey("module/1").Add("path", m.Path).Add("version", m.Version).Digest()
}

// remembers is 1 when this version of the module was downloaded before.
func (c *composer) remembers(m module.Version) int {
	if _, ok := c.Store.Record("module", moduleKey(m)); ok && module.CanonicalVersion(m.Version) == m.Version {
		return 1
	}
	return 0
}

// cached is a module that the go command has in its cache, with the sum that it had when it
// was checked.
func (c *composer) cached(m module.Version, sum string) (download, error) {
	p, err := module.EscapePath(m.Path)
	if err != nil {
		return download{}, err
	}
	v, err := module.EscapeVersion(m.Version)
	if err != nil {
		return download{}, err
	}
	base := filepath.Join(c.Go.ModCache, "cache", "download", filepath.FromSlash(p), "@v", v)
	d := download{
		Path: m.Path, Version: m.Version, Sum: sum, Zip: base + ".zip",
		Dir: filepath.Join(c.Go.ModCache, filepath.FromSlash(p)+"@"+v),
	}
	have, err := readFile(base+".ziphash", 1<<10)
	if err != nil {
		return download{}, err
	}
	// An unfinished extraction has a .partial file beside the zip.
	if strings.TrimSpace(string(have)) != sum || !isFile(d.Zip) || !isDir(d.Dir) || isFile(base+".partial") {
		return download{}, os.ErrNotExist
	}
	return d, nil
}

// appTree copies the application's module into the store: the go command takes no overlay
// for files of its module cache.
func (c *composer) appTree(ctx context.Context, m module.Version, sum string) (string, error) {
	key := digest.NewKey("app/1").Add("module", m.Path, m.Version, sum).Digest()
	dir, _, err := c.Store.Tree(ctx, "app", key, func(ctx context.Context, dir string) error {
		d, err := c.download(ctx, m)
		if err != nil {
			return err
		}
		got, err := dirhash.HashZip(d.Zip, dirhash.Hash1)
		if err == nil && got != sum {
			err = fmt.Errorf("its zip has the sum %s, expected %s", got, sum)
		}
		if err == nil {
			err = zip.Unzip(dir, m, d.Zip)
		}
		if err != nil {
			return fmt.Errorf("copy module %s@%s: %w", m.Path, m.Version, err)
		}
		return nil
	})
	return dir, err
}

// lockedSum is the sum that the lock has for a module, "" when it has none.
func (c *composer) lockedSum(m module.Version) string {
	if c.spec.Locked == nil {
		return ""
	}
	for _, l := range c.spec.Locked.Modules {
		if l.Path == m.Path && l.Version == m.Version {
			return l.Sum
		}
	}
	return ""
}
