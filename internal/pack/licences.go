package pack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Licence is one licence, notice or copyright file of something that is shipped.
type Licence struct {
	Of      string // "module example.com/m v1.2.3", "package libcairo2 1.16.0-7"
	Name    string // place below a folder of licences: "modules/example.com/m@v1.2.3/LICENSE"
	Content []byte
}

// Limits of licence files; the longest in Debian are copyright files of some 400 KB.
const (
	maxLicence      = 4 << 20
	maxLicenceFiles = 64 // of one module
)

// Licences collects the licence files of modules and the copyright files of packages. The
// names in missing have none: whoever ships them should look. A package may refer to the
// copyright file of another one, which is looked for in all.
func Licences(modules []Module, packages, all []Package) (found []Licence, missing []string, err error) {
	for _, m := range modules {
		of := strings.TrimSpace("module " + m.Path + " " + m.Version)
		files, err := moduleLicences(m)
		if err != nil {
			return nil, nil, fmt.Errorf("collect licences of %s: %w", of, err)
		}
		if len(files) == 0 {
			missing = append(missing, of)
		}
		for i := range files {
			files[i].Of = of
		}
		found = append(found, files...)
	}
	for _, p := range packages {
		of := strings.TrimSpace("package " + p.Package + " " + p.Version)
		if p.Prefix != "" {
			files, err := pacmanLicences(p)
			if err != nil {
				return nil, nil, fmt.Errorf("collect licences of %s: %w", of, err)
			}
			if len(files) == 0 {
				missing = append(missing, of)
			}
			for i := range files {
				files[i].Of = of
			}
			found = append(found, files...)
			continue
		}
		b, err := copyright(p, all)
		if err != nil {
			return nil, nil, fmt.Errorf("collect licences of %s: %w", of, err)
		}
		if b == nil {
			missing = append(missing, of)
			continue
		}
		found = append(found, Licence{Of: of, Name: path.Join("packages", p.Package, "copyright"), Content: b})
	}
	slices.SortStableFunc(found, func(a, b Licence) int { return strings.Compare(a.Name, b.Name) })
	slices.Sort(missing)
	return found, slices.Compact(missing), nil
}

// WithoutLicence names the modules and packages of in that have no licence file, folders of
// modules without a version left out.
func (in In) WithoutLicence() ([]string, error) {
	modules := slices.DeleteFunc(slices.Clone(in.Modules), func(m Module) bool { return m.Version == "" })
	owners, err := in.owners()
	if err != nil {
		return nil, err
	}
	_, missing, err := Licences(modules, owners, in.all())
	return missing, err
}

// linkedLicences are the texts for what is in the program itself, for artifacts whose shared
// libraries bring their own.
func (in In) linkedLicences() ([]Licence, error) {
	found, _, err := Licences(in.Modules, in.Linked, in.all())
	return found, err
}

// all are the packages that copyright files may refer to.
func (in In) all() []Package { return slices.Concat(in.Packages, in.Built) }

// licenceNames are beginnings of names, in upper case, of files that licences ask to pass on.
var licenceNames = []string{"LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "PATENTS", "UNLICENSE"}

func isLicence(name string) bool {
	name = strings.ToUpper(name)
	ext := path.Ext(name)
	if ext == ".GO" || ext == ".H" || ext == ".C" {
		return false
	}
	return slices.ContainsFunc(licenceNames, func(n string) bool {
		rest, ok := strings.CutPrefix(name, n)
		return ok && (rest == "" || strings.ContainsAny(rest[:1], ".-_"))
	})
}

func moduleLicences(m Module) ([]Licence, error) {
	if m.Dir == "" {
		return nil, nil
	}
	if !filepath.IsLocal(filepath.FromSlash(m.Path)) || !fs.ValidPath(m.Path) || strings.ContainsAny(m.Version, `/\`) {
		return nil, errors.New("it has no proper path")
	}
	root, err := os.OpenRoot(m.Dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	list, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, err
	}
	dir := m.Path
	if m.Version != "" {
		dir += "@" + m.Version
	}
	var out []Licence
	for _, d := range list {
		if !isLicence(d.Name()) {
			continue
		}
		b, err := readLimited(root, d.Name())
		if errors.Is(err, errNotRegular) {
			continue // a folder of licence texts, mostly of test data
		}
		if err != nil {
			return nil, err
		}
		if len(out) == maxLicenceFiles {
			return nil, fmt.Errorf("more than %d licence files", maxLicenceFiles)
		}
		out = append(out, Licence{Name: path.Join("modules", dir, d.Name()), Content: b})
	}
	return out, nil
}

// pacmanLicences returns the files below an MSYS2 package's folder of licences.
func pacmanLicences(p Package) ([]Licence, error) {
	root, err := os.OpenRoot(filepath.Join(p.Dir, "data"))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	top := path.Join(p.Prefix, "share/licenses")
	var out []Licence
	err = fs.WalkDir(root.FS(), top, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := readLimited(root, name)
		if errors.Is(err, errNotRegular) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(out) == maxLicenceFiles {
			return fmt.Errorf("more than %d licence files", maxLicenceFiles)
		}
		out = append(out, Licence{Name: path.Join("packages", p.Package, strings.TrimPrefix(name, top+"/")), Content: b})
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return out, err
}

// copyright returns a package's copyright file, nil when there is none. Its folder may be a
// link to that of another package of the same source: libgcc-s1's leads to gcc-12-base's.
func copyright(p Package, all []Package) ([]byte, error) {
	name := p.Package
	for range 8 {
		b, link, err := copyrightOf(p, name)
		if b != nil || err != nil || link == "" {
			return b, err
		}
		name = link
		i := slices.IndexFunc(all, func(o Package) bool { return o.Package == name })
		if i < 0 {
			return nil, nil
		}
		p = all[i]
	}
	return nil, nil
}

func copyrightOf(p Package, name string) (b []byte, link string, err error) {
	root, err := os.OpenRoot(filepath.Join(p.Dir, "data"))
	if err != nil {
		return nil, "", err
	}
	defer root.Close()
	doc := "usr/share/doc/" + name
	if !filepath.IsLocal(filepath.FromSlash(doc)) {
		return nil, "", nil
	}
	if b, err = readLimited(root, doc+"/copyright"); err == nil {
		return b, "", nil
	}
	if to, err := root.Readlink(doc); err == nil {
		return nil, path.Base(filepath.ToSlash(to)), nil
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotRegular) {
		return nil, "", nil
	}
	return nil, "", err
}

var errNotRegular = errors.New("not a regular file")

// readLimited reads a licence file whole.
func readLimited(root *os.Root, name string) ([]byte, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", name, errNotRegular)
	}
	if fi.Size() > maxLicence {
		return nil, fmt.Errorf("%s: %d bytes are too many for a licence", name, fi.Size())
	}
	b := make([]byte, fi.Size())
	if _, err := f.ReadAt(b, 0); err != nil && len(b) > 0 {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}
