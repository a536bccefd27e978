package debian

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/format/deb822"
	"github.com/graft-build/graft/internal/format/debver"
	"github.com/graft-build/graft/internal/resolve"
)

// indexVersion changes when the tables of this package do.
const indexVersion = "debian-index/3"

const (
	maxPackages    = 1 << 20
	maxPackageSize = 4 << 30
)

// Keys of a package table: "p" name NUL version, whose value is the fields below as a
// paragraph; "v" virtual name NUL provider's name NUL provider's version, whose value is
// the version that it provides, or nothing; "r" name, whose value is the number of
// development packages that depend on it in the first place: the most used one is the best
// guess among several that meet a need.
var indexFields = []string{
	"Package", "Version", "Architecture", "Multi-Arch", "Source", "Section", "Filename", "Size", "SHA256",
	"Pre-Depends", "Depends", "Provides", "Conflicts", "Breaks",
}

// record is one package of an index.
type record struct {
	resolve.Package
	version   debver.Version
	multiArch string
	section   string
	depends   string // Pre-Depends and Depends
	provides  string
	conflicts string // Conflicts and Breaks
	rank      int
}

// writeIndex turns a Packages file into a table.
func writeIndex(in io.Reader, out io.Writer, arch string) error {
	r := deb822.NewReader(in).Only(indexFields...)
	var b bag
	ranks := map[string]int{}
	for n := 0; ; n++ {
		p, err := r.Next()
		if err == io.EOF {
			break
		}
		if err == nil && n == maxPackages {
			err = fmt.Errorf("more than %d packages", maxPackages)
		}
		if err == nil {
			err = b.addPackage(p, arch, ranks)
		}
		if err != nil {
			return fmt.Errorf("parse package index: %w", err)
		}
	}
	for name, n := range ranks {
		b.add(strconv.AppendInt(nil, int64(n), 10), []byte("r"), []byte(name))
	}
	return b.write(out)
}

func (b *bag) addPackage(p deb822.Paragraph, arch string, ranks map[string]int) error {
	rec, err := parseRecord(p)
	if err != nil {
		return err
	}
	if rec.Arch != arch && rec.Arch != "all" {
		return nil
	}
	b.add([]byte(p.String()), []byte("p"+rec.Name+"\x00"+rec.Version))
	count(ranks, rec, arch)
	provides, err := deb822.ParseRelations(p.Get("Provides"))
	if err != nil {
		return fmt.Errorf("package %s: %w", rec.Name, err)
	}
	for _, alt := range provides {
		for _, r := range alt {
			v := ""
			if r.Op == debver.Equal {
				v = r.Version.String()
			}
			b.add([]byte(v), []byte("v"+r.Name+"\x00"+rec.Name+"\x00"+rec.Version))
		}
	}
	return nil
}

// count notes what a development package depends on.
func count(ranks map[string]int, rec record, arch string) {
	if rec.section != "libdevel" && !strings.HasSuffix(rec.Name, "-dev") {
		return
	}
	alts, err := deb822.ParseRelations(rec.depends)
	if err != nil {
		return // told when somebody asks for this package
	}
	for _, alt := range alts {
		if alt[0].For(arch) {
			ranks[alt[0].Name]++
		}
	}
}

// parseRecord reads the paragraph of one package.
func parseRecord(p deb822.Paragraph) (record, error) {
	r := record{
		Package: resolve.Package{
			Name: p.Get("Package"), Version: p.Get("Version"), Arch: p.Get("Architecture"), Path: p.Get("Filename"),
		},
		multiArch: p.Get("Multi-Arch"),
		section:   p.Get("Section"),
	}
	fail := func(err error) (record, error) {
		return record{}, fmt.Errorf("package %.100q: %w", r.Name, err)
	}
	if !deb822.ValidName(r.Name) || !deb822.ValidName(r.Arch) {
		return fail(fmt.Errorf("name or architecture %.100q is none", r.Arch))
	}
	var err error
	if r.version, err = debver.Parse(r.Version); err != nil {
		return fail(err)
	}
	// "name (version)", when the source has another version; or nothing.
	if r.Source, _, _ = strings.Cut(p.Get("Source"), " "); r.Source == "" {
		r.Source = r.Name
	}
	if !deb822.ValidName(r.Source) {
		return fail(fmt.Errorf("source %.100q", r.Source))
	}
	if !safePath(r.Path) {
		return fail(fmt.Errorf("file name %.200q", r.Path))
	}
	if r.Size, err = strconv.ParseInt(p.Get("Size"), 10, 64); err != nil || r.Size <= 0 || r.Size > maxPackageSize {
		return fail(fmt.Errorf("size %.100q", p.Get("Size")))
	}
	if r.SHA256, err = digest.Parse(p.Get("SHA256")); err != nil || r.SHA256.IsZero() {
		return fail(fmt.Errorf("it has no SHA-256"))
	}
	r.provides, r.conflicts = p.Get("Provides"), p.Get("Conflicts")
	if breaks := p.Get("Breaks"); breaks != "" {
		r.conflicts = strings.Trim(r.conflicts+", "+breaks, ", ")
	}
	r.depends = p.Get("Depends")
	if pre := p.Get("Pre-Depends"); pre != "" {
		r.depends = pre + ", " + r.depends
	}
	return r, nil
}
