package graft

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/graft-build/graft/digest"
)

// remembered is what the store keeps of a description.
type remembered struct {
	Tag, Count, Hash string
	Dirty            bool
}

// describe is what git says of the application's repository; nil without git or repository.
// While no file of the repository and of its history changed, it is what git said before, and
// no process is started. Git, too, tells by sizes and times whether a file is as it was.
func (s *session) describe(ctx context.Context) (*description, error) {
	repo, prefix := repositoryOf(s.plan.app)
	if repo == "" {
		return nil, nil
	}
	key, _, known := s.marks(ctx, repo, prefix)
	if b, ok := s.store.Record("described", key); known && ok {
		var was remembered
		if json.Unmarshal(b, &was) == nil {
			return &description{was.Tag, was.Count, was.Hash, was.Dirty}, nil
		}
	}
	// git describe may write down in the index which files it looked at: then the state is
	// another, and what git says of that one is remembered.
	for tries := 0; ; tries++ {
		d, err := s.askGit(ctx, repo, prefix)
		if err != nil || d == nil || !known {
			return d, err
		}
		after, settled, ok := s.marks(ctx, repo, prefix)
		if !ok || !settled || after != key && tries == 1 {
			return d, nil // what may still change is not remembered
		}
		if after == key {
			if b, err := json.Marshal(remembered{d.tag, d.count, d.hash, d.dirty}); err == nil {
				_ = s.store.PutRecord("described", key, b) // without it git is asked again
			}
			return d, nil
		}
		key = after
	}
}

// marks are the state of a repository's files and history, as far as the file system tells.
func (s *session) marks(ctx context.Context, repo, prefix string) (key digest.Digest, settled, ok bool) {
	dirs := []string{repo}
	if own := gitDir(repo); own != "" {
		dirs = append(dirs, own)
		if common := named(filepath.Join(own, "commondir"), own, ""); common != "" {
			dirs = append(dirs, common)
		}
	}
	k := digest.NewKey("described/1").Add("tags", prefix).Add("env", gitEnv(s.cfg.Env)...)
	settled = true
	for i, dir := range dirs {
		d, calm, err := s.hash.Marks(ctx, dir, func(path string) bool {
			return i > 0 && content(dir, path) || content(filepath.Join(repo, ".git"), path)
		})
		if err != nil {
			return digest.Digest{}, false, false
		}
		k.AddDigest("folder", d)
		settled = settled && calm
	}
	return k.Digest(), settled, true
}

// content says whether a folder of a git directory holds what never changes, by its name's
// hash, or what only tells about changes.
func content(git, path string) bool {
	return path == filepath.Join(git, "objects") || path == filepath.Join(git, "logs")
}

// gitDir is where a linked worktree or a submodule has its state; "" for a repository that has
// it in the folder .git.
func gitDir(repo string) string { return named(filepath.Join(repo, ".git"), repo, "gitdir: ") }

// named is the folder whose name a file of git has, relative to base.
func named(file, base, begin string) string {
	fi, err := os.Stat(file)
	if err != nil || !fi.Mode().IsRegular() || fi.Size() > 10_000 {
		return ""
	}
	b, err := os.ReadFile(file)
	name, ok := strings.CutPrefix(strings.TrimSpace(string(b)), begin)
	if err != nil || !ok || name == "" {
		return ""
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(base, name)
	}
	return name
}
