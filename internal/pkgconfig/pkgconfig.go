// Package pkgconfig is the pkg-config command over the .pc files of a sysroot: graft's kits
// name it in PKG_CONFIG, cgo, CMake, Meson and configure scripts call it. It answers as
// pkgconf does, with two differences that a sysroot asks for.
//
// Every path that a flag makes the compiler or the linker read is moved into the sysroot
// exactly once, and paths that only reach the program (-D, -rpath) stay those of the target.
// Files outside the sysroot, which PKG_CONFIG_PATH may name, are taken as they are.
//
// Flags for the default folders are left out, because the compiler searches those anyway, in
// an order that -I would spoil.
package pkgconfig

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/graft-build/graft/internal/format/pc"
)

// Version is the version of pkgconf whose answers these are.
const Version = "1.8.1"

const maxModules = 20_000 // of all search folders together

// Config says where the command looks.
type Config struct {
	Dirs          []string // folders with .pc files, absolute, in order of preference
	Sysroot       string   // absolute; "" for none
	SystemInclude []string // folders inside the sysroot whose -I is left out: "/usr/include"
	SystemLib     []string // folders inside the sysroot whose -L is left out
	Env           []string // PKG_CONFIG_PATH, PKG_CONFIG_ALLOW_SYSTEM_CFLAGS and …_LIBS are read
	// LenientPrivate lets a module miss what only its Requires.private names, as long as nothing
	// is linked statically: the sysroot leaves out packages that no header in use asks for.
	LenientPrivate bool
	// Clean drops or changes flags that the compiler does not understand; nil for none.
	Clean func([]pc.Flag) []pc.Flag
}

// NotFoundError is a module that no .pc file provides.
type NotFoundError struct {
	Name string
	By   string // the module that requires it, "" for the command line
}

func (e *NotFoundError) Error() string {
	if e.By == "" {
		return fmt.Sprintf("Package '%s' not found", e.Name)
	}
	return fmt.Sprintf("Package '%s', required by '%s', not found", e.Name, e.By)
}

// VersionError is a module of another version than the one required.
type VersionError struct {
	Want pc.Dep
	Have string
	By   string
}

func (e *VersionError) Error() string {
	if e.By == "" {
		return fmt.Sprintf("Package dependency requirement '%s' could not be satisfied: its version is '%s'", e.Want, e.Have)
	}
	return fmt.Sprintf("Package dependency requirement '%s' of '%s' could not be satisfied: its version is '%s'", e.Want, e.By, e.Have)
}

// ConflictError is a module that requires what it excludes.
type ConflictError struct {
	Module string
	Rule   pc.Dep
	Have   string
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("Version '%s' of '%s' conflicts with '%s' due to its rule '%s'", e.Have, e.Rule.Name, e.Module, e.Rule)
}

// module is a .pc file that was read.
type module struct {
	*pc.File
	id     string // the file's name without ".pc"
	file   string // "" for a built-in one
	inside bool   // the file is in the sysroot
	above  bool   // on the way from the root to the module being visited
}

// repository reads .pc files on demand.
type repository struct {
	cfg     Config
	dirs    []string
	globals []pc.Var
	loaded  map[string]*module
	all     []string // names of all modules, when they were listed
}

func newRepository(cfg Config, globals []pc.Var) *repository {
	r := &repository{cfg: cfg, globals: globals, loaded: map[string]*module{}}
	r.dirs = append(filepath.SplitList(getenv(cfg.Env, "PKG_CONFIG_PATH")), cfg.Dirs...)
	for _, name := range []string{"pkg-config", "pkgconf"} {
		r.loaded[name] = &module{id: name, File: &pc.File{
			Name: name, Version: Version, Description: "virtual package defining the pkg-config version supported",
			Vars: []pc.Var{{Name: "pc_path", Value: strings.Join(cfg.Dirs, string(filepath.ListSeparator))}},
		}}
	}
	return r
}

// find returns a module by name, or by the path of its file. fs.ErrNotExist when there is none.
func (r *repository) find(name string) (*module, error) {
	if m, ok := r.loaded[name]; ok {
		return m, nil
	}
	if strings.HasSuffix(name, ".pc") {
		if m, err := r.load(name, strings.TrimSuffix(filepath.Base(name), ".pc")); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return m, err
		}
	}
	if name == "" || strings.ContainsAny(name, "/\\\x00") {
		return nil, fs.ErrNotExist
	}
	for _, dir := range r.dirs {
		m, err := r.load(filepath.Join(dir, name+".pc"), name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			r.loaded[name] = m
		}
		return m, err
	}
	return nil, fs.ErrNotExist
}

func (r *repository) load(file, id string) (*module, error) {
	text, err := readFile(file)
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(file)
	globals := append([]pc.Var{{Name: "pcfiledir", Value: dir}, {Name: "pc_sysrootdir", Value: ""}}, r.globals...)
	f, err := pc.Parse(text, globals)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return &module{File: f, id: id, file: file, inside: r.inSysroot(dir)}, nil
}

func (r *repository) inSysroot(path string) bool {
	return r.cfg.Sysroot != "" && within(path, r.cfg.Sysroot)
}

// within says whether path is dir or below it.
func within(path, dir string) bool {
	rest, ok := strings.CutPrefix(path, dir)
	return ok && (rest == "" || rest[0] == '/' || os.IsPathSeparator(rest[0]) || os.IsPathSeparator(dir[len(dir)-1]))
}

// readFile reads at most one byte more than a .pc file may have, so that the parser refuses it.
func readFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if fi, err := f.Stat(); err != nil || !fi.Mode().IsRegular() {
		return "", fmt.Errorf("read %s: %w", name, fs.ErrNotExist)
	}
	b, err := io.ReadAll(io.LimitReader(f, pc.MaxFile+1))
	return string(b), err
}

// list returns the names of all modules, sorted.
func (r *repository) list() []string {
	if r.all != nil {
		return r.all
	}
	seen := map[string]bool{}
	r.all = []string{}
	for _, dir := range r.dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // a folder that isn't there has no modules
		}
		for _, e := range entries {
			name, ok := strings.CutSuffix(e.Name(), ".pc")
			if ok && !seen[name] && len(seen) < maxModules {
				seen[name] = true
				r.all = append(r.all, name)
			}
		}
	}
	sort.Strings(r.all)
	return r.all
}

// provider returns the module that says it provides what d wants, the first one by name.
func (r *repository) provider(d pc.Dep) *module {
	for _, name := range r.list() {
		m, err := r.find(name)
		if err != nil {
			continue // a broken file provides nothing
		}
		for _, p := range m.Provides {
			if p.Name == d.Name && provides(p, d) {
				return m
			}
		}
	}
	return nil
}

// provides says whether a version that p provides can be one that d wants.
func provides(p, d pc.Dep) bool {
	return d.Op == pc.Any || p.Op == pc.Any || d.Met(p.Version)
}

// depend returns the module that meets d. By is the module that states d, "" for the user.
func (r *repository) depend(d pc.Dep, by string) (*module, error) {
	m, err := r.find(d.Name)
	if errors.Is(err, fs.ErrNotExist) {
		if m := r.provider(d); m != nil {
			return m, nil
		}
		return nil, &NotFoundError{Name: d.Name, By: by}
	}
	if err != nil {
		return nil, err
	}
	if !d.Met(m.Version) {
		return nil, &VersionError{Want: d, Have: m.Version, By: by}
	}
	return m, nil
}

func getenv(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if v, ok := strings.CutPrefix(env[i], name+"="); ok {
			return v
		}
	}
	return ""
}
