// Package aptrepo is the index of an apt repository: what dists/SUITE says of the packages
// in pool, as https://wiki.debian.org/DebianRepository/Format describes it. It reads the
// index that is there, adds packages and says which files the new one consists of;
// internal/publish/folder puts them in place.
package aptrepo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/format/deb"
	"github.com/graft-build/graft/internal/format/deb822"
	"github.com/graft-build/graft/internal/format/debver"
)

// Package is a package of an index.
type Package struct {
	Name, Version, Arch string

	File   string // its place in the repository: "pool/main/a/app/app_1.0_amd64.deb"
	Size   int64
	SHA256 digest.Digest

	version debver.Version
	fields  deb822.Paragraph // as they stand in Packages
}

// indexed are the fields that Packages adds to a package's control file.
var indexed = []string{"Filename", "Size", "SHA256"}

// ReadPackage reads what a .deb says of itself. Size and digest are those of the file; its
// place is where the component's part of the pool has it.
func ReadPackage(name, component string, r io.Reader, size int64, sum digest.Digest) (Package, error) {
	a, err := deb.Open(name, r)
	if err != nil {
		return Package{}, err
	}
	defer a.Close()
	p, err := fromControl(a.Control["control"])
	if err != nil {
		return Package{}, fmt.Errorf("read package %s: %w", name, err)
	}
	p.Size, p.SHA256 = size, sum
	p.File = path.Join("pool", component, p.folder(), p.fileName())
	for i, value := range []string{p.File, strconv.FormatInt(size, 10), sum.Hex()} {
		p.fields = append(p.fields, deb822.Field{Name: indexed[i], Value: value})
	}
	return p, nil
}

func fromControl(control []byte) (Package, error) {
	in := deb822.NewReader(bytes.NewReader(control))
	fields, err := in.Next()
	if err != nil {
		return Package{}, fmt.Errorf("control: %w", err)
	}
	if _, err := in.Next(); !errors.Is(err, io.EOF) {
		return Package{}, errors.New("control: more than one paragraph")
	}
	p := Package{}
	for _, f := range fields {
		known := false
		for _, name := range indexed {
			known = known || strings.EqualFold(f.Name, name)
		}
		if !known {
			p.fields = append(p.fields, f)
		}
	}
	return p, p.identify()
}

// identify takes name, version and architecture out of the fields.
func (p *Package) identify() (err error) {
	p.Name, p.Version, p.Arch = p.fields.Get("Package"), p.fields.Get("Version"), p.fields.Get("Architecture")
	if !deb822.ValidName(p.Name) {
		return fmt.Errorf("name %q", p.Name)
	}
	if p.version, err = debver.Parse(p.Version); err != nil {
		return err
	}
	if CheckName(p.Arch) != nil || p.Arch == "all" || p.Arch == "source" {
		return fmt.Errorf("architecture %q: want a processor's", p.Arch)
	}
	return nil
}

// fromIndex is a paragraph of Packages.
func fromIndex(fields deb822.Paragraph) (Package, error) {
	p := Package{fields: fields}
	if err := p.identify(); err != nil {
		return p, err
	}
	var err error
	if p.SHA256, err = digest.Parse(fields.Get("SHA256")); err != nil {
		return p, err
	}
	if p.Size, err = strconv.ParseInt(fields.Get("Size"), 10, 64); err != nil {
		return p, fmt.Errorf("size %q", fields.Get("Size"))
	}
	p.File = fields.Get("Filename")
	if p.File != path.Clean(p.File) || !strings.HasPrefix(p.File, "pool/") || strings.ContainsAny(p.File, "\\ \n") {
		return p, fmt.Errorf("file name %q: want one below pool", p.File)
	}
	return p, nil
}

// folder is the package's in the pool, a/app, by the name of its source package.
func (p Package) folder() string {
	source, _, _ := strings.Cut(p.fields.Get("Source"), " ")
	if !deb822.ValidName(source) {
		source = p.Name
	}
	prefix := source[:1]
	if strings.HasPrefix(source, "lib") && len(source) > 3 {
		prefix = source[:4]
	}
	return path.Join(prefix, source)
}

// fileName is as dpkg-name has it: without the epoch, for a colon is no letter of a file name.
func (p Package) fileName() string {
	version := p.Version
	if _, rest, ok := strings.Cut(version, ":"); ok {
		version = rest
	}
	return p.Name + "_" + version + "_" + p.Arch + ".deb"
}

// same says whether two are one for apt, which then wants them to be one file.
func (p Package) same(o Package) bool {
	return p.Name == o.Name && p.Arch == o.Arch && p.version.Compare(o.version) == 0
}

// CheckName says whether s can be a suite, a component or an architecture: one part of a path.
func CheckName(s string) error {
	ok := func(r rune) bool {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune("-+._", r) || 'A' <= r && r <= 'Z'
	}
	if s == "" || len(s) > 64 || s[0] == '.' || s[0] == '-' || strings.ContainsFunc(s, func(r rune) bool { return !ok(r) }) {
		return fmt.Errorf("%q: want letters, digits and - + . _", s)
	}
	return nil
}
