package debian

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/format/alternatives"
	"github.com/graft-build/graft/internal/format/deb"
	"github.com/graft-build/graft/internal/format/pc"
	"github.com/graft-build/graft/internal/resolve"
)

// Limits of a package that is read. The largest development packages of the archive have
// some 20,000 files and 1 GB.
const (
	maxMembers  = 1 << 19
	maxData     = 8 << 30
	maxHeader   = 16 << 20 // of one header; a longer one is not searched
	maxConfig   = 1 << 20
	maxScript   = 64 << 10
	maxIncludes = 1 << 18
)

// reading is what one package file tells. It depends on the file and the triplet alone.
type reading struct {
	Bits     int              `json:"bits"` // of layout
	Paths    []string         `json:"paths"`
	Configs  []resolve.Config `json:"configs,omitempty"`
	Includes []string         `json:"includes,omitempty"`
	Links    []resolve.Link   `json:"links,omitempty"`
	// Alternatives are paths that update-alternatives makes links of to files of the package.
	Alternatives []string `json:"alternatives,omitempty"`
}

// reader reads one package.
type reader struct {
	layout   layout
	out      reading
	includes map[string]bool
	archives map[string]bool
	links    map[string]resolve.Link
	linked   map[string][]string // links of alternatives by what they lead to
	aliases  map[string]string   // names of .pc files that are links, and what they lead to
}

// readPackage reads a .deb file.
func readPackage(name string, in io.Reader, l layout) (*reading, error) {
	pkg, err := deb.Open(name, in)
	if err != nil {
		return nil, err
	}
	defer pkg.Close()
	r := &reader{layout: l, linked: map[string][]string{}, includes: map[string]bool{}, archives: map[string]bool{}, links: map[string]resolve.Link{}, aliases: map[string]string{}}
	for _, a := range alternatives.Parse(pkg.Control["postinst"]) {
		r.linked[a.Path] = append(r.linked[a.Path], a.Link)
	}
	if err := r.tar(pkg.Data()); err != nil {
		return nil, fmt.Errorf("read package %s: %w", name, err)
	}
	return r.finish(), nil
}

func (r *reader) tar(data io.Reader) error {
	lim := &io.LimitedReader{R: data, N: maxData}
	tr := tar.NewReader(lim)
	for n := 0; ; n++ {
		h, err := tr.Next()
		if err == io.EOF && lim.N > 0 {
			return nil
		}
		if lim.N <= 0 || n == maxMembers {
			return errors.New("it has more files or bytes than a package may have")
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeSymlink && h.Typeflag != tar.TypeLink {
			continue
		}
		p := strings.TrimPrefix(h.Name, "./")
		if !safeMember(p) {
			return fmt.Errorf("path %.200q", h.Name)
		}
		if err := r.member(p, h, tr); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		for _, link := range r.linked[p] {
			if err := r.alternative(link, p, h, tr); err != nil {
				return fmt.Errorf("%s: %w", p, err)
			}
		}
	}
}

func safeMember(p string) bool {
	return p == path.Clean(p) && p != "." && !path.IsAbs(p) && p != ".." && !strings.HasPrefix(p, "../") && strings.IndexByte(p, 0) < 0
}

func (r *reader) member(p string, h *tar.Header, in io.Reader) error {
	bits, keep := r.layout.classify(p)
	r.out.Bits |= bits
	if keep {
		r.out.Paths = append(r.out.Paths, p)
	}
	switch {
	case bits&holdsConfigs != 0 && h.Typeflag == tar.TypeReg:
		return r.config(p, h.Size, in)
	case bits&holdsConfigs != 0:
		name, _ := r.layout.config(p)
		r.aliases[name] = strings.TrimSuffix(path.Base(h.Linkname), ".pc")
	case bits&holdsHeaders != 0 && h.Typeflag == tar.TypeReg && h.Size <= maxHeader:
		return r.header(in)
	case bits&(holdsLinks|holdsArchives) != 0:
		return r.library(p, h, in)
	}
	return nil
}

// alternative notes a file under the name of a link to it.
func (r *reader) alternative(link, p string, h *tar.Header, in io.Reader) error {
	r.out.Alternatives = append(r.out.Alternatives, link)
	if name, ok := r.layout.config(link); ok {
		if own, ok := r.layout.config(p); ok {
			r.aliases[name] = own // it was read already
			return nil
		}
	}
	return r.member(link, h, in)
}

// config reads a .pc file. One that does not parse asks for nothing: who needs it will be
// told by pkg-config.
func (r *reader) config(p string, size int64, in io.Reader) error {
	if size > maxConfig {
		return fmt.Errorf("it is longer than %d bytes", maxConfig)
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	name, _ := r.layout.config(p)
	c := resolve.Config{Name: name}
	if f, err := pc.Parse(string(text), []pc.Var{{Name: "pcfiledir", Value: "/" + path.Dir(p)}}); err == nil {
		c.Requires, c.Private = names(f.Requires), names(f.RequiresPrivate)
		for _, flag := range f.Libs {
			if flag.Type == 'l' {
				c.Libs = append(c.Libs, flag.Data)
			}
		}
	}
	r.out.Configs = append(r.out.Configs, c)
	return nil
}

func names(deps []pc.Dep) []string {
	var out []string
	for _, d := range deps {
		if !slices.Contains(out, d.Name) {
			out = append(out, d.Name)
		}
	}
	return out
}

// header notes what a header includes, under whatever condition.
func (r *reader) header(in io.Reader) error {
	b := bufio.NewReaderSize(in, 32<<10)
	for {
		line, err := b.ReadSlice('\n')
		if name, ok := includeOf(line); ok && len(r.includes) < maxIncludes {
			r.includes[name] = true
		}
		if err == io.EOF {
			return nil
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// includeOf reads the name out of "#include <name>".
func includeOf(line []byte) (string, bool) {
	const space = " \t"
	line = bytes.TrimLeft(line, space)
	rest, ok := bytes.CutPrefix(line, []byte("#"))
	if !ok {
		return "", false
	}
	rest = bytes.TrimLeft(rest, space)
	if rest, ok = bytes.CutPrefix(rest, []byte("include")); !ok {
		return "", false
	}
	rest = bytes.TrimLeft(bytes.TrimPrefix(rest, []byte("_next")), space)
	if len(rest) == 0 {
		return "", false
	}
	closing, ok := map[byte]byte{'<': '>', '"': '"'}[rest[0]]
	if !ok {
		return "", false
	}
	end := bytes.IndexByte(rest[1:], closing)
	if end <= 0 || end > 512 {
		return "", false
	}
	name := string(rest[1 : 1+end])
	for strings.HasPrefix(name, "../") || strings.HasPrefix(name, "./") {
		_, name, _ = strings.Cut(name, "/")
	}
	if name == "" || strings.IndexFunc(name, func(c rune) bool { return c < ' ' }) >= 0 {
		return "", false
	}
	return name, true
}

// library notes what -l finds here.
func (r *reader) library(p string, h *tar.Header, in io.Reader) error {
	base := path.Base(p)
	name, shared := strings.CutSuffix(strings.TrimPrefix(base, "lib"), ".so")
	if !shared {
		r.archives[strings.TrimSuffix(name, ".a")] = true
		return nil
	}
	link := resolve.Link{Name: name}
	switch {
	case h.Typeflag == tar.TypeSymlink:
		link.Targets = []string{path.Base(h.Linkname)}
	case h.Typeflag == tar.TypeReg && h.Size <= maxScript:
		text, err := io.ReadAll(in)
		if err != nil {
			return err
		}
		link.Targets, link.Libs = script(text)
	}
	if link.Targets == nil && link.Libs == nil {
		link.Targets = []string{base} // a library itself
	}
	r.links[name] = link
	return nil
}

// script finds the libraries that a GNU ld script names.
func script(text []byte) (targets, libs []string) {
	if bytes.HasPrefix(text, []byte("\x7fELF")) || bytes.IndexByte(text, 0) >= 0 {
		return nil, nil
	}
	words := strings.FieldsFunc(string(text), func(c rune) bool { return strings.ContainsRune(" \t\r\n(),;", c) })
	for _, w := range words {
		base := path.Base(w)
		switch {
		case strings.HasPrefix(w, "-l") && len(w) > 2:
			libs = append(libs, w[2:])
		case strings.HasPrefix(base, "lib") && (strings.HasSuffix(base, ".so") || strings.Contains(base, ".so.")):
			targets = append(targets, base)
		}
	}
	return targets, libs
}

func (r *reader) finish() *reading {
	slices.Sort(r.out.Alternatives)
	slices.Sort(r.out.Paths)
	r.out.Paths = slices.Compact(r.out.Paths)
	r.follow()
	slices.SortFunc(r.out.Configs, func(a, b resolve.Config) int { return strings.Compare(a.Name, b.Name) })
	for name := range r.archives {
		if _, ok := r.links[name]; !ok {
			r.links[name] = resolve.Link{Name: name, Static: true}
		}
	}
	for _, l := range r.links {
		r.out.Links = append(r.out.Links, l)
	}
	slices.SortFunc(r.out.Links, func(a, b resolve.Link) int { return strings.Compare(a.Name, b.Name) })
	own := map[string]bool{}
	for _, p := range r.out.Paths {
		if h, ok := r.layout.header(p); ok {
			for name := h; name != ""; {
				own[name] = true
				_, name, _ = strings.Cut(name, "/")
			}
		}
	}
	for name := range r.includes {
		if !own[name] {
			r.out.Includes = append(r.out.Includes, name)
		}
	}
	slices.Sort(r.out.Includes)
	return &r.out
}

// follow gives .pc files that are links the content of what they lead to. That of another
// package (python3.pc) is required.
func (r *reader) follow() {
	for name := range r.aliases {
		to := r.aliases[name]
		for range 8 {
			next, ok := r.aliases[to]
			if !ok {
				break
			}
			to = next
		}
		c := resolve.Config{Name: name, Requires: []string{to}}
		at := slices.IndexFunc(r.out.Configs, func(c resolve.Config) bool { return c.Name == to })
		if at >= 0 {
			c = r.out.Configs[at]
			c.Name = name
		}
		if to != name {
			r.out.Configs = append(r.out.Configs, c)
		}
	}
}
