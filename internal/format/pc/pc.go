// Package pc reads the .pc files of pkg-config: variables, fields, dependencies with
// versions. It does no I/O and knows no search path; package pkgconfig builds the command on
// top of it, and stage detect and the kit's pkg-config shim use that.
//
// There is no standard of the format. The rules here are those of pkgconf 1.8 and later,
// which Debian and MSYS2 ship: a variable is expanded where it stands, from what was
// defined above it; an unknown variable is empty; the last definition of a field's flags adds
// to the ones before.
package pc

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Limits of a file. Real ones have some kilobytes; a file beyond the limits is an error,
// never cut.
const (
	MaxFile  = 1 << 20   // bytes of a file
	MaxValue = 256 << 10 // bytes of a value after expansion
	maxSum   = 4 << 20   // bytes of all expanded values of a file together
	maxItems = 20_000    // entries of a file, words of a value
)

// An Op is how a dependency restricts a version.
type Op string

const (
	Any          Op = ""
	Less         Op = "<"
	LessEqual    Op = "<="
	Equal        Op = "="
	NotEqual     Op = "!="
	Greater      Op = ">"
	GreaterEqual Op = ">="
)

// Dep is a module's name with the versions that fit.
type Dep struct {
	Name    string
	Op      Op
	Version string
}

// String is the dependency as pkgconf prints it: "glib-2.0 >= 2.14".
func (d Dep) String() string {
	if d.Op == Any {
		return d.Name
	}
	return d.Name + " " + string(d.Op) + " " + d.Version
}

// Met says whether version v fits.
func (d Dep) Met(v string) bool {
	c := Compare(v, d.Version)
	switch d.Op {
	case Less:
		return c < 0
	case LessEqual:
		return c <= 0
	case Equal:
		return c == 0
	case NotEqual:
		return c != 0
	case Greater:
		return c > 0
	case GreaterEqual:
		return c >= 0
	}
	return true
}

// Var is a variable with its expanded value.
type Var struct{ Name, Value string }

// File is a .pc file, expanded. The flags are split into words; a flag that takes the next
// word as its argument ("-isystem", "-include") has it in the same Flag.
type File struct {
	Name, Description, Version, URL, License string

	Vars            []Var // in the order of their last definition
	Requires        []Dep
	RequiresPrivate []Dep
	Conflicts       []Dep
	Provides        []Dep
	Libs            []Flag
	LibsPrivate     []Flag
	Cflags          []Flag
	CflagsPrivate   []Flag
}

// Var returns a variable's value.
func (f *File) Var(name string) (string, bool) {
	for _, v := range f.Vars {
		if v.Name == name {
			return v.Value, true
		}
	}
	return "", false
}

// SyntaxError is a file that can't be used, with the line it is wrong in.
type SyntaxError struct {
	Line int // 0 for the whole file
	Text string
}

func (e *SyntaxError) Error() string {
	if e.Line == 0 {
		return e.Text
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Text)
}

var errLong = errors.New("value too long")

// Parse reads a file. Globals are variables that stand above the file and win over its own,
// such as those of --define-variable; "pcfiledir" belongs among them.
func Parse(text string, globals []Var) (*File, error) {
	if len(text) > MaxFile {
		return nil, &SyntaxError{Text: fmt.Sprintf("file has more than %d bytes", MaxFile)}
	}
	s := &state{globals: globals, vars: map[string]int{}}
	lines := lines{text: text}
	for n := 0; lines.next(); n++ {
		if n > maxItems {
			return nil, &SyntaxError{Text: fmt.Sprintf("file has more than %d lines", maxItems)}
		}
		key, op, value := split(lines.line)
		if op == 0 {
			continue
		}
		if err := s.entry(key, op, value); err != nil {
			return nil, &SyntaxError{Line: lines.number, Text: fmt.Sprintf("%s: %v", key, err)}
		}
	}
	s.file.Vars = slices.DeleteFunc(s.file.Vars, func(v Var) bool { return v.Name == "" })
	return &s.file, nil
}

// split divides a line into key, operator (':' or '=', 0 for a line that is neither) and value.
func split(line string) (key string, op byte, value string) {
	line = strings.Trim(line, space)
	i := 0
	for i < len(line) && keyChar(line[i]) {
		i++
	}
	key, rest := line[:i], strings.TrimLeft(line[i:], space)
	if key == "" || rest == "" || rest[0] != ':' && rest[0] != '=' {
		return "", 0, ""
	}
	return key, rest[0], strings.TrimLeft(rest[1:], space)
}

const space = " \t\n\v\f\r"

func keyChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.'
}
