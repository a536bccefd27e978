// Package debsymbols reads the two control files by which Debian's library packages tell what
// a program that uses their libraries depends on: symbols, deb-symbols(5), says it by symbol,
// shlibs, deb-shlibs(5), by library. It feeds shlibdeps.
package debsymbols

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/graft-build/graft/internal/format/debver"
)

// MaxSize bounds a control file, in bytes. The largest of Debian, of C++ libraries, have some 5 MB.
const MaxSize = 32 << 20

// Base is the version of symbols that have none.
const Base = "Base"

// Symbols is a symbols file.
type Symbols struct {
	libraries map[string]*Library
}

// Library is what a symbols file says of one library.
type Library struct {
	Soname    string
	Templates []string          // dependency templates, the main one first: "libc6 #MINVER#"
	Fields    map[string]string // "Build-Depends-Package"
	symbols   map[string]Symbol // by name@version
}

// Symbol is one symbol of a library.
type Symbol struct {
	Least    debver.Version // the oldest version of the package that does for it
	Template int            // index into Templates
	Gone     bool           // the library has lost it
}

// Library returns what the file says of a library.
func (s *Symbols) Library(soname string) (*Library, bool) {
	l, ok := s.libraries[soname]
	return l, ok
}

// Find returns a symbol by name and version, "" for one without.
func (l *Library) Find(name, version string) (Symbol, bool) {
	if version == "" {
		version = Base
	}
	s, ok := l.symbols[name+"@"+version]
	return s, ok
}

// Template returns a dependency template, "" when there is none of that index.
func (l *Library) Template(i int) string {
	if i < 0 || i >= len(l.Templates) {
		return ""
	}
	return l.Templates[i]
}

// Oldest returns the smallest version that any symbol of a template asks for. Symbols that
// are gone count too, as they do for dpkg-shlibdeps.
func (l *Library) Oldest(template int) (v debver.Version, ok bool) {
	for _, s := range l.symbols {
		if s.Template != template {
			continue
		}
		if c := s.Least.Compare(v); !ok || c < 0 || c == 0 && s.Least.String() < v.String() {
			v, ok = s.Least, true
		}
	}
	return v, ok
}

var (
	symbolLine = regexp.MustCompile(`^(?:\s+|#(DEPRECATED|MISSING): [^#]+#\s*)(.*)`)
	include    = regexp.MustCompile(`^(\(.*\))?#include\s+"`)
	fieldLine  = regexp.MustCompile(`^\*\s*([^:]+):\s*(.*\S)\s*$`)
	headLine   = regexp.MustCompile(`^(\S+)\s+(.*)$`)
	restForm   = regexp.MustCompile(`^\s(\S+)(?:\s(\d{1,4}))?`)
)

// Parse reads a symbols file. Like dpkg it passes over lines that it can't make sense of.
func Parse(b []byte) (*Symbols, error) {
	if len(b) > MaxSize {
		return nil, fmt.Errorf("parse symbols: larger than %d bytes", MaxSize)
	}
	p := parser{out: &Symbols{libraries: map[string]*Library{}}}
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		if err := p.line(strings.TrimSuffix(line, "\n")); err != nil {
			return nil, fmt.Errorf("parse symbols: line %d: %w", n, err)
		}
	}
	return p.out, nil
}

type parser struct {
	out *Symbols
	lib *Library // that lines are about
}

func (p *parser) line(line string) error {
	if line == "" {
		return nil
	}
	// Nearly all lines are of symbols, which the expression would make slow.
	if line[0] == ' ' {
		return p.symbol(strings.TrimLeft(line, " \t\r\f\v"), false)
	}
	if m := symbolLine.FindStringSubmatch(line); m != nil {
		return p.symbol(m[2], m[1] != "")
	}
	if include.MatchString(line) {
		return fmt.Errorf("%q: a package's file can't include another", line)
	}
	if line[0] == '#' {
		return nil
	}
	if rest, ok := strings.CutPrefix(line, "|"); ok {
		if p.lib == nil {
			return fmt.Errorf("a dependency before the first library")
		}
		p.lib.Templates = append(p.lib.Templates, strings.TrimSpace(rest))
		return nil
	}
	if m := fieldLine.FindStringSubmatch(line); m != nil && p.lib != nil {
		p.lib.Fields[m[1]] = m[2]
		return nil
	}
	if m := headLine.FindStringSubmatch(line); m != nil {
		p.library(m[1], m[2])
	}
	return nil
}

// library begins what is said of a library. What a second header says replaces the templates.
func (p *parser) library(soname, template string) {
	if old, ok := p.out.libraries[soname]; ok {
		p.lib = old
	} else {
		p.lib = &Library{Soname: soname, Fields: map[string]string{}, symbols: map[string]Symbol{}}
		p.out.libraries[soname] = p.lib
	}
	p.lib.Templates = []string{template}
}

// symbol reads "name@version minimal-version [template]", with tags in front. Patterns (tags
// c++, regex and symver, and the old *@version) are for those who make packages: dpkg-gensymbols
// writes the symbols that they stand for into a package's file, and dpkg-shlibdeps looks at
// those alone.
func (p *parser) symbol(spec string, gone bool) error {
	if p.lib == nil {
		return fmt.Errorf("a symbol before the first library")
	}
	tags, name, rest := cutSymbol(spec)
	if name == "" || isPattern(tags, name) {
		return nil
	}
	m := restForm.FindStringSubmatch(rest)
	if m == nil {
		return nil
	}
	least, err := debver.Parse(m[1])
	if err != nil {
		return fmt.Errorf("symbol %s: %w", name, err)
	}
	s := Symbol{Least: least, Gone: gone}
	for _, c := range m[2] {
		s.Template = 10*s.Template + int(c-'0')
	}
	p.lib.symbols[name] = s
	return nil
}

// cutSymbol takes (tags) and the name, which may be quoted after tags, off the front.
func cutSymbol(spec string) (tags []string, name, rest string) {
	if inner, after, ok := strings.Cut(spec, ")"); ok && strings.HasPrefix(inner, "(") && len(inner) > 1 {
		tags = strings.Split(inner[1:], "|")
		spec = after
		if spec != "" && (spec[0] == '"' || spec[0] == '\'') {
			if name, rest, ok := strings.Cut(spec[1:], spec[:1]); ok {
				return tags, name, rest
			}
		}
	}
	end := strings.IndexAny(spec, " \t\r\f\v")
	if end < 0 {
		end = len(spec)
	}
	return tags, spec[:end], spec[end:]
}

func isPattern(tags []string, name string) bool {
	for _, t := range tags {
		t, _, _ = strings.Cut(t, "=")
		if t == "c++" || t == "regex" || t == "symver" {
			return true
		}
	}
	return strings.HasPrefix(name, "*@")
}
