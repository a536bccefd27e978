// Package debian is an archive of Debian packages as the resolve stage asks it: which
// package has a file, what a package depends on, what it contains. Metadata is believed
// only under a signature of a key whose fingerprint stands in this source.
//
// Open reads the signed index (InRelease) of each suite; the package lists and the file list
// that it names by checksum are parsed once per content and kept in the store as tables
// (package table). A repository can be asked again on the same snapshot without reading
// them anew.
package debian

import (
	"fmt"
	"slices"
	"strings"
)

// Kind says which of Debian's archives a suite is in. Mirrors carry the one or the other.
type Kind string

// Debian's archives.
const (
	Archive  Kind = "archive"
	Security Kind = "security"
)

// Suite is one suite of a repository.
type Suite struct {
	ID   string // unique in a lock, and the folder below dists/
	Kind Kind
	Base string // official address
}

// Definition is a repository: the suites that together are one release of Debian. The first
// is the release itself, whose file list counts for all.
type Definition struct {
	Name   string // as targets and locks name it: "debian-bookworm"
	Suites []Suite
}

const (
	archiveBase  = "https://ftp.debian.org/debian"
	securityBase = "https://security.debian.org/debian-security"
	component    = "main"
)

var definitions = []Definition{release("bookworm"), release("trixie")}

func release(codename string) Definition {
	return Definition{Name: "debian-" + codename, Suites: []Suite{
		{ID: codename, Kind: Archive, Base: archiveBase},
		{ID: codename + "-security", Kind: Security, Base: securityBase},
	}}
}

// Names returns the names of all repositories.
func Names() []string {
	var out []string
	for _, d := range definitions {
		out = append(out, d.Name)
	}
	return out
}

// Lookup finds a repository by name.
func Lookup(name string) (Definition, error) {
	for _, d := range definitions {
		if d.Name == name {
			d.Suites = slices.Clone(d.Suites)
			return d, nil
		}
	}
	return Definition{}, fmt.Errorf("find repository %q: there are %s", name, strings.Join(Names(), ", "))
}

// suite finds a suite of any repository by its ID.
func suite(id string) (Suite, bool) {
	for _, d := range definitions {
		for _, s := range d.Suites {
			if s.ID == id {
				return s, true
			}
		}
	}
	return Suite{}, false
}
