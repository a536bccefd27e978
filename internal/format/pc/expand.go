package pc

import (
	"errors"
	"fmt"
	"strings"
)

// state is a file while it is read.
type state struct {
	file    File
	globals []Var
	vars    map[string]int // index into file.Vars
	entries int
	sum     int // bytes of expanded values so far
}

func (s *state) entry(key string, op byte, value string) error {
	if s.entries++; s.entries > maxItems {
		return fmt.Errorf("more than %d entries", maxItems)
	}
	if op == '=' {
		v, err := s.expand(unquote(value))
		if err != nil {
			return err
		}
		s.define(key, v)
		return nil
	}
	v, err := s.expand(value)
	if err != nil {
		return err
	}
	return s.field(strings.ToLower(key), v)
}

func (s *state) define(name, value string) {
	if i, ok := s.vars[name]; ok {
		s.file.Vars[i] = Var{} // its place is where it was defined last
	}
	s.vars[name] = len(s.file.Vars)
	s.file.Vars = append(s.file.Vars, Var{name, value})
}

func (s *state) lookup(name string) string {
	for i := len(s.globals) - 1; i >= 0; i-- {
		if s.globals[i].Name == name {
			return s.globals[i].Value
		}
	}
	if i, ok := s.vars[name]; ok {
		return s.file.Vars[i].Value
	}
	return ""
}

// expand replaces every ${name}. "$" before anything else stands for itself. Values that were
// expanded before are not looked at again, so nothing can grow without end; sum bounds what
// doubling ("b=${a}${a}") makes of a file.
func (s *state) expand(value string) (string, error) {
	var b strings.Builder
	for {
		i := strings.Index(value, "${")
		if i < 0 {
			b.WriteString(value)
			break
		}
		b.WriteString(value[:i])
		name, rest, closed := strings.Cut(value[i+2:], "}")
		if !closed {
			return "", errors.New(`"${" without "}"`)
		}
		b.WriteString(s.lookup(name))
		value = rest
		if b.Len() > MaxValue {
			return "", errLong
		}
	}
	if b.Len() > MaxValue {
		return "", errLong
	}
	if s.sum += b.Len(); s.sum > maxSum {
		return "", errLong
	}
	return b.String(), nil
}

// unquote takes the quotes off a variable's value that begins with one: every quote of that
// kind goes, one behind a backslash stays.
func unquote(v string) string {
	if v == "" || v[0] != '\'' && v[0] != '"' {
		return v
	}
	q := v[0]
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		if v[i] == '\\' && i+1 < len(v) && v[i+1] == q {
			i++
			b.WriteByte(q)
		} else if v[i] != q {
			b.WriteByte(v[i])
		}
	}
	return b.String()
}

func (s *state) field(key, v string) (err error) {
	f := &s.file
	switch key {
	case "name":
		f.Name = v
	case "description":
		f.Description = v
	case "version":
		f.Version = firstWord(v)
	case "url":
		f.URL = v
	case "license":
		f.License = v
	case "requires":
		f.Requires, err = addDeps(f.Requires, v)
	case "requires.private", "requires.internal":
		f.RequiresPrivate, err = addDeps(f.RequiresPrivate, v)
	case "conflicts":
		f.Conflicts, err = addDeps(f.Conflicts, v)
	case "provides":
		f.Provides, err = addDeps(f.Provides, v)
	case "libs":
		f.Libs, err = addFlags(f.Libs, v)
	case "libs.private":
		f.LibsPrivate, err = addFlags(f.LibsPrivate, v)
	case "cflags":
		f.Cflags, err = addFlags(f.Cflags, v)
	case "cflags.private":
		f.CflagsPrivate, err = addFlags(f.CflagsPrivate, v)
	}
	return err
}

// firstWord is a version without what some files leave behind it.
func firstWord(v string) string {
	if i := strings.IndexAny(v, space); i >= 0 {
		return v[:i]
	}
	return v
}

func addFlags(to []Flag, v string) ([]Flag, error) {
	words, err := Words(v)
	if err != nil {
		return nil, err
	}
	to = append(to, Flags(words)...)
	if len(to) > maxItems {
		return nil, fmt.Errorf("more than %d flags", maxItems)
	}
	return to, nil
}

func addDeps(to []Dep, v string) ([]Dep, error) {
	to = append(to, ParseDeps(v)...)
	if len(to) > maxItems {
		return nil, fmt.Errorf("more than %d dependencies", maxItems)
	}
	return to, nil
}
