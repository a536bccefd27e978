package compose

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/run"
)

// Go is the go command that composes and compiles.
type Go struct {
	Exe      string   // absolute path
	Root     string   // GOROOT
	Version  string   // "1.26.8"
	Env      []string // as GoEnv returns it
	ModCache string   // GOMODCACHE
	Fixed    bool     // the user allows no other version: GOTOOLCHAIN=local
}

// ErrNoGo says that the environment's PATH holds no go command.
var ErrNoGo = errors.New("find go: no go command in PATH")

// ErrNoModCache says that the environment has no place for modules.
var ErrNoModCache = errors.New("find go: neither HOME, GOPATH nor GOMODCACHE is set")

// FindGo finds the go command in the PATH of the user's environment. It starts a process
// only for an installation that is not laid out as Go's own are.
func FindGo(ctx context.Context, userEnv []string, ev event.Sink) (Go, error) {
	g := Go{Env: GoEnv(userEnv), Fixed: toolchainFixed(userEnv, runtime.GOOS)}
	if g.Exe = run.Look(userEnv, "go"); g.Exe == "" {
		return Go{}, ErrNoGo
	}
	if exe, err := filepath.EvalSymlinks(g.Exe); err == nil {
		root := filepath.Dir(filepath.Dir(exe))
		if v := readVersion(filepath.Join(root, "VERSION")); v != "" && isDir(filepath.Join(root, "src", "runtime")) {
			g.Exe, g.Root, g.Version = exe, root, v
		}
	}
	if g.Version == "" {
		if err := g.ask(ctx, ev); err != nil {
			return Go{}, fmt.Errorf("find go: %w", err)
		}
	}
	if g.ModCache = modCache(g.Env); g.ModCache == "" {
		return Go{}, ErrNoModCache
	}
	return g, nil
}

// ask lets the go command tell about itself: it may be a wrapper that starts another one.
func (g *Go) ask(ctx context.Context, ev event.Sink) error {
	out, err := run.Output(ctx, run.Cmd{Argv: []string{g.Exe, "env", "GOVERSION", "GOROOT"}, Env: g.Env, Events: ev})
	if err != nil {
		return err
	}
	version, root, _ := strings.Cut(strings.ReplaceAll(string(out), "\r", ""), "\n")
	g.Version, g.Root = goVersion(version), strings.TrimSpace(root)
	if g.Version == "" || g.Root == "" {
		return fmt.Errorf("%s env GOVERSION GOROOT: cannot read %q", g.Exe, out)
	}
	return nil
}

// versionLine is "go1.26.8", perhaps followed by words; a development version ("devel
// go1.27-abc") is taken for the release that it will be.
var versionLine = regexp.MustCompile(`^(?:devel )?go(1\.[0-9]+(?:\.[0-9]+|rc[0-9]+|beta[0-9]+)?)(?:[-\s]|$)`)

func goVersion(s string) string {
	m := versionLine.FindStringSubmatch(s)
	if m == nil {
		return ""
	}
	return m[1]
}

func readVersion(file string) string {
	b, err := readFile(file, 4<<10)
	if err != nil {
		return ""
	}
	return goVersion(string(b))
}

func modCache(env []string) string {
	if dir := getenv(env, "GOMODCACHE"); dir != "" {
		return dir
	}
	if list := filepath.SplitList(getenv(env, "GOPATH")); len(list) > 0 && list[0] != "" {
		return filepath.Join(list[0], "pkg", "mod")
	}
	for _, name := range []string{"HOME", "USERPROFILE"} {
		if home := getenv(env, name); home != "" {
			return filepath.Join(home, "go", "pkg", "mod")
		}
	}
	return ""
}

func isDir(name string) bool {
	fi, err := os.Stat(name)
	return err == nil && fi.IsDir()
}
