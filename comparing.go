package graft

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/compare"
	"github.com/graft-build/graft/internal/format/deb822"
	"github.com/graft-build/graft/internal/pack"
	"github.com/graft-build/graft/internal/stamp"
	"github.com/graft-build/graft/lock"
)

// Comparison is how two locks, two artifacts or two folders of artifacts differ, as somebody
// reads it who has to agree to the new one.
type Comparison struct {
	Old     string       `json:"old"`
	New     string       `json:"new"`
	Kind    string       `json:"kind"` // lock, artifact, folder
	Changes []Change     `json:"changes"`
	Parts   []Comparison `json:"artifacts,omitempty"` // of a folder: artifacts that are in both, and differ
}

// Same says that nothing differs.
func (c Comparison) Same() bool { return len(c.Changes) == 0 && len(c.Parts) == 0 }

// Change is one thing that differs. Old is "" for what is new, New for what is gone.
type Change struct {
	Subject string   `json:"subject"` // go, zig, application, plugin, module, package, library, file, depends, size, …
	Name    string   `json:"name,omitempty"`
	Targets []string `json:"targets,omitempty"`
	Old     string   `json:"old,omitempty"`
	New     string   `json:"new,omitempty"`
	OldSize int64    `json:"oldSize,omitempty"` // in bytes
	NewSize int64    `json:"newSize,omitempty"`
}

// thing is what a subject has on one side.
type thing struct {
	text string
	size int64
}

// Compare tells how two locks, two artifacts, or two folders of artifacts differ.
func Compare(ctx context.Context, old, now string) (*Comparison, error) {
	out := &Comparison{Old: old, New: now, Changes: []Change{}}
	a, isLock, err := lockIn(old)
	if err != nil {
		return nil, err
	}
	b, isToo, err := lockIn(now)
	switch {
	case err != nil:
		return nil, err
	case isLock != isToo:
		return nil, &UsageError{fmt.Sprintf("compare %s with %s: one is a lock, the other is not", old, now)}
	case isLock:
		out.Kind, out.Changes = "lock", lockChanges(a, b)
		return out, nil
	}
	folder, too := isDir(old), isDir(now)
	if folder != too {
		return nil, &UsageError{fmt.Sprintf("compare %s with %s: one is a folder, the other is not", old, now)}
	}
	if folder {
		out.Kind = "folder"
		return out, out.folders(ctx)
	}
	out.Kind = "artifact"
	out.Changes, err = artifactChanges(ctx, old, now)
	return out, err
}

// lockIn reads a lock; ok is false for another file.
func lockIn(name string) (l *lock.Lock, ok bool, err error) {
	fi, err := os.Stat(name)
	if err != nil {
		return nil, false, &UsageError{fmt.Sprintf("compare %s: %v", name, plainError(filepath.Base(name), err))}
	}
	if fi.IsDir() || fi.Size() > lock.MaxSize {
		return nil, false, nil
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, false, err
	}
	if filepath.Base(name) != lock.FileName && !bytes.HasPrefix(b, []byte("{\n  \"version\": ")) && !bytes.HasPrefix(b, []byte("{\n\"version\": ")) {
		return nil, false, nil
	}
	l, err = lock.Parse(name, bytes.NewReader(b))
	return l, err == nil, err
}

// folders compares artifacts of the same kind and target.
func (c *Comparison) folders(ctx context.Context) error {
	read := func(dir string) (map[string]string, error) {
		b, err := os.ReadFile(filepath.Join(dir, pack.ArtifactsFile))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &UsageError{fmt.Sprintf("compare %s: it has no %s: it is no folder that graft build writes", dir, pack.ArtifactsFile)}
		}
		if err != nil {
			return nil, err
		}
		list, err := pack.DecodeArtifacts(b)
		if err != nil {
			return nil, fmt.Errorf("compare %s: %w", dir, err)
		}
		out := map[string]string{}
		for _, a := range list {
			if _, ok := pack.For(a.Kind); ok {
				out[a.Kind+" for "+a.Target] = a.File
			}
		}
		return out, nil
	}
	was, err := read(c.Old)
	if err != nil {
		return err
	}
	is, err := read(c.New)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(mapKeys(was)) {
		if is[name] == "" {
			c.Changes = append(c.Changes, Change{Subject: "artifact", Name: name, Old: was[name]})
			continue
		}
		part := Comparison{Old: filepath.Join(c.Old, was[name]), New: filepath.Join(c.New, is[name]), Kind: "artifact"}
		if part.Changes, err = artifactChanges(ctx, part.Old, part.New); err != nil {
			return err
		}
		if !part.Same() {
			c.Parts = append(c.Parts, part)
		}
	}
	for _, name := range slices.Sorted(mapKeys(is)) {
		if was[name] == "" {
			c.Changes = append(c.Changes, Change{Subject: "artifact", Name: name, New: is[name]})
		}
	}
	return nil
}

// lockChanges compares locks: tools, plugins, modules, then packages with all targets that
// they change for.
func lockChanges(a, b *lock.Lock) []Change {
	one := func(text string) map[string]thing { return map[string]thing{"": {text: text}} }
	zig := func(l *lock.Lock) string {
		if l.Zig == nil {
			return ""
		}
		return l.Zig.Version
	}
	out := changed("go", one(a.Go), one(b.Go))
	out = append(out, changed("zig", one(zig(a)), one(zig(b)))...)
	out = append(out, changed("application", one(a.Composition.App), one(b.Composition.App))...)
	plugins := func(l *lock.Lock) map[string]thing {
		m := map[string]thing{}
		for _, ref := range l.Composition.Plugins {
			name, version, _ := strings.Cut(ref, "@")
			m[name] = thing{text: orFolder(version)}
		}
		return m
	}
	out = append(out, changed("plugin", plugins(a), plugins(b))...)
	modules := func(l *lock.Lock) map[string]thing {
		m := map[string]thing{}
		for _, mod := range l.Modules {
			text := orFolder(mod.Version)
			if mod.Replace != "" && mod.Replace != "local" {
				text += " => " + mod.Replace
			}
			m[mod.Path] = thing{text: text}
		}
		return m
	}
	out = append(out, changed("module", modules(a), modules(b))...)
	targets := func(l *lock.Lock) map[string]thing {
		m := map[string]thing{}
		for _, t := range l.Targets {
			m[t.Name] = thing{text: strings.TrimSpace("locked " + t.Repo)}
		}
		return m
	}
	out = append(out, changed("target", targets(a), targets(b))...)
	var packages []Change
	for _, name := range slices.Sorted(mapKeys(targets(b))) {
		if _, ok := a.Target(name); !ok {
			continue // all of it is new
		}
		for _, c := range changed("package", packageThings(a, name), packageThings(b, name)) {
			c.Targets = []string{name}
			packages = merge(packages, c)
		}
	}
	return append(out, packages...)
}

func orFolder(version string) string {
	if version == "" {
		return "(folder)"
	}
	return version
}

func packageThings(l *lock.Lock, target string) map[string]thing {
	m := map[string]thing{}
	for _, p := range l.PackagesOf(target) {
		text := p.Version
		if !p.Run {
			text += " (to build)"
		}
		m[p.Name] = thing{text, p.Size}
	}
	return m
}

// merge adds a change, or its target to the same change of another target.
func merge(list []Change, c Change) []Change {
	for i, o := range list {
		if o.Subject == c.Subject && o.Name == c.Name && o.Old == c.Old && o.New == c.New {
			list[i].Targets = append(list[i].Targets, c.Targets...)
			return list
		}
	}
	return append(list, c)
}

// changed are the changes of one subject, by name. Sizes alone are none.
func changed(subject string, was, is map[string]thing) []Change {
	names := slices.Sorted(mapKeys(was))
	for name := range is {
		if _, ok := was[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var out []Change
	for _, name := range names {
		if a, b := was[name], is[name]; a.text != b.text {
			out = append(out, Change{Subject: subject, Name: name, Old: a.text, New: b.text, OldSize: a.size, NewSize: b.size})
		}
	}
	return out
}

// artifactChanges compares what artifacts say of themselves and what is in them.
func artifactChanges(ctx context.Context, old, now string) ([]Change, error) {
	var said, files, depends, modules [2]map[string]thing
	var plugins, packages [2]map[string]thing
	var size [2]int64
	for i, name := range []string{old, now} {
		list, err := compare.Members(ctx, name)
		if err != nil {
			return nil, err
		}
		size[i] = list[len(list)-1].Size
		files[i] = memberFiles(list)
		if depends[i], err = dependsOf(ctx, name); err != nil {
			return nil, err
		}
		said[i], plugins[i], packages[i], modules[i] = map[string]thing{}, map[string]thing{}, map[string]thing{}, map[string]thing{}
		in, err := Inspect(ctx, name)
		if errors.Is(err, stamp.ErrUnknown) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if len(in.Programs) > 0 {
			describe(in.Programs[0], said[i], plugins[i], packages[i], modules[i])
		}
	}
	var out []Change
	for _, subject := range []string{"version", "application", "go", "zig", "graft", "lock"} {
		out = append(out, changed(subject, only(said[0], subject), only(said[1], subject))...)
	}
	out = append(out, changed("plugin", plugins[0], plugins[1])...)
	out = append(out, changed("module", modules[0], modules[1])...)
	out = append(out, changed("package", packages[0], packages[1])...)
	out = append(out, changed("depends", depends[0], depends[1])...)
	for _, c := range changed("file", files[0], files[1]) {
		if base := path.Base(c.Name); strings.Contains(base, ".so") || strings.HasSuffix(strings.ToLower(base), ".dll") {
			c.Subject = "library"
		}
		c.Old, c.New = shortDigest(c.Old), shortDigest(c.New)
		out = append(out, c)
	}
	if size[0] != size[1] {
		out = append(out, Change{Subject: "size", OldSize: size[0], NewSize: size[1]})
	}
	return out, nil
}

func only(m map[string]thing, subject string) map[string]thing {
	return map[string]thing{"": m[subject]}
}

func shortDigest(s string) string { return s[:min(len(s), len("sha256:")+12)] }

// memberFiles are the files in an artifact, archives left out. The folder that a tar.gz or a
// zip has its files in is named after the version, and does not count.
func memberFiles(list []compare.Member) map[string]thing {
	out := map[string]thing{}
	for _, m := range list {
		if m.Archive || m.Path == "" || m.Derived {
			continue
		}
		name := m.Name()
		if name == compare.Unpacked {
			name = compare.Member{Path: strings.TrimSuffix(m.Path, ": "+compare.Unpacked)}.Name()
		}
		if !strings.Contains(m.Path, ": ") {
			if _, rest, ok := strings.Cut(name, "/"); ok {
				name = rest
			}
		}
		if strings.HasPrefix(m.Meta, "type 5") {
			continue
		}
		out[name] = thing{m.Digest.String(), m.Size}
	}
	return out
}

// describe takes what a program says of itself.
func describe(p InspectedProgram, said, plugins, packages, modules map[string]thing) {
	for _, m := range p.Modules {
		text := m.Version
		if strings.HasSuffix(m.Replace, "@local") || text == "(devel)" {
			continue // a folder; the composition names it by its content
		}
		if m.Replace != "" {
			text += " => " + m.Replace
		}
		modules[m.Path] = thing{text: orFolder(text)}
	}
	said["go"] = thing{text: strings.TrimPrefix(p.Go, "go")}
	c := p.Composition
	if c == nil {
		return
	}
	said["go"], said["zig"], said["graft"] = thing{text: c.Go}, thing{text: c.Zig}, thing{text: c.Graft}
	said["version"], said["lock"] = thing{text: c.Version}, thing{text: shortDigest(c.Lock.String())}
	text := func(p stamp.Part) string {
		if p.Version == "" {
			return "(folder " + shortDigest(p.Source.String()) + ")"
		}
		return p.Version
	}
	said["application"] = thing{text: c.App.Package + " " + text(c.App)}
	for _, p := range c.Plugins {
		plugins[p.Package] = thing{text: text(p)}
	}
	for _, p := range c.Folders {
		modules[p.Package] = thing{text: text(p)}
	}
	for _, p := range c.Packages {
		version := p.Version
		if !p.Run {
			version += " (to build)"
		}
		packages[p.Name] = thing{text: version}
	}
}

// dependsOf are the relations of a Debian package by the packages' names.
func dependsOf(ctx context.Context, name string) (map[string]thing, error) {
	out := map[string]thing{}
	if !strings.HasSuffix(name, ".deb") {
		return out, nil
	}
	b, err := compare.Text(ctx, name, ": control")
	if err != nil || b == nil {
		return out, err
	}
	p, err := deb822.NewReader(bytes.NewReader(b)).Next()
	if err != nil {
		return nil, fmt.Errorf("read control of %s: %w", name, err)
	}
	for _, field := range []string{"Pre-Depends", "Depends", "Recommends", "Conflicts"} {
		relations, err := deb822.ParseRelations(p.Get(field))
		if err != nil {
			return nil, fmt.Errorf("read %s of %s: %w", field, name, err)
		}
		for _, r := range relations {
			prefix := ""
			if field != "Depends" {
				prefix = field + " "
			}
			out[prefix+r[0].Name] = thing{text: r.String()}
		}
	}
	return out, nil
}
