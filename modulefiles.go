package graft

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/compose"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/target"
)

// keepFiles gives a lock that a build needs the module files that the present one records:
// they are listed again only when what decides them has changed.
func (s *session) keepFiles(ctx context.Context, old, l *lock.Lock) error {
	if old == nil || len(old.ModuleFiles) == 0 {
		return nil
	}
	if sameModules(old, l) {
		l.ModuleFiles = old.ModuleFiles
		return nil
	}
	return s.recordFiles(ctx, old, l, nil)
}

// sameModules says whether two locks compile the same modules for the same targets.
func sameModules(a, b *lock.Lock) bool {
	return a.Go == b.Go && a.Composition.Key == b.Composition.Key && slices.Equal(targetNames(a), targetNames(b)) &&
		reflect.DeepEqual(a.Modules, b.Modules) && slices.Equal(a.Sums, b.Sums)
}

// recordFiles lists the module files that the lock's targets need, and the Go toolchain of its
// version for hosts (GOOS/GOARCH) and for those that the present lock has one for.
func (s *session) recordFiles(ctx context.Context, old, l *lock.Lock, hosts []string) error {
	return s.stage("module files", "", func() (string, error) {
		var platforms []target.Target
		for _, lt := range l.Targets {
			t, err := target.Parse(lt.Name)
			if err != nil {
				return "", err
			}
			platforms = append(platforms, t)
		}
		s.adapt(platforms)
		paths, err := compose.NeededFiles(ctx, s.deps(), s.comp, platforms, s.plan.tags)
		if err != nil {
			return "", err
		}
		l.ModuleFiles = nil
		for _, path := range paths {
			d, size, err := s.hash.File(s.goes.ModuleFile(path))
			if err != nil {
				return "", fmt.Errorf("read module file %s: %w", path, err)
			}
			l.ModuleFiles = append(l.ModuleFiles, lock.ModuleFile{Path: path, Size: size, SHA256: d})
		}
		for _, host := range slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(hosts), toolchainHosts(old)...)))) {
			f, err := s.toolchainFile(ctx, old, l.Go, host)
			if err != nil {
				return "", err
			}
			l.ModuleFiles = append(l.ModuleFiles, f)
		}
		slices.SortFunc(l.ModuleFiles, func(a, b lock.ModuleFile) int { return strings.Compare(a.Path, b.Path) })
		return count(len(l.ModuleFiles), "file"), nil
	})
}

// toolchainHosts are the hosts that a lock records a Go toolchain for.
func toolchainHosts(l *lock.Lock) (hosts []string) {
	if l == nil {
		return nil
	}
	for _, f := range l.ModuleFiles {
		if host := compose.ToolchainHost(f.Path); host != "" {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// toolchainFile is the record of a Go toolchain: the lock's, one that was made before, or that
// of the zip, which is downloaded and kept.
func (s *session) toolchainFile(ctx context.Context, old *lock.Lock, version, host string) (lock.ModuleFile, error) {
	goos, goarch, _ := strings.Cut(host, "/")
	path := compose.ToolchainFile(version, goos, goarch)
	if old != nil {
		if i := slices.IndexFunc(old.ModuleFiles, func(f lock.ModuleFile) bool { return f.Path == path }); i >= 0 {
			return old.ModuleFiles[i], nil
		}
	}
	var f lock.ModuleFile
	key := digest.NewKey("toolchain-zip/1").Add("path", path).Digest()
	if b, ok := s.store.Record("toolchain-zip", key); ok && json.Unmarshal(b, &f) == nil && f.Path == path {
		return f, nil
	}
	d, blob, err := s.keepToolchain(ctx, version, host)
	if err != nil {
		return f, err
	}
	fi, err := os.Stat(blob)
	if err != nil {
		return f, fmt.Errorf("keep Go %s for %s: %w", version, host, err)
	}
	f = lock.ModuleFile{Path: path, Size: fi.Size(), SHA256: d}
	if b, err := json.Marshal(f); err == nil {
		// Without the record the next lock downloads again.
		_ = s.store.PutRecord("toolchain-zip", key, b)
	}
	return f, nil
}

// keepToolchain downloads the zip of a Go toolchain into the store.
func (s *session) keepToolchain(ctx context.Context, version, host string) (d digest.Digest, blob string, err error) {
	goos, goarch, _ := strings.Cut(host, "/")
	zip, cleanup, err := compose.DownloadToolchain(ctx, s.deps(), version, goos, goarch)
	if err != nil {
		return d, "", err
	}
	defer cleanup()
	in, err := os.Open(zip)
	if err != nil {
		return d, "", fmt.Errorf("read Go %s for %s: %w", version, host, err)
	}
	defer in.Close()
	const largest = 1 << 30
	if d, blob, err = s.store.AddBlob(in, largest); err != nil {
		return d, "", fmt.Errorf("keep Go %s for %s: %w", version, host, err)
	}
	return d, blob, nil
}

// moduleFile finds the bytes of a recorded module file: in the store, or in the go command's
// module cache. A Go toolchain is downloaded where it is neither.
func (s *session) moduleFile(ctx context.Context, version string, f lock.ModuleFile) (string, error) {
	if blob, ok := s.store.Blob(f.SHA256); ok {
		return blob, nil
	}
	const other = "module file %s is %s here, the lock has %s: it came from a proxy that packs zips in another way"
	if host := compose.ToolchainHost(f.Path); host != "" {
		d, blob, err := s.keepToolchain(ctx, version, host)
		if err == nil && d != f.SHA256 {
			err = fmt.Errorf(other, f.Path, d, f.SHA256)
		}
		return blob, err
	}
	name := s.goes.ModuleFile(f.Path)
	d, _, err := s.hash.File(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("module file %s is not in the go command's module cache", f.Path)
	case err != nil:
		return "", err
	case d != f.SHA256:
		return "", fmt.Errorf(other, f.Path, d, f.SHA256)
	}
	return name, nil
}
