package graft

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/graft-build/graft/internal/run"
	"github.com/graft-build/graft/manifest"
)

// nameVersion gives artifacts a version that neither manifest nor request states: that of the
// git tag which the application's module is at. With snapshot a stated one becomes one that
// sorts before it.
func (s *session) nameVersion(ctx context.Context, req Request) error {
	stated := s.plan.stated
	if isModule(s.plan.app) || stated && !req.Snapshot {
		if req.Snapshot {
			return &UsageError{"a snapshot is of a folder, and the application is " + s.plan.app}
		}
		return nil
	}
	d, err := s.describe(ctx)
	if err != nil {
		return err
	}
	if d == nil {
		if req.Snapshot {
			return &UsageError{fmt.Sprintf("a snapshot is named after a git commit, and %s is in no git repository with one (or there is no git)", s.plan.show(s.plan.app))}
		}
		return nil
	}
	switch {
	case stated:
		s.plan.m.Version += "~" + d.commit()
	case d.tag != "":
		s.plan.m.Version = d.version()
	case req.Snapshot:
		s.plan.m.Version += "+" + d.commit()
	}
	return manifest.CheckVersion(s.plan.m.Version)
}

// description is where a folder stands in its git history.
type description struct {
	tag   string // without prefix and v: "1.2.3"; "" when no tag of a version is reached
	count string // commits since the tag, or in all
	hash  string
	dirty bool
}

// version is the tag's, with what came after it: 1.2.3+4.gabcdef0 is newer than 1.2.3 and
// older than 1.2.4, for Debian and for semantic versions' readers.
func (d *description) version() string {
	switch {
	case d.count == "0" && !d.dirty:
		return d.tag
	case d.count == "0":
		return d.tag + "+dirty"
	}
	return d.tag + "+" + d.commit()
}

func (d *description) commit() string {
	s := d.count + ".g" + d.hash
	if d.dirty {
		s += ".dirty"
	}
	return s
}

var (
	described = regexp.MustCompile(`^(.*)-([0-9]+)-g([0-9a-f]+)(-dirty)?$`)
	tagged    = regexp.MustCompile(`^v([0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.-]+)?)$`)
)

// askGit asks git, by tags as Go has them for modules: v1.2.3 in a repository's own folder,
// sub/v1.2.3, with the prefix sub/, for a module in its folder sub. It returns nil without git.
func (s *session) askGit(ctx context.Context, repo, prefix string) (*description, error) {
	git := func(args ...string) (string, error) {
		out, err := run.Output(ctx, run.Cmd{
			Argv: append([]string{"git", "-C", repo}, args...), Env: gitEnv(s.cfg.Env), Events: s.cfg.Events,
		})
		return strings.TrimSpace(string(out)), err
	}
	out, err := git("describe", "--tags", "--long", "--dirty", "--abbrev=7", "--match", prefix+"v[0-9]*")
	if err == nil {
		m := described.FindStringSubmatch(out)
		if m == nil {
			return nil, fmt.Errorf("read version of %s: git describe says %q", s.plan.show(s.plan.app), out)
		}
		v := tagged.FindStringSubmatch(strings.TrimPrefix(m[1], prefix))
		if v == nil {
			return nil, &UsageError{fmt.Sprintf("tag %s is no version such as %sv1.2.3: state version in the manifest or by --app-version", m[1], prefix)}
		}
		return &description{strings.Replace(v[1], "-", "~", 1), m[2], m[3], m[4] != ""}, nil
	}
	var failed *run.Error
	if ctx.Err() != nil || !errors.As(err, &failed) || failed.Status < 0 {
		return nil, ctx.Err() // there is no git
	}
	// No such tag, or no commit at all.
	hash, err := git("rev-parse", "--short=7", "HEAD")
	if err != nil {
		return nil, ctx.Err()
	}
	count, err := git("rev-list", "--count", "HEAD")
	if err != nil {
		return nil, err
	}
	changed, err := git("status", "--porcelain", "--untracked-files=no")
	return &description{"", count, hash, changed != ""}, err
}

// repositoryOf finds the git repository that a folder is in, and what tags of the folder's
// module begin with.
func repositoryOf(dir string) (repo, prefix string) {
	module := ""
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil && module == "" {
			module = at
		}
		if _, err := os.Stat(filepath.Join(at, ".git")); err == nil {
			if rel, err := filepath.Rel(at, module); module != "" && err == nil && rel != "." {
				prefix = filepath.ToSlash(rel) + "/"
			}
			return at, prefix
		}
		if filepath.Dir(at) == at {
			return "", ""
		}
	}
}

// gitEnv is what git needs to find itself and the user's permission to read a folder; no
// variable makes it look at another repository.
func gitEnv(env []string) (out []string) {
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		switch strings.ToUpper(name) {
		case "PATH", "HOME", "XDG_CONFIG_HOME", "SYSTEMROOT", "USERPROFILE", "TMPDIR", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM":
			out = append(out, kv)
		}
	}
	return append(out, "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0")
}
