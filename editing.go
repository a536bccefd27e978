package graft

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/compose"
	"github.com/graft-build/graft/internal/survey"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/manifest"
	"github.com/graft-build/graft/manifest/edit"
	"github.com/graft-build/graft/target"
)

// AddRequest says which plugins Add writes into the manifest.
type AddRequest struct {
	Dir           string   // folder that relative paths of the request start from; default: the project's
	Plugins       []string // folders, package@version, or package: its newest version
	Before, After string   // one plugin of the manifest, at which the new ones are put; default: at the end
	NoCheck       bool     // do not try whether they compose with the application
}

// EditResult says what a command did to the manifest.
type EditResult struct {
	Path    string      `json:"path"`    // of the manifest
	Changes []UseChange `json:"changes"` // one for each plugin that was named
	Lock    *LockResult `json:"lock"`    // null when there is no lock, or it was left alone
	Stale   bool        `json:"stale"`   // there is a lock, and it does not fit any more
}

// UseChange is what happened to one plugin.
type UseChange struct {
	Change string `json:"change"`        // "added", "changed", "removed", "unchanged"
	Plugin string `json:"plugin"`        // as the manifest has it now; had it, for a removed one
	Was    string `json:"was,omitempty"` // as it was, for a changed one
}

// NoManifestError is a project without graft.yaml, where there is nothing to edit.
type NoManifestError struct{ Dir string }

func (e *NoManifestError) Error() string {
	return fmt.Sprintf("there is no %s in %s", manifest.FileName, e.Dir)
}

// Add writes plugins into the manifest's plugins.use, or another version of those that it
// has; everything else of the file stays byte for byte. Before anything is written it is
// checked that the application and its plugins compose. A lock that exists is brought up to
// date as Lock does. When it fails nothing has changed.
func (p *Project) Add(ctx context.Context, req AddRequest) (*EditResult, error) {
	e, err := p.editing(req.Dir)
	if err != nil {
		return nil, err
	}
	at, err := e.position(req.Before, req.After)
	if err != nil {
		return nil, err
	}
	for _, text := range req.Plugins {
		ref, err := e.reference(ctx, text)
		if err != nil {
			return nil, err
		}
		if i := e.find(ref); i >= 0 {
			if req.Before != "" || req.After != "" {
				return nil, &UsageError{fmt.Sprintf("%s is already in the list, and add does not move it: graft remove takes it out", e.refs[i])}
			}
			err = e.change(i, ref)
		} else {
			err = e.insert(at, ref)
			at++
		}
		if err != nil {
			return nil, err
		}
	}
	return e.write(ctx, !req.NoCheck)
}

// Remove takes plugins out of the manifest's plugins.use: folders, packages, or
// package@version as the manifest has it. It checks and writes as Add does.
func (p *Project) Remove(ctx context.Context, req AddRequest) (*EditResult, error) {
	e, err := p.editing(req.Dir)
	if err != nil {
		return nil, err
	}
	for _, text := range req.Plugins {
		i, err := e.present(text)
		if err != nil {
			return nil, err
		}
		if e.text, err = edit.Delete(e.name, e.text, i); err != nil {
			return nil, err
		}
		e.done("removed", e.refs[i], "")
		e.refs = slices.Delete(e.refs, i, i+1)
	}
	return e.write(ctx, !req.NoCheck)
}

// editing is a change of the project's manifest.
type editing struct {
	project *Project
	base    string // folder that the user is in
	file    string // the manifest, links resolved
	name    string // as messages call it
	mode    fs.FileMode
	before  []byte
	text    []byte
	refs    []string // plugins.use
	res     EditResult
}

func (p *Project) editing(base string) (*editing, error) {
	if !p.declared {
		return nil, &NoManifestError{p.dir}
	}
	e := &editing{project: p, base: base, name: manifest.FileName}
	if base == "" {
		e.base = p.dir
	}
	e.res = EditResult{Path: filepath.Join(p.dir, manifest.FileName), Changes: []UseChange{}}
	var err error
	if e.file, err = filepath.EvalSymlinks(e.res.Path); err != nil {
		return nil, err
	}
	fi, err := os.Stat(e.file)
	if err != nil {
		return nil, err
	}
	e.mode = fi.Mode().Perm()
	if e.before, err = os.ReadFile(e.file); err != nil {
		return nil, err
	}
	m, err := manifest.Parse(e.name, bytes.NewReader(e.before))
	if err != nil {
		return nil, err
	}
	for _, u := range m.Plugins.Use {
		e.refs = append(e.refs, u.Module)
	}
	e.text = e.before
	return e, nil
}

func (e *editing) done(change, plugin, was string) {
	e.res.Changes = append(e.res.Changes, UseChange{change, plugin, was})
}

func (e *editing) insert(i int, ref string) (err error) {
	if e.text, err = edit.Insert(e.name, e.text, i, ref); err != nil {
		return err
	}
	e.refs = slices.Insert(e.refs, i, ref)
	e.done("added", ref, "")
	return nil
}

func (e *editing) change(i int, ref string) (err error) {
	was := e.refs[i]
	if was == ref || !isModule(ref) || !isModule(was) {
		e.done("unchanged", was, "")
		return nil
	}
	if e.text, err = edit.Set(e.name, e.text, i, ref); err != nil {
		return err
	}
	e.refs[i] = ref
	e.done("changed", ref, was)
	return nil
}

// reference is a plugin as the manifest shall have it: a folder relative to the manifest, or
// package@version with the version that is meant.
func (e *editing) reference(ctx context.Context, text string) (string, error) {
	path, version, versioned := strings.Cut(text, "@")
	if localRef(text) || !versioned && isDir(absolute(e.base, text)) {
		dir := absolute(e.base, text)
		if !isDir(dir) {
			return "", &UsageError{fmt.Sprintf("plugin %s: there is no such folder", text)}
		}
		return e.folder(text, dir), nil
	}
	if !versioned {
		if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
			return "", &UsageError{fmt.Sprintf("plugin %s: there is no such folder, and it is no module's path", text)}
		}
		if mod, err := e.project.appModule(ctx); err != nil {
			return "", err
		} else if path == mod || strings.HasPrefix(path, mod+"/") {
			return path, nil // of the version that the application has
		}
		version = "latest"
	}
	version, err := e.project.versionOf(ctx, path, version)
	return path + "@" + version, err
}

// localRef says whether a reference can only be a folder.
func localRef(text string) bool {
	return text == "." || text == ".." || filepath.IsAbs(text) || strings.HasPrefix(filepath.ToSlash(text), "./") || strings.HasPrefix(filepath.ToSlash(text), "../")
}

// folder is a folder as the manifest has it: relative to the manifest unless it was named by
// its absolute path.
func (e *editing) folder(text, dir string) string {
	rel, err := filepath.Rel(e.project.dir, dir)
	if filepath.IsAbs(text) || err != nil {
		return filepath.ToSlash(dir)
	}
	rel = filepath.ToSlash(rel)
	if rel == "." || rel == ".." || strings.HasPrefix(rel, "../") {
		return rel
	}
	return "./" + rel
}

// goDeps is what asking for modules needs, without a session.
func (p *Project) goDeps(ctx context.Context) (compose.Deps, error) {
	goes, err := compose.FindGo(ctx, p.cfg.Env, p.cfg.Events)
	return compose.Deps{Go: goes, Store: p.store, Events: p.cfg.Events, Offline: p.cfg.Offline}, err
}

// versionOf is the version that a query means: v1.2.3 is one already, latest or a branch is
// asked for.
func (p *Project) versionOf(ctx context.Context, path, query string) (string, error) {
	d, err := p.goDeps(ctx)
	if err != nil {
		return "", err
	}
	found, err := compose.LocatePlugin(ctx, d, p.dir, path+"@"+query)
	return found.Version, err
}

// appModule is the path of the application's module.
func (p *Project) appModule(ctx context.Context) (string, error) {
	app := p.manifest.App
	if !isModule(app) {
		mod, err := survey.ModulePath(absolute(p.dir, app))
		if errors.Is(err, survey.ErrNoModule) {
			return "", nil // composing will say so
		}
		return mod, err
	}
	d, err := p.goDeps(ctx)
	if err != nil {
		return "", err
	}
	found, err := compose.Locate(ctx, d, compose.Spec{App: app, Dir: p.dir})
	return found.Module, err
}

// find is the place of a plugin in the list, whatever its version; -1 when it is not there.
func (e *editing) find(ref string) int {
	return slices.IndexFunc(e.refs, func(have string) bool { return e.identity(have) == e.identity(ref) })
}

// identity is what two references to one plugin have in common.
func (e *editing) identity(ref string) string {
	dir := absolute(e.project.dir, ref)
	if isModule(ref) || isPackage(ref) && !isDir(dir) {
		path, _, _ := strings.Cut(ref, "@")
		return path
	}
	return dir
}

// write checks the new manifest and puts it in place, with its lock.
func (e *editing) write(ctx context.Context, check bool) (*EditResult, error) {
	if bytes.Equal(e.text, e.before) {
		return &e.res, nil
	}
	m, err := manifest.Parse(e.name, bytes.NewReader(e.text))
	if err != nil {
		return nil, err
	}
	q := *e.project
	q.manifest = m
	put, drop := func() error { return nil }, func() {}
	if check {
		if put, drop, err = e.check(ctx, &q); err != nil {
			return nil, err
		}
	} else if pl, err := q.plan(Request{Dir: e.base}); err == nil {
		e.res.Stale = isFile(pl.lockFile)
	}
	defer drop()
	f, err := stageFile(e.file, e.text)
	if err != nil {
		return nil, err
	}
	defer f.drop()
	if err := os.Chmod(f.temp, e.mode); err != nil {
		return nil, fmt.Errorf("write %s: %w", e.file, err)
	}
	if now, err := os.ReadFile(e.file); err != nil || !bytes.Equal(now, e.before) {
		return nil, fmt.Errorf("write %s: %w", e.file, errors.Join(errors.New("somebody else has changed it meanwhile; nothing was written"), err))
	}
	if err := f.put(); err != nil {
		return nil, err
	}
	return &e.res, put()
}

// check composes the application with its new plugins, and chooses a new lock where there is
// one, which put then writes.
func (e *editing) check(ctx context.Context, q *Project) (put func() error, drop func(), err error) {
	s, err := q.session(ctx, Request{Dir: e.base})
	if err != nil {
		return nil, nil, err
	}
	old, err := s.readLock()
	if err != nil {
		return nil, nil, err
	}
	if old == nil {
		return func() error { return nil }, func() {}, s.compose(ctx, nil)
	}
	if err := s.takeTargets(old); err != nil {
		return nil, nil, err
	}
	l, err := s.choose(ctx, old, extend)
	if err == nil {
		err = s.keepFiles(ctx, old, l)
	}
	if err != nil {
		return nil, nil, err
	}
	e.res.Lock = &LockResult{Path: s.plan.lockFile, Changes: append([]string{}, difference(old, l)...)}
	return s.stageLock(old, l)
}

// takeTargets makes the plan's targets those of a lock, whatever the manifest's are.
func (s *session) takeTargets(l *lock.Lock) error {
	var list []target.Target
	for _, name := range targetNames(l) {
		t, err := target.Parse(name)
		if err != nil {
			return err
		}
		list = append(list, t)
	}
	if len(list) > 0 {
		s.plan.targets = list
	}
	return nil
}
