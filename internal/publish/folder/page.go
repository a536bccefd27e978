package folder

import (
	"bytes"
	_ "embed"
	"html/template"
	"slices"
	"strings"
	"sync"

	"github.com/graft-build/graft/internal/format/deb822"
	"github.com/graft-build/graft/internal/publish/aptrepo"
)

//go:embed page.html
var pageText string

var pageTemplate = sync.OnceValue(func() *template.Template { return template.Must(template.New(pageName).Parse(pageText)) })

// unknownAddress stands on the page for an address that nobody stated.
const unknownAddress = "https://ADDRESS"

// pageData is what the page shows.
type pageData struct {
	Origin, Slug, Address, Key, Fingerprint, Sums string
	Stated                                        bool // somebody stated the address
	Suites                                        []pageSuite
	Files                                         []pageFile
}

type pageSuite struct {
	Name, Components, Architectures string
	Sources                         string // the file for sources.list.d, "" for none
	Text                            string // its content
	Packages                        []aptrepo.Package
}

type pageFile struct{ Name, SHA256 string }

// page is index.html. It says nothing of when or where it was written.
func (j *job) page(address string) ([]byte, error) {
	d := pageData{
		Origin: j.res.Origin, Slug: slug(j.res.Origin), Address: address, Stated: address != "",
		Key: keyName, Fingerprint: j.Key.Fingerprint(), Sums: sumsName,
	}
	if address == "" {
		d.Address = unknownAddress
	}
	slices.SortFunc(j.suites, func(a, b *aptrepo.Suite) int { return strings.Compare(a.Name, b.Name) })
	for _, s := range j.suites {
		one := pageSuite{
			Name: s.Name, Components: strings.Join(s.Components(), " "), Architectures: strings.Join(s.Architectures(), " "),
			Text: string(sourcesText(d.Slug, d.Address, s)), Packages: s.Packages(),
		}
		if name := d.Slug + "-" + s.Name + ".sources"; address != "" && (name == j.res.Sources || j.isThere(name)) {
			one.Sources = name
		}
		d.Suites = append(d.Suites, one)
	}
	for line := range strings.Lines(string(j.sums.encode())) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		if !strings.HasPrefix(name, "pool/") {
			d.Files = append(d.Files, pageFile{name, sum})
		}
	}
	var b bytes.Buffer
	if err := pageTemplate().Execute(&b, d); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (j *job) sourcesName() string { return slug(j.origin()) + "-" + j.Suite + ".sources" }

func (j *job) sourcesText(address string) []byte {
	return sourcesText(slug(j.res.Origin), address, j.suite)
}

// sourcesText is a file for /etc/apt/sources.list.d, sources.list(5).
func sourcesText(slug, address string, s *aptrepo.Suite) []byte {
	return []byte(deb822.Paragraph{
		{Name: "Types", Value: "deb"}, {Name: "URIs", Value: address}, {Name: "Suites", Value: s.Name},
		{Name: "Components", Value: strings.Join(s.Components(), " ")}, {Name: "Signed-By", Value: "/etc/apt/keyrings/" + slug + ".asc"},
	}.String())
}

// slug is an origin as part of a file's name.
func slug(origin string) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '-':
			return r
		}
		return '-'
	}, origin)
	if s = strings.Trim(s, "-"); s == "" {
		return "graft"
	}
	return s
}
