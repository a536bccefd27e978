// Package survey looks at a Go module for what its first graft.yaml should say: main
// packages, how plugins get into them, C libraries. It reads sources and starts no process,
// so it is a guess for a person to look at; compose and detect find out what is true.
package survey

import (
	"errors"
	"fmt"
	"go/build"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// Limits on what is looked at of a module.
const (
	maxFolders = 5000
	maxFiles   = 1000 // Go files of a package
	maxFile    = 4 << 20
	maxDepth   = 40
)

// Module is what was found in a module.
type Module struct {
	Path     string
	Root     string           // folder of the go.mod
	Mains    []string         // folders with a main package, relative, with slashes; "." first
	Needs    []string         // "pkg-config:cairo", "lib:foo", sorted
	Requires []module.Version // of the go.mod, as they stand there
	Partial  bool             // the module is larger than what was looked at

	packages []folder          // without those of folders that replace lines name
	near     map[string]string // folders of packages by import path, those of replace lines too
}

// folder is a package of the module.
type folder struct {
	dir  string // absolute
	path string // import path
	pkg  *build.Package
}

// ErrNoModule says that there is no go.mod in a folder or above it.
var ErrNoModule = errors.New("no go.mod in it or above it")

// Look surveys the module that a folder belongs to.
func Look(dir string) (*Module, error) {
	root, err := findRoot(dir)
	if err != nil {
		return nil, err
	}
	f, err := readModFile(root)
	if err != nil {
		return nil, err
	}
	m := &Module{Path: f.Module.Mod.Path, Root: root, near: map[string]string{}}
	for _, r := range f.Require {
		m.Requires = append(m.Requires, r.Mod)
	}
	needs := map[string]bool{}
	left := maxFolders
	m.packages = m.walk(root, m.Path, &left, needs)
	for _, r := range f.Replace {
		if local := filepath.FromSlash(r.New.Path); r.New.Version == "" && modfile.IsDirectoryPath(r.New.Path) {
			if !filepath.IsAbs(local) {
				local = filepath.Join(root, local)
			}
			m.walk(local, r.Old.Path, &left, needs)
		}
	}
	m.Partial = left <= 0
	for _, p := range m.packages {
		if p.pkg.Name == "main" {
			m.Mains = append(m.Mains, m.relative(p.dir))
		}
	}
	slices.Sort(m.Mains) // "." is before all letters
	for need := range needs {
		m.Needs = append(m.Needs, need)
	}
	slices.Sort(m.Needs)
	return m, nil
}

// ModulePath is the path of the module that a folder belongs to.
func ModulePath(dir string) (string, error) {
	root, err := findRoot(dir)
	if err != nil {
		return "", err
	}
	f, err := readModFile(root)
	if err != nil {
		return "", err
	}
	return f.Module.Mod.Path, nil
}

// findRoot is the folder at or above dir that has a go.mod.
func findRoot(dir string) (string, error) {
	for root := filepath.Clean(dir); ; root = filepath.Dir(root) {
		if fi, err := os.Stat(filepath.Join(root, "go.mod")); err == nil && fi.Mode().IsRegular() {
			return root, nil
		}
		if root == filepath.Dir(root) {
			return "", fmt.Errorf("look at %s: %w", dir, ErrNoModule)
		}
	}
}

func readModFile(root string) (*modfile.File, error) {
	name := filepath.Join(root, "go.mod")
	b, err := readFile(name)
	if err != nil {
		return nil, err
	}
	f, err := modfile.Parse(name, b, nil)
	if err != nil { // perhaps of a newer Go; this leaves replace lines out
		f, err = modfile.ParseLax(name, b, nil)
	}
	if err != nil {
		return nil, err
	}
	if f.Module == nil {
		return nil, fmt.Errorf("read %s: no module line", name)
	}
	return f, nil
}

// readFile reads a regular file that is not too large.
func readFile(name string) ([]byte, error) {
	fi, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() || fi.Size() > maxFile {
		return nil, fmt.Errorf("read %s: not a regular file of at most %d bytes", name, maxFile)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile))
}

func (m *Module) relative(dir string) string {
	rel, err := filepath.Rel(m.Root, dir)
	if err != nil {
		return filepath.ToSlash(dir)
	}
	return filepath.ToSlash(rel)
}

// walk reads the packages of the module in root, without those of modules below it.
func (m *Module) walk(root, modPath string, left *int, needs map[string]bool) []folder {
	var out []folder
	// What cannot be read is left out: the go command will say so, should it matter.
	_ = filepath.WalkDir(root, func(dir string, e fs.DirEntry, err error) error {
		if err != nil {
			return fs.SkipDir
		}
		if !e.IsDir() {
			return nil
		}
		rel, _ := filepath.Rel(root, dir)
		if rel != "." && (skipped(e.Name()) || isRegular(filepath.Join(dir, "go.mod")) || strings.Count(rel, string(filepath.Separator)) > maxDepth) {
			return fs.SkipDir
		}
		if *left--; *left < 0 {
			return fs.SkipAll
		}
		if p := readPackage(dir); p != nil {
			f := folder{dir, path.Join(modPath, filepath.ToSlash(rel)), p}
			out = append(out, f)
			m.near[f.path] = dir
			addNeeds(p, needs)
		}
		return nil
	})
	return out
}

// skipped says whether the go command leaves a folder out of ./...
func skipped(name string) bool {
	return name[0] == '.' || name[0] == '_' || name == "testdata" || name == "vendor" || name == "node_modules"
}

func isRegular(name string) bool {
	fi, err := os.Stat(name)
	return err == nil && fi.Mode().IsRegular()
}

// readPackage reads the heads of a package's files as for linux/amd64 with cgo, nil when
// there is none. Pipes and devices are not opened.
func readPackage(dir string) *build.Package {
	files, err := goFiles(dir)
	if err != nil || len(files) == 0 {
		return nil
	}
	ctx := build.Default
	ctx.GOPATH, ctx.GOOS, ctx.GOARCH, ctx.CgoEnabled = "", "linux", "amd64", true
	p, err := ctx.ImportDir(dir, 0)
	var multiple *build.MultiplePackageError
	if err != nil && (p == nil || p.Name == "" || errors.As(err, &multiple)) || len(p.GoFiles)+len(p.CgoFiles) == 0 {
		return nil
	}
	return p
}

// goFiles are the names of a folder's Go files without tests; an error when one of them is
// not a file.
func goFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		name := e.Name()
		if !strings.HasSuffix(name, ".go") || name[0] == '_' || name[0] == '.' {
			continue
		}
		if !isRegular(filepath.Join(dir, name)) {
			return nil, fmt.Errorf("read %s: not a regular file", name)
		}
		if !strings.HasSuffix(name, "_test.go") {
			names = append(names, name)
		}
	}
	if len(names) > maxFiles {
		return nil, fmt.Errorf("read %s: more than %d Go files", dir, maxFiles)
	}
	return names, nil
}

// addNeeds takes the libraries that the #cgo lines of a package name.
func addNeeds(p *build.Package, needs map[string]bool) {
	for _, name := range p.CgoPkgConfig {
		if !strings.HasPrefix(name, "-") {
			needs["pkg-config:"+name] = true
		}
	}
	for _, flag := range p.CgoLDFLAGS {
		if name, ok := strings.CutPrefix(flag, "-l"); ok && name != "" && !system[name] {
			needs["lib:"+name] = true
		}
	}
}

// system are the libraries that every system has.
var system = map[string]bool{"c": true, "m": true, "dl": true, "pthread": true, "rt": true, "stdc++": true, "util": true, "resolv": true}

// Import is the import path of a folder of the module.
func (m *Module) Import(rel string) string { return path.Join(m.Path, rel) }

// Main chooses among the main packages: the only one, that of the folder itself, or that
// with the module's name. "" when it can't.
func (m *Module) Main() string {
	if len(m.Mains) == 1 {
		return m.Mains[0]
	}
	name := path.Base(m.Path)
	if prefix, major, ok := module.SplitPathVersion(m.Path); ok && major != "" {
		name = path.Base(prefix)
	}
	for _, want := range []string{".", "cmd/" + name, name} {
		if slices.Contains(m.Mains, want) {
			return want
		}
	}
	return ""
}
