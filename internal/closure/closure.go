// Package closure finds the shared libraries that a program needs at run time in the
// packages of its target, as the dynamic loader will, and tells before anything is packed
// what would stop it from starting: a library that no package has, a symbol version that
// is newer than the target's library. It comes after compile and feeds pack.
package closure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/format/elf"
	"github.com/graft-build/graft/target"
)

// Provider is an unpacked package: Dir/data holds its files, Dir/control what its archive says of it.
type Provider struct {
	Package string
	Dir     string
	Prefix  string // folder below Dir/data that an MSYS2 package's files are in: "clang64"; "" for Debian's layout
}

// Closure is what a program needs to run.
type Closure struct {
	Program   string    // the program's file name
	Static    bool      // it needs no loader and no library
	Loader    string    // the loader's file name among Libraries, "" for a static program
	Needed    []string  // what the program itself names, in order
	Libraries []Library // in the order in which the loader comes to them; then the loader, then those that libc opens itself
}

// Library is one shared library of a closure.
type Library struct {
	Name    string   // the name it is asked for by, which its file must have
	Path    string   // the regular file in the package's tree
	Package string   // that brings it
	Place   string   // its absolute path on the target: "/usr/lib/x86_64-linux-gnu/libz.so.1"
	Listed  bool     // Place is in a folder that the loader searches by itself
	Needed  []string // what it names in turn
	Folder  string   // Windows: folder below the program's that it belongs to, "" for the program's own
}

// limits of a closure; real ones stay far below.
const (
	maxLibraries = 4096
	maxFileSize  = 4 << 30
)

// Compute returns the closure of a program over the packages of its target. When something
// is amiss the error is an *Error that lists all of it, and the closure holds what was found.
func Compute(ctx context.Context, program string, packages []Provider, t target.Target) (Closure, error) {
	c, err := compute(ctx, program, packages, t)
	if err != nil {
		var e *Error
		if !errors.As(err, &e) {
			err = fmt.Errorf("compute closure of %s: %w", filepath.Base(program), err)
		}
	}
	return c, err
}

func compute(ctx context.Context, program string, packages []Provider, t target.Target) (Closure, error) {
	w := &walk{program: program, names: map[string]*object{}, fault: &Error{Program: filepath.Base(program)}}
	c := Closure{Program: w.fault.Program}
	main, err := read(program)
	if err != nil {
		return c, err
	}
	w.checkProgram(main, t)
	c.Needed = main.Needed
	c.Static = main.Interp == "" && len(main.Needed) == 0
	if c.Static {
		return c, w.fault.orNil()
	}
	u, err := openUnion(packages, t)
	if err != nil {
		return c, err
	}
	defer u.close()
	w.union = u

	w.main = &object{name: c.Program, file: main}
	w.add(w.main)
	for i := 0; i < len(w.queue); i++ { // w.queue grows
		if err := ctx.Err(); err != nil {
			return c, err
		}
		o := w.queue[i]
		for _, name := range o.file.Needed {
			w.need(name, o.name, true)
		}
		if i == len(w.queue)-1 {
			c.Loader = w.extras()
		}
		if len(w.queue) > maxLibraries {
			return c, fmt.Errorf("more than %d libraries", maxLibraries)
		}
	}
	w.checkVersions()
	for _, o := range w.queue[1:] {
		c.Libraries = append(c.Libraries, o.library())
	}
	return c, w.fault.orNil()
}

// Find returns the library that answers to a name.
func (c Closure) Find(name string) (Library, bool) {
	i := slices.IndexFunc(c.Libraries, func(l Library) bool { return l.Name == name })
	if i < 0 {
		return Library{}, false
	}
	return c.Libraries[i], true
}

// Packages returns the names of the packages that bring the program's libraries, sorted;
// with direct only those of the libraries that the program itself names.
func (c Closure) Packages(direct bool) []string {
	var names []string
	for _, l := range c.Libraries {
		if !direct || slices.Contains(c.Needed, l.Name) {
			names = append(names, l.Package)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// object is the program or a library under way.
type object struct {
	name string
	file *elf.File
	at   found
}

func (o *object) library() Library {
	return Library{
		Name: o.name, Path: o.at.path, Package: o.at.pkg, Place: "/" + o.at.place,
		Listed: o.at.listed, Needed: o.file.Needed,
	}
}

// walk goes through the libraries breadth first, as the loader does.
type walk struct {
	program string // its path
	union   *union
	main    *object
	queue   []*object
	names   map[string]*object // nil: missing
	fault   *Error
}

func (w *walk) add(o *object) {
	w.queue = append(w.queue, o)
	w.names[o.name] = o
}

// need adds the library of a name; one that is missing is a fault when it must be there.
func (w *walk) need(name, by string, must bool) {
	if _, seen := w.names[name]; seen || strings.Contains(name, "/") {
		if seen && w.names[name] == nil && must {
			w.fault.missing(name, by, nil)
		}
		return
	}
	at, passed, ok := w.union.find(name, w.main.file)
	if !ok {
		if must {
			w.names[name] = nil
			w.fault.missing(name, by, passed)
		}
		return
	}
	w.add(&object{name: name, file: at.file, at: at})
}

// extras adds what no library names: the loader, once all others are there, and libgcc_s,
// which glibc opens by itself when a thread is cancelled. It returns the loader's name.
func (w *walk) extras() (loader string) {
	if w.main.file.Interp != "" {
		loader = path.Base(w.main.file.Interp)
		w.need(loader, w.main.name, true)
	}
	if w.names["libc.so.6"] != nil {
		w.need("libgcc_s.so.1", "libc.so.6", false)
	}
	return loader
}

func read(name string) (*elf.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parse(f)
}

func parse(f *os.File) (*elf.File, error) {
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() || fi.Size() > maxFileSize {
		return nil, errors.New("not a regular file of bearable size")
	}
	return elf.Parse(f, fi.Size())
}

// Symbols of a file are read only for messages, so parse's result outlives its file.
func symbolsOf(name, version string) []string {
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	e, err := parse(f)
	if err != nil {
		return nil
	}
	all, _ := e.Symbols()
	var names []string
	for _, s := range all {
		if !s.Defined && s.Version == version {
			names = append(names, s.Name)
		}
	}
	slices.SortFunc(names, cmp.Compare)
	return names
}
