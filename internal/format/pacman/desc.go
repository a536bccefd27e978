package pacman

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/graft-build/graft/digest"
)

// Package is a desc record: what a database says of one package. Groups, optional and
// make dependencies and texts are left out; nothing here needs them.
type Package struct {
	FileName  string // "mingw-w64-clang-x86_64-cairo-1.18.0-3-any.pkg.tar.zst", a plain file name
	Name      string
	Base      string // the name of the source package
	Version   string
	Arch      string
	Size      int64         // of the package file
	Installed int64         // of its content
	SHA256    digest.Digest // of the package file
	Signature string        // base64 of a detached OpenPGP signature; MSYS2 has it beside the file instead
	BuildDate int64         // seconds since 1970
	Licenses  []string
	Depends   []Depend
	Provides  []Depend
	Conflicts []Depend
	Replaces  []Depend
}

// Dir is the name of the package's folder in a database, "name-version".
func (p *Package) Dir() string { return p.Name + "-" + p.Version }

// maxValues bounds the values of one field; a package of MSYS2 provides 600 names.
const maxValues = 100_000

// ParseDesc reads a desc record. It requires name, version, file name, size and SHA-256,
// without which a package can't be locked, and refuses a field that occurs twice.
func ParseDesc(b []byte) (*Package, error) {
	p := &Package{}
	if err := p.merge(b); err != nil {
		return nil, err
	}
	return p, p.check()
}

// merge reads one record's fields into p.
func (p *Package) merge(b []byte) error {
	seen := make(map[string]bool)
	for len(b) > 0 {
		var line string
		line, b = cutLine(b)
		if line == "" {
			continue
		}
		if len(line) < 3 || line[0] != '%' || line[len(line)-1] != '%' {
			return fmt.Errorf("parse desc: %q stands where a field's name is expected", clip(line))
		}
		if seen[line] {
			return fmt.Errorf("parse desc: field %s occurs twice", clip(line))
		}
		seen[line] = true
		var values []string
		for len(b) > 0 {
			var v string
			if v, b = cutLine(b); v == "" {
				break
			}
			if len(values) == maxValues {
				return fmt.Errorf("parse desc: field %s has more than %d values", clip(line), maxValues)
			}
			values = append(values, v)
		}
		if err := p.set(line, values); err != nil {
			return fmt.Errorf("parse desc: field %s: %w", clip(line), err)
		}
	}
	return nil
}

// set stores a field. Unknown ones are skipped, as pacman does.
func (p *Package) set(field string, values []string) (err error) {
	switch field {
	case "%LICENSE%":
		p.Licenses = values
		return nil
	case "%DEPENDS%":
		p.Depends, err = parseDepends(values)
		return err
	case "%PROVIDES%":
		p.Provides, err = parseDepends(values)
		return err
	case "%CONFLICTS%":
		p.Conflicts, err = parseDepends(values)
		return err
	case "%REPLACES%":
		p.Replaces, err = parseDepends(values)
		return err
	}
	text := p.text(field)
	number := p.number(field)
	if text == nil && number == nil && field != "%SHA256SUM%" {
		return nil
	}
	if len(values) != 1 {
		return fmt.Errorf("%d values, want one", len(values))
	}
	switch {
	case text != nil:
		*text = values[0]
	case number != nil:
		*number, err = parseSize(values[0])
	default:
		p.SHA256, err = digest.Parse(values[0])
	}
	return err
}

func (p *Package) text(field string) *string {
	switch field {
	case "%FILENAME%":
		return &p.FileName
	case "%NAME%":
		return &p.Name
	case "%BASE%":
		return &p.Base
	case "%VERSION%":
		return &p.Version
	case "%ARCH%":
		return &p.Arch
	case "%PGPSIG%":
		return &p.Signature
	}
	return nil
}

func (p *Package) number(field string) *int64 {
	switch field {
	case "%CSIZE%":
		return &p.Size
	case "%ISIZE%":
		return &p.Installed
	case "%BUILDDATE%":
		return &p.BuildDate
	}
	return nil
}

// check says what a complete record lacks.
func (p *Package) check() error {
	if err := checkName(p.Name); err != nil {
		return fmt.Errorf("parse desc: %w", err)
	}
	if err := checkVersion(p.Version); err != nil {
		return fmt.Errorf("parse desc of %s: %w", p.Name, err)
	}
	if err := checkName(p.FileName); err != nil {
		return fmt.Errorf("parse desc of %s: file %w", p.Name, err)
	}
	if p.Size == 0 {
		return fmt.Errorf("parse desc of %s: no size", p.Name)
	}
	if p.SHA256.IsZero() {
		return fmt.Errorf("parse desc of %s: no SHA-256", p.Name)
	}
	return nil
}

func parseDepends(values []string) ([]Depend, error) {
	out := make([]Depend, len(values))
	for i, v := range values {
		d, err := ParseDepend(v)
		if err != nil {
			return nil, err
		}
		out[i] = d
	}
	return out, nil
}

// maxSize is more than any package has, and far from where sums of sizes overflow.
const maxSize = 1 << 42

func parseSize(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > maxSize || s[0] == '+' {
		return 0, fmt.Errorf("%q is no size", clip(s))
	}
	return n, nil
}

func cutLine(b []byte) (line string, rest []byte) {
	head, rest, _ := bytes.Cut(b, []byte{'\n'})
	return string(head), rest
}

// clip makes hostile text short enough for a message.
func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}
