package compose

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/run"
	"github.com/graft-build/graft/target"
)

// downloadDir is the part of a module cache that is laid out as a module proxy is.
func downloadDir(cache string) string { return filepath.Join(cache, "cache", "download") }

// ModuleFile finds a file of the module proxy protocol in the go command's module cache.
func (g Go) ModuleFile(path string) string {
	return filepath.Join(downloadDir(g.ModCache), filepath.FromSlash(path))
}

// ToolchainFile is the path below a module proxy of the zip with a Go version for a host.
func ToolchainFile(version, goos, goarch string) string {
	return fmt.Sprintf("golang.org/toolchain/@v/v0.0.1-go%s.%s-%s.zip", version, goos, goarch)
}

// ToolchainHost is the host (GOOS/GOARCH) of a path that ToolchainFile returns, "" for others.
func ToolchainHost(path string) string {
	m := toolchainPath.FindStringSubmatch(path)
	if m == nil {
		return ""
	}
	return m[1] + "/" + m[2]
}

var toolchainPath = regexp.MustCompile(`^golang\.org/toolchain/@v/v[0-9.]+-go[0-9a-z.]+\.([a-z0-9]+)-([a-z0-9]+)\.zip$`)

// NeededFiles are the files of the module proxy protocol that the go command reads for a
// composition on some platforms: the zips of modules with imported packages, and the go.mod
// files that versions are chosen by, sorted. The go command itself tells: it lists the packages
// with an empty module cache and the present one as its proxy, which the composition has filled.
func NeededFiles(ctx context.Context, d Deps, comp Composition, platforms []target.Target, tags []string) ([]string, error) {
	cache, cleanup, err := d.Store.Temp("modules")
	if err != nil {
		return nil, err
	}
	defer cleanup()
	proxy := url.URL{Scheme: "file", Path: filepath.ToSlash(downloadDir(d.Go.ModCache))}
	env := slices.Concat(d.Go.Env, comp.Env, []string{
		"GOMODCACHE=" + cache, "GOPROXY=" + proxy.String(), "GOFLAGS=-modcacherw",
		"GOPRIVATE=", "GONOPROXY=none", "GONOSUMDB=*", "GOSUMDB=off", "GOVCS=*:off",
	})
	argv := append([]string{d.Go.Exe, "list", "-deps"}, comp.Flags...)
	if len(tags) > 0 {
		argv = append(argv, "-tags="+strings.Join(tags, ","))
	}
	for _, t := range platforms {
		var stderr bytes.Buffer
		err := run.Run(ctx, run.Cmd{
			Argv: append(slices.Clone(argv), comp.Package), Env: append(slices.Clone(env), PlatformEnv(t)...), Dir: comp.Dir,
			Stderr: &limitedBuffer{Buffer: &stderr, left: 1 << 20}, Events: d.Events,
		})
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("list the module files for %s: %w\n%s", t.Name, err, d.Go.Redact(strings.TrimSpace(progress.ReplaceAllLiteralString(stderr.String(), ""))))
		}
	}
	files, err := proxyFiles(downloadDir(cache))
	if err != nil {
		return nil, err
	}
	// The application's own module is the main one, which no list downloads.
	if comp.Version != "" {
		own, err := moduleFiles(module.Version{Path: comp.Module, Version: comp.Version})
		if err != nil {
			return nil, err
		}
		files = append(files, own...)
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// moduleFiles are the zip and the go.mod file of a module.
func moduleFiles(m module.Version) ([]string, error) {
	p, err := module.EscapePath(m.Path)
	if err != nil {
		return nil, err
	}
	v, err := module.EscapeVersion(m.Version)
	if err != nil {
		return nil, err
	}
	return []string{p + "/@v/" + v + ".zip", p + "/@v/" + v + ".mod"}, nil
}

// proxyFiles lists the zips and go.mod files below a folder that is laid out as a proxy.
func proxyFiles(root string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, name)
		rel = filepath.ToSlash(rel)
		if ext := filepath.Ext(rel); strings.Contains(rel, "/@v/") && (ext == ".zip" || ext == ".mod") {
			out = append(out, rel)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // no module at all was needed
	}
	return out, err
}

// DownloadToolchain has the go command fetch the zip with a Go version for a host into a module
// cache of its own and check it against the checksum database. The zip is at the returned path
// until cleanup.
func DownloadToolchain(ctx context.Context, d Deps, version, goos, goarch string) (zip string, cleanup func(), err error) {
	path := ToolchainFile(version, goos, goarch)
	if zip := d.Go.ModuleFile(path); isFile(zip) && isFile(strings.TrimSuffix(zip, ".zip")+".ziphash") {
		return zip, func() {}, nil
	}
	if d.Offline {
		return "", nil, &fetch.OfflineError{Missing: []string{fmt.Sprintf("Go %s for %s/%s", version, goos, goarch)}}
	}
	cache, cleanup, err := d.Store.Temp("toolchain")
	if err != nil {
		return "", nil, err
	}
	_, err = run.Output(ctx, run.Cmd{
		Argv: []string{d.Go.Exe, "mod", "download", fmt.Sprintf("golang.org/toolchain@v0.0.1-go%s.%s-%s", version, goos, goarch)},
		Env:  slices.Concat(d.Go.Env, []string{"GOMODCACHE=" + cache, "GOFLAGS=-modcacherw"}), Dir: cache, Events: d.Events,
	})
	if err != nil {
		cleanup()
		return "", nil, fmt.Errorf("get Go %s for %s/%s: %w", version, goos, goarch, d.Go.message(err, false))
	}
	return filepath.Join(downloadDir(cache), filepath.FromSlash(path)), cleanup, nil
}
