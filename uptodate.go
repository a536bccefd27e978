package graft

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/pack"
)

// last is what the store remembers of the last build of a plan: enough to see that nothing
// changed without starting a process.
type last struct {
	Folders   []string      // local folders that the composition reads
	State     digest.Digest // of their content
	Artifacts []Artifact
}

// planKey is the digest of everything but local folders that decides what a plan builds
// and where it goes.
func (s *session) planKey() (digest.Digest, error) {
	self, err := s.self()
	if err != nil {
		return self, err
	}
	locked, err := os.ReadFile(s.plan.lockFile)
	if err != nil {
		return digest.Digest{}, err
	}
	m, err := json.Marshal(s.plan.m)
	if err != nil {
		return digest.Digest{}, err
	}
	plugins, err := json.Marshal(s.plan.plugins)
	if err != nil {
		return digest.Digest{}, err
	}
	k := digest.NewKey("plan/3").AddDigest("graft", self).AddDigest("lock", digest.Of(locked)).Add("manifest", string(m)).
		Add("app", s.plan.app).Add("plugins", string(plugins)).Add("tags", s.plan.tags...).Add("out", s.plan.out).
		Add("go", s.host.Exe, s.host.Version).Add("go env", s.host.Env...)
	if err := s.addResources(k); err != nil {
		return digest.Digest{}, err
	}
	if err := s.addSystem(k); err != nil {
		return digest.Digest{}, err
	}
	for _, f := range s.plan.boms {
		k.Add("sbom", f.Name)
	}
	if s.plan.signer != nil {
		k.Add("signer", s.plan.signer.ID())
	}
	k.Add("epoch", getenv(s.cfg.Env, "SOURCE_DATE_EPOCH"))
	for _, f := range s.spec(nil).Files {
		d, _, err := s.hash.File(f.Template)
		if err != nil {
			return digest.Digest{}, err
		}
		k.AddDigest("template", d)
	}
	for _, t := range s.plan.targets {
		k.Add("target", t.Name).Add("formats", s.plan.formats[t.Name]...)
	}
	return k.Digest(), nil
}

// folders is the state of some local folders.
type folders struct {
	digest   digest.Digest
	complete bool // nothing leads out of them: the digest tells everything
}

// state looks at local folders. The folder of artifacts is not part of any.
func (s *session) state(ctx context.Context, dirs []string) (folders, error) {
	k := digest.NewKey("folders/1")
	out := folders{complete: true}
	for _, dir := range dirs {
		snap, err := s.hash.Folder(ctx, dir, s.plan.out)
		if err != nil {
			return folders{}, err
		}
		if len(snap.Outside) > 0 {
			out.complete = false
		}
		k.Add("folder").AddDigest("state", snap.Digest)
	}
	out.digest = k.Digest()
	return out, nil
}

// localDirs are the local folders that the composition reads.
func (s *session) localDirs() []string {
	var out []string
	for _, d := range s.comp.LocalDirs {
		out = append(out, d.Root)
	}
	return out
}

// upToDate returns the last build's result when everything it was made from, and every file
// it made, is as it was.
func (s *session) upToDate(ctx context.Context) (*Result, bool) {
	key, err := s.planKey()
	if err != nil || s.sealed() {
		return nil, false
	}
	b, ok := s.store.Record("built", key)
	var was last
	if !ok || json.Unmarshal(b, &was) != nil {
		return nil, false
	}
	if now, err := s.state(ctx, was.Folders); err != nil || !now.complete || now.digest != was.State {
		return nil, false
	}
	if !s.delivered(was.Artifacts) {
		return nil, false
	}
	return s.result(was.Artifacts, true), true
}

// delivered says whether the folder of artifacts has exactly these, with their lists.
func (s *session) delivered(list []Artifact) bool {
	made := make([]pack.Artifact, len(list))
	for i, a := range list {
		d, n, err := s.hash.File(filepath.Join(s.plan.out, a.File))
		if err != nil || d != a.SHA256 || n != a.Size {
			return false
		}
		made[i] = pack.Artifact{Kind: a.Kind, Target: a.Target, File: a.File, Size: a.Size, SHA256: a.SHA256}
	}
	for name, want := range map[string][]byte{pack.ArtifactsFile: pack.EncodeArtifacts(made), pack.SumsFile: pack.EncodeSums(made)} {
		if b, err := os.ReadFile(filepath.Join(s.plan.out, name)); err != nil || !bytes.Equal(b, want) {
			return false
		}
	}
	return true
}

// remember keeps the result of a build for upToDate, unless a folder was edited meanwhile.
func (s *session) remember(ctx context.Context, list []Artifact, programs []*built) {
	key, err := s.planKey()
	if err != nil {
		return
	}
	now, err := s.state(ctx, s.localDirs())
	if err != nil || !now.complete {
		return
	}
	for _, b := range programs {
		if b.folders != now.digest {
			return
		}
	}
	was := last{Folders: s.localDirs(), State: now.digest, Artifacts: list}
	if b, err := json.Marshal(was); err == nil {
		// Without the record the next build looks again.
		_ = s.store.PutRecord("built", key, b)
	}
}

func (s *session) result(list []Artifact, upToDate bool) *Result {
	return &Result{Artifacts: list, Out: s.plan.outShown, Lock: s.plan.lockFile, UpToDate: upToDate}
}
