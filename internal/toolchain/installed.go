package toolchain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/run"
)

// named returns the zig that GRAFT_ZIG names: its executable, or the folder it is in.
func (c *ZigConfig) named(ctx context.Context, path string) (Zig, error) {
	if fi, err := os.Stat(path); err == nil && fi.IsDir() {
		path = filepath.Join(path, c.exeName())
	}
	exe := run.Look(c.Env, path)
	if exe == "" {
		return Zig{}, &GivenError{fmt.Errorf("use GRAFT_ZIG: %s is no executable file", path)}
	}
	exe, err := filepath.Abs(exe)
	if err != nil {
		return Zig{}, &GivenError{fmt.Errorf("use GRAFT_ZIG: %w", err)}
	}
	z, err := c.installed(ctx, exe)
	if err != nil {
		return Zig{}, &GivenError{fmt.Errorf("use GRAFT_ZIG: %w", err)}
	}
	if z.Version != c.Release.Version {
		return Zig{}, &GivenError{fmt.Errorf("use GRAFT_ZIG: %s is version %s, want %s", exe, z.Version, c.Release.Version)}
	}
	z.Origin = "GRAFT_ZIG"
	pin, _ := c.Release.pin(c.host())
	if z.Digest != c.digest(pin) {
		c.Events.Send(event.Note{Text: fmt.Sprintf("GRAFT_ZIG: the content of %s is not the official one of zig %s; builds with it have keys of their own", exe, z.Version)})
	}
	return z, nil
}

// inPath returns the zig of PATH, when there is one of the right version.
func (c *ZigConfig) inPath(ctx context.Context, pin Pin) (Zig, bool) {
	exe := run.Look(c.Env, "zig")
	if exe == "" {
		return Zig{}, false
	}
	z, err := c.installed(ctx, exe)
	switch {
	case err != nil:
		c.Events.Send(event.Note{Text: fmt.Sprintf("not using the zig in PATH: %v", err)})
		return Zig{}, false
	case z.Version != c.Release.Version:
		c.Events.Send(event.Note{Text: fmt.Sprintf("not using %s: its version is %s, want %s", exe, z.Version, c.Release.Version)})
		return Zig{}, false
	case z.Digest != c.digest(pin):
		c.Events.Send(event.Note{Text: fmt.Sprintf("%s has not the content of the official zig %s", exe, z.Version)})
	}
	z.Origin = "PATH"
	return z, true
}

// inventory is what was found out about an installed zig, kept in the store: reading its
// twenty thousand files takes a second.
type inventory struct {
	Version string        `json:"version"`
	Lib     string        `json:"lib"`
	Digest  digest.Digest `json:"digest"`
}

// installed asks a zig for its version and lib folder, and digests both.
func (c *ZigConfig) installed(ctx context.Context, exe string) (Zig, error) {
	const kind = "zig-installed"
	stamp, err := stamp(exe)
	if err != nil {
		return Zig{}, err
	}
	// A changed executable is seen by its size and time; a changed lib folder without a
	// changed executable is nothing that an installer does.
	key := digest.NewKey("zig-installed/1").Add("exe", exe, stamp).Digest()
	var inv inventory
	if b, ok := c.Store.Record(kind, key); !ok || json.Unmarshal(b, &inv) != nil || !isDir(inv.Lib) {
		if inv, err = c.inspect(ctx, exe); err != nil {
			return Zig{}, err
		}
		b, err := json.Marshal(inv)
		if err != nil {
			return Zig{}, err
		}
		if err := c.Store.PutRecord(kind, key, b); err != nil {
			return Zig{}, err
		}
	}
	return Zig{Exe: exe, Lib: inv.Lib, Version: inv.Version, Digest: inv.Digest, External: true}, nil
}

func stamp(name string) (string, error) {
	fi, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d %d", fi.Size(), fi.ModTime().UnixNano()), nil
}

func isDir(name string) bool {
	fi, err := os.Stat(name)
	return err == nil && fi.IsDir()
}

func (c *ZigConfig) inspect(ctx context.Context, exe string) (inventory, error) {
	tmp, done, err := c.Store.Temp("zig-env")
	if err != nil {
		return inventory{}, err
	}
	defer done()
	env := []string{"HOME=" + tmp, "ZIG_GLOBAL_CACHE_DIR=" + tmp, "ZIG_LOCAL_CACHE_DIR=" + tmp, "PATH=" + getenv(c.Env, "PATH")}
	out, err := run.Output(ctx, run.Cmd{Argv: []string{exe, "env"}, Env: env, Dir: tmp, Events: c.Events})
	if err != nil {
		return inventory{}, err
	}
	inv, err := parseEnv(string(out))
	if err != nil {
		return inventory{}, fmt.Errorf("ask %s about itself: %w", exe, err)
	}
	if inv.Version != c.Release.Version {
		return inv, nil
	}
	lib, err := LibDigest(inv.Lib)
	if err != nil {
		return inventory{}, err
	}
	real, err := filepath.EvalSymlinks(exe)
	if err != nil {
		return inventory{}, err
	}
	sum, _, err := digest.OfFile(real)
	if err != nil {
		return inventory{}, err
	}
	inv.Digest = contentDigest(sum, lib)
	return inv, nil
}

// parseEnv reads the output of "zig env": lines ".name = \"value\"," in zig's notation, or JSON
// as versions before 0.15 print it.
func parseEnv(out string) (inventory, error) {
	var inv inventory
	for line := range strings.Lines(out) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok {
			if name, value, ok = strings.Cut(strings.TrimSpace(line), ":"); !ok {
				continue
			}
		}
		name = strings.Trim(strings.TrimSpace(name), `."`)
		value, err := strconv.Unquote(strings.TrimSuffix(strings.TrimSpace(value), ","))
		if err != nil {
			continue
		}
		switch name {
		case "version":
			inv.Version = value
		case "lib_dir":
			inv.Lib = value
		}
	}
	if inv.Version == "" {
		return inv, errors.New("it does not state its version")
	}
	if !filepath.IsAbs(inv.Lib) {
		return inv, errors.New("it does not state its lib folder")
	}
	return inv, nil
}
