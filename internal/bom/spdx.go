package bom

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/licence"
)

// The records of SPDX 2.3, https://spdx.github.io/spdx-spec/v2.3/.
type (
	spdxDocument struct {
		Version       string             `json:"spdxVersion"`
		DataLicense   string             `json:"dataLicense"`
		ID            string             `json:"SPDXID"`
		Name          string             `json:"name"`
		Namespace     string             `json:"documentNamespace"`
		Creation      spdxCreation       `json:"creationInfo"`
		Packages      []spdxPackage      `json:"packages"`
		Licences      []spdxLicence      `json:"hasExtractedLicensingInfos,omitempty"`
		Relationships []spdxRelationship `json:"relationships"`
	}
	spdxCreation struct {
		Created  string   `json:"created"`
		Creators []string `json:"creators"`
	}
	spdxPackage struct {
		ID        string         `json:"SPDXID"`
		Name      string         `json:"name"`
		Version   string         `json:"versionInfo,omitempty"`
		File      string         `json:"packageFileName,omitempty"`
		Location  string         `json:"downloadLocation"`
		Analyzed  bool           `json:"filesAnalyzed"`
		Checksums []spdxChecksum `json:"checksums,omitempty"`
		Concluded string         `json:"licenseConcluded"`
		Declared  string         `json:"licenseDeclared"`
		Copyright string         `json:"copyrightText"`
		Comment   string         `json:"comment,omitempty"`
		Purpose   string         `json:"primaryPackagePurpose"`
		Refs      []spdxRef      `json:"externalRefs,omitempty"`
	}
	spdxChecksum struct {
		Algorithm string `json:"algorithm"`
		Value     string `json:"checksumValue"`
	}
	spdxRef struct {
		Category string `json:"referenceCategory"`
		Type     string `json:"referenceType"`
		Locator  string `json:"referenceLocator"`
	}
	spdxLicence struct {
		ID   string `json:"licenseId"`
		Name string `json:"name"`
		Text string `json:"extractedText"`
	}
	spdxRelationship struct {
		From string `json:"spdxElementId"`
		Type string `json:"relationshipType"`
		To   string `json:"relatedSpdxElement"`
	}
)

const noAssertion = "NOASSERTION"

// SPDX writes b as SPDX 2.3, JSON. The format demands a time; without one it is 1970.
func SPDX(b BOM) ([]byte, error) {
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("write SPDX: %w", err)
	}
	b = b.ordered()
	if b.Time.IsZero() {
		b.Time = time.Unix(0, 0)
	}
	doc := spdxDocument{
		Version: "SPDX-2.3", DataLicense: "CC0-1.0", ID: "SPDXRef-DOCUMENT", Name: b.File,
		Creation: spdxCreation{Created: b.Time.UTC().Format(time.RFC3339)},
	}
	for _, t := range b.Tools {
		doc.Creation.Creators = append(doc.Creation.Creators, "Tool: "+strings.TrimSuffix(t.Name+"-"+t.Version, "-"))
	}
	w := spdxWriter{doc: &doc, named: map[string]bool{}}
	w.relate("SPDXRef-DOCUMENT", "DESCRIBES", spdxID(b.Artifact.Ref))
	w.add(b.Artifact, b.File)
	for _, c := range b.Parts {
		w.add(c, "")
		if c.Use == Build {
			w.relate(spdxID(c.Ref), "BUILD_DEPENDENCY_OF", spdxID(b.Artifact.Ref))
		}
		for _, f := range c.Files {
			w.add(f, "")
			w.relate(spdxID(c.Ref), "CONTAINS", spdxID(f.Ref))
		}
	}
	for _, c := range append([]Component{b.Artifact}, b.Parts...) {
		for _, ref := range c.Needs {
			w.relate(spdxID(c.Ref), "DEPENDS_ON", spdxID(ref))
		}
	}
	for _, t := range b.Tools {
		w.add(t, "")
		w.relate(spdxID(t.Ref), "BUILD_TOOL_OF", spdxID(b.Artifact.Ref))
	}
	slices.SortFunc(doc.Licences, func(a, b spdxLicence) int { return strings.Compare(a.ID, b.ID) })
	content, err := encodeSPDX(doc)
	if err != nil {
		return nil, err
	}
	doc.Namespace = "https://spdx.org/spdxdocs/" + escape(b.File) + "-" + uuid(content)
	return encodeSPDX(doc)
}

func encodeSPDX(doc spdxDocument) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return nil, fmt.Errorf("write SPDX: %w", err)
	}
	return b.Bytes(), nil
}

// spdxID is the identifier of a component: letters, digits, "." and "-" are allowed.
func spdxID(ref string) string { return "SPDXRef-" + digest.OfString(ref).Hex()[:16] }

type spdxWriter struct {
	doc   *spdxDocument
	named map[string]bool
}

func (w *spdxWriter) relate(from, kind, to string) {
	w.doc.Relationships = append(w.doc.Relationships, spdxRelationship{from, kind, to})
}

func (w *spdxWriter) add(c Component, file string) {
	p := spdxPackage{
		ID: spdxID(c.Ref), Name: c.Name, Version: c.Version, File: file, Location: noAssertion, Copyright: noAssertion,
		Concluded: noAssertion, Declared: w.expression(c.Licences), Purpose: strings.ToUpper(string(c.Kind)),
	}
	if c.SHA256 != "" {
		p.Checksums = []spdxChecksum{{"SHA256", c.SHA256}}
	}
	if c.PURL != "" {
		p.Refs = []spdxRef{{"PACKAGE-MANAGER", "purl", c.PURL}}
	}
	var notes []string
	for _, q := range c.Properties {
		notes = append(notes, q.Name+": "+q.Value)
	}
	p.Comment = strings.Join(notes, "\n")
	w.doc.Packages = append(w.doc.Packages, p)
}

// expression joins licences; names that are no identifiers get one in the document.
func (w *spdxWriter) expression(names []string) string {
	var out []string
	for _, name := range names {
		id, ok := licence.SPDX(name)
		if !ok {
			id = "LicenseRef-" + digest.OfString(name).Hex()[:16]
			if !w.named[id] {
				w.named[id] = true
				w.doc.Licences = append(w.doc.Licences, spdxLicence{id, name, "Stated by the package as: " + name})
			}
		}
		out = append(out, id)
	}
	if len(out) == 0 {
		return noAssertion
	}
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(out))), " AND ")
}
