package pacman

import (
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"sort"
	"strings"

	"github.com/graft-build/graft/internal/format/decompress"
	"github.com/graft-build/graft/internal/format/pacman"
)

// index is a parsed database: packages by name, and what their file lists are asked for.
// Packages are numbered in the order of their names.
type index struct {
	packages  []*pacman.Package
	byName    map[string]int
	providers map[string][]int // by the name that is provided
	files     *fileIndex       // nil when the database has no file lists
}

// limits bound a database. MSYS2's largest unpacks to about 150 MB.
var limits = pacman.Limits{Packages: 100_000, Record: 4 << 20, Files: 256 << 20, Total: 2 << 30}

// readIndex parses a compressed database of an environment. withFiles says that it is a
// files database.
func readIndex(name string, r io.Reader, env Environment, withFiles bool) (*index, error) {
	content, err := decompress.Open(name, r)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	x := &index{byName: make(map[string]int), providers: make(map[string][]int)}
	lists := newFileLists(env)
	v := pacman.Visitor{Package: func(p *pacman.Package) error {
		x.packages = append(x.packages, p)
		return nil
	}}
	if withFiles {
		v.File = lists.add
	}
	if err := pacman.ReadDatabase(content, limits, v); err != nil {
		return nil, err
	}
	if len(x.packages) == 0 {
		return nil, fmt.Errorf("read database: it has no packages")
	}
	slices.SortFunc(x.packages, func(a, b *pacman.Package) int { return strings.Compare(a.Name, b.Name) })
	for i, p := range x.packages {
		x.byName[p.Name] = i
		for _, v := range p.Provides {
			if list := x.providers[v.Name]; len(list) == 0 || list[len(list)-1] != i {
				x.providers[v.Name] = append(list, i)
			}
		}
	}
	if withFiles {
		x.files, err = lists.finish(x.packages)
	}
	return x, err
}

// satisfiers returns the packages that meet a dependency: the one of that name first, then
// those that provide it, by name. pacman asks its user among the latter and proposes the first.
func (x *index) satisfiers(d pacman.Depend) []int {
	var out []int
	if i, ok := x.byName[d.Name]; ok && rules.Named(d, x.packages[i]) {
		out = append(out, i)
	}
	for _, i := range x.providers[d.Name] {
		if !slices.Contains(out, i) && rules.Provided(d, x.packages[i]) {
			out = append(out, i)
		}
	}
	return out
}

// rules are MSYS2's for versions.
var rules = pacman.MSYS2

// fileIndex answers which packages have a file that somebody can need. Lists are in the
// order of the packages' numbers.
type fileIndex struct {
	traits  []traits
	modules map[string][]located // .pc files, by name without the ending
	libs    map[string][]located // link-time libraries in lib, by file name
	dlls    map[string][]located // in bin, by lower-case file name
	headers []header             // in include, by the hash of the path below it, then by package
}

type located struct {
	pkg  int
	path string
}

// header is one header. Their names alone would take tens of megabytes.
type header struct {
	hash uint64
	pkg  int
}

func hashPath(s string) uint64 {
	h := fnv.New64a()
	io.WriteString(h, s)
	return h.Sum64()
}

// withHeader returns the packages that have include/name.
func (f *fileIndex) withHeader(name string) []int {
	hash := hashPath(name)
	i := sort.Search(len(f.headers), func(i int) bool { return f.headers[i].hash >= hash })
	var out []int
	for ; i < len(f.headers) && f.headers[i].hash == hash; i++ {
		out = append(out, f.headers[i].pkg)
	}
	return out
}

// fileLists gathers a fileIndex while a database is read, when the packages have no numbers
// yet.
type fileLists struct {
	env  Environment
	dirs map[string]int // number of a list, by the package's folder in the database
	*fileIndex
}

func newFileLists(env Environment) *fileLists {
	return &fileLists{env: env, dirs: make(map[string]int), fileIndex: &fileIndex{
		modules: make(map[string][]located), libs: make(map[string][]located), dlls: make(map[string][]located),
	}}
}

func (l *fileLists) add(dir, path string) error {
	n, ok := l.dirs[dir]
	if !ok {
		n = len(l.dirs)
		l.dirs[dir] = n
		l.traits = append(l.traits, 0)
	}
	c := l.env.classify(path)
	l.traits[n] |= c.traits
	at := located{n, path}
	switch {
	case c.module != "":
		l.modules[c.module] = append(l.modules[c.module], at)
	case c.lib != "":
		l.libs[c.lib] = append(l.libs[c.lib], at)
	case c.dll != "":
		l.dlls[c.dll] = append(l.dlls[c.dll], at)
	case c.header != "":
		l.headers = append(l.headers, header{hashPath(c.header), n})
	}
	return nil
}

// finish replaces the lists' numbers with the packages'.
func (l *fileLists) finish(packages []*pacman.Package) (*fileIndex, error) {
	number := make([]int, len(l.dirs))
	for i := range number {
		number[i] = -1
	}
	byPackage := make([]traits, len(packages))
	for i, p := range packages {
		if n, ok := l.dirs[p.Dir()]; ok {
			number[n] = i
			byPackage[i] = l.traits[n]
		}
	}
	for dir, n := range l.dirs {
		if number[n] < 0 {
			return nil, fmt.Errorf("read database: files of %s, which has no record", dir)
		}
	}
	for _, m := range []map[string][]located{l.modules, l.libs, l.dlls} {
		for _, list := range m {
			for i := range list {
				list[i].pkg = number[list[i].pkg]
			}
			slices.SortStableFunc(list, func(a, b located) int { return a.pkg - b.pkg })
		}
	}
	for i := range l.headers {
		l.headers[i].pkg = number[l.headers[i].pkg]
	}
	slices.SortFunc(l.headers, func(a, b header) int {
		switch {
		case a.hash < b.hash:
			return -1
		case a.hash > b.hash:
			return 1
		}
		return a.pkg - b.pkg
	})
	l.fileIndex.traits = byPackage
	return l.fileIndex, nil
}
