package why

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/format/pc"
)

// Reason says what of package a asks for package b, the strongest evidence first: .pc files,
// what libraries load, what a link for the linker leads to, what headers include. For the time
// when programs run, what libraries load comes first. "" when the files tell nothing.
func Reason(a, b *Facts, running bool) string {
	order := []func(a, b *Facts) string{requires, loads, leads, links, includes}
	if running {
		order = append([]func(a, b *Facts) string{loads}, order...)
	}
	for _, f := range order {
		if text := f(a, b); text != "" {
			return text
		}
	}
	return ""
}

func requires(a, b *Facts) string {
	for _, name := range slices.Sorted(maps.Keys(a.Configs)) {
		c := a.Configs[name]
		if c == nil {
			continue
		}
		for _, way := range []struct {
			verb string
			deps []pc.Dep
		}{{"requires", c.Requires}, {"privately requires", c.RequiresPrivate}} {
			for _, d := range way.deps {
				if _, ok := b.Configs[d.Name]; ok {
					return fmt.Sprintf("%s.pc %s %s.pc", name, way.verb, d.Name)
				}
			}
		}
	}
	return ""
}

func loads(a, b *Facts) string {
	for _, name := range slices.Sorted(maps.Keys(a.Loads)) {
		for _, need := range a.Loads[name] {
			if _, ok := b.Has(need); ok {
				return fmt.Sprintf("%s needs %s", a.asked(name), need)
			}
		}
	}
	return ""
}

// asked is the name that others know a library by: that of the link with the shortest
// version, libcairo.so.2 for libcairo.so.2.11600.0.
func (f *Facts) asked(library string) string {
	best := library
	for _, link := range slices.Sorted(maps.Keys(f.Links)) {
		if f.Links[link] == library && strings.Contains(link, ".so.") && len(link) < len(best) {
			best = link
		}
	}
	return best
}

func leads(a, b *Facts) string {
	for _, link := range slices.Sorted(maps.Keys(a.Links)) {
		to := a.Links[link]
		if _, own := a.Has(to); own {
			continue
		}
		if _, ok := b.Has(to); ok {
			return fmt.Sprintf("%s leads to %s", link, b.asked(to))
		}
	}
	return ""
}

// links is about -l in .pc files.
func links(a, b *Facts) string {
	for _, name := range slices.Sorted(maps.Keys(a.Configs)) {
		c := a.Configs[name]
		if c == nil {
			continue
		}
		for _, flag := range c.Libs {
			for _, word := range flag.Words() {
				lib, ok := strings.CutPrefix(word, "-l")
				if !ok {
					continue
				}
				file := "lib" + lib + ".so"
				if _, own := a.Has(file); own {
					continue
				}
				if _, ok := b.Has(file); ok {
					return fmt.Sprintf("%s.pc links with -l%s", name, lib)
				}
			}
		}
	}
	return ""
}

// maxHeaders is how many headers of a package are read for their includes.
const maxHeaders = 2000

func includes(a, b *Facts) string {
	if len(b.Headers) == 0 {
		return ""
	}
	have := map[string]bool{}
	for _, h := range b.Headers {
		// -I of a folder in an include folder takes off the first elements.
		for rest, ok := h, true; ok; _, rest, ok = strings.Cut(rest, "/") {
			have[rest] = true
		}
	}
	for i, h := range a.Headers {
		if i == maxHeaders {
			return ""
		}
		text, ok := a.header(h)
		if !ok {
			continue
		}
		for line := range bytes.Lines(text) {
			name, ok := included(line)
			if !ok {
				continue
			}
			if _, own := a.Header(name); !own && have[name] {
				return fmt.Sprintf("%s includes <%s>", h, name)
			}
		}
	}
	return ""
}

// header reads a header, which is in one of a few folders.
func (f *Facts) header(name string) ([]byte, bool) {
	if f.dirs == nil {
		f.dirs, _ = filepath.Glob(filepath.Join(f.root, "*", "include"))
		nested, _ := filepath.Glob(filepath.Join(f.root, "usr", "lib", "*", "*", "include"))
		f.dirs = append(f.dirs, nested...)
	}
	for _, dir := range f.dirs {
		if b, err := readText(filepath.Join(dir, filepath.FromSlash(name))); err == nil {
			return b, true
		}
	}
	return nil, false
}

func included(line []byte) (string, bool) {
	s := strings.TrimSpace(string(line))
	if s = strings.TrimPrefix(s, "#"); len(s) == 0 {
		return "", false
	}
	s, ok := strings.CutPrefix(strings.TrimSpace(s), "include")
	s = strings.TrimSpace(s)
	if !ok || len(s) < 3 || s[0] != '<' && s[0] != '"' {
		return "", false
	}
	end := strings.IndexAny(s[1:], `>"`)
	if end < 1 {
		return "", false
	}
	return s[1 : end+1], true
}
