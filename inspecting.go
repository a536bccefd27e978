package graft

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/detect"
	"github.com/graft-build/graft/internal/stamp"
	"github.com/graft-build/graft/lock"
)

// Inspection is what a file tells of the programs in it.
type Inspection struct {
	File     string             `json:"file"`
	Kind     string             `json:"kind"` // program, deb, rpm, apk, archlinux, zip, tar, oci, docker
	Programs []InspectedProgram `json:"programs"`
}

// InspectedProgram is a Go program. Those that graft made have a Composition.
type InspectedProgram struct {
	Path        string       `json:"path,omitempty"` // in the archive
	Composition *Composition `json:"composition,omitempty"`
	Go          string       `json:"go,omitempty"` // version of Go: "go1.26.8"
	Main        string       `json:"main,omitempty"`
	Modules     []ModuleAt   `json:"modules,omitempty"` // by Go's own build information
}

// Composition is what graft writes into a program.
type Composition = stamp.Stamp

// ModuleAt is a module of a program.
type ModuleAt struct {
	Path    string `json:"path"`
	Version string `json:"version,omitempty"`
	Replace string `json:"replace,omitempty"`
	Sum     string `json:"sum,omitempty"`
}

// Inspect tells from a program, or from an artifact that holds one, what it was composed of:
// from what the program says itself, not from names. A program that graft did not make has no
// Composition. A file that is neither program nor archive is an error.
func Inspect(ctx context.Context, file string) (*Inspection, error) {
	kind, found, err := stamp.Read(ctx, file)
	if err != nil {
		return nil, err
	}
	out := &Inspection{File: file, Kind: kind, Programs: []InspectedProgram{}}
	for _, p := range found {
		q := InspectedProgram{Path: p.Path, Composition: p.Stamp, Go: p.Go}
		if p.Build != nil {
			q.Main = p.Build.Path
			for _, d := range append([]*debug.Module{&p.Build.Main}, p.Build.Deps...) {
				if d.Path != "" {
					q.Modules = append(q.Modules, moduleAt(d))
				}
			}
		}
		out.Programs = append(out.Programs, q)
	}
	return out, nil
}

func moduleAt(d *debug.Module) ModuleAt {
	m := ModuleAt{Path: d.Path, Version: d.Version, Sum: d.Sum}
	if d.Replace != nil {
		m.Replace, m.Sum = refOf(d.Replace.Path, strings.TrimPrefix(d.Replace.Version, "(devel)")), cmp.Or(d.Replace.Sum, d.Sum)
	}
	return m
}

// stamp is what the program of a target says of itself.
func (s *session) stamp(l *lock.Lock, b *built) (string, error) {
	part := l.Part(b.target.Name)
	st := stamp.Stamp{
		Graft: Version(), Name: s.plan.m.Name, Version: s.plan.m.Version, Target: b.target.Name, Lock: part.Digest(),
		Go: s.goes.Version, Tags: s.plan.tags, Plugins: []stamp.Part{},
	}
	if part.Zig != nil {
		st.Zig = part.Zig.Version
	}
	told := map[string]bool{}
	describe := func(pkg, module, version string) (p stamp.Part, err error) {
		told[module] = true
		p = stamp.Part{Package: pkg, Module: module, Version: version}
		if version == "" {
			p.Source, err = s.compiled(b, module)
		}
		return p, err
	}
	var err error
	if st.App, err = describe(s.comp.Package, s.comp.Module, s.comp.Version); err != nil {
		return "", err
	}
	for _, p := range s.comp.Plugins {
		d, err := describe(p.Path, p.Module, p.Version)
		if err != nil {
			return "", err
		}
		st.Plugins = append(st.Plugins, d)
	}
	for _, d := range s.comp.LocalDirs {
		if told[d.Path] {
			continue
		}
		p, err := describe(d.Path, d.Path, "")
		if err != nil {
			return "", err
		}
		st.Folders = append(st.Folders, p)
	}
	slices.SortFunc(st.Folders, func(a, b stamp.Part) int { return strings.Compare(a.Package, b.Package) })
	for _, p := range part.Packages {
		st.Packages = append(st.Packages, stamp.Package{Name: p.Name, Version: p.Version, Build: p.Build, Run: p.Run})
	}
	return stamp.Encode(st)
}

// compiled is the digest of the files that a program is compiled from of one module in a
// folder, by package and name: the same wherever the folder is, and whatever else is in it.
func (s *session) compiled(b *built, module string) (digest.Digest, error) {
	k := digest.NewKey("compiled/1")
	packages := slices.Clone(b.found.Packages)
	slices.SortFunc(packages, func(a, b detect.Package) int { return strings.Compare(a.ImportPath, b.ImportPath) })
	for _, p := range packages {
		if p.Module != module {
			continue
		}
		for _, name := range slices.Sorted(slices.Values(p.Files)) {
			if name == s.comp.Generated {
				continue
			}
			d, _, err := s.hash.File(filepath.Join(p.Dir, name))
			if errors.Is(err, fs.ErrNotExist) {
				continue // generated, by what is in the lock and in other files
			}
			if err != nil {
				return digest.Digest{}, err
			}
			k.AddDigest(path.Join(p.ImportPath, name), d)
		}
	}
	return k.Digest(), nil
}
