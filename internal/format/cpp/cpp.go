// Package cpp tells which headers C source includes when it is compiled for one system, as far
// as the source itself decides: it follows directives, not the language (C17, 6.10). Headers of
// the system are not read, so that a condition on what they define is neither true nor false;
// what stands under it is only possible. It feeds stage detect and does no I/O of its own.
package cpp

import (
	"path"
	"slices"
	"strings"
)

// Certainty says how sure it is that a line is compiled. They are in order.
type Certainty int

const (
	No       Certainty = iota
	Possible           // it depends on what a header of the system or the compiler defines
	Likely             // unless a header of the system defines a name that nothing here does
	Sure
)

// Include is a header that none of the folders has.
type Include struct {
	Name   string // as it stands between the brackets
	File   string // the file that includes it
	Line   int
	Quoted bool // "name", not <name>
	Is     Certainty
}

// Config says how the source is compiled. Folders and files are slash-separated paths.
type Config struct {
	Defines map[string]string // macros of the compiler and of -D, with their values
	Absent  func(name string) bool
	Quote   []string // folders of -iquote
	Angle   []string // folders of -I and the like, in order
	// Read returns a file; false when there is none. The text is not changed.
	Read func(name string) ([]byte, bool)
}

// Limits. The largest amalgamations have some 250,000 lines and 30,000 directives.
const (
	maxDepth = 200
	maxSteps = 1 << 20 // directives that are followed in one unit
	maxTotal = 1 << 25 // and in all
	maxFile  = 64 << 20
)

// Scanner remembers the files that it has read. It is for one goroutine.
type Scanner struct {
	config Config
	files  map[string]*file
	total  int
}

// New returns a scanner.
func New(c Config) *Scanner { return &Scanner{config: c, files: map[string]*file{}} }

// Scan follows a file as one translation unit and returns what it includes from outside, in
// the order of the directives. text is its content, or nil to have it read.
func (s *Scanner) Scan(name string, text []byte, forced ...string) []Include {
	u := &unit{Scanner: s, macros: map[string]macro{}}
	for k, v := range s.config.Defines {
		u.macros[k] = macro{body: v, is: Sure}
	}
	for _, f := range forced {
		u.include(Include{Name: f, File: name, Quoted: true, Is: Sure}, 0)
	}
	var f *file
	if text != nil {
		f = parse(text)
	} else {
		f = s.open(name)
	}
	if f != nil {
		u.follow(name, f, Sure, 0)
	}
	return u.out
}

func (s *Scanner) open(name string) *file {
	f, ok := s.files[name]
	if !ok {
		if text, found := s.config.Read(name); found && len(text) <= maxFile {
			f = parse(text)
		}
		s.files[name] = f
	}
	return f
}

// unit is a translation unit.
type unit struct {
	*Scanner
	macros  map[string]macro
	outside bool // a header of the system was included
	steps   int
	out     []Include
}

type macro struct {
	body     string
	function bool
	is       Certainty // that it is defined; Possible: perhaps
}

// branch is one level of #if.
type branch struct {
	outer Certainty // what is around
	here  Certainty // of the branch that we are in
	rest  Certainty // that no branch before was taken
}

func (u *unit) follow(name string, f *file, is Certainty, depth int) {
	var stack []branch
	now := is
	for i, d := range f.directives {
		u.steps++
		u.total++
		if u.steps > maxSteps || u.total > maxTotal {
			return
		}
		switch d.kind {
		case dIf, dIfdef, dIfndef:
			c := u.condition(d, f.guards(i))
			b := branch{outer: now, here: c, rest: c.not()}
			stack = append(stack, b)
			now = min(now, c)
		case dElif, dElse:
			if len(stack) == 0 {
				continue
			}
			b := &stack[len(stack)-1]
			c := Sure
			if d.kind == dElif {
				c = u.condition(d, false)
			}
			b.here = min(b.rest, c)
			b.rest = min(b.rest, c.not())
			now = min(b.outer, b.here)
		case dEndif:
			if len(stack) > 0 {
				now = stack[len(stack)-1].outer
				stack = stack[:len(stack)-1]
			}
		case dDefine:
			u.define(d.text, now)
		case dUndef:
			if now == Sure {
				delete(u.macros, word(d.text))
			}
		case dInclude:
			if now > No {
				u.directive(name, d, now, depth)
			}
		}
	}
}

func (u *unit) define(text string, now Certainty) {
	name := word(text)
	if name == "" || now == No {
		return
	}
	rest := text[len(name):]
	m := macro{body: strings.TrimSpace(rest), function: strings.HasPrefix(rest, "("), is: now}
	if old, ok := u.macros[name]; ok && now < Sure && old.body != m.body {
		m.function = true // one or the other: its value is not known
		m.is = max(old.is, now)
	}
	u.macros[name] = m
}

// directive is an #include, whose operand may be a macro.
func (u *unit) directive(file string, d directive, now Certainty, depth int) {
	text := d.text
	for range 8 {
		m, ok := u.macros[word(text)]
		if !ok || m.function || word(text) != text {
			break
		}
		text = m.body
		now = min(now, m.is)
	}
	name, quoted, ok := operand(text)
	if ok {
		u.include(Include{Name: name, File: file, Line: d.line, Quoted: quoted, Is: now}, depth)
	}
}

// operand takes the brackets or quotes from a header's name.
func operand(text string) (name string, quoted, ok bool) {
	if len(text) < 3 || len(text) > 1024 {
		return "", false, false
	}
	closing := byte('>')
	switch text[0] {
	case '<':
	case '"':
		closing, quoted = '"', true
	default:
		return "", false, false
	}
	name, _, ok = strings.Cut(text[1:], string(closing))
	name = strings.TrimSpace(name)
	return name, quoted, ok && name != "" && !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '\ufffd' })
}

func (u *unit) include(in Include, depth int) {
	dirs := u.config.Angle
	if in.Quoted {
		dirs = slices.Concat([]string{path.Dir(in.File)}, u.config.Quote, dirs)
	}
	for _, dir := range dirs {
		name := path.Join(dir, in.Name)
		if f := u.open(name); f != nil {
			if depth < maxDepth {
				u.follow(name, f, in.Is, depth+1)
			}
			return
		}
	}
	u.outside = true
	if in.Is > No {
		u.out = append(u.out, in)
	}
}

func (c Certainty) not() Certainty {
	switch c {
	case No:
		return Sure
	case Possible:
		return Possible
	}
	return No
}
