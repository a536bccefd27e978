package graft

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/closure"
	"github.com/graft-build/graft/internal/licence"
	"github.com/graft-build/graft/internal/pack"
	"github.com/graft-build/graft/lock"
)

// materials are what a program is made of: what bills of materials and provenance tell.
type materials struct {
	modules  []material
	packages []packageMaterial
}

// material is a Go module that is compiled.
type material struct {
	pack.Module
	sum      string        // h1: of go.sum, "" for a folder
	source   digest.Digest // of the compiled files of a folder; zero for others
	plugin   bool
	app      bool
	licences []string
}

// packageMaterial is a locked package.
type packageMaterial struct {
	lock.Package
	licences []string
}

// materials collects what a program is made of.
func (s *session) materials(ctx context.Context, l *lock.Lock, b *built) (materials, error) {
	var out materials
	sums := map[string]string{}
	for _, m := range l.Modules {
		sums[m.Path] = m.Sum
	}
	known, err := s.moduleLicences(b, sums)
	if err != nil {
		return out, err
	}
	for _, m := range s.modules(b) {
		one := material{Module: m, sum: sums[m.Path], app: m.Path == s.comp.Module, licences: known[m.Path]}
		for _, p := range s.comp.Plugins {
			one.plugin = one.plugin || p.Module == m.Path
		}
		if m.Version == "" {
			if one.sum, one.source = "", (digest.Digest{}); m.Path != "" {
				if one.source, err = s.compiled(b, m.Path); err != nil {
					return out, err
				}
			}
		}
		out.modules = append(out.modules, one)
	}
	licences, err := s.lockedLicences(ctx, l, b)
	if err != nil {
		return out, err
	}
	for i, p := range l.PackagesOf(b.target.Name) {
		out.packages = append(out.packages, packageMaterial{p, licences[i]})
	}
	return out, nil
}

// moduleLicences names the licences of the compiled modules. Those of versions are remembered.
func (s *session) moduleLicences(b *built, sums map[string]string) (map[string][]string, error) {
	out := map[string][]string{}
	k := digest.NewKey("module licences/1")
	var fixed, folders []pack.Module
	for _, m := range s.modules(b) {
		if m.Version == "" {
			folders = append(folders, m)
			continue
		}
		fixed = append(fixed, m)
		k.Add("module", m.Path, m.Version, sums[m.Path])
	}
	key := k.Digest()
	if b, ok := s.store.Record("licences", key); !ok || json.Unmarshal(b, &out) != nil {
		clear(out)
		for _, m := range fixed {
			var err error
			if out[m.Path], err = textLicences(m); err != nil {
				return nil, err
			}
		}
		if b, err := json.Marshal(out); err == nil {
			_ = s.store.PutRecord("licences", key, b) // without it they are read again
		}
	}
	for _, m := range folders {
		var err error
		if out[m.Path], err = textLicences(m); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// textLicences names the licences of a module's files.
func textLicences(m pack.Module) ([]string, error) {
	texts, _, err := pack.Licences([]pack.Module{m}, nil, nil)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, t := range texts {
		out = append(out, licence.OfText(t.Content)...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// lockedLicences names the licences of the locked packages of a target, in the lock's order. They
// are read once.
func (s *session) lockedLicences(ctx context.Context, l *lock.Lock, b *built) ([][]string, error) {
	packages := l.PackagesOf(b.target.Name)
	k := digest.NewKey("package licences/1").Add("repository", b.lock.Repo)
	for _, p := range packages {
		k.AddDigest(p.Name, p.SHA256)
	}
	key := k.Digest()
	var out [][]string
	if b, ok := s.store.Record("licences", key); ok && json.Unmarshal(b, &out) == nil && len(out) == len(packages) {
		return out, nil
	}
	out = make([][]string, len(packages))
	var all []pack.Package
	for _, p := range packages {
		dir, prefix, _, err := s.tree(ctx, l, p)
		if err != nil {
			return nil, err
		}
		all = append(all, pack.Package{Provider: closure.Provider{Package: p.Name, Dir: dir, Prefix: prefix}, Version: p.Version})
	}
	for i, p := range all {
		if p.Dir == "" {
			continue // a package that only other builds need; its licences are not known here
		}
		var err error
		if out[i], err = packageLicences(p, all); err != nil {
			return nil, err
		}
	}
	if b, err := json.Marshal(out); err == nil {
		_ = s.store.PutRecord("licences", key, b)
	}
	return out, nil
}

// sumHex are the hexadecimal digits of a sum of go.sum, "" for none that is known: the
// SHA-256 of the names and SHA-256 sums of a module's files (golang.org/x/mod/sumdb/dirhash).
func sumHex(sum string) string {
	text, ok := strings.CutPrefix(sum, "h1:")
	b, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(b) != len(digest.Digest{}) {
		return ""
	}
	return hex.EncodeToString(b)
}
