package graft

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/format/debver"
)

// repo is a git repository in a folder of its own.
type repo struct {
	dir string
	t   *testing.T
}

func (r repo) git(args ...string) {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x@example.com", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@example.com")
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

func (r repo) put(name, text string) {
	r.t.Helper()
	name = filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// version is what artifacts of a folder of the repository would have.
func (r repo) version(folder string, req Request) (string, error) {
	r.t.Helper()
	p, err := Open(filepath.Join(r.dir, folder), Config{Env: os.Environ(), Store: r.t.TempDir()})
	if err != nil {
		r.t.Fatal(err)
	}
	s, err := p.session(r.t.Context(), req)
	if err != nil {
		return "", err
	}
	return s.plan.m.Version, nil
}

func (r repo) want(folder string, req Request, begin, end string) string {
	r.t.Helper()
	got, err := r.version(folder, req)
	if err != nil || !strings.HasPrefix(got, begin) || !strings.HasSuffix(got, end) || end == "" && got != begin {
		r.t.Errorf("%s: version %s, want %s…%s; %v", folder, got, begin, end, err)
	}
	return got
}

// TestVersionOfGit follows a repository from its first commit on. All that comes must be newer.
func TestVersionOfGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git here")
	}
	r := repo{t.TempDir(), t}
	r.put("go.mod", "module example.com/a\n")
	r.put("main.go", "package main\n\nfunc main() {}\n")
	r.put("sub/go.mod", "module example.com/a/sub\n")
	r.put("sub/main.go", "package main\n\nfunc main() {}\n")
	snapshot := Request{Snapshot: true}
	r.want(".", Request{}, "0.0.0", "")
	if _, err := r.version(".", snapshot); err == nil || !strings.Contains(err.Error(), "no git repository") {
		t.Errorf("snapshot without a repository: %v", err)
	}
	r.git("init", "-q")
	r.git("add", ".")
	if _, err := r.version(".", snapshot); err == nil {
		t.Error("snapshot without a commit")
	}
	r.git("commit", "-q", "-m", "1")
	r.want(".", Request{}, "0.0.0", "")
	order := []string{r.want(".", snapshot, "0.0.0+1.g", r.hash())}
	r.git("tag", "v1.0.0-rc.1")
	order = append(order, r.want(".", Request{}, "1.0.0~rc.1", ""))
	r.git("commit", "-q", "--allow-empty", "-m", "2")
	r.git("tag", "-a", "-m", "x", "v1.0.0")
	order = append(order, r.want(".", Request{}, "1.0.0", ""))
	if a, err := debver.Parse(r.want(".", Request{Version: "1.0.0", Snapshot: true}, "1.0.0~0.g", r.hash())); err != nil || a.String() >= "1.0.0~1" {
		t.Error(a, err)
	}
	r.git("commit", "-q", "--allow-empty", "-m", "3")
	order = append(order, r.want(".", Request{}, "1.0.0+1.g", r.hash()))
	r.put("main.go", "package main\n\nfunc main() { println() }\n")
	order = append(order, r.want(".", Request{}, "1.0.0+1.g", ".dirty"))
	r.git("commit", "-q", "-a", "-m", "4")
	for range 9 {
		r.git("commit", "-q", "--allow-empty", "-m", "5")
	}
	order = append(order, r.want(".", Request{}, "1.0.0+11.g", r.hash()))
	for i := 1; i < len(order); i++ {
		a, err := debver.Parse(order[i-1])
		b, err2 := debver.Parse(order[i])
		if err != nil || err2 != nil || a.Compare(b) >= 0 {
			t.Errorf("%s is not before %s: %v %v", order[i-1], order[i], err, err2)
		}
	}
	// A module in a folder has tags of its own.
	r.want("sub", Request{}, "0.0.0", "")
	r.git("tag", "sub/v0.3.0")
	r.want("sub", Request{}, "0.3.0", "")
	r.want(".", Request{}, "1.0.0+11.g", r.hash())
	r.want(".", Request{Version: "7"}, "7", "")
	r.put("graft.yaml", "version: 2.0\n")
	r.want(".", Request{}, "2.0", "")
	r.git("tag", "v3")
	os.Remove(filepath.Join(r.dir, "graft.yaml"))
	if _, err := r.version(".", Request{}); err == nil || !strings.Contains(err.Error(), "tag v3 is no version") {
		t.Errorf("tag v3: %v", err)
	}
}

// age makes files older than any index of git, which looks again at those that are not.
func (r repo) age(names ...string) {
	r.t.Helper()
	for _, name := range names {
		if err := os.Chtimes(filepath.Join(r.dir, name), time.Time{}, time.Now().Add(-time.Hour)); err != nil {
			r.t.Fatal(err)
		}
	}
}

// TestVersionAskedOnce counts how often git is asked. What changes the answer must not go unseen.
func TestVersionAskedOnce(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git here")
	}
	main := repo{t.TempDir(), t}
	main.put("app/go.mod", "module example.com/a\n")
	main.put("app/main.go", "package main\n\nfunc main() {}\n")
	main.put("other/file", "1\n")
	main.age("app/go.mod", "app/main.go", "other/file")
	main.git("init", "-q")
	main.git("add", ".")
	main.git("commit", "-q", "-m", "1")
	main.git("tag", "app/v1.0.0")
	linked := repo{filepath.Join(t.TempDir(), "linked"), t}
	main.git("worktree", "add", "-q", linked.dir)
	linked.age("app/go.mod", "app/main.go", "other/file")
	linked.git("status")
	for name, r := range map[string]repo{"folder": main, "worktree": linked} {
		t.Run(name, func(t *testing.T) {
			asked, now := 0, time.Now().Add(time.Minute)
			cfg := Config{Env: os.Environ(), Store: t.TempDir(), Now: func() time.Time { return now }, Events: func(e event.Event) {
				if c, ok := e.(event.Command); ok && !c.End && c.Argv[0] == "git" {
					asked++
				}
			}}
			version := func(want string, ask bool) {
				t.Helper()
				p, err := Open(filepath.Join(r.dir, "app"), cfg)
				if err != nil {
					t.Fatal(err)
				}
				asked = 0
				s, err := p.session(t.Context(), Request{})
				if err != nil {
					t.Fatal(err)
				}
				if got := s.plan.m.Version; got != want || asked > 0 != ask {
					t.Errorf("%s, git was asked %d times; want %s, asked: %v", got, asked, want, ask)
				}
			}
			tag := "app/v1.1.0"
			if name == "worktree" {
				tag = "app/v1.2.0"
			}
			version("1.0.0", true)
			version("1.0.0", false)
			r.put("other/file", name+"\n")
			r.age("other/file")
			version("1.0.0+dirty", true)
			version("1.0.0+dirty", false)
			r.git("commit", "-q", "-a", "-m", "2")
			r.git("tag", tag)
			version(strings.TrimPrefix(tag, "app/v"), true)
			version(strings.TrimPrefix(tag, "app/v"), false)
		})
	}
}

func (r repo) hash() string {
	out, err := exec.Command("git", "-C", r.dir, "rev-parse", "--short=7", "HEAD").Output()
	if err != nil {
		r.t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
