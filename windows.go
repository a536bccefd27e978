package graft

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/closure"
	"github.com/graft-build/graft/internal/detect"
	"github.com/graft-build/graft/internal/pack"
	"github.com/graft-build/graft/internal/pack/resources"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/internal/winsys"
	"github.com/graft-build/graft/target"
)

// windowsSystem is what Windows itself provides, as zig's definitions say.
func (s *session) windowsSystem(ctx context.Context, t target.Target) (*winsys.System, error) {
	zig, err := s.zig(ctx)
	if err != nil {
		return nil, err
	}
	self, err := s.self()
	if err != nil {
		return nil, err
	}
	const kind = "winsys"
	lib := os.DirFS(zig.Lib)
	key := digest.NewKey("winsys/1").AddDigest("graft", self).AddDigest("zig", zig.Digest).Add("processor", t.GOARCH()).Digest()
	if b, ok := s.store.Record(kind, key); ok {
		if sys, err := winsys.Restore(lib, b); err == nil {
			return sys, nil
		}
	}
	sys, err := winsys.Load(lib, t.GOARCH())
	if err != nil {
		return nil, err
	}
	b, err := sys.Keep()
	if err != nil {
		return nil, err
	}
	return sys, s.store.PutRecord(kind, key, b)
}

// dropSystem takes out of what is needed the libraries that Windows and zig have themselves:
// -lgdi32, -lws2_32, windows.h.
func (s *session) dropSystem(ctx context.Context, t target.Target, r *detect.Result) error {
	if len(r.Needs) == 0 {
		return nil
	}
	sys, err := s.windowsSystem(ctx, t)
	if err != nil {
		return err
	}
	r.Needs = slices.DeleteFunc(slices.Clone(r.Needs), func(n resolve.Need) bool {
		// The threads of MinGW's are zig's own with its own C runtime only.
		threads := t.ABI.Libc == string(winsys.MSVCRT) && (n.Name == "pthread" || n.Name == "winpthread")
		return n.Kind == resolve.Library && sys.Links(n.Name) && !threads || n.Kind == resolve.Header && sys.HasHeader(n.Name)
	})
	return nil
}

// windowsInput adds to in what a program for Windows goes along with: its resources, the DLLs
// that it needs, the data that the manifest names.
func (s *session) windowsInput(ctx context.Context, b *built, packages []closure.Provider, in *pack.In) error {
	in.Closure = closure.Closure{Program: filepath.Base(b.file), Static: true}
	var err error
	if b.lock.Cgo {
		err = s.stage("closure", b.target.Name, func() (string, error) {
			sys, err := s.windowsSystem(ctx, b.target)
			if err != nil {
				return "", err
			}
			win := closure.Windows{System: sys, Loaded: s.plan.m.Windows.DLLs}
			in.Closure, err = closure.ComputePE(ctx, b.file, packages, b.target, win)
			return count(len(in.Closure.Libraries), "DLL"), err
		})
	}
	if err != nil {
		return err
	}
	if in.Data, err = dataFiles(packages, s.plan.m.Windows.Data); err != nil {
		return err
	}
	in.Program, err = s.withResources(ctx, b)
	return err
}

// maxData bounds the files that patterns of the manifest may match.
const maxData = 100_000

// dataFiles are the files of packages that patterns name, in the folders that they have below
// their packages' own.
func dataFiles(packages []closure.Provider, patterns []string) ([]pack.DataFile, error) {
	matched := make([]bool, len(patterns))
	var out []pack.DataFile
	for _, p := range packages {
		if len(patterns) == 0 {
			break
		}
		top := filepath.Join(p.Dir, "data", p.Prefix)
		err := filepath.WalkDir(top, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				if errors.Is(err, fs.ErrNotExist) && file == top {
					return fs.SkipAll
				}
				return err
			}
			// A link of a package becomes the file that it leads to: a zip for Windows has none.
			if fi, err := os.Stat(file); err != nil || !fi.Mode().IsRegular() {
				return nil
			}
			rel, err := filepath.Rel(top, file)
			if err != nil {
				return err
			}
			name := filepath.ToSlash(rel)
			for i, pattern := range patterns {
				if !closure.Matches(pattern, name) {
					continue
				}
				matched[i] = true
				if len(out) == maxData {
					return fmt.Errorf("windows.data: more than %d files", maxData)
				}
				out = append(out, pack.DataFile{Name: name, Path: file, Package: p.Package})
				break
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("look for data in package %s: %w", p.Package, err)
		}
	}
	if i := slices.Index(matched, false); i >= 0 {
		return nil, &UsageError{fmt.Sprintf("windows.data: no file of the packages fits %s", patterns[i])}
	}
	return out, nil
}

// withResources returns the program with its icon and the like in it.
func (s *session) withResources(ctx context.Context, b *built) (string, error) {
	program, _, err := s.hash.File(b.file)
	if err != nil {
		return "", err
	}
	r, err := s.resources(filepath.Base(b.file))
	if err != nil {
		return "", err
	}
	self, err := s.self()
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	k := digest.NewKey("resources/1").AddDigest("graft", self).AddDigest("program", program).Add("resources", string(text))
	dir, _, err := s.store.Tree(ctx, "resources", k.Digest(), func(_ context.Context, dir string) error {
		in, err := os.Open(b.file)
		if err != nil {
			return err
		}
		defer in.Close()
		out, err := os.OpenFile(filepath.Join(dir, r.Program), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
		if err != nil {
			return err
		}
		return errors.Join(r.Apply(out, in), out.Close())
	})
	if err != nil {
		return "", fmt.Errorf("write resources of %s for %s: %w", r.Program, b.target.Name, err)
	}
	return filepath.Join(dir, r.Program), nil
}

// resources are those that the manifest asks for.
func (s *session) resources(program string) (resources.Resources, error) {
	m := s.plan.m
	r := resources.Resources{
		Program: program, Name: m.Name, Version: m.Version, Description: m.Description,
		Company: m.Windows.Company, Copyright: m.Windows.Copyright,
	}
	for _, f := range []struct {
		key, name string
		b         *[]byte
	}{{"icon", m.Windows.Icon, &r.Icon}, {"manifest", m.Windows.Manifest, &r.Manifest}} {
		if f.name == "" {
			continue
		}
		file := absolute(s.plan.files, filepath.FromSlash(f.name))
		fi, err := os.Stat(file)
		if err == nil && (!fi.Mode().IsRegular() || fi.Size() > resources.MaxFile) {
			err = fmt.Errorf("want a file of at most %d bytes", resources.MaxFile)
		}
		if err == nil {
			*f.b, err = os.ReadFile(file)
		}
		if err != nil {
			var pathErr *fs.PathError
			if errors.As(err, &pathErr) {
				err = pathErr.Err
			}
			return r, &UsageError{fmt.Sprintf("windows.%s: %s: %v", f.key, path.Clean(f.name), err)}
		}
	}
	return r, nil
}

// addResources adds to a key what the artifacts of Windows targets have in them beside what
// is compiled.
func (s *session) addResources(k *digest.Key) error {
	if !slices.ContainsFunc(s.plan.targets, func(t target.Target) bool { return t.GOOS() == "windows" }) {
		return nil
	}
	r, err := s.resources("")
	if err != nil {
		return err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	k.Add("resources", string(text)).Add("dlls", strings.Join(s.plan.m.Windows.DLLs, "\n"), strings.Join(s.plan.m.Windows.Data, "\n"))
	return nil
}
