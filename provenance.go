package graft

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/attest"
	"github.com/graft-build/graft/internal/bom"
	"github.com/graft-build/graft/internal/pack"
	"github.com/graft-build/graft/internal/toolchain"
	"github.com/graft-build/graft/lock"
)

// provenanceKind is the kind of the file that says where artifacts come from.
const provenanceKind = "provenance"

// What provenance names builds and builder by; docs/provenance.md describes both.
const (
	buildType = "https://github.com/graft-build/graft/blob/main/docs/provenance.md#build-type-1"
	builderID = "https://github.com/graft-build/graft"
)

// maxKey is the largest file that is taken for a key, in bytes.
const maxKey = 64 << 10

// signer is the key that provenance is signed with, nil when none is named.
func (p *Project) signer(base, name string) (*attest.Signer, error) {
	if name == "" {
		name = getenv(p.cfg.Env, "GRAFT_PROVENANCE_KEY")
	}
	if name == "" {
		return nil, nil
	}
	b, err := readKey(absolute(base, name))
	if err == nil {
		var s *attest.Signer
		if s, err = attest.ParseSigner(b); err == nil {
			return s, nil
		}
	}
	return nil, &UsageError{fmt.Sprintf("sign with %s: %v", name, err)}
}

func readKey(name string) ([]byte, error) {
	fi, err := os.Stat(name)
	if err != nil {
		return nil, plainError(filepath.Base(name), err)
	}
	if !fi.Mode().IsRegular() || fi.Size() > maxKey {
		return nil, fmt.Errorf("want a file of at most %d bytes", maxKey)
	}
	return os.ReadFile(name)
}

// origins tells of artifacts what they consist of and where they come from.
type origins struct {
	s    *session
	lock *lock.Lock
	jobs []pack.Job
	of   map[string]*built // by target
}

// companions are the bills of materials and the provenance of artifacts, which are in the
// order of the jobs. An index of images has no bill of its own: its images have.
func (o *origins) companions(ctx context.Context, made []pack.Artifact) ([]pack.Companion, error) {
	known := map[string]materials{}
	for name, b := range o.of {
		var err error
		if known[name], err = o.s.materials(ctx, o.lock, b); err != nil {
			return nil, err
		}
	}
	var out []pack.Companion
	for i, a := range made {
		if m, ok := known[a.Target]; ok {
			bill, err := o.s.bill(o.lock, a, o.jobs[i].In, m)
			if err != nil {
				return nil, err
			}
			for _, f := range o.s.plan.boms {
				text, err := f.Encode(bill)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", a.File, err)
				}
				out = append(out, pack.Companion{Kind: f.Name, Target: a.Target, File: a.File + f.Suffix, Content: text})
			}
		}
		line, err := attest.Encode(o.statement(a, known), o.s.plan.signer)
		if err != nil {
			return nil, err
		}
		out = append(out, pack.Companion{Kind: provenanceKind, Target: a.Target, File: a.File + ".intoto.jsonl", Content: line})
	}
	return out, nil
}

// statement is the provenance of an artifact. Nothing in it is of this machine.
func (o *origins) statement(a pack.Artifact, known map[string]materials) attest.Statement {
	s := o.s
	names := strings.Split(a.Target, ",")
	part := make(map[string]string, len(names))
	var inputs []attest.Resource
	seen := map[string]bool{}
	for _, name := range names {
		part[name] = o.lock.Part(name).Digest().String()
		for _, r := range o.inputs(known[name]) {
			if key := r.Name + " " + r.URI; !seen[key] {
				seen[key] = true
				inputs = append(inputs, r)
			}
		}
	}
	if zig := o.lock.Zig; zig != nil && o.cgo(names) {
		inputs = append(inputs, attest.Resource{
			Name: "zig", URI: bom.Generic("zig", zig.Version), Digest: map[string]string{"graftZigLib1": toolchain.ZigLib().Hex()},
		})
	}
	inputs = append(inputs, attest.Resource{Name: "go", URI: bom.Generic("go", o.lock.Go)})
	return attest.Statement{
		Subject: []attest.Resource{{Name: a.File, Digest: map[string]string{"sha256": a.SHA256.Hex()}}},
		Predicate: attest.Provenance{
			Definition: attest.Definition{
				Type: buildType,
				External: map[string]any{
					"application": o.lock.Composition.App, "plugins": slices.Concat([]string{}, o.lock.Composition.Plugins),
					"asked": slices.Concat([]string{}, s.plan.asked), "targets": names, "name": s.plan.m.Name, "version": s.plan.m.Version,
				},
				Internal:     map[string]any{"lock": part, "composition": s.comp.Key.String()},
				Dependencies: inputs,
			},
			Run: attest.Run{Builder: attest.Builder{ID: builderID, Version: map[string]string{"graft": Version()}}},
		},
	}
}

func (o *origins) cgo(targets []string) bool {
	return slices.ContainsFunc(targets, func(name string) bool { t, _ := o.lock.Target(name); return t.Cgo })
}

// inputs are what a program was compiled from, by digest.
func (o *origins) inputs(m materials) []attest.Resource {
	var out []attest.Resource
	for _, mod := range m.modules {
		r := attest.Resource{Name: mod.Path, URI: bom.GoModule(mod.Path, mod.Version)}
		switch {
		case mod.Path == "std":
			continue // it is of the Go that is named
		case !mod.source.IsZero():
			r.Digest = map[string]string{"graftCompiled1": mod.source.Hex()}
		case sumHex(mod.sum) != "":
			r.Digest = map[string]string{"goModuleH1": sumHex(mod.sum)}
		}
		out = append(out, r)
	}
	for _, p := range m.packages {
		r := attest.Resource{Name: p.Name, URI: packageURL(o.lock, p.Package), Digest: map[string]string{"sha256": p.SHA256.Hex()}}
		if repo, ok := o.lock.Repository(p.Repo); ok && repo.Base != "" {
			r.Location = strings.TrimSuffix(repo.Base, "/") + "/" + p.Path
		}
		out = append(out, r)
	}
	return out
}

// graftURL is the package URL of this graft; one that was not released has no version.
func graftURL() string {
	if !released() {
		return bom.Generic("graft", "")
	}
	return bom.Generic("graft", Version())
}
