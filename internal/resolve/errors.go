package resolve

import (
	"cmp"
	"fmt"
	"strings"
)

// MissingError lists every need that no package of the repository meets.
type MissingError struct {
	Needs []MissingNeed
	In    string // the repository and the target, when the caller says so: "debian-bookworm for rpi4"
}

// MissingNeed is one of them, with needs of the same kind that look like it.
type MissingNeed struct {
	Need
	Similar []string
}

func (e *MissingError) Error() string {
	var b strings.Builder
	b.WriteString("no package of " + cmp.Or(e.In, "the repository") + " meets")
	for i, n := range e.Needs {
		if len(e.Needs) > 1 {
			b.WriteString("\n\t")
		} else {
			b.WriteByte(' ')
		}
		b.WriteString(n.Need.String())
		if len(n.From) > 0 {
			b.WriteString(", needed by " + strings.Join(n.From, ", "))
		}
		if len(n.Similar) > 0 {
			b.WriteString("; close to it: " + strings.Join(n.Similar, ", "))
		}
		if len(e.Needs) > 1 && i < len(e.Needs)-1 {
			b.WriteByte(',')
		}
	}
	return b.String()
}

// Want is what one package says of another.
type Want struct{ Package, Dependency string }

// ConflictError is that packages want versions of one package that no version is.
type ConflictError struct {
	Name  string
	Wants []Want
}

func (e *ConflictError) Error() string {
	s := make([]string, len(e.Wants))
	for i, w := range e.Wants {
		s[i] = fmt.Sprintf("%s wants %s", w.Package, w.Dependency)
	}
	return fmt.Sprintf("choose a version of %s: none fits all: %s", e.Name, strings.Join(s, ", "))
}

// UnmetError is a dependency of a package that must run, which no package satisfies.
type UnmetError struct{ Want }

func (e *UnmetError) Error() string {
	return fmt.Sprintf("satisfy dependencies of %s: no package is %s", e.Package, e.Dependency)
}
