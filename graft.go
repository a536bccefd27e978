// Package graft builds a Go application together with the plugins its user picked, for every
// system he needs, C libraries included, and packages the result as that system expects.
//
// It is what the graft command is made of, for use by other programs:
//
//	p, err := graft.Open("./image-server", graft.Config{Env: os.Environ()})
//	res, err := p.Build(ctx, graft.Request{With: []string{"./count-plugin"}, Targets: []string{"rpi4"}})
//
// Nothing is taken from the process: the environment, the clock and the HTTP client come in
// through Config, progress goes out as typed events, and results are values.
package graft

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/source"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/manifest"
)

// ZigVersion is the zig that compiles C.
const ZigVersion = "0.16.0"

// Config is what a Project needs of the world.
type Config struct {
	// Env is the environment that Go's settings, mirrors (GRAFT_MIRROR_…) and PATH come from.
	Env []string
	// Store is the store's folder. Default: GRAFT_STORE of Env, or graft in the user's cache folder.
	Store string
	// Events receives what happens; nil drops it.
	Events event.Sink
	// HTTP downloads; nil is a client with the proxies of the process.
	HTTP *http.Client
	// Offline allows no download: what the store lacks is an error that lists it.
	Offline bool
	// Jobs is how many targets are built and files fetched at once. Default: the processors,
	// and four downloads a processor.
	Jobs int
	// Executable is a graft command. It answers as cc, c++, ar and pkg-config inside a kit.
	Executable string
	// Now is the clock. It dates the index of a repository that is published, and nothing
	// that is built. Default: time.Now.
	Now func() time.Time
}

// Project is a folder to build from: one with a graft.yaml, or an application's. Its methods
// may be called from several goroutines, and several processes may work on one folder.
type Project struct {
	dir      string
	manifest *manifest.Manifest
	declared bool // the folder has a graft.yaml
	cfg      Config
	store    *store.Store
	fetch    *fetch.Fetcher
	hash     *source.Hasher
}

// Open reads the project in dir. A folder without graft.yaml is a project too: everything
// then comes from the Request. Errors in a manifest are *manifest.Error.
func Open(dir string, cfg Config) (*Project, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open project %s: %w", dir, err)
	}
	fi, err := os.Stat(abs)
	if err != nil {
		return nil, &NotFoundError{Path: dir, Err: err}
	}
	if !fi.IsDir() {
		return nil, &NotFoundError{Path: dir, Err: errors.New("it is not a folder")}
	}
	p := &Project{dir: abs, cfg: cfg, manifest: &manifest.Manifest{}}
	if p.cfg.Now == nil {
		p.cfg.Now = time.Now //nolint:forbidigo // the default of a public API
	}
	if p.cfg.Jobs <= 0 {
		p.cfg.Jobs = runtime.NumCPU()
	}
	m, err := readManifest(filepath.Join(abs, manifest.FileName), filepath.Join(dir, manifest.FileName))
	switch {
	case err == nil:
		p.manifest, p.declared = m, true
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return p, p.openStore()
}

// readManifest reads the manifest in file, called name in errors.
func readManifest(file, name string) (*manifest.Manifest, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return manifest.Parse(name, f)
}

func (p *Project) openStore() error {
	dir := p.cfg.Store
	if dir == "" {
		var err error
		if dir, err = StoreDir(p.cfg.Env); err != nil {
			return err
		}
	}
	s, err := store.Open(dir)
	if err != nil {
		return &StoreError{err}
	}
	p.store = s
	p.hash = &source.Hasher{Store: s, Now: p.cfg.Now}
	p.fetch = &fetch.Fetcher{Client: p.cfg.HTTP, Store: s, Events: p.cfg.Events, Offline: p.cfg.Offline, Jobs: 4 * p.cfg.Jobs}
	return nil
}

// Dir is the project's folder, absolute.
func (p *Project) Dir() string { return p.dir }

// Manifest is the project's manifest; an empty one when the folder has none. It must not be
// changed.
func (p *Project) Manifest() *manifest.Manifest { return p.manifest }

// StoreDir is where the store is for an environment: GRAFT_STORE, or graft in the user's
// cache folder (XDG_CACHE_HOME, ~/.cache, ~/Library/Caches, %LocalAppData%).
func StoreDir(env []string) (string, error) {
	if dir := getenv(env, "GRAFT_STORE"); dir != "" {
		if !filepath.IsAbs(dir) {
			return "", &StoreError{fmt.Errorf("find store: GRAFT_STORE=%s is not an absolute path", dir)}
		}
		return dir, nil
	}
	home := getenv(env, "HOME")
	for _, dir := range []string{getenv(env, "XDG_CACHE_HOME"), getenv(env, "LocalAppData")} {
		if filepath.IsAbs(dir) {
			return filepath.Join(dir, "graft"), nil
		}
	}
	switch {
	case home == "":
		return "", &StoreError{errors.New("find store: neither GRAFT_STORE nor HOME is set")}
	case runtime.GOOS == "darwin":
		return filepath.Join(home, "Library", "Caches", "graft"), nil
	}
	return filepath.Join(home, ".cache", "graft"), nil
}

// StoreError is a store that can't be had: the environment names none, or its folder can't be
// made or used.
type StoreError struct{ Err error }

func (e *StoreError) Error() string { return e.Err.Error() }

func (e *StoreError) Unwrap() error { return e.Err }

// NotFoundError is a project folder that is none.
type NotFoundError struct {
	Path string
	Err  error
}

func (e *NotFoundError) Error() string {
	err := e.Err
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err // it would say the path again
	}
	return fmt.Sprintf("open project %s: %v", e.Path, err)
}

func (e *NotFoundError) Unwrap() error { return e.Err }
