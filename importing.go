package graft

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/graft-build/graft/internal/compose"
	"github.com/graft-build/graft/internal/importer"
	"github.com/graft-build/graft/manifest"
	"github.com/graft-build/graft/manifest/edit"
)

// ImportRequest says what another builder is told.
type ImportRequest struct {
	Dir     string   // folder that relative paths start from; default: the project's
	File    string   // an ocb manifest or a plugin.cfg
	Command []string // or an xcaddy command line, with variables before it
	App     string   // for a plugin.cfg: the CoreDNS to build, a folder or package@version
	Force   bool     // write over files that are there
	AsIs    bool     // leave @latest where a version has to be asked for
}

// ImportResult says what Import wrote.
type ImportResult struct {
	Path  string       `json:"path"`  // of the manifest
	Kind  string       `json:"kind"`  // "ocb", "xcaddy", "plugin.cfg"
	Files []string     `json:"files"` // names, in the project's folder
	Notes []ImportNote `json:"notes"` // what is not carried, and what a person should know
}

// ImportNote is about one line of what was imported.
type ImportNote struct {
	Line int    `json:"line,omitempty"` // from 1; 0 for a command line, or the whole file
	Text string `json:"text"`
}

// Import writes what another builder is told as a manifest, with the files that it needs,
// into the project's folder. Versions that are not named are looked up.
func (p *Project) Import(ctx context.Context, req ImportRequest) (*ImportResult, error) {
	base := req.Dir
	if base == "" {
		base = p.dir
	}
	made, err := p.translate(base, req)
	if err != nil {
		return nil, err
	}
	res := &ImportResult{Path: filepath.Join(p.dir, manifest.FileName), Kind: made.Kind, Files: []string{}, Notes: []ImportNote{}}
	for _, n := range made.Notes {
		res.Notes = append(res.Notes, ImportNote(n))
	}
	for i, f := range made.Files {
		res.Files = append(res.Files, f.Name)
		name := filepath.Join(p.dir, f.Name)
		if _, err := os.Lstat(name); err == nil && !req.Force {
			return nil, &ExistsError{name}
		}
		if f.Name == manifest.FileName && !req.AsIs {
			if made.Files[i].Data, err = p.resolveLatest(ctx, f.Data); err != nil {
				return nil, err
			}
		}
	}
	return res, p.writeAll(made.Files)
}

// translate reads what is to be imported.
func (p *Project) translate(base string, req ImportRequest) (*importer.Project, error) {
	if len(req.Command) > 0 {
		return importer.Xcaddy(req.Command, importer.Places{From: base, To: p.dir})
	}
	name := absolute(base, req.File)
	text, err := readSmall(name)
	if err != nil {
		return nil, err
	}
	from := filepath.Dir(name)
	switch importer.Detect(text) {
	case "ocb":
		return importer.OCB(req.File, text, importer.Places{From: from, To: p.dir})
	case "plugin.cfg":
		gomod, err := readSmall(filepath.Join(from, "go.mod"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		return importer.PluginCfg(req.File, text, gomod, p.coreDNS(base, from, gomod, req.App))
	}
	return nil, &UsageError{fmt.Sprintf("%s is no manifest of ocb (dist:, receivers:, …) and no plugin.cfg (name:package)", req.File)}
}

// coreDNS is the application of a plugin.cfg: what was asked for, or the folder of the
// plugin.cfg when that is CoreDNS itself; "" leaves it open.
func (p *Project) coreDNS(base, from string, gomod []byte, app string) string {
	places := importer.Places{From: base, To: p.dir}
	switch {
	case app == "" && bytes.Contains(gomod, []byte("module github.com/coredns/coredns\n")):
		return places.Place(from)
	case app == "" || isModule(app):
		return app
	}
	return places.Place(app)
}

// readSmall reads a file that a person has written.
func readSmall(name string) ([]byte, error) {
	fi, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: not a regular file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, manifest.MaxSize+1))
	if err == nil && len(b) > manifest.MaxSize {
		err = fmt.Errorf("read %s: larger than %d bytes", name, manifest.MaxSize)
	}
	return b, err
}

// resolveLatest writes the versions into a manifest that its application and plugins leave
// to be looked up.
func (p *Project) resolveLatest(ctx context.Context, text []byte) ([]byte, error) {
	m, err := manifest.Parse(manifest.FileName, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	for i, u := range m.Plugins.Use {
		path, query, ok := strings.Cut(u.Module, "@")
		if !ok || exactVersion(query) || !isModule(u.Module) {
			continue
		}
		version, err := p.versionOf(ctx, path, query)
		if err != nil {
			return nil, err
		}
		if text, err = edit.Set(manifest.FileName, text, i, path+"@"+version); err != nil {
			return nil, err
		}
	}
	if path, query, ok := strings.Cut(m.App, "@"); ok && isModule(m.App) && !exactVersion(query) {
		version, err := p.versionOfApp(ctx, m.App)
		if err != nil {
			return nil, err
		}
		text = bytes.Replace(text, []byte("\napp: "+m.App+"\n"), []byte("\napp: "+path+"@"+version+"\n"), 1)
	}
	return text, nil
}

// exactVersion says whether a version names one and not what is newest now.
func exactVersion(v string) bool { return strings.HasPrefix(v, "v") && strings.Count(v, ".") >= 2 }

// versionOfApp is the version that package@query means.
func (p *Project) versionOfApp(ctx context.Context, ref string) (string, error) {
	d, err := p.goDeps(ctx)
	if err != nil {
		return "", err
	}
	found, err := compose.Locate(ctx, d, compose.Spec{App: ref, Dir: p.dir})
	return found.Version, err
}

// writeAll writes files of the project's folder, all or none.
func (p *Project) writeAll(files []importer.File) error {
	var all []staged
	defer func() {
		for _, f := range all {
			f.drop()
		}
	}()
	for _, f := range files {
		s, err := stageFile(filepath.Join(p.dir, f.Name), f.Data)
		if err != nil {
			return err
		}
		all = append(all, s)
	}
	for _, s := range all {
		if err := s.put(); err != nil {
			return err
		}
	}
	return nil
}
