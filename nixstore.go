package graft

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/compose"
	"github.com/graft-build/graft/internal/run"
	"github.com/graft-build/graft/internal/toolchain"
	"github.com/graft-build/graft/lock"
)

// ErrNoNix says that the environment's PATH holds no nix-store.
var ErrNoNix = errors.New("add to Nix's store: there is no nix-store in PATH")

// NixAdded says what AddToNix put into Nix's store.
type NixAdded struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// AddToNix does what Fetch does and puts all files of the lock into Nix's store, under the
// names that graft's flake gives them: Nix then downloads none of them. That is for modules of
// private repositories and for mirrors that Nix knows nothing of. It starts nix-store, and takes
// all of the lock's targets when the request names none.
func (p *Project) AddToNix(ctx context.Context, req Request) (*NixAdded, error) {
	program := run.Look(p.cfg.Env, "nix-store")
	if program == "" {
		return nil, ErrNoNix
	}
	if len(req.Targets) == 0 {
		pl, err := p.plan(req)
		if err != nil {
			return nil, err
		}
		if l, err := readLockFile(pl.lockFile, lock.FileName); err == nil {
			req.Targets = targetNames(l)
		}
	}
	_, s, l, err := p.fetchLocked(ctx, req)
	if err != nil {
		return nil, err
	}
	if len(l.ModuleFiles) == 0 {
		return nil, &StaleError{File: s.lockName(), What: []string{"what Nix needs of modules is not recorded in it"}, Hint: "run graft lock --nix"}
	}
	files, err := s.nixFiles(ctx, l)
	if err != nil {
		return nil, err
	}
	added := &NixAdded{}
	return added, s.stage("nix-store", "", func() (string, error) {
		const batch = 50
		for len(files) > 0 {
			n := min(batch, len(files))
			if err := s.addToNix(ctx, program, files[:n], added); err != nil {
				return "", fmt.Errorf("add to Nix's store: %w", err)
			}
			files = files[n:]
		}
		return count(added.Files, "file"), nil
	})
}

// nixFile is a file for Nix's store.
type nixFile struct {
	name string // the store path's name
	path string
	sum  digest.Digest
}

// nixName is the name that nix/fetch.nix gives the same file.
func nixName(path string) string {
	const longest = 200
	name := strings.NewReplacer("/", "-", "~", "-", "!", "-", "@", "-", "%", "-", ":", "-", " ", "-").Replace(path)
	return name[max(0, len(name)-longest):]
}

func (s *session) nixFiles(ctx context.Context, l *lock.Lock) ([]nixFile, error) {
	var out []nixFile
	for _, f := range l.ModuleFiles {
		if host := compose.ToolchainHost(f.Path); host != "" && host != runtime.GOOS+"/"+runtime.GOARCH {
			continue // Nix builds on another host with it
		}
		at, err := s.moduleFile(ctx, l.Go, f)
		if err != nil {
			return nil, err
		}
		out = append(out, nixFile{nixName(f.Path), at, f.SHA256})
	}
	cgo := false
	seen := map[digest.Digest]bool{}
	for _, t := range s.plan.targets {
		lt, _ := l.Target(t.Name)
		cgo = cgo || lt.Cgo
		for _, p := range l.PackagesOf(t.Name) {
			if seen[p.SHA256] {
				continue
			}
			seen[p.SHA256] = true
			blob, ok := s.store.Blob(p.SHA256)
			if !ok {
				return nil, fmt.Errorf("package %s: the store has lost it; run graft fetch again", p.Name)
			}
			out = append(out, nixFile{nixName(path.Base(p.Path)), blob, p.SHA256})
		}
	}
	if !cgo {
		return out, nil
	}
	zig, err := toolchain.FetchZigFiles(ctx, s.zigConfig())
	if err != nil {
		return nil, err
	}
	for _, f := range zig {
		out = append(out, nixFile{nixName(f.Name), f.Path, f.SHA256})
	}
	return out, nil
}

// addToNix adds some files, each under its name, which is that of a file that nix-store is given.
func (s *session) addToNix(ctx context.Context, program string, files []nixFile, added *NixAdded) error {
	dir, cleanup, err := s.store.Temp("nix")
	if err != nil {
		return err
	}
	defer cleanup()
	argv := []string{program, "--add-fixed", "sha256"}
	for i, f := range files {
		// Two files may have one name.
		at := filepath.Join(dir, fmt.Sprint(i))
		if err := os.Mkdir(at, 0o755); err != nil {
			return err
		}
		name := filepath.Join(at, f.name)
		n, err := copyVerified(f, name)
		if err != nil {
			return err
		}
		argv = append(argv, name)
		added.Files++
		added.Bytes += n
	}
	_, err = run.Output(ctx, run.Cmd{Argv: argv, Env: s.cfg.Env, Events: s.cfg.Events})
	return err
}

// copyVerified copies a file that still has its digest: Nix believes what it is given.
func copyVerified(f nixFile, to string) (int64, error) {
	in, err := os.Open(f.path)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, err
	}
	h := digest.NewHash()
	n, err := io.Copy(io.MultiWriter(out, h), in)
	if err = errors.Join(err, out.Close()); err != nil {
		return n, err
	}
	if got := digest.Sum(h); got != f.sum {
		return n, fmt.Errorf("%s has changed: it is %s, not %s", f.path, got, f.sum)
	}
	return n, nil
}

// zigConfig says where zig may come from.
func (s *session) zigConfig() toolchain.ZigConfig {
	return toolchain.ZigConfig{Store: s.store, Fetcher: s.fetch, Events: s.cfg.Events, Env: s.cfg.Env}
}
