// Package why explains how one package of a distribution leads to another: by what its .pc
// files require, by the libraries that its own load, by what its headers include. It reads
// unpacked packages (package sysroot), asks no index, and feeds the facade's Why.
package why

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/format/elf"
	"github.com/graft-build/graft/internal/format/pc"
	"github.com/graft-build/graft/internal/format/pe"
)

// Facts are what the files of one package say.
type Facts struct {
	Configs  map[string]*pc.File // .pc files by name without the ending; nil for one that can't be read
	Loads    map[string][]string // shared libraries and DLLs: what each needs, by file name
	Links    map[string]string   // links between libraries: libcairo.so → libcairo.so.2
	Headers  []string            // below an include folder: "cairo/cairo.h", sorted
	Declared []string            // dependencies as the package states them

	root string // folder of its files
	dirs []string
}

// Limits of one package.
const (
	maxFiles  = 200_000
	maxText   = 4 << 20 // bytes of a .pc file, a header, a control file
	maxBinary = 2 << 30
)

// Read reads a package's tree: prefix is the folder of an MSYS2 environment, "" for Debian.
// Files that are damaged are passed over.
func Read(dir, prefix string) (*Facts, error) {
	f := &Facts{Configs: map[string]*pc.File{}, Loads: map[string][]string{}, Links: map[string]string{}, root: filepath.Join(dir, "data")}
	n := 0
	err := filepath.WalkDir(f.root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if n++; n > maxFiles {
			return fmt.Errorf("more than %d files", maxFiles)
		}
		rel, err := filepath.Rel(f.root, file)
		if err != nil {
			return err
		}
		f.add(file, filepath.ToSlash(rel), d)
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read package %s: %w", dir, err)
	}
	slices.Sort(f.Headers)
	f.Headers = slices.Compact(f.Headers)
	if prefix == "" {
		f.Declared = declaredDebian(filepath.Join(dir, "control", "control"))
	}
	return f, nil
}

func (f *Facts) add(file, rel string, d fs.DirEntry) {
	name := path.Base(rel)
	switch {
	case strings.HasSuffix(name, ".pc"):
		f.Configs[strings.TrimSuffix(name, ".pc")] = readConfig(file)
	case d.Type()&fs.ModeSymlink != 0:
		if isLibrary(name) {
			if to, err := os.Readlink(file); err == nil {
				f.Links[name] = path.Base(filepath.ToSlash(to))
			}
		}
	case isLibrary(name):
		if needs, ok := readLibrary(file); ok {
			f.Loads[name] = needs
		}
	default:
		if _, below, ok := strings.Cut("/"+rel, "/include/"); ok {
			f.Headers = append(f.Headers, below)
		}
	}
}

// isLibrary says whether a name is that of a shared library or a DLL.
func isLibrary(name string) bool {
	return strings.HasSuffix(strings.ToLower(name), ".dll") || strings.HasSuffix(name, ".so") || strings.Contains(name, ".so.")
}

func readConfig(file string) *pc.File {
	b, err := readText(file)
	if err != nil {
		return nil
	}
	c, err := pc.Parse(string(b), []pc.Var{{Name: "pcfiledir", Value: "/"}, {Name: "pc_sysrootdir", Value: ""}})
	if err != nil {
		return nil
	}
	return c
}

func readText(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if fi, err := f.Stat(); err != nil || !fi.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	return io.ReadAll(io.LimitReader(f, maxText))
}

// readLibrary returns what a library needs; ok is false for a text of the linker's.
func readLibrary(file string) (needs []string, ok bool) {
	f, err := os.Open(file)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil || !fi.Mode().IsRegular() || fi.Size() > maxBinary {
		return nil, false
	}
	if e, err := elf.Parse(f, fi.Size()); err == nil {
		return e.Needed, true
	}
	p, err := pe.Read(f, fi.Size())
	if err != nil {
		return nil, false
	}
	return p.DLLs(), true
}

// declaredDebian reads Pre-Depends and Depends.
func declaredDebian(file string) []string {
	b, err := readText(file)
	if err != nil {
		return nil
	}
	var out []string
	for line := range strings.Lines(string(b)) {
		key, value, _ := strings.Cut(line, ":")
		if key != "Depends" && key != "Pre-Depends" {
			continue
		}
		for d := range strings.SplitSeq(value, ",") {
			out = append(out, strings.TrimSpace(d))
		}
	}
	return out
}

// DeclaredPacman reads the depend lines of a .PKGINFO file.
func DeclaredPacman(r io.Reader) []string {
	var out []string
	lines := bufio.NewScanner(io.LimitReader(r, maxText))
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), "depend = "); ok {
			out = append(out, strings.TrimSpace(value))
		}
	}
	return out
}

// States says whether a declared dependency names a package, with whatever version or as one
// of several, and returns it.
func (f *Facts) States(pkg string) (text string, ok bool) {
	for _, d := range f.Declared {
		for one := range strings.SplitSeq(d, "|") {
			one = strings.TrimSpace(one)
			if i := strings.IndexAny(one, " (<>=:"); i >= 0 {
				one = one[:i]
			}
			if one == pkg {
				return d, true
			}
		}
	}
	return "", false
}

// Has says whether the package brings a library by its name, in any case for a DLL; real is the name of
// the file or of what a link leads to.
func (f *Facts) Has(library string) (real string, ok bool) {
	if _, ok := f.Loads[library]; ok {
		return library, true
	}
	if to, ok := f.Links[library]; ok {
		return to, true
	}
	if strings.HasSuffix(strings.ToLower(library), ".dll") {
		for name := range f.Loads {
			if strings.EqualFold(name, library) {
				return name, true
			}
		}
	}
	return "", false
}

// Header returns the header of a package that a name means: one with that path, or whose
// path ends with it; the shortest of several.
func (f *Facts) Header(name string) (string, bool) {
	best := ""
	for _, h := range f.Headers {
		if (h == name || strings.HasSuffix(h, "/"+name)) && (best == "" || len(h) < len(best)) {
			best = h
		}
	}
	return best, best != ""
}

// Libraries are the shared libraries and DLLs of the package by the names that others ask for,
// sorted. What has no version in its name is opened by path, and left out.
func (f *Facts) Libraries() []string {
	var out []string
	for name := range f.Loads {
		if name = f.asked(name); !strings.HasSuffix(name, ".so") {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
