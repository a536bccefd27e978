package graft

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/attest"
	"github.com/graft-build/graft/internal/bom"
	"github.com/graft-build/graft/internal/compare"
	"github.com/graft-build/graft/internal/pack"
	"github.com/graft-build/graft/internal/toolchain"
	"github.com/graft-build/graft/lock"
)

// Verification is what Verify found.
type Verification struct {
	Folder    string     `json:"folder"`
	Equal     bool       `json:"equal"`
	Artifacts []Verified `json:"artifacts"`
}

// Verified is one artifact of the folder.
type Verified struct {
	File       string        `json:"file"`
	Target     string        `json:"target"`
	SHA256     digest.Digest `json:"sha256"`
	Rebuilt    digest.Digest `json:"rebuilt,omitzero"`
	Equal      bool          `json:"equal"`
	Difference string        `json:"difference,omitempty"` // the first one, in words
}

// ChangedError is a file that is not what its list, its bill of materials or its signature says.
type ChangedError struct{ Text string }

func (e *ChangedError) Error() string { return e.Text }

// Verify builds the artifacts in a folder again and compares them. First it checks them against
// their lists, artifacts.json and SHA256SUMS: what does not fit is a *ChangedError. Then
// everything is made anew from manifest and lock, which must not change, in a store and with a
// build cache of its own; only what was downloaded is taken from the project's store, and
// checked again. With names only the artifacts of these files are compared. That some differ
// is no error.
//
// Provenance is compared by what it says of artifacts and inputs: signatures and the tools
// of a machine are nobody else's.
func (p *Project) Verify(ctx context.Context, req Request, folder string, names ...string) (*Verification, error) {
	dir := absolute(p.dir, folder)
	if req.Dir != "" {
		dir = absolute(req.Dir, folder)
	}
	list, err := delivered(dir, folder)
	if err != nil {
		return nil, err
	}
	chosen, err := choose(list, names, folder)
	if err != nil {
		return nil, err
	}
	tmp, cleanup, err := p.store.Temp("verify")
	if err != nil {
		return nil, err
	}
	defer cleanup()
	anew, err := p.anew(ctx, tmp)
	if err != nil {
		return nil, err
	}
	req.repeat(list, chosen, dir)
	req.Out, req.Locked = filepath.Join(tmp, "dist"), true
	if err := carryLock(dir, req.Out); err != nil {
		return nil, err
	}
	if err := p.lend(anew, req); err != nil {
		return nil, err
	}
	if _, err := anew.Build(ctx, req); err != nil {
		return nil, fmt.Errorf("build again: %w", err)
	}
	out := &Verification{Folder: folder, Equal: true}
	for _, a := range chosen {
		v, err := compareArtifact(ctx, a, dir, req.Out)
		if err != nil {
			return nil, err
		}
		out.Equal = out.Equal && v.Equal
		out.Artifacts = append(out.Artifacts, v)
	}
	return out, nil
}

// delivered reads the lists of a folder of artifacts and checks the files against them.
func delivered(dir, shown string) ([]pack.Artifact, error) {
	b, err := os.ReadFile(filepath.Join(dir, pack.ArtifactsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &UsageError{fmt.Sprintf("verify %s: it has no %s: it is no folder that graft build writes", shown, pack.ArtifactsFile)}
	}
	if err != nil {
		return nil, err
	}
	list, err := pack.DecodeArtifacts(b)
	if err != nil {
		return nil, &ChangedError{fmt.Sprintf("verify %s: %v", shown, err)}
	}
	for _, a := range list {
		d, n, err := digest.OfFile(filepath.Join(dir, a.File))
		if err != nil {
			return nil, &ChangedError{fmt.Sprintf("verify %s: %v", shown, plainError(a.File, err))}
		}
		if d != a.SHA256 || n != a.Size {
			return nil, &ChangedError{fmt.Sprintf("verify %s: %s was changed since it was built: %s says %s, it has %s", shown, a.File, pack.ArtifactsFile, a.SHA256, d)}
		}
	}
	sums, err := os.ReadFile(filepath.Join(dir, pack.SumsFile))
	if err != nil || !bytes.Equal(sums, pack.EncodeSums(list)) {
		return nil, &ChangedError{fmt.Sprintf("verify %s: %s does not agree with %s", shown, pack.SumsFile, pack.ArtifactsFile)}
	}
	return list, nil
}

// choose are the artifacts of some files, all of them when none is named.
func choose(list []pack.Artifact, names []string, shown string) ([]pack.Artifact, error) {
	if len(names) == 0 {
		return list, nil
	}
	var out []pack.Artifact
	for _, name := range names {
		i := slices.IndexFunc(list, func(a pack.Artifact) bool { return a.File == name })
		if i < 0 {
			return nil, &UsageError{fmt.Sprintf("verify %s: %s does not list it", filepath.Join(shown, name), pack.ArtifactsFile)}
		}
		out = append(out, list[i])
	}
	return out, nil
}

// repeat asks for what made the artifacts: all formats of the targets of those that are
// chosen. Name and version are those that the provenance states.
func (r *Request) repeat(list, chosen []pack.Artifact, dir string) {
	wanted := map[string]bool{}
	for _, a := range chosen {
		for name := range strings.SplitSeq(a.Target, ",") {
			wanted[name] = true
		}
	}
	r.Targets, r.SBOM, r.formats = nil, nil, map[string][]string{}
	for _, a := range list {
		if _, ok := bom.FormatOf(a.Kind); ok && !slices.Contains(r.SBOM, a.Kind) {
			r.SBOM = append(r.SBOM, a.Kind)
		}
		if _, ok := pack.For(a.Kind); !ok || !wanted[a.Target] {
			continue
		}
		if !slices.Contains(r.Targets, a.Target) {
			r.Targets = append(r.Targets, a.Target)
		}
		r.formats[a.Target] = append(r.formats[a.Target], a.Kind)
	}
	if r.SBOM == nil {
		r.SBOM = []string{"none"}
	}
	for _, a := range list {
		if a.Kind != provenanceKind {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, a.File))
		if err != nil {
			continue
		}
		if lines, err := attest.Decode(b); err == nil && len(lines) > 0 {
			said := lines[0].Statement.Predicate.Definition.External
			for field, to := range map[string]*string{"name": &r.Name, "version": &r.Version} {
				if text, ok := said[field].(string); ok && *to == "" {
					*to = text
				}
			}
		}
	}
}

// anew is the project with a store and a build cache of its own below tmp.
func (p *Project) anew(ctx context.Context, tmp string) (*Project, error) {
	q := *p
	q.cfg.Store = filepath.Join(tmp, "store")
	q.cfg.Env = nil
	zig := false
	for _, kv := range p.cfg.Env {
		name, value, _ := strings.Cut(kv, "=")
		switch name {
		case "GOCACHE", "GRAFT_PROVENANCE_KEY", "GRAFT_STORE":
			continue
		case "GRAFT_ZIG":
			zig = value != ""
		}
		q.cfg.Env = append(q.cfg.Env, kv)
	}
	q.cfg.Env = append(q.cfg.Env, "GOCACHE="+filepath.Join(tmp, "go-cache"))
	if !zig && p.needsZig() {
		z, err := toolchain.GetZig(ctx, toolchain.ZigConfig{Store: p.store, Fetcher: p.fetch, Env: p.cfg.Env, Events: p.cfg.Events})
		if err != nil {
			return nil, err
		}
		q.cfg.Env = append(q.cfg.Env, "GRAFT_ZIG="+z.Exe)
	}
	return &q, q.openStore()
}

// needsZig says whether some lock of the project compiles C; a project without one may.
func (p *Project) needsZig() bool {
	b, err := os.ReadFile(filepath.Join(p.dir, lock.FileName))
	if err != nil {
		return false
	}
	l, err := lock.Parse(lock.FileName, bytes.NewReader(b))
	return err == nil && l.Zig != nil
}

// carryLock puts the lock that lies beside artifacts beside those that will be compared.
func carryLock(from, to string) error {
	b, err := os.ReadFile(filepath.Join(from, lock.FileName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = os.MkdirAll(to, 0o755)
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, lock.FileName), b, 0o644)
}

// lend copies the locked packages from the project's store into another one, which checks them.
func (p *Project) lend(to *Project, req Request) error {
	pl, err := p.plan(req)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(pl.lockFile)
	if err != nil {
		return nil // building says what is wrong
	}
	l, err := lock.Parse(pl.lockFile, bytes.NewReader(b))
	if err != nil {
		return err
	}
	for _, q := range l.Packages {
		if !slices.Contains(req.Targets, q.Target) {
			continue
		}
		path, ok := p.store.Blob(q.SHA256)
		if !ok {
			continue // it will be downloaded
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		_, err = to.store.PutBlob(q.SHA256, q.Size, f)
		f.Close()
		if err != nil {
			return err
		}
	}
	p.cfg.Events.Send(event.Stage{Name: "verify", Detail: "building everything again", Done: true})
	return nil
}

func compareArtifact(ctx context.Context, a pack.Artifact, was, is string) (Verified, error) {
	v := Verified{File: a.File, Target: a.Target, SHA256: a.SHA256}
	again := filepath.Join(is, a.File)
	d, _, err := digest.OfFile(again)
	if errors.Is(err, fs.ErrNotExist) {
		v.Difference = "the build does not make it"
		return v, nil
	}
	if err != nil {
		return v, err
	}
	v.Rebuilt, v.Equal = d, d == a.SHA256
	if v.Equal {
		return v, nil
	}
	if a.Kind == provenanceKind {
		v.Difference, err = provenanceDifference(filepath.Join(was, a.File), again)
		v.Equal = err == nil && v.Difference == ""
		return v, err
	}
	v.Difference, err = compare.First(ctx, filepath.Join(was, a.File), again, "the folder", "the build")
	return v, err
}

// provenanceDifference compares what two files of provenance state, signatures and tools of a
// machine left out.
func provenanceDifference(was, is string) (string, error) {
	var said [2]map[string]string
	for i, name := range []string{was, is} {
		b, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		lines, err := attest.Decode(b)
		if err != nil {
			return "", err
		}
		said[i] = map[string]string{}
		for _, l := range lines {
			s := l.Statement
			s.Predicate.Run = attest.Run{}
			targets := fmt.Sprint(s.Predicate.Definition.External["targets"])
			b, err := json.Marshal(s)
			if err != nil {
				return "", err
			}
			said[i][targets] = string(b)
		}
	}
	for _, targets := range slices.Sorted(mapKeys(said[1])) {
		if text, ok := said[0][targets]; !ok || text != said[1][targets] {
			return "it says something else of " + targets, nil
		}
	}
	return "", nil
}
