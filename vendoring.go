package graft

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/lock"
)

// Vendored is a folder with locked packages, laid out as mirrors are.
type Vendored struct {
	Dir     string   `json:"dir"`
	Files   int      `json:"files"`
	Bytes   int64    `json:"bytes"`
	Mirrors []string `json:"mirrors"` // what to put into the environment to use it: "GRAFT_MIRROR_MSYS2=file:///…"
}

// Vendor does what Fetch does and keeps the locked packages of the request's targets in a
// folder, for as long as somebody wants to build from this lock: archives drop old packages.
// What the folder has already and is right stays; nothing is removed from it.
func (p *Project) Vendor(ctx context.Context, req Request, dir string) (*FetchResult, *Vendored, error) {
	res, s, l, err := p.fetchLocked(ctx, req)
	if err != nil {
		return nil, nil, err
	}
	base := p.dir
	if req.Dir != "" {
		base = req.Dir
	}
	v := &Vendored{Dir: absolute(base, dir)}
	if err := s.vendor(ctx, l, v); err != nil {
		return nil, nil, fmt.Errorf("keep packages in %s: %w", dir, err)
	}
	return res, v, nil
}

func (s *session) vendor(ctx context.Context, l *lock.Lock, v *Vendored) error {
	seen := map[string]digest.Digest{}
	mirrors := map[string]bool{}
	for _, t := range s.plan.targets {
		for _, p := range l.PackagesOf(t.Name) {
			if err := ctx.Err(); err != nil {
				return err
			}
			r, ok := l.Repository(p.Repo)
			if !ok {
				return fmt.Errorf("the lock lacks repository %s", p.Repo)
			}
			variable, folder := distributionOf(r.Name).mirror(r)
			name := filepath.Join(folder, filepath.FromSlash(p.Path))
			if !filepath.IsLocal(name) {
				return fmt.Errorf("path %q of package %s leaves the folder", p.Path, p.Name)
			}
			if had, ok := seen[name]; ok {
				if had != p.SHA256 {
					return fmt.Errorf("two packages with the path %s", name)
				}
				continue
			}
			seen[name] = p.SHA256
			at := url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(v.Dir, folder))}
			mirrors[variable+"="+at.String()] = true
			if err := s.keep(filepath.Join(v.Dir, name), p); err != nil {
				return fmt.Errorf("package %s: %w", p.Name, err)
			}
			v.Files++
			v.Bytes += p.Size
		}
	}
	v.Mirrors = slices.Sorted(maps.Keys(mirrors))
	return nil
}

// keep copies a package from the store, unless it is there.
func (s *session) keep(name string, p lock.Package) error {
	if d, n, err := s.hash.File(name); err == nil && d == p.SHA256 && n == p.Size {
		return nil
	}
	blob, ok := s.store.Blob(p.SHA256)
	if !ok {
		return errors.New("the store has lost it; run graft fetch again")
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	in, err := os.Open(blob)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(name), ".graft-*")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name()) // fails once it is renamed
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Chmod(0o644)
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	return os.Rename(out.Name(), name)
}
