package graft

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/closure"
	"github.com/graft-build/graft/internal/compile"
	"github.com/graft-build/graft/internal/pack"
	"github.com/graft-build/graft/lock"
)

// linkedPackages adds to in the packages whose static libraries the linker was given: they are part
// of the program, and their licences go along with it.
func (s *session) linkedPackages(ctx context.Context, l *lock.Lock, b *built, in *pack.In) error {
	archives, err := compile.Archives(b.file)
	if err != nil || len(archives) == 0 {
		return err
	}
	known := map[string]bool{}
	for _, p := range l.PackagesOf(b.target.Name) {
		if !p.Build {
			continue
		}
		dir, prefix, ok, err := s.tree(ctx, l, p)
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("unpack %s for %s: the store has lost it; build again", p.Name, b.target.Name)
		}
		one := pack.Package{
			Provider: closure.Provider{Package: p.Name, Dir: dir, Prefix: prefix},
			Version:  p.Version, Source: p.Source, SHA256: p.SHA256, Size: p.Size, Depends: p.Depends,
		}
		in.Built = append(in.Built, one)
		found := slices.DeleteFunc(slices.Clone(archives), func(name string) bool { return !isFile(filepath.Join(dir, "data", filepath.FromSlash(name))) })
		if len(found) > 0 {
			one.Archives = found
			in.Linked = append(in.Linked, one)
		}
		for _, name := range found {
			known[name] = true
		}
	}
	for _, name := range archives {
		if !known[name] {
			s.cfg.Events.Send(event.Warning{Target: b.target.Name, Text: name + " is linked statically, and no locked package has it: its licence is not shipped"})
		}
	}
	return nil
}
