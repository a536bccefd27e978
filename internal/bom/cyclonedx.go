package bom

import (
	"bytes"
	"fmt"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"github.com/graft-build/graft/internal/licence"
)

// CycloneDX writes b as CycloneDX 1.6 (ECMA-424), JSON.
func CycloneDX(b BOM) ([]byte, error) {
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("write CycloneDX: %w", err)
	}
	b = b.ordered()
	about := component(b.Artifact)
	about.Scope = ""
	tools := components(b.Tools)
	for i := range tools {
		tools[i].Scope = ""
	}
	parts := components(b.Parts)
	meta := &cdx.Metadata{
		Lifecycles: &[]cdx.Lifecycle{{Phase: cdx.LifecyclePhaseBuild}},
		Component:  &about,
	}
	if len(tools) > 0 {
		meta.Tools = &cdx.ToolsChoice{Components: &tools}
	}
	if !b.Time.IsZero() {
		meta.Timestamp = b.Time.UTC().Format(time.RFC3339)
	}
	doc := cdx.NewBOM()
	doc.Metadata, doc.Components = meta, &parts
	var deps []cdx.Dependency
	for _, c := range append([]Component{b.Artifact}, b.Parts...) {
		d := cdx.Dependency{Ref: c.Ref}
		if len(c.Needs) > 0 {
			d.Dependencies = &c.Needs
		}
		deps = append(deps, d)
	}
	doc.Dependencies = &deps
	content, err := encode(doc)
	if err != nil {
		return nil, err
	}
	doc.SerialNumber = "urn:uuid:" + uuid(content)
	return encode(doc)
}

func encode(doc *cdx.BOM) ([]byte, error) {
	var b bytes.Buffer
	enc := cdx.NewBOMEncoder(&b, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false)
	if err := enc.EncodeVersion(doc, cdx.SpecVersion1_6); err != nil {
		return nil, fmt.Errorf("write CycloneDX: %w", err)
	}
	return b.Bytes(), nil
}

func components(list []Component) []cdx.Component {
	out := make([]cdx.Component, len(list))
	for i, c := range list {
		out[i] = component(c)
	}
	return out
}

func component(c Component) cdx.Component {
	out := cdx.Component{
		BOMRef: c.Ref, Type: cdx.ComponentType(c.Kind), Name: c.Name, Version: c.Version, PackageURL: c.PURL, Scope: cdx.Scope(c.Use),
	}
	if c.SHA256 != "" {
		out.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: c.SHA256}}
	}
	if len(c.Licences) > 0 {
		list := cdx.Licenses{}
		seen := map[string]bool{}
		for _, name := range c.Licences {
			l := &cdx.License{Name: name}
			if id, ok := licence.SPDX(name); ok {
				l = &cdx.License{ID: id}
			}
			if key := l.ID + l.Name; seen[key] {
				continue
			} else {
				seen[key] = true
			}
			list = append(list, cdx.LicenseChoice{License: l})
		}
		out.Licenses = &list
	}
	if len(c.Properties) > 0 {
		var list []cdx.Property
		for _, p := range c.Properties {
			list = append(list, cdx.Property{Name: p.Name, Value: p.Value})
		}
		out.Properties = &list
	}
	if len(c.Files) > 0 {
		files := components(c.Files)
		out.Components = &files
	}
	return out
}
