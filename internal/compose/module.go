package compose

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// mod is a module whose go.mod file counts: that of the application, of a plugin, or of a
// folder that a replace line names.
type mod struct {
	who     string // for messages: "plugin ../count-plugin"
	path    string
	version string // "" for a folder
	root    string // its folder, symbolic links resolved
	shown   string // its folder as the user knows it
	file    *modfile.File
	sums    []byte // go.sum; of folders only, as the go command ignores that of a dependency
	sum     string // h1: of the zip, for a version
}

func (m *mod) local() bool { return m.version == "" }

// part is the application's or a plugin's package in its module.
type part struct {
	ref
	who string
	mod *mod
	dir string // the package's folder
	pkg string // its import path

	name    string // the package's name
	alias   string // its name in generated files
	options map[string]any
	follows bool // its version is the one that the application requires
}

// openModule reads the module in a folder that has a go.mod file.
// shown is how messages name the folder.
func openModule(who, root, shown, version string) (*mod, error) {
	b, err := readFile(filepath.Join(root, "go.mod"), maxModFile)
	if err != nil {
		return nil, refuse(who, "", "%v", err)
	}
	gomod := filepath.Join(shown, "go.mod")
	f, err := modfile.Parse(gomod, b, nil)
	if err != nil {
		return nil, refuse(who, "", "%v", err)
	}
	if f.Module == nil {
		return nil, refuse(who, gomod, "no module line")
	}
	m := &mod{who: who, path: f.Module.Mod.Path, version: version, root: root, shown: shown, file: f}
	// A module that nobody downloads may have a path without a dot.
	if err := module.CheckImportPath(m.path); err != nil {
		return nil, refuse(who, gomod, "module path is no valid import path: %v", err)
	}
	if m.path == "go" || m.path == "toolchain" || m.path == "std" || m.path == "cmd" {
		return nil, refuse(who, gomod, "module path %q is reserved", m.path)
	}
	if m.local() {
		m.sums, err = readFile(filepath.Join(root, "go.sum"), maxSumFile)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, refuse(who, "", "%v", err)
		}
	}
	return m, nil
}

// locateLocal finds the module of a folder, upwards, and the folder's place in it.
func (c *composer) locateLocal(who string, r ref) (part, error) {
	dir, err := filepath.EvalSymlinks(r.dir)
	if err != nil {
		return part{}, refuse(who, "", "%v", err)
	}
	root := dir
	for !isFile(filepath.Join(root, "go.mod")) {
		up := filepath.Dir(root)
		if up == root {
			return part{}, refuse(who, "", "no go.mod in %s or above it; a Go module is expected (go mod init makes one)", r.dir)
		}
		root = up
	}
	m, err := c.open(who, root, c.show(root), "")
	if err != nil {
		return part{}, err
	}
	rel, err := filepath.Rel(root, dir)
	if err != nil {
		return part{}, refuse(who, "", "%v", err)
	}
	p := part{ref: r, who: who, mod: m, dir: dir, pkg: m.path}
	if rel != "." {
		p.pkg = path.Join(m.path, filepath.ToSlash(rel))
		if err := module.CheckImportPath(p.pkg); err != nil {
			return part{}, refuse(who, "", "%v", err)
		}
	}
	return p, nil
}

func isFile(name string) bool {
	fi, err := os.Stat(name)
	return err == nil && fi.Mode().IsRegular()
}

// below says whether the import path is in the module or package tree of path.
func below(importPath, path string) bool {
	return importPath == path || strings.HasPrefix(importPath, path) && importPath[len(path)] == '/'
}
