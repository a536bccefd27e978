package graft

import (
	"fmt"
	"path"
	"strings"

	"golang.org/x/mod/module"
)

// position is where new plugins go.
func (e *editing) position(before, after string) (int, error) {
	switch {
	case before != "" && after != "":
		return 0, &UsageError{"before one plugin and after another: want one place"}
	case before != "":
		return e.near(before)
	case after != "":
		i, err := e.near(after)
		return i + 1, err
	}
	return len(e.refs), nil
}

// near is the place of a plugin that may be named by the last element of its path alone:
// forward for github.com/coredns/coredns/plugin/forward.
func (e *editing) near(text string) (int, error) {
	i, err := e.present(text)
	if err == nil || strings.ContainsAny(text, "/@") {
		return i, err
	}
	var named []int
	for i, have := range e.refs {
		if path, _, _ := strings.Cut(have, "@"); lastElement(path) == text {
			named = append(named, i)
		}
	}
	switch len(named) {
	case 0:
		return 0, err
	case 1:
		return named[0], nil
	}
	return 0, &UsageError{fmt.Sprintf("%s can be %s or %s: name one of them", text, e.refs[named[0]], e.refs[named[1]])}
}

// lastElement is that of an import path, major versions left out.
func lastElement(pkg string) string {
	if prefix, major, ok := module.SplitPathVersion(pkg); ok && strings.HasPrefix(major, "/") {
		pkg = prefix
	}
	return path.Base(pkg)
}

// present is the place of a plugin that the user says is in the list.
func (e *editing) present(text string) (int, error) {
	path, version, versioned := strings.Cut(text, "@")
	for i, have := range e.refs {
		havePath, haveVersion, _ := strings.Cut(have, "@")
		switch {
		case have == text:
			return i, nil
		case !isModule(have):
			if absolute(e.project.dir, have) == absolute(e.base, text) {
				return i, nil
			}
		case havePath == path && (!versioned || version == haveVersion):
			return i, nil
		case havePath == path:
			return 0, &UsageError{fmt.Sprintf("%s is not in plugins.use, which has %s", text, have)}
		}
	}
	if len(e.refs) == 0 {
		return 0, &UsageError{fmt.Sprintf("%s is not in plugins.use, which is empty", text)}
	}
	return 0, &UsageError{fmt.Sprintf("%s is not in plugins.use, which has: %s", text, strings.Join(e.refs, ", "))}
}
