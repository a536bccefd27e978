// Package bom writes bills of materials: what an artifact consists of and what it was built
// with, in CycloneDX and in SPDX. The facade fills a BOM from the lock, the closure and the
// compiled packages; nothing is scanned. The same BOM gives the same bytes: the number of a
// document is made from its content, and it states a time only when the artifact does.
package bom

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/graft-build/graft/digest"
)

// BOM is what one artifact consists of.
type BOM struct {
	Artifact Component // what it is about; its SHA256 is the file's
	File     string    // the artifact's name in the folder of artifacts
	Parts    []Component
	Tools    []Component // that built it
	Time     time.Time   // zero for none
}

// Kind is what a component is.
type Kind string

// Kinds of components.
const (
	Application Kind = "application"
	Image       Kind = "container"
	Library     Kind = "library" // a Go module, a package of a distribution
	File        Kind = "file"    // a shared library or DLL, or a static library that was linked
)

// Use says how the artifact and a component belong together.
type Use string

// Uses of components.
const (
	Needed Use = "required" // it is in the artifact, or the artifact needs it to run
	Build  Use = "excluded" // headers and the like: the program was built with it
)

// Component is one part.
type Component struct {
	Ref        string // unique in the BOM
	Kind       Kind
	Name       string
	Version    string
	PURL       string
	Licences   []string // all of them apply; SPDX identifiers, or names when it is none
	SHA256     string   // hexadecimal digits; "" when it is not known
	Use        Use
	Properties []Property
	Files      []Component
	Needs      []string // Refs
}

// Property is a statement that the formats have no field for.
type Property struct{ Name, Value string }

// Format is a notation of a BOM.
type Format struct {
	Name   string // on the command line and as kind in artifacts.json
	Suffix string // of the file, after the artifact's name
	Encode func(BOM) ([]byte, error)
}

// Formats are all there are.
var Formats = []Format{
	{Name: "cyclonedx", Suffix: ".cdx.json", Encode: CycloneDX},
	{Name: "spdx", Suffix: ".spdx.json", Encode: SPDX},
}

// FormatOf finds a format by its name.
func FormatOf(name string) (Format, bool) {
	i := slices.IndexFunc(Formats, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, false
	}
	return Formats[i], true
}

// check refuses what would make a document that contradicts itself.
func (b BOM) check() error {
	seen := map[string]bool{b.Artifact.Ref: true}
	var each func(list []Component) error
	each = func(list []Component) error {
		for _, c := range list {
			if c.Ref == "" || c.Name == "" || seen[c.Ref] {
				return fmt.Errorf("component %q %q has no name, or its reference stands twice", c.Name, c.Ref)
			}
			seen[c.Ref] = true
			if err := each(c.Files); err != nil {
				return err
			}
		}
		return nil
	}
	if err := each(b.Parts); err != nil {
		return err
	}
	for _, c := range append([]Component{b.Artifact}, b.Parts...) {
		for _, ref := range c.Needs {
			if !seen[ref] {
				return fmt.Errorf("%s needs %s, which is not listed", c.Ref, ref)
			}
		}
	}
	return nil
}

// ordered is b with everything in one order.
func (b BOM) ordered() BOM {
	byRef := func(a, b Component) int { return cmp.Compare(a.Ref, b.Ref) }
	tidy := func(list []Component) []Component {
		list = slices.Clone(list)
		for i := range list {
			list[i].Needs = slices.Compact(slices.Sorted(slices.Values(list[i].Needs)))
			list[i].Files = slices.SortedFunc(slices.Values(list[i].Files), byRef)
		}
		slices.SortFunc(list, byRef)
		return list
	}
	b.Artifact = tidy([]Component{b.Artifact})[0]
	b.Parts, b.Tools = tidy(b.Parts), tidy(b.Tools)
	return b
}

// uuid is a UUID (RFC 9562, version 8: of our own making) from a document's content.
func uuid(content []byte) string {
	h := digest.Of(content)
	h[6] = h[6]&0x0f | 0x80
	h[8] = h[8]&0x3f | 0x80
	s := h.Hex()
	return strings.Join([]string{s[:8], s[8:12], s[12:16], s[16:20], s[20:32]}, "-")
}
