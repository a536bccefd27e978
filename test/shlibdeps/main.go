// Command shlibdeps compares the Depends of Debian packages that graft wrote with what the
// real dpkg-shlibdeps says of their programs, and how long both take. Packages are named with
// the lock they were built from; those that the lock names are taken from the store.
//
//	graft build --format deb
//	go run ./test/shlibdeps graft.lock dist/*.deb
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/graft-build/graft"
	"github.com/graft-build/graft/internal/closure"
	"github.com/graft-build/graft/internal/pack"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/internal/sysroot"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/target"
	"github.com/graft-build/graft/test/dpkgdeps"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: shlibdeps graft.lock PACKAGE.deb...")
		os.Exit(2)
	}
	different := 0
	for _, file := range os.Args[2:] {
		same, err := compare(context.Background(), os.Args[1], file)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			os.Exit(1)
		}
		if !same {
			different++
		}
	}
	fmt.Printf("%d packages, %d different\n", len(os.Args)-2, different)
	if different > 0 {
		os.Exit(1)
	}
}

// compare prints what both say of the program in a package.
func compare(ctx context.Context, lockFile, file string) (same bool, err error) {
	dir, err := os.MkdirTemp("", "shlibdeps-*")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	if out, err := exec.CommandContext(ctx, "dpkg-deb", "-R", file, dir).CombinedOutput(); err != nil {
		return false, fmt.Errorf("dpkg-deb -R: %w\n%s", err, out)
	}
	arch, err := exec.CommandContext(ctx, "dpkg-deb", "-f", file, "Architecture").Output()
	if err != nil {
		return false, err
	}
	t, packages, err := locked(ctx, lockFile, strings.TrimSpace(string(arch)))
	if err != nil {
		return false, err
	}
	programs, err := filepath.Glob(filepath.Join(dir, "usr", "bin", "*"))
	if err != nil || len(programs) == 0 {
		return false, fmt.Errorf("no program in it: %v", err)
	}
	start := time.Now()
	got, err := ours(ctx, t, programs[0], packages)
	if err != nil {
		return false, err
	}
	took := time.Since(start)
	start = time.Now()
	want, err := dpkgdeps.Depends(ctx, t.Arch, packages, programs...)
	if err != nil {
		return false, err
	}
	dpkg := time.Since(start)
	fmt.Printf("%s (%v; dpkg-shlibdeps %v)\n  %s\n", filepath.Base(file), took.Round(time.Microsecond), dpkg.Round(time.Millisecond), got)
	if got != want {
		fmt.Printf("  dpkg-shlibdeps: %s\n", want)
	}
	return got == want, nil
}

// locked returns the packages that the lock has for an architecture to run with, unpacked.
func locked(ctx context.Context, file, arch string) (t target.Target, out []dpkgdeps.Package, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return t, nil, err
	}
	l, err := lock.Parse(file, bytes.NewReader(b))
	if err != nil {
		return t, nil, err
	}
	dir, err := graft.StoreDir(os.Environ())
	if err != nil {
		return t, nil, err
	}
	s, err := store.Open(dir)
	if err != nil {
		return t, nil, err
	}
	for _, lt := range l.Targets {
		if t, err = target.Parse(lt.Name); err != nil || t.Arch != arch || lt.Repo == "" {
			continue
		}
		for _, p := range l.PackagesOf(lt.Name) {
			if !p.Run {
				continue
			}
			blob, ok := s.Blob(p.SHA256)
			if !ok {
				return t, nil, fmt.Errorf("the store lacks %s", p.Name)
			}
			tree, err := sysroot.PackageTree(ctx, s, sysroot.Input{Name: p.Name, Blob: blob, SHA256: p.SHA256})
			if err != nil {
				return t, nil, err
			}
			out = append(out, dpkgdeps.Package{Name: p.Name, Version: p.Version, Tree: tree})
		}
		return t, out, nil
	}
	return t, nil, fmt.Errorf("%s has no packages for %s", file, arch)
}

// ours is what graft computes.
func ours(ctx context.Context, t target.Target, program string, packages []dpkgdeps.Package) (string, error) {
	in := pack.In{Target: t, Program: program}
	var providers []closure.Provider
	for _, p := range packages {
		prov := closure.Provider{Package: p.Name, Dir: p.Tree}
		providers = append(providers, prov)
		in.Packages = append(in.Packages, pack.Package{Provider: prov, Version: p.Version})
	}
	var err error
	if in.Closure, err = closure.Compute(ctx, program, providers, t); err != nil {
		return "", err
	}
	list, err := pack.Depends(in)
	return strings.Join(list, ", "), err
}
