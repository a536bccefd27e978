package graft

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/bom"
	"github.com/graft-build/graft/internal/pack"
	"github.com/graft-build/graft/lock"
)

// checkSBOM reads the request's formats of bills of materials; the default is CycloneDX.
func checkSBOM(names []string) ([]bom.Format, error) {
	if len(names) == 0 {
		return bom.Formats[:1], nil
	}
	var out []bom.Format
	for _, name := range names {
		if name == "none" && len(names) == 1 {
			return nil, nil
		}
		f, ok := bom.FormatOf(name)
		if !ok {
			return nil, &UsageError{fmt.Sprintf("SBOM format %s does not exist: want cyclonedx, spdx, or none alone", name)}
		}
		out = append(out, f)
	}
	return out, nil
}

// artifactRef is the reference of the artifact in its own bill of materials.
const artifactRef = "artifact"

// bill is the bill of materials of an artifact.
func (s *session) bill(l *lock.Lock, a pack.Artifact, in pack.In, m materials) (bom.BOM, error) {
	meta := in.Meta
	out := bom.BOM{File: a.File, Time: in.Time, Tools: s.tools(l, in.Target.Name)}
	out.Artifact = bom.Component{
		Ref: artifactRef, Kind: bom.Application, Name: meta.Name, Version: meta.Version, PURL: bom.Generic(meta.Name, meta.Version),
		SHA256: a.SHA256.Hex(), Properties: []bom.Property{
			{Name: "graft:file", Value: a.File}, {Name: "graft:kind", Value: a.Kind}, {Name: "graft:target", Value: a.Target},
			{Name: "graft:lock", Value: l.Part(in.Target.Name).Digest().String()},
		},
	}
	if meta.License != "" {
		out.Artifact.Licences = []string{meta.License}
	}
	image := a.Kind == (pack.OCI{}).Kind() || a.Kind == (pack.Docker{}).Kind()
	if image {
		out.Artifact.Kind = bom.Image
	}
	for _, mod := range m.modules {
		c := moduleComponent(mod)
		out.Artifact.Needs = append(out.Artifact.Needs, c.Ref)
		out.Parts = append(out.Parts, c)
	}
	parts, err := s.packageComponents(l, in, m, image)
	if err != nil {
		return out, err
	}
	for _, c := range parts {
		if c.Use == bom.Needed {
			out.Artifact.Needs = append(out.Artifact.Needs, c.Ref)
		}
	}
	out.Parts = append(out.Parts, parts...)
	return out, nil
}

func moduleComponent(m material) bom.Component {
	name := m.Path
	version := m.Version
	if name == "std" {
		name, version = "stdlib", strings.TrimPrefix(version, "go")
	}
	c := bom.Component{Kind: bom.Library, Name: name, Version: version, PURL: bom.GoModule(name, version), Licences: m.licences, Use: bom.Needed}
	c.Ref = c.PURL
	c.SHA256 = sumHex(m.sum)
	say := func(name, value string) { c.Properties = append(c.Properties, bom.Property{Name: name, Value: value}) }
	if m.sum != "" {
		say("graft:go.sum", m.sum)
	}
	if !m.source.IsZero() {
		say("graft:source", m.source.String())
	}
	switch {
	case m.app:
		say("graft:role", "application")
	case m.plugin:
		say("graft:role", "plugin")
	}
	return c
}

// packageComponents are the packages that an artifact needs to run, or has in it, with their
// libraries, and those that it was built with. An image has the whole run closure; others
// need the packages that a library or a file of theirs is from. Those with static libraries that
// were linked are in every artifact.
func (s *session) packageComponents(l *lock.Lock, in pack.In, m materials, image bool) ([]bom.Component, error) {
	needed := in.Closure.Packages(false)
	for _, d := range in.Data {
		needed = append(needed, d.Package)
	}
	linked := map[string]pack.Package{}
	for _, p := range in.Linked {
		linked[p.Package] = p
	}
	refs := map[string]string{}
	var out []bom.Component
	for _, p := range m.packages {
		c := packageComponent(l, p)
		_, static := linked[p.Name]
		switch {
		case p.Run && (image || slices.Contains(needed, p.Name)), static:
			c.Use = bom.Needed
		case !p.Build:
			continue // another format's, or a dependency of the system's
		default:
			c.Use = bom.Build
		}
		var err error
		if c.Use == bom.Needed {
			c.Files, err = s.fileComponents(c.Ref, p.Name, in, linked[p.Name])
		}
		if err != nil {
			return nil, err
		}
		refs[p.Name] = c.Ref
		c.Needs = p.Depends
		out = append(out, c)
	}
	for i := range out {
		var list []string
		for _, name := range out[i].Needs {
			if ref, ok := refs[name]; ok && ref != out[i].Ref {
				list = append(list, ref)
			}
		}
		out[i].Needs = list
	}
	return out, nil
}

// fileComponents are the shared libraries of a package, and its static ones that were linked.
func (s *session) fileComponents(ref, pkg string, in pack.In, linked pack.Package) ([]bom.Component, error) {
	var out []bom.Component
	add := func(name, path string) error {
		d, _, err := s.hash.File(path)
		out = append(out, bom.Component{Ref: ref + "#" + name, Kind: bom.File, Name: name, SHA256: d.Hex()})
		return err
	}
	for _, lib := range in.Closure.Libraries {
		if lib.Package != pkg {
			continue
		}
		if err := add(strings.TrimPrefix(lib.Folder+"/"+lib.Name, "/"), lib.Path); err != nil {
			return nil, err
		}
	}
	for _, name := range linked.Archives {
		if err := add(name, filepath.Join(linked.Dir, "data", filepath.FromSlash(name))); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func packageComponent(l *lock.Lock, p packageMaterial) bom.Component {
	return bom.Component{
		Ref: packageURL(l, p.Package), Kind: bom.Library, Name: p.Name, Version: p.Version, PURL: packageURL(l, p.Package), Licences: p.licences,
		SHA256: p.SHA256.Hex(), Properties: []bom.Property{
			{Name: "graft:file", Value: p.Path}, {Name: "graft:repository", Value: p.Repo}, {Name: "graft:source", Value: cmp.Or(p.Source, p.Name)},
		},
	}
}

// packageURL is the package URL of a locked package.
func packageURL(l *lock.Lock, p lock.Package) string {
	r, _ := l.Repository(p.Repo)
	if r.Format == "pacman" {
		return bom.MSYS2(p.Name, p.Version, p.Arch, r.Base)
	}
	suite, _, _ := strings.Cut(r.Suite, "-") // bookworm-security is bookworm
	return bom.Debian(p.Name, p.Version, p.Arch, suite, p.Source)
}

// tools built the program of a target.
func (s *session) tools(l *lock.Lock, target string) []bom.Component {
	tool := func(name, version string) bom.Component {
		return bom.Component{Ref: "tool:" + name, Kind: bom.Application, Name: name, Version: version, PURL: bom.Generic(name, version)}
	}
	out := []bom.Component{tool("graft", Version()), tool("go", l.Go)}
	out[0].PURL = graftURL()
	if zig := l.Part(target).Zig; zig != nil {
		out = append(out, tool("zig", zig.Version))
	}
	return out
}
