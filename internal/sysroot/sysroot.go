// Package sysroot makes folders of a target's system out of packages of Debian or MSYS2: each
// is unpacked once into the store, and a sysroot is the union of some of them by hard links.
// Build makes what compiling and linking read; Runtime makes what a program finds when it
// runs, for images and bundles.
//
// Every Debian tree has one layout whatever the packages use: /lib, /bin and the like are
// links to their namesakes in /usr, as on an installed Debian, so that a file is found under
// both names. MSYS2's have theirs in the folder of their environment, /clang64. Nothing depends on where the store lies.
package sysroot

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/target"
)

// Input is one package file.
type Input struct {
	Name   string        // the package's name, for errors and events
	Blob   string        // path of the package file
	SHA256 digest.Digest // of the package file
	// Prefix is the folder that all files of an MSYS2 package lie in: "clang64". "" is a Debian package.
	Prefix string
}

// Sysroot is a finished folder.
type Sysroot struct {
	Dir    string        // read-only
	Digest digest.Digest // key of the inputs: the same wherever the store lies
}

// Build returns the union of packages for compiling and linking: no documentation, no
// translations, linker scripts that name files relative to themselves. The order of in
// does not matter. Two packages that hold different files of one name are an error.
func Build(ctx context.Context, s *store.Store, t target.Target, in []Input, ev event.Sink) (Sysroot, error) {
	return union(ctx, s, t, in, ev, flavour{name: "build", drop: forBuild(in), scripts: true})
}

// Runtime returns the union of packages as a program finds them when it runs. Of the
// documentation only the copyright files are there.
func Runtime(ctx context.Context, s *store.Store, t target.Target, in []Input, ev event.Sink) (Sysroot, error) {
	return union(ctx, s, t, in, ev, flavour{name: "runtime", drop: func(string) bool { return false }})
}

// flavour says what a union is for.
type flavour struct {
	name    string
	drop    func(name string) bool
	scripts bool // rewrite linker scripts
}

func union(ctx context.Context, s *store.Store, t target.Target, in []Input, ev event.Sink, fl flavour) (Sysroot, error) {
	in = slices.Clone(in)
	slices.SortFunc(in, func(a, b Input) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.SHA256.Hex(), b.SHA256.Hex()))
	})
	if i := slices.IndexFunc(in, func(p Input) bool { return p.Prefix != in[0].Prefix }); i > 0 {
		return Sysroot{}, fmt.Errorf("make sysroot for %s: packages %s and %s are of two environments", t.Name, in[0].Name, in[i].Name)
	}
	in = slices.CompactFunc(in, func(a, b Input) bool { return a.Name == b.Name && a.SHA256 == b.SHA256 })

	// A change of what unions contain changes this name.
	k := digest.NewKey("sysroot/2").Add("flavour", fl.name).Add("arch", t.Arch)
	for _, p := range in {
		k.Add("package", p.Name).AddDigest("sha256", p.SHA256)
	}
	key := k.Digest()
	dir, _, err := s.Tree(ctx, "sysroot", key, func(ctx context.Context, dir string) error {
		trees, err := unpackAll(ctx, s, t, in, ev)
		if err != nil {
			return err
		}
		return merge(ctx, dir, in, trees, fl)
	})
	if err != nil {
		return Sysroot{}, fmt.Errorf("make sysroot for %s: %w", t.Name, err)
	}
	return Sysroot{Dir: dir, Digest: key}, nil
}

// unpackAll returns the tree of each package. Decompression is what takes the time, so it
// runs on every processor.
func unpackAll(ctx context.Context, s *store.Store, t target.Target, in []Input, ev event.Sink) ([]string, error) {
	trees := make([]string, len(in))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, p := range in {
		g.Go(func() error {
			dir, err := packageTree(ctx, s, p, ev)
			if err != nil {
				return err
			}
			trees[i] = dir
			return checkArch(dir, p, t)
		})
	}
	return trees, g.Wait()
}
