package graft

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/pack"
	"github.com/graft-build/graft/manifest"
	"github.com/graft-build/graft/target"
)

// limits of what packages of a system take from the project's folder.
const (
	maxText        = 1 << 20
	maxSystemFiles = 10_000
)

// system is what the manifest says of packages of a system, its files looked up.
func (s *session) system() (pack.System, error) {
	m := s.plan.m
	var sys pack.System
	for i, f := range m.Files {
		list, err := s.packaged(f)
		if err != nil {
			return sys, s.atKey(fmt.Sprintf("$.files[%d].source", i), err)
		}
		if sys.Files = append(sys.Files, list...); len(sys.Files) > maxSystemFiles {
			return sys, s.atKey(fmt.Sprintf("$.files[%d].source", i), fmt.Errorf("files: more than %d", maxSystemFiles))
		}
	}
	for _, name := range sortedNames(m.Services) {
		v := m.Services[name]
		svc := pack.Service{Name: name, Description: v.Description, Args: v.Args, Env: v.Env, User: v.User, State: v.State}
		var err error
		if svc.Unit, err = s.textFile(v.Unit); err != nil {
			return sys, s.atKey("$.services."+name+".unit", err)
		}
		sys.Services = append(sys.Services, svc)
	}
	var err error
	if sys.Man, err = s.textFile(m.Man); err != nil {
		return sys, s.atKey("$.man", err)
	}
	sys.ManSection, _ = strconv.Atoi(strings.TrimPrefix(path.Ext(m.Man), "."))
	for shell, file := range m.Completions {
		b, err := s.textFile(file)
		if err != nil {
			return sys, s.atKey("$.completions."+shell, err)
		}
		if sys.Completions == nil {
			sys.Completions = map[string][]byte{}
		}
		sys.Completions[shell] = b
	}
	for _, p := range s.comp.Plugins {
		sys.Plugins = append(sys.Plugins, strings.TrimSpace(p.Path+" "+p.Version))
	}
	return sys, nil
}

// atKey gives an error its place in the manifest that the keys are from.
func (s *session) atKey(key string, err error) error {
	if s.plan.system != s.dir {
		return fmt.Errorf("%s of %s: %w", strings.TrimPrefix(key, "$."), filepath.Join(s.plan.system, manifest.FileName), err)
	}
	return s.manifest.ErrorAt(key, "%v", err)
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// textFile reads a small file that the manifest names, nil for "".
func (s *session) textFile(name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	file := absolute(s.plan.system, filepath.FromSlash(name))
	fi, err := os.Stat(file)
	if err != nil {
		return nil, plainError(name, err)
	}
	if !fi.Mode().IsRegular() || fi.Size() > maxText {
		return nil, fmt.Errorf("%s: want a file of at most %d bytes", name, maxText)
	}
	return os.ReadFile(file)
}

// plainError says what is wrong with a file by the name that the manifest has.
func plainError(name string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// packaged are the files of one entry: a file, or all below a folder.
func (s *session) packaged(f manifest.Install) ([]pack.File, error) {
	mode, _ := strconv.ParseUint(f.Mode, 8, 32) // the manifest was checked
	top := absolute(s.plan.system, filepath.FromSlash(f.Source))
	one := func(file, place string) (pack.File, error) {
		fi, err := os.Lstat(file)
		if err != nil {
			return pack.File{}, plainError(f.Source, err)
		}
		if !fi.Mode().IsRegular() {
			return pack.File{}, fmt.Errorf("%s: %s is neither a file nor a folder; links are not followed", f.Source, filepath.Base(file))
		}
		own := uint32(0o644)
		if fi.Mode()&0o100 != 0 {
			own = 0o755
		}
		return pack.File{Path: place, Source: file, Mode: cmp.Or(uint32(mode), own)}, nil
	}
	if fi, err := os.Lstat(top); err == nil && !fi.IsDir() || err != nil {
		out, err := one(top, f.Destination)
		return []pack.File{out}, err
	}
	var out []pack.File
	err := filepath.WalkDir(top, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(top, file)
		if err != nil {
			return err
		}
		p, err := one(file, path.Join(f.Destination, filepath.ToSlash(rel)))
		if out = append(out, p); len(out) > maxSystemFiles {
			return fmt.Errorf("%s: more than %d files", f.Source, maxSystemFiles)
		}
		return err
	})
	return out, err
}

// addSystem adds the state of the files that packages take to a key.
func (s *session) addSystem(k *digest.Key) error {
	if !slices.ContainsFunc(s.plan.targets, func(t target.Target) bool { return t.GOOS() == "linux" }) {
		return nil
	}
	sys, err := s.system()
	if err != nil {
		return err
	}
	for _, f := range sys.Files {
		d, _, err := s.hash.File(f.Source)
		if err != nil {
			return err
		}
		k.Add("file", f.Path, strconv.FormatUint(uint64(f.Mode), 8)).AddDigest("content", d)
	}
	for _, svc := range sys.Services {
		k.AddDigest("unit", digest.Of(svc.Unit))
	}
	k.AddDigest("man", digest.Of(sys.Man))
	for _, shell := range sortedNames(sys.Completions) {
		k.Add("shell", shell).AddDigest("completions", digest.Of(sys.Completions[shell]))
	}
	return nil
}

// epoch is the time that artifacts state, from SOURCE_DATE_EPOCH; zero when that is not set.
// https://reproducible-builds.org/specs/source-date-epoch/
func (s *session) epoch() (time.Time, error) {
	text := getenv(s.cfg.Env, "SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Time{}, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > 1<<33 {
		return time.Time{}, &UsageError{fmt.Sprintf("SOURCE_DATE_EPOCH=%s: want seconds since 1970", text)}
	}
	return time.Unix(n, 0).UTC(), nil
}
