package compose

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	goversion "go/version"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/run"
)

// OldGoError says that a composition needs a newer Go than the one that composes it. Switch
// makes it of that version.
type OldGoError struct {
	Who     string // "plugin ../count-plugin", "module example.com/x@v1.0.0"
	Version string // that is needed: "1.27.4"
	Have    string
}

func (e *OldGoError) Error() string {
	return fmt.Sprintf("%s: it needs Go %s, this is Go %s", e.Who, e.Version, e.Have)
}

// checkGo compares the Go that there is with what the go.mod files ask for. The toolchain
// line of the application counts too, as it does for the go command; it is a wish.
func (c *composer) checkGo() error {
	want := OldGoError{Have: c.Go.Version, Version: c.Go.Version}
	ask := func(who, version string) {
		if version = release(version); goversion.IsValid("go"+version) && goversion.Compare("go"+version, "go"+want.Version) > 0 {
			want.Who, want.Version = who, version
		}
	}
	for _, m := range c.modules() {
		ask(m.who, m.goLine())
	}
	if t := c.app.mod.file.Toolchain; t != nil && !c.Go.Fixed {
		ask(c.app.who, strings.TrimPrefix(t.Name, "go"))
	}
	if want.Who == "" {
		return nil
	}
	return &want
}

// release is the first release of a language version: a toolchain has a full one since 1.21.
func release(version string) string {
	if lang := "go" + version; goversion.Lang(lang) == lang && goversion.Compare(lang, "go1.21") >= 0 {
		return version + ".0"
	}
	return version
}

// newerGo is how the go command says that a module needs a newer Go.
var newerGo = regexp.MustCompile(`(?:(\S+@\S+) )?requires go >= (1\.[0-9]+[0-9a-z.]*) \(running go`)

// oldGo is what a message of the go command says about a newer Go, nil when nothing.
func (c *composer) oldGo(text string) error {
	m := newerGo.FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	version := release(m[2])
	if !goversion.IsValid("go"+version) || goversion.Compare("go"+version, "go"+c.Go.Version) <= 0 {
		return nil
	}
	who := "a module"
	if m[1] != "" {
		who = "module " + strings.TrimPrefix(m[1], "module ")
	}
	return &OldGoError{Who: who, Version: version, Have: c.Go.Version}
}

// Switch returns the go command of another version, which it gets by Go's own toolchain
// mechanism (https://go.dev/doc/toolchain): from PATH, the module cache or GOPROXY.
func Switch(ctx context.Context, g Go, version string, offline bool, ev event.Sink) (Go, error) {
	if version == g.Version {
		return g, nil
	}
	if g.Fixed {
		return g, fmt.Errorf("switch to Go %s: GOTOOLCHAIN=local allows no other than the installed %s; unset it", version, g.Version)
	}
	out := g
	out.Env, out.Version = append(slices.Clone(g.Env), "GOTOOLCHAIN=go"+version), version
	if root := filepath.Join(g.ModCache, "golang.org", hostToolchain(version)); readVersion(filepath.Join(root, "VERSION")) == version && isDir(filepath.Join(root, "src", "runtime")) {
		out.Root = root
		return out, nil
	}
	env := out.Env
	if offline {
		env = append(slices.Clone(env), "GOPROXY=off")
	}
	root, err := run.Output(ctx, run.Cmd{Argv: []string{g.Exe, "env", "GOROOT"}, Env: env, Events: ev})
	if err != nil {
		if ctx.Err() != nil {
			return g, ctx.Err()
		}
		return g, fmt.Errorf("get Go %s: %w", version, g.message(err, offline))
	}
	out.Root = strings.TrimSpace(string(root))
	return out, nil
}

// hostToolchain is what the go command calls the folder of a toolchain in the module cache.
func hostToolchain(version string) string {
	return fmt.Sprintf("toolchain@v0.0.1-go%s.%s-%s", version, runtime.GOOS, runtime.GOARCH)
}

// progress is what the go command says before it says what is wrong.
var progress = regexp.MustCompile(`(?m)^go: downloading .*\n`)

// message is what the go command said itself.
func (g Go) message(err error, offline bool) error {
	var e *run.Error
	if !errors.As(err, &e) || strings.TrimSpace(e.Stderr) == "" {
		return err
	}
	if offline {
		return ErrOffline
	}
	return errors.New(g.Redact(strings.TrimSpace(progress.ReplaceAllLiteralString(e.Stderr, ""))))
}
