package closure

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/format/elf"
	"github.com/graft-build/graft/target"
)

// maxEntries bounds the files of all packages of a target.
const maxEntries = 1 << 20

// union is the packages' trees as they will lie over each other on the target.
type union struct {
	packages []Provider
	roots    []*os.Root
	byName   map[string][]candidate
	search   []string // folders that the loader searches by itself, first one first
}

// candidate is a file or link that may be a library.
type candidate struct {
	rank int // place of its folder in search; len(search) for any other
	pkg  int
	rel  string // below the tree, with slashes
}

// found is a library in a package.
type found struct {
	file   *elf.File
	path   string // of the regular file, on this machine
	place  string // on the target, without the leading slash
	pkg    string
	listed bool
}

// openUnion indexes what looks like a shared library below the library folders.
func openUnion(packages []Provider, t target.Target) (*union, error) {
	u := &union{packages: packages, byName: map[string][]candidate{}}
	for _, dir := range []string{"lib", "usr/lib"} { // glibc's own order: /lib before /usr/lib, the triplet's first
		u.search = append(u.search, dir+"/"+t.ABI.Triplet)
	}
	u.search = append(u.search, "lib", "usr/lib", "lib64", "usr/lib64")
	entries := 0
	for i, p := range packages {
		dir := filepath.Join(p.Dir, "data")
		root, err := os.OpenRoot(dir)
		if err != nil {
			u.close()
			return nil, fmt.Errorf("package %s: %w", p.Package, err)
		}
		u.roots = append(u.roots, root)
		for _, top := range []string{"lib", "lib64", "usr/lib", "usr/lib64"} {
			if fi, err := root.Lstat(top); err == nil && fi.Mode().Type() == fs.ModeSymlink {
				continue // /lib of a merged tree; the same files are in usr/lib
			}
			if err := u.index(i, root.FS(), top, &entries); err != nil {
				u.close()
				return nil, fmt.Errorf("package %s: %w", p.Package, err)
			}
		}
	}
	for _, list := range u.byName {
		slices.SortFunc(list, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.pkg, b.pkg), cmp.Compare(a.rel, b.rel))
		})
	}
	return u, nil
}

func (u *union) index(pkg int, tree fs.FS, top string, entries *int) error {
	err := fs.WalkDir(tree, top, func(rel string, d fs.DirEntry, err error) error {
		if err != nil {
			if rel == top && errors.Is(err, fs.ErrNotExist) {
				return fs.SkipAll
			}
			return err
		}
		if *entries++; *entries > maxEntries {
			return fmt.Errorf("more than %d files", maxEntries)
		}
		name := d.Name()
		if d.IsDir() || d.Type()&^fs.ModeSymlink != 0 || !strings.Contains(name, ".so") {
			return nil
		}
		rank := slices.Index(u.search, path.Dir(rel))
		if rank < 0 {
			rank = len(u.search)
		}
		u.byName[name] = append(u.byName[name], candidate{rank, pkg, rel})
		return nil
	})
	if err != nil {
		return fmt.Errorf("list %s: %w", top, err)
	}
	return nil
}

func (u *union) close() {
	for _, r := range u.roots {
		r.Close()
	}
}

// find returns the library of a name that fits the program: like the loader it passes
// over files of another processor; passed says what they were. Folders that the loader
// doesn't search come last: packages put libraries there for alternatives and for paths
// that libraries carry.
func (u *union) find(name string, program *elf.File) (lib found, passed []string, ok bool) {
	for _, c := range u.byName[name] {
		p := u.packages[c.pkg]
		pass := func(why string) { passed = append(passed, fmt.Sprintf("%s of package %s %s", c.rel, p.Package, why)) }
		at, rel, ok := u.resolve(c)
		if !ok {
			pass("leads nowhere")
			continue
		}
		e, err := u.parse(at, rel)
		switch {
		case err != nil:
			pass("can't be read: " + err.Error())
		case !e.Matches(program):
			pass("is for " + e.Machine.String())
		default:
			return found{
				file: e, place: c.rel, pkg: p.Package, listed: c.rank < len(u.search),
				path: filepath.Join(u.packages[at].Dir, "data", filepath.FromSlash(rel)),
			}, passed, true
		}
	}
	return found{}, passed, false
}

func (u *union) parse(pkg int, rel string) (*elf.File, error) {
	f, err := u.roots[pkg].Open(rel)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parse(f)
}

// resolve follows the links from a candidate to a regular file, which may be in another package.
func (u *union) resolve(c candidate) (pkg int, rel string, ok bool) {
	pkg, rel = c.pkg, c.rel
	for range 40 { // as many as the kernel follows
		fi, err := u.roots[pkg].Lstat(rel)
		if err != nil {
			return 0, "", false
		}
		if fi.Mode().IsRegular() {
			return pkg, rel, true
		}
		if fi.Mode().Type() != fs.ModeSymlink {
			return 0, "", false
		}
		to, err := u.roots[pkg].Readlink(rel)
		if err != nil {
			return 0, "", false
		}
		if !path.IsAbs(to) {
			to = path.Join(path.Dir(rel), filepath.ToSlash(to))
		}
		to = strings.TrimPrefix(path.Clean(to), "/")
		if pkg, rel, ok = u.lookup(pkg, to); !ok {
			return 0, "", false
		}
	}
	return 0, "", false
}

// lookup finds a path in one of the packages, the one it was met in first. On the target
// /lib is a link to /usr/lib; in a package's tree it may be a folder of its own.
func (u *union) lookup(first int, rel string) (int, string, bool) {
	for i := range len(u.roots) + 1 {
		pkg := first
		if i > 0 {
			pkg = i - 1
		}
		for _, r := range []string{rel, other(rel)} {
			if !filepath.IsLocal(filepath.FromSlash(r)) {
				continue
			}
			if _, err := u.roots[pkg].Lstat(r); err == nil {
				return pkg, r, true
			}
		}
	}
	return 0, "", false
}

// other returns the second name of a path on a system where /lib is /usr/lib.
func other(rel string) string {
	if in, ok := strings.CutPrefix(rel, "usr/"); ok {
		return in
	}
	return "usr/" + rel
}
