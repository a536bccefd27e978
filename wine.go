package graft

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/run"
	"github.com/graft-build/graft/internal/toolchain"
	"github.com/graft-build/graft/target"
)

// winePlaces are where wine is beside PATH: Debian's wine64 package alone puts nothing there.
var winePlaces = []string{"/usr/lib/wine/wine64", "/opt/wine-stable/bin/wine64", "/opt/wine-stable/bin/wine"}

// findWine returns wine, which starts programs for Windows on other systems.
func (s *session) findWine(t target.Target) (string, error) {
	if t.GOARCH() != runtime.GOARCH {
		return "", fmt.Errorf("run: a program for %s does not start on %s/%s", t.Name, runtime.GOOS, runtime.GOARCH)
	}
	for _, name := range []string{"wine64", "wine"} {
		if at := run.Look(s.cfg.Env, name); at != "" {
			return at, nil
		}
	}
	for _, at := range winePlaces {
		if isFile(at) {
			return at, nil
		}
	}
	return "", fmt.Errorf("run: a program for %s starts on %s only under wine: install it (Debian: wine64)", t.Name, runtime.GOOS)
}

// wineEnv is the environment in which wine runs a program: a prefix of graft's own in the
// store, made on first use, so that neither the user's nor the program's Windows settings
// reach each other.
func (s *session) wineEnv(ctx context.Context, wine string, t target.Target) ([]string, error) {
	env := append(append([]string{}, s.cfg.Env...), "WINEDLLOVERRIDES=mscoree,mshtml,winemenubuilder.exe=")
	if getenv(env, "WINEDEBUG") == "" {
		env = append(env, "WINEDEBUG=-all")
	}
	version, err := run.Output(ctx, run.Cmd{Argv: []string{wine, "--version"}, Env: env, Events: s.cfg.Events})
	if err != nil {
		return nil, fmt.Errorf("run: ask wine for its version: %w", err)
	}
	key := digest.NewKey("wine/1").Add("wine", wine, strings.TrimSpace(string(version))).Add("shim", bcryptprimitives).Digest()
	prefix := filepath.Join(s.store.Dir(), "wine", key.Short())
	env = append(env, "WINEPREFIX="+prefix)
	unlock, err := s.store.Lock(ctx, "wine-"+key.Short())
	if err != nil {
		return nil, err
	}
	defer unlock()
	done := filepath.Join(prefix, ".graft")
	if isFile(done) {
		now := s.cfg.Now()
		return env, os.Chtimes(prefix, now, now) // store gc removes what was not used for long
	}
	err = s.stage("wine", t.Name, func() (string, error) {
		if err := os.RemoveAll(prefix); err != nil { // what a killed process left
			return "", err
		}
		if err := os.MkdirAll(prefix, 0o700); err != nil { // wine refuses others' folders
			return "", err
		}
		if err := s.wineBoot(ctx, wine, prefix, env); err != nil {
			return "", err
		}
		if err := s.addProcessPrng(ctx, prefix, t); err != nil {
			return "", err
		}
		return strings.TrimSpace(string(version)), os.WriteFile(done, version, 0o600)
	})
	if err != nil {
		return nil, fmt.Errorf("run: make a Windows folder for wine: %w", err)
	}
	return env, nil
}

// wineBoot fills a prefix and waits until wine's server, which stays for a while in the
// background, has written it.
func (s *session) wineBoot(ctx context.Context, wine, prefix string, env []string) error {
	// The server keeps the streams that it was started with, so they must not be pipes.
	said, err := os.Create(filepath.Join(prefix, "wineboot.log"))
	if err != nil {
		return err
	}
	defer said.Close()
	boot := run.Cmd{Argv: []string{wine, "wineboot", "-i"}, Env: env, Dir: prefix, Stdout: said, Stderr: said, Events: s.cfg.Events}
	if err := run.Run(ctx, boot); err != nil {
		text, _ := os.ReadFile(said.Name())
		return fmt.Errorf("%w\n%s", err, text)
	}
	server := filepath.Join(filepath.Dir(wine), "wineserver")
	if !isFile(server) {
		if server = run.Look(s.cfg.Env, "wineserver"); server == "" {
			return nil
		}
	}
	return run.Run(ctx, run.Cmd{Argv: []string{server, "-w"}, Env: env, Dir: prefix, Stdout: said, Stderr: said, Events: s.cfg.Events})
}

// bcryptprimitives is the source of a DLL that Go programs ask for random numbers, and that
// wine has from version 9 on.
// It does it by means of a function that every Windows and every wine has.
const bcryptprimitives = `__declspec(dllimport) unsigned char SystemFunction036(void *, unsigned long);

int entry(void *module, unsigned long why, void *reserved) { return 1; }

__declspec(dllexport) int ProcessPrng(unsigned char *p, unsigned long long n)
{
	while (n > 0) {
		unsigned long k = n > 1 << 20 ? 1 << 20 : n;
		if (!SystemFunction036(p, k))
			return 0;
		p += k;
		n -= k;
	}
	return 1;
}
`

// addProcessPrng puts bcryptprimitives.dll into a prefix that lacks it.
func (s *session) addProcessPrng(ctx context.Context, prefix string, t target.Target) error {
	dll := filepath.Join(prefix, "drive_c", "windows", "system32", "bcryptprimitives.dll")
	if _, err := os.Stat(dll); err == nil {
		return nil
	}
	zig, err := s.zig(ctx)
	if err != nil {
		return err
	}
	plain, err := target.Parse(t.Name) // with zig's C runtime, whichever the program has
	if err != nil {
		return err
	}
	kit, err := toolchain.Prepare(ctx, toolchain.KitConfig{Store: s.store, Zig: zig, Target: plain, Graft: s.cfg.Executable, Events: s.cfg.Events})
	if err != nil {
		return err
	}
	tmp, cleanup, err := s.store.Temp("wine")
	if err != nil {
		return err
	}
	defer cleanup()
	_, err = run.Output(ctx, run.Cmd{
		Argv: []string{
			kit.Tool("cc"), "-shared", "-nostdlib", "-Wl,-e,entry", "-o", filepath.Join(tmp, "bcryptprimitives.dll"),
			"-x", "c", "-", "-x", "none", "-ladvapi32",
		},
		Env: []string{"PWD=" + tmp, "TMPDIR=" + tmp, "PATH="}, Dir: tmp, Stdin: strings.NewReader(bcryptprimitives), Events: s.cfg.Events,
	})
	if err != nil {
		return err
	}
	b, err := os.ReadFile(filepath.Join(tmp, "bcryptprimitives.dll"))
	if err != nil {
		return err
	}
	return os.WriteFile(dll, b, 0o644)
}
