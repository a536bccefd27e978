package closure

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/format/pe"
	"github.com/graft-build/graft/internal/winsys"
	"github.com/graft-build/graft/target"
)

// Windows is what the closure of a Windows program depends on beside packages.
type Windows struct {
	System *winsys.System // what Windows itself provides
	// Loaded are patterns (path.Match, below the packages' prefix) of DLLs that the program
	// opens when it runs: "lib/gdk-pixbuf-2.0/*/loaders/*.dll". A folder means all DLLs in it.
	Loaded []string
}

// ComputePE returns the closure of a Windows program: what it and its DLLs import, at once or
// when first called, by name or by ordinal, and what they forward to. As Windows does, it
// compares names without case and takes a DLL of its own before one of a package. When
// something is amiss the error is an *Error that lists all of it.
func ComputePE(ctx context.Context, program string, packages []Provider, t target.Target, win Windows) (Closure, error) {
	w := &walkPE{
		ctx: ctx, target: t, win: win, index: map[string]foundPE{}, objects: map[string]*objectPE{},
		fault: &Error{Program: filepath.Base(program), Windows: true},
	}
	c, err := w.compute(program, packages)
	if err != nil {
		var e *Error
		if !errors.As(err, &e) {
			err = fmt.Errorf("compute closure of %s: %w", filepath.Base(program), err)
		}
	}
	return c, err
}

// foundPE is a DLL in a package.
type foundPE struct {
	name, path, pkg, place string
}

// objectPE is the program or a DLL under way.
type objectPE struct {
	name   string
	file   *pe.File
	at     foundPE
	folder string // beside the program, for DLLs that the program opens itself
}

type walkPE struct {
	ctx     context.Context
	target  target.Target
	win     Windows
	index   map[string]foundPE // by lower-case name, of those in the packages' bin folders
	all     []foundPE          // every DLL of the packages, in order
	prefix  []string           // of each in all: its package's
	objects map[string]*objectPE
	queue   []*objectPE
	fault   *Error
}

func (w *walkPE) compute(program string, packages []Provider) (Closure, error) {
	c := Closure{Program: w.fault.Program}
	for _, p := range packages {
		if err := w.list(p); err != nil {
			return c, fmt.Errorf("package %s: %w", p.Package, err)
		}
	}
	main, err := readPE(program)
	if err != nil {
		return c, err
	}
	w.queue = []*objectPE{{name: c.Program, file: main}}
	if err := w.open(); err != nil {
		return c, err
	}
	for i := 0; i < len(w.queue); i++ { // w.queue grows
		if err := w.ctx.Err(); err != nil {
			return c, err
		}
		if len(w.queue) > maxLibraries {
			return c, fmt.Errorf("more than %d libraries", maxLibraries)
		}
		if err := w.visit(w.queue[i]); err != nil {
			return c, err
		}
	}
	for _, o := range w.queue {
		w.checkSymbols(o)
	}
	c.Needed = main.DLLs()
	for _, o := range w.queue[1:] {
		c.Libraries = append(c.Libraries, Library{
			Name: o.at.name, Path: o.at.path, Package: o.at.pkg, Place: "/" + o.at.place,
			Listed: o.folder == "", Folder: o.folder, Needed: o.file.DLLs(),
		})
	}
	c.Static = len(c.Libraries) == 0
	return c, w.fault.orNil()
}

// list finds the DLLs of a package.
func (w *walkPE) list(p Provider) error {
	root, err := os.OpenRoot(filepath.Join(p.Dir, "data"))
	if err != nil {
		return err
	}
	defer root.Close()
	top, entries := path.Clean(p.Prefix), 0
	err = fs.WalkDir(root.FS(), top, func(rel string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entries++; entries > maxEntries {
			return fmt.Errorf("more than %d files", maxEntries)
		}
		if !d.Type().IsRegular() || !strings.EqualFold(path.Ext(rel), ".dll") {
			return nil
		}
		f := foundPE{name: d.Name(), path: filepath.Join(p.Dir, "data", filepath.FromSlash(rel)), pkg: p.Package, place: rel}
		w.all, w.prefix = append(w.all, f), append(w.prefix, top)
		key := strings.ToLower(f.name)
		if _, seen := w.index[key]; !seen && path.Dir(rel) == path.Join(top, "bin") {
			w.index[key] = f
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a package of nothing but documentation
	}
	return err
}

// open adds the DLLs that the program opens when it runs.
func (w *walkPE) open() error {
	for _, pattern := range w.win.Loaded {
		matched := false
		for i, f := range w.all {
			rel := strings.TrimPrefix(f.place, w.prefix[i]+"/")
			if !Matches(pattern, rel) {
				continue
			}
			matched = true
			if path.Dir(rel) == "bin" {
				if err := w.need(f.name, "the manifest's "+pattern); err != nil {
					return err
				}
				continue
			}
			file, err := readPE(f.path)
			if err != nil {
				return fmt.Errorf("%s of package %s: %w", f.place, f.pkg, err)
			}
			w.queue = append(w.queue, &objectPE{name: f.name, file: file, at: f, folder: path.Dir(rel)})
		}
		if !matched {
			w.fault.Problems = append(w.fault.Problems, fmt.Sprintf("no DLL of its packages fits windows.dlls: %s", pattern))
		}
	}
	return nil
}

// Matches says whether a path fits a pattern of path.Match, or lies in a folder that does.
func Matches(pattern, name string) bool {
	pattern = strings.TrimSuffix(pattern, "/")
	for n := name; n != "." && n != "/" && n != ""; n = path.Dir(n) {
		if ok, err := path.Match(pattern, n); ok && err == nil {
			return true
		}
	}
	return false
}

// visit adds what an object asks for.
func (w *walkPE) visit(o *objectPE) error {
	problem := func(format string, args ...any) {
		w.fault.Problems = append(w.fault.Problems, o.name+" "+fmt.Sprintf(format, args...))
	}
	if got := o.file.Machine.GOARCH(); got != w.target.GOARCH() {
		problem("is made for %s, not for %s", o.file.Machine, w.target.Name)
	}
	imported := map[string]bool{}
	for _, list := range [][]pe.Import{o.file.Imports, o.file.Delayed} {
		for _, i := range list {
			imported[strings.ToLower(i.DLL)] = true
			if r := winsys.RuntimeOf(i.DLL); r != "" && string(r) != w.target.ABI.Libc {
				problem("uses the C runtime %s (%s), and the target's is %s: the two do not mix", r, i.DLL, w.target.ABI.Libc)
			}
		}
	}
	for _, dll := range o.file.DLLs() {
		// What it only forwards to is asked for when somebody imports that, which symbols tell.
		_, known := w.index[strings.ToLower(dll)]
		if imported[strings.ToLower(dll)] || known {
			if err := w.need(dll, o.name); err != nil {
				return err
			}
		}
	}
	return nil
}

// need adds the DLL of a name.
func (w *walkPE) need(name, by string) error {
	key := strings.ToLower(name)
	if o, seen := w.objects[key]; seen {
		if o == nil {
			w.fault.missing(name, by, nil)
		}
		return nil
	}
	if w.win.System.Provides(name) != winsys.None {
		return nil
	}
	at, ok := w.index[key]
	if !ok {
		w.objects[key] = nil
		w.fault.missing(name, by, nil)
		return nil
	}
	file, err := readPE(at.path)
	if err != nil {
		return fmt.Errorf("%s of package %s: %w", at.place, at.pkg, err)
	}
	o := &objectPE{name: at.name, file: file, at: at}
	w.objects[key] = o
	w.queue = append(w.queue, o)
	return nil
}

// checkSymbols looks whether the DLLs export what an object imports: Windows refuses to start
// a program otherwise.
func (w *walkPE) checkSymbols(o *objectPE) {
	for _, imp := range o.file.Imports {
		from := w.objects[strings.ToLower(imp.DLL)]
		if from == nil {
			continue
		}
		names, ordinals := from.exports()
		var lacking []string
		for _, s := range imp.Symbols {
			e, ok := names[s.Name]
			if s.Name == "" {
				e, ok = ordinals[uint32(s.Ordinal)]
			}
			switch {
			case !ok && s.Name == "":
				lacking = append(lacking, fmt.Sprintf("#%d", s.Ordinal))
			case !ok:
				lacking = append(lacking, s.Name)
			case e.Forward != nil && w.objects[strings.ToLower(e.Forward.DLL)] == nil && w.win.System.Provides(e.Forward.DLL) == winsys.None:
				w.fault.missing(e.Forward.DLL, from.name, nil)
			}
		}
		if len(lacking) > 0 {
			slices.Sort(lacking)
			more := ""
			if n := len(lacking) - 3; n > 0 {
				more = fmt.Sprintf(" and %d more", n)
			}
			w.fault.Problems = append(w.fault.Problems,
				fmt.Sprintf("%s imports %s%s from %s, which does not have it", o.name, strings.Join(lacking[:min(3, len(lacking))], ", "), more, from.name))
		}
	}
}

func (o *objectPE) exports() (names map[string]pe.Export, ordinals map[uint32]pe.Export) {
	names, ordinals = map[string]pe.Export{}, map[uint32]pe.Export{}
	for _, e := range o.file.Exports {
		if e.Name != "" {
			names[e.Name] = e
		}
		ordinals[e.Ordinal] = e
	}
	return names, ordinals
}

func readPE(name string) (*pe.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() || fi.Size() > maxFileSize {
		return nil, errors.New("not a regular file of bearable size")
	}
	return pe.Read(f, fi.Size())
}
