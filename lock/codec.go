package lock

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/graft-build/graft/digest"
)

// FileName is the lock's name beside the manifest.
const FileName = "graft.lock"

// MaxSize is the largest lock that Parse reads, in bytes.
const MaxSize = 32 << 20

// Error is a lock that can't be used, with the line where there is one.
type Error struct {
	File string
	Line int // from 1, 0 when it concerns the whole file
	Text string
}

func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text)
	}
	return e.File + ": " + e.Text
}

// file is the JSON form of a Lock.
type file struct {
	Version      int          `json:"version"`
	Go           string       `json:"go"`
	Zig          *Zig         `json:"zig,omitempty"`
	Composition  Composition  `json:"composition"`
	Asked        []string     `json:"asked"`
	Modules      []Module     `json:"modules"`
	Sums         []string     `json:"sums"`
	ModuleFiles  []ModuleFile `json:"moduleFiles,omitempty"`
	Repositories []Repository `json:"repositories"`
	Targets      []Target     `json:"targets"`
	Packages     []Package    `json:"packages"`
}

// Encode returns the canonical form of l: its records sorted, each on a line of its own.
// l is not changed.
func Encode(l *Lock) ([]byte, error) {
	c := sorted(l)
	var b bytes.Buffer
	b.WriteString("{\n")
	field(&b, "version", Version, false)
	field(&b, "go", c.Go, false)
	if c.Zig != nil {
		field(&b, "zig", c.Zig, false)
	}
	field(&b, "composition", c.Composition, false)
	records(&b, "asked", c.Asked, false)
	records(&b, "modules", c.Modules, false)
	records(&b, "sums", c.Sums, false)
	if len(c.ModuleFiles) > 0 {
		records(&b, "moduleFiles", c.ModuleFiles, false)
	}
	records(&b, "repositories", c.Repositories, false)
	records(&b, "targets", c.Targets, false)
	records(&b, "packages", c.Packages, true)
	b.WriteString("}\n")
	if err := validate(c); err != nil {
		return nil, fmt.Errorf("encode lock: %w", err)
	}
	return b.Bytes(), nil
}

func field(b *bytes.Buffer, name string, v any, last bool) {
	fmt.Fprintf(b, "%q: %s", name, record(v))
	end(b, last)
}

func records[T any](b *bytes.Buffer, name string, list []T, last bool) {
	fmt.Fprintf(b, "%q: [", name)
	for i, v := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n" + record(v))
	}
	if len(list) > 0 {
		b.WriteByte('\n')
	}
	b.WriteByte(']')
	end(b, last)
}

func end(b *bytes.Buffer, last bool) {
	if !last {
		b.WriteByte(',')
	}
	b.WriteByte('\n')
}

// record is v on one line, as encoding/json writes it but for the HTML escapes.
func record(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // the record types have no value that JSON can't express
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// sorted is a copy of l in canonical order. The order of plugins, and of what is asked, is the user's.
func sorted(l *Lock) *Lock {
	c := *l
	c.Modules = slices.SortedStableFunc(slices.Values(l.Modules), func(a, b Module) int { return cmp.Compare(a.Path, b.Path) })
	c.Sums = slices.Compact(slices.Sorted(slices.Values(l.Sums)))
	c.ModuleFiles = slices.SortedFunc(slices.Values(l.ModuleFiles), func(a, b ModuleFile) int { return cmp.Compare(a.Path, b.Path) })
	c.Repositories = slices.SortedStableFunc(slices.Values(l.Repositories), func(a, b Repository) int { return cmp.Compare(a.ID, b.ID) })
	c.Targets = slices.SortedStableFunc(slices.Values(l.Targets), func(a, b Target) int { return cmp.Compare(a.Name, b.Name) })
	c.Packages = slices.SortedStableFunc(slices.Values(l.Packages), func(a, b Package) int {
		return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Arch, b.Arch))
	})
	return &c
}

// Parse reads a lock. name is only used in errors, which are *Error.
func Parse(name string, r io.Reader) (*Lock, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(b) > MaxSize {
		return nil, &Error{File: name, Text: fmt.Sprintf("the lock is larger than %d bytes", MaxSize)}
	}
	if line := conflict(b); line > 0 {
		return nil, &Error{File: name, Line: line, Text: "a merge conflict is left in the lock: keep the lines of both sides that you need, or one side, and run graft lock"}
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	var f file
	if err := dec.Decode(&f); err != nil {
		return nil, jsonError(name, b, dec.InputOffset(), err)
	}
	if f.Version != Version {
		return nil, &Error{File: name, Text: fmt.Sprintf("the lock has format version %d, this graft reads %d", f.Version, Version)}
	}
	if dec.More() {
		return nil, &Error{File: name, Text: "something follows the lock's closing bracket"}
	}
	l := &Lock{
		Go: f.Go, Zig: f.Zig, Composition: f.Composition, Asked: f.Asked, Modules: f.Modules, Sums: f.Sums,
		ModuleFiles: f.ModuleFiles, Repositories: f.Repositories, Targets: f.Targets, Packages: f.Packages,
	}
	if err := validate(l); err != nil {
		return nil, &Error{File: name, Text: err.Error()}
	}
	return l, nil
}

func jsonError(name string, b []byte, offset int64, err error) error {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &typ):
		offset = typ.Offset
	}
	line := 1 + bytes.Count(b[:min(offset, int64(len(b)))], []byte("\n"))
	return &Error{File: name, Line: line, Text: strings.TrimPrefix(err.Error(), "json: ")}
}

// conflict returns the line of the first merge marker, 0 when there is none.
func conflict(b []byte) int {
	for i, line := range bytes.Split(b, []byte("\n")) {
		if bytes.HasPrefix(line, []byte("<<<<<<< ")) || bytes.HasPrefix(line, []byte(">>>>>>> ")) {
			return i + 1
		}
	}
	return 0
}

// validate holds what the rest of graft relies on: identities are unique, references are
// met, paths stay below their base address.
func validate(l *Lock) error {
	repos := map[string]bool{}
	for _, r := range l.Repositories {
		if repos[r.ID] || r.ID == "" {
			return fmt.Errorf("repository %q stands twice or has no id", r.ID)
		}
		repos[r.ID] = true
	}
	targets := map[string]bool{}
	for _, t := range l.Targets {
		if targets[t.Name] || t.Name == "" {
			return fmt.Errorf("target %q stands twice or has no name", t.Name)
		}
		targets[t.Name] = true
	}
	modules := map[string]bool{}
	for _, m := range l.Modules {
		if modules[m.Path] {
			return fmt.Errorf("module %q stands twice", m.Path)
		}
		modules[m.Path] = true
	}
	files := map[string]bool{}
	for _, f := range l.ModuleFiles {
		switch {
		case files[f.Path]:
			return fmt.Errorf("module file %s stands twice", f.Path)
		case f.SHA256.IsZero() || f.Size <= 0:
			return fmt.Errorf("module file %s has no size or no SHA-256", f.Path)
		case !proxyPath(f.Path):
			return fmt.Errorf("module file %q is not MODULE/@v/VERSION.zip or .mod", f.Path)
		}
		files[f.Path] = true
	}
	type key struct{ target, name, arch string }
	seen := map[key]bool{}
	for _, p := range l.Packages {
		k := key{p.Target, p.Name, p.Arch}
		switch {
		case seen[k]:
			return fmt.Errorf("package %s (%s) of %s stands twice", p.Name, p.Arch, p.Target)
		case !targets[p.Target]:
			return fmt.Errorf("package %s is of target %q, which the lock does not have", p.Name, p.Target)
		case !repos[p.Repo]:
			return fmt.Errorf("package %s is of repository %q, which the lock does not have", p.Name, p.Repo)
		case p.SHA256.IsZero() || p.Size <= 0:
			return fmt.Errorf("package %s has no size or no SHA-256", p.Name)
		case !path.IsAbs("/"+p.Path) || path.Clean("/"+p.Path) != "/"+p.Path || strings.Contains(p.Path, `\`):
			return fmt.Errorf("package %s has the path %q, which is not clean", p.Name, p.Path)
		case p.Name == "" || strings.ContainsAny(p.Name, "/\\\x00\n") || strings.HasPrefix(p.Name, "."):
			return fmt.Errorf("package name %q is none", p.Name)
		}
		seen[k] = true
	}
	return nil
}

// proxyPath says whether a path is that of a module's zip or go.mod file below a proxy.
func proxyPath(p string) bool {
	escaped, file, ok := strings.Cut(p, "/@v/")
	version, isZip := strings.CutSuffix(file, ".zip")
	if !isZip {
		var isMod bool
		if version, isMod = strings.CutSuffix(file, ".mod"); !isMod {
			return false
		}
	}
	mod, err := module.UnescapePath(escaped)
	if err != nil || !ok {
		return false
	}
	v, err := module.UnescapeVersion(version)
	return err == nil && (module.Check(mod, v) == nil || mod == "golang.org/toolchain")
}

// Digest is the identity of a lock: that of its canonical form.
func (l *Lock) Digest() digest.Digest {
	b, err := Encode(l)
	if err != nil {
		return digest.Digest{}
	}
	return digest.Of(b)
}

// Part is what of a lock decides a target's program: all but other targets and how the
// composition was asked for.
func (l *Lock) Part(target string) *Lock {
	t, _ := l.Target(target)
	out := &Lock{Go: l.Go, Composition: l.Composition, Modules: l.Modules, Sums: l.Sums, Packages: l.PackagesOf(target)}
	out.Composition.Key = digest.Digest{}
	if out.Targets = []Target{t}; t.Cgo {
		out.Zig = l.Zig
	}
	for _, p := range out.Packages {
		if _, ok := out.Repository(p.Repo); !ok {
			r, _ := l.Repository(p.Repo)
			out.Repositories = append(out.Repositories, r)
		}
	}
	return out
}

// Target returns the record of a target.
func (l *Lock) Target(name string) (Target, bool) {
	for _, t := range l.Targets {
		if t.Name == name {
			return t, true
		}
	}
	return Target{}, false
}

// PackagesOf returns the packages of a target.
func (l *Lock) PackagesOf(target string) []Package {
	var out []Package
	for _, p := range l.Packages {
		if p.Target == target {
			out = append(out, p)
		}
	}
	return out
}

// Repository returns the record with an ID.
func (l *Lock) Repository(id string) (Repository, bool) {
	for _, r := range l.Repositories {
		if r.ID == id {
			return r, true
		}
	}
	return Repository{}, false
}
