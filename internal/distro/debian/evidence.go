package debian

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/resolve"
)

// pointless are the sections whose packages for all architectures hold nothing that C asks
// for: modules of interpreters and virtual machines, documentation. What any other package
// for all architectures holds is found out by reading it, since only the long list of
// their files says so and the packages in question are small: protocol headers, fonts,
// configuration. A package that the closure keeps is fetched anyhow.
var pointless = []string{
	"cli-mono", "doc", "golang", "haskell", "interpreters", "java", "javascript", "lisp", "ocaml",
	"perl", "php", "python", "ruby", "rust", "gnu-r",
}

// unlisted says whether only reading p tells what it holds, and whether it is worth it.
func (r *Repository) unlisted(p resolve.Package) (read bool, err error) {
	if _, ok, err := r.bits(p); ok || err != nil {
		return false, err
	}
	rec, err := r.record(p)
	if err != nil {
		return false, err
	}
	return p.Arch != "all" || !slices.Contains(pointless, rec.section), nil
}

// Traits says what p holds.
func (r *Repository) Traits(ctx context.Context, p resolve.Package) (resolve.Traits, error) {
	bits, ok, err := r.bits(p)
	if err != nil || ok {
		return traits(bits), err
	}
	read, err := r.unlisted(p)
	if err != nil || !read {
		return resolve.Traits{Programs: true}, err
	}
	pkg, err := r.learnt(ctx, p)
	if err != nil {
		return resolve.Traits{}, err
	}
	return traits(pkg.Bits), nil
}

// Files lists what p offers to those who compile and link.
func (r *Repository) Files(ctx context.Context, p resolve.Package) (resolve.Files, error) {
	var paths []string
	_, listed, err := r.bits(p)
	if err != nil {
		return resolve.Files{}, err
	}
	if listed {
		prefix := "o" + p.Name + "\x00"
		err := r.files.Scan(prefix, func(key, _ []byte) bool {
			paths = append(paths, strings.TrimPrefix(string(key), prefix))
			return true
		})
		if err != nil {
			return resolve.Files{}, fmt.Errorf("read file list: %w", err)
		}
		if pkg := r.read[p.SHA256]; pkg != nil {
			paths = append(paths, pkg.Alternatives...)
		}
		return r.layout.files(paths), nil
	}
	if read, err := r.unlisted(p); err != nil || !read {
		return resolve.Files{}, err
	}
	pkg, err := r.learnt(ctx, p)
	if err != nil {
		return resolve.Files{}, err
	}
	return r.layout.files(pkg.Paths), nil
}

func (l layout) files(paths []string) resolve.Files {
	var f resolve.Files
	for _, p := range paths {
		if name, ok := l.config(p); ok {
			f.Configs = append(f.Configs, name)
		} else if name, ok := l.header(p); ok {
			f.Headers = append(f.Headers, name)
		} else if name, ok := l.library(p); ok && !strings.HasSuffix(name, ".a") {
			f.Libraries = append(f.Libraries, name)
		} else if name, ok := l.alternative(p); ok && strings.Contains(name, ".so.") {
			f.Libraries = append(f.Libraries, name)
		}
	}
	return f
}

// Develop says what the files of p ask of other packages.
func (r *Repository) Develop(ctx context.Context, p resolve.Package) (resolve.Development, error) {
	pkg, err := r.learnt(ctx, p)
	if err != nil {
		return resolve.Development{}, err
	}
	d := resolve.Development{Configs: pkg.Configs, Links: pkg.Links}
	for _, name := range pkg.Includes {
		system, err := r.systemHeader(name)
		if err != nil {
			return resolve.Development{}, err
		}
		if !system {
			d.Includes = append(d.Includes, name)
		}
	}
	return d, nil
}

// systemHeader says whether a header is one of the C library's.
func (r *Repository) systemHeader(name string) (bool, error) {
	for _, path := range r.layout.paths(resolve.Need{Kind: resolve.Header, Name: name}) {
		value, ok, err := r.files.Get("f" + path)
		if err != nil {
			return false, fmt.Errorf("read file list: %w", err)
		}
		if !ok {
			continue
		}
		for owner := range strings.SplitSeq(value, ",") {
			bits, _, err := r.bits(resolve.Package{Name: owner, Arch: r.config.Arch})
			if err != nil || bits&holdsSystem != 0 {
				return err == nil, err
			}
		}
	}
	return false, nil
}

// Prepare fetches and reads at once what Develop, Files and Traits will need.
func (r *Repository) Prepare(ctx context.Context, develop, list []resolve.Package) error {
	want := slices.Clone(develop)
	for _, p := range list {
		read, err := r.unlisted(p)
		if err != nil {
			return err
		}
		if read {
			want = append(want, p)
		}
	}
	var missing []resolve.Package
	var items []fetch.Item
	seen := map[digest.Digest]bool{}
	for _, p := range want {
		if seen[p.SHA256] || r.recall(p) {
			continue
		}
		seen[p.SHA256] = true
		item, err := r.packageItem(p)
		if err != nil {
			return err
		}
		missing, items = append(missing, p), append(items, item)
	}
	if _, err := r.config.Fetcher.All(ctx, items); err != nil {
		return err
	}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, p := range missing {
		g.Go(func() error {
			pkg, err := r.learn(ctx, p)
			mu.Lock()
			defer mu.Unlock()
			r.read[p.SHA256] = pkg
			return err
		})
	}
	return g.Wait()
}

// learnt reads a package, if it was not read before.
func (r *Repository) learnt(ctx context.Context, p resolve.Package) (*reading, error) {
	if err := r.Prepare(ctx, []resolve.Package{p}, nil); err != nil {
		return nil, err
	}
	return r.read[p.SHA256], nil
}

func (r *Repository) readingKey(p resolve.Package) digest.Digest {
	return digest.NewKey("debian-package/3").AddDigest("package", p.SHA256).Add("triplet", r.layout.triplet).Digest()
}

// recall looks for what an earlier process learnt.
func (r *Repository) recall(p resolve.Package) bool {
	if r.read[p.SHA256] != nil {
		return true
	}
	b, ok := r.config.Store.Record("debian-package", r.readingKey(p))
	if !ok {
		return false
	}
	var pkg reading
	if json.Unmarshal(b, &pkg) != nil {
		return false
	}
	r.read[p.SHA256] = &pkg
	return true
}

// learn reads a package that the store has. It may be called from several goroutines.
func (r *Repository) learn(ctx context.Context, p resolve.Package) (*reading, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path, ok := r.config.Store.Blob(p.SHA256)
	if !ok {
		return nil, fmt.Errorf("read package %s: it is not in the store", p.Name)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	pkg, err := readPackage(p.Name, f, r.layout)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(pkg)
	if err != nil {
		return nil, err
	}
	return pkg, r.config.Store.PutRecord("debian-package", r.readingKey(p), b)
}
