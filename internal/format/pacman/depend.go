package pacman

import (
	"fmt"
	"strings"
)

// Depend is a dependency or provision: a name, and a version it is compared with.
type Depend struct {
	Name    string
	Op      string // "", "=", "<", "<=", ">", ">="
	Version string // "" without Op
}

// ParseDepend reads "name", "name>=1.2" and the like. An optional dependency's reason
// ("name: why") is cut off.
func ParseDepend(s string) (Depend, error) {
	var d Depend
	text := s
	if i := strings.Index(text, ": "); i >= 0 {
		text = text[:i]
	}
	i := strings.IndexAny(text, "<>=")
	if i < 0 {
		d.Name = text
	} else {
		n := 1
		if text[i] != '=' && i+1 < len(text) && text[i+1] == '=' {
			n = 2
		}
		d.Name, d.Op, d.Version = text[:i], text[i:i+n], text[i+n:]
		if err := checkVersion(d.Version); err != nil {
			return Depend{}, fmt.Errorf("parse dependency %q: %w", s, err)
		}
	}
	if err := checkName(d.Name); err != nil {
		return Depend{}, fmt.Errorf("parse dependency %q: %w", s, err)
	}
	return d, nil
}

// String is the dependency as pacman writes it.
func (d Depend) String() string { return d.Name + d.Op + d.Version }

// Accepts says whether a version meets the dependency's comparison.
func (r Rules) Accepts(d Depend, version string) bool {
	if d.Op == "" {
		return true
	}
	c := r.Compare(version, d.Version)
	switch d.Op {
	case "=":
		return c == 0
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	case ">=":
		return c >= 0
	}
	return false
}

// Named says whether the package itself, by its own name and version, meets d.
func (r Rules) Named(d Depend, p *Package) bool {
	return p.Name == d.Name && r.Accepts(d, p.Version)
}

// Provided says whether one of the package's provisions meets d. A provision without a
// version meets only a dependency without one.
func (r Rules) Provided(d Depend, p *Package) bool {
	for _, v := range p.Provides {
		if v.Name != d.Name {
			continue
		}
		if d.Op == "" || v.Op == "=" && r.Accepts(d, v.Version) {
			return true
		}
	}
	return false
}

// Satisfies says whether the package meets d, by name or by provision.
func (r Rules) Satisfies(d Depend, p *Package) bool {
	return r.Named(d, p) || r.Provided(d, p)
}

// checkName accepts what makepkg accepts as a package name, and the further characters
// that provisions use ("perl(Foo::Bar)", "libfoo.so=1-64").
func checkName(s string) error {
	if s == "" {
		return fmt.Errorf("name %q is empty", s)
	}
	if s[0] == '-' || s[0] == '.' {
		return fmt.Errorf("name %q begins with %q", s, s[:1])
	}
	return checkPrintable("name", s)
}

func checkVersion(s string) error {
	if s == "" {
		return fmt.Errorf("version %q is empty", s)
	}
	if strings.ContainsAny(s, "<>=") {
		return fmt.Errorf("version %q is a comparison", s)
	}
	return checkPrintable("version", s)
}

// maxName bounds names, versions and file names of packages. The longest in MSYS2 has 98 bytes.
const maxName = 255

func checkPrintable(what, s string) error {
	if len(s) > maxName {
		return fmt.Errorf("%s has %d bytes, more than %d", what, len(s), maxName)
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '/' || c == '\\' {
			return fmt.Errorf("%s %q has the character %q", what, s, c)
		}
	}
	return nil
}
