// Package manifest is graft.yaml: what a user wants built. It is optional, since flags alone
// are enough; docs/manifest.md describes every key and schema.json is its JSON Schema.
package manifest

import (
	"fmt"
	"reflect"
	"strings"
)

// FileName is the manifest's name in a project's folder.
const FileName = "graft.yaml"

// Manifest is the content of graft.yaml. Nothing in it is resolved: paths are as written,
// relative to the manifest's folder.
type Manifest struct {
	Name        string `yaml:"name"`        // of the artifacts and of the program; default: last element of the application's path
	Version     string `yaml:"version"`     // default 0.0.0
	Description string `yaml:"description"` // one line
	Maintainer  string `yaml:"maintainer"`  // "Name <mail>"
	Homepage    string `yaml:"homepage"`
	License     string `yaml:"license"` // SPDX expression

	App          string                `yaml:"app"` // folder (default "."), or package@version
	Plugins      Plugins               `yaml:"plugins"`
	Targets      []string              `yaml:"targets"` // default: this host
	Formats      []string              `yaml:"formats"` // default: the target's
	Build        Build                 `yaml:"build"`
	Packages     map[string]Packages   `yaml:"packages"`     // by distribution: "debian", "msys2"
	Repositories map[string]Repository `yaml:"repositories"` // by distribution: "debian"
	Files        []Install             `yaml:"files"`        // of packages of a system, beside the program
	Services     map[string]Service    `yaml:"services"`     // by name of the unit
	Man          string                `yaml:"man"`          // manual page: name.1; default: one is made
	Completions  map[string]string     `yaml:"completions"`  // files, by shell
	OCI          OCI                   `yaml:"oci"`
	Deb          Deb                   `yaml:"deb"`
	Windows      Windows               `yaml:"windows"`

	doc *document // where it was read from; nil for one that was made
}

// Build is what the go command is told.
type Build struct {
	Tags    []string `yaml:"tags"`
	LDFlags string   `yaml:"ldflags"` // beside graft's own: "-X main.version=1.0"
	Debug   bool     `yaml:"debug"`   // keep DWARF and the symbol table
}

// Packages adds to what detection finds, for one distribution.
type Packages struct {
	Build  []string          `yaml:"build"`  // more packages to compile and link with
	Run    []string          `yaml:"run"`    // more packages that the program needs when it runs
	Choose map[string]string `yaml:"choose"` // need ("pkg-config:foo") → package, where detection's choice is not wanted
}

// Repository overrides where a distribution's packages come from.
type Repository struct {
	Suite    string   `yaml:"suite"`    // "bookworm", "trixie"
	Mirrors  []string `yaml:"mirrors"`  // base addresses, asked in this order before all others
	Security []string `yaml:"security"` // the same for the security archive
	Keyring  string   `yaml:"keyring"`  // OpenPGP public keys, instead of the distribution's own
}

// OCI is the configuration of images.
type OCI struct {
	Ports      []int             `yaml:"ports"`
	Env        map[string]string `yaml:"env"`
	Args       []string          `yaml:"args"`       // default arguments (CMD)
	User       string            `yaml:"user"`       // "uid" or "uid:gid"; default 65532:65532
	Labels     map[string]string `yaml:"labels"`     // labels and annotations beside graft's own
	StopSignal string            `yaml:"stopSignal"` // "SIGINT", or a number
}

// Windows describes programs for Windows.
type Windows struct {
	GUI       bool     `yaml:"gui"`       // no console window
	Icon      string   `yaml:"icon"`      // an .ico or .png file
	Manifest  string   `yaml:"manifest"`  // application manifest, an XML file
	Company   string   `yaml:"company"`   // of the version information
	Copyright string   `yaml:"copyright"` // the same
	DLLs      []string `yaml:"dlls"`      // patterns of DLLs that the program opens when it runs: lib/gdk-pixbuf-2.0/*/loaders/*.dll
	Data      []string `yaml:"data"`      // patterns of other files of packages that it reads: share/glib-2.0/schemas
}

// Deb is what only a .deb has.
type Deb struct {
	Section  string   `yaml:"section"`  // default "misc"
	Priority string   `yaml:"priority"` // default "optional"
	Depends  []string `yaml:"depends"`  // beside the computed ones
}

// Equal says whether two manifests say the same, wherever they were read from.
func (m *Manifest) Equal(o *Manifest) bool {
	a, b := *m, *o
	a.doc, b.doc = nil, nil
	return reflect.DeepEqual(a, b)
}

// ErrorAt is a mistake that shows only outside of the manifest, such as a folder that is not
// there, with the place of the key that a YAML path names ("$.plugins.use[1]").
func (m *Manifest) ErrorAt(path, format string, args ...any) error {
	if m.doc == nil {
		return fmt.Errorf(format, args...)
	}
	return m.doc.errorAt(path, format, args...)
}

// Error is a mistake in a manifest. Its text has the place and an excerpt.
type Error struct {
	File      string // as given to Parse
	Line, Col int    // from 1; 0 when it concerns the whole file
	Text      string // what is wrong, one line
	Excerpt   string // the lines around it with a marker, "" when there are none
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Col)
	}
	b.WriteString(": " + e.Text)
	if e.Excerpt != "" {
		b.WriteString("\n" + strings.TrimRight(e.Excerpt, "\n"))
	}
	return b.String()
}
