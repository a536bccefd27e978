package pkgconfig

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/graft-build/graft/internal/format/pc"
)

// options is a command line, read.
type options struct {
	set      map[string]bool   // options without a value
	value    map[string]string // options with one
	globals  []pc.Var          // --define-variable
	depth    int
	modules  []pc.Dep
	unknown  string
	badValue string
}

// flagsOf lists the options without a value. Those that are accepted without an effect are
// ones whose effect is always on, or never wanted in a sysroot.
var flagNames = map[string]bool{
	"cflags": true, "libs": true, "cflags-only-I": true, "cflags-only-other": true,
	"libs-only-l": true, "libs-only-L": true, "libs-only-other": true, "libs-only-ldpath": true,
	"static": true, "shared": true, "pure": true, "exists": true, "uninstalled": true,
	"modversion": true, "version": true, "about": true, "help": true,
	"print-variables": true, "print-requires": true, "print-requires-private": true, "print-provides": true,
	"print-errors": true, "silence-errors": true, "short-errors": true, "errors-to-stdout": true,
	"keep-system-cflags": true, "keep-system-libs": true, "list-all": true, "list-package-names": true,
	"validate": true, "path": true, "license": true, "ignore-conflicts": true, "internal-cflags": true,
	"debug": true, "no-cache": true, "no-provides": true, "no-uninstalled": true, "dont-define-prefix": true,
	"define-prefix": true, "dont-relocate-paths": true, "msvc-syntax": true, "solution": true, "simulate": true,
	"digraph": true,
}

var refused = map[string]bool{"define-prefix": true, "msvc-syntax": true, "solution": true, "simulate": true, "digraph": true, "validate": true}

var valueNames = map[string]bool{
	"variable": true, "define-variable": true, "atleast-version": true, "exact-version": true, "max-version": true,
	"atleast-pkgconfig-version": true, "maximum-traverse-depth": true, "with-path": true, "env-only": true,
	"prefix-variable": true, "log-file": true, "relocate": true, "personality": true,
}

// parse reads a command line. Options may stand anywhere before "--", with one or two dashes,
// and with their value after "=" or in the next word.
func parse(args []string) (*options, error) {
	o := &options{set: map[string]bool{}, value: map[string]string{}, depth: -1}
	var names []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			names = append(names, args[i+1:]...)
			break
		}
		name, ok := strings.CutPrefix(a, "-")
		if !ok || name == "" {
			names = append(names, a)
			continue
		}
		name, value, has := strings.Cut(strings.TrimPrefix(name, "-"), "=")
		switch {
		case flagNames[name] && !has && !refused[name]:
			o.set[name] = true
			continue
		case !valueNames[name]:
			return nil, fmt.Errorf("unknown option %s", a)
		case !has && i+1 >= len(args):
			return nil, fmt.Errorf("option %s wants a value", a)
		case !has:
			i++
			value = args[i]
		}
		if err := o.option(name, value); err != nil {
			return nil, err
		}
	}
	o.modules = pc.ParseDeps(strings.Join(names, " "))
	return o, nil
}

func (o *options) option(name, value string) error {
	switch name {
	case "define-variable":
		n, v, ok := strings.Cut(value, "=")
		if !ok || n == "" {
			return fmt.Errorf("--define-variable wants NAME=VALUE, not %q", value)
		}
		o.globals = append(o.globals, pc.Var{Name: n, Value: v})
	case "maximum-traverse-depth":
		n, err := strconv.Atoi(value)
		if err != nil {
			return fmt.Errorf("--maximum-traverse-depth wants a number, not %q", value)
		}
		o.depth = n
	case "atleast-version", "exact-version", "max-version", "variable", "atleast-pkgconfig-version", "with-path":
		o.value[name] = value
	default:
		return fmt.Errorf("option --%s has no meaning in a sysroot", name)
	}
	return nil
}

// wants says whether one of the options was given.
func (o *options) wants(names ...string) bool {
	for _, n := range names {
		if o.set[n] {
			return true
		}
	}
	return false
}

// showsErrors says whether missing modules are reported: not by those options whose answer is
// the exit code, unless they are asked to.
func (o *options) showsErrors() bool {
	if o.set["silence-errors"] && !o.set["print-errors"] {
		return false
	}
	if o.set["print-errors"] {
		return true
	}
	quiet := o.set["exists"] || o.set["uninstalled"] || o.value["atleast-version"] != "" ||
		o.value["exact-version"] != "" || o.value["max-version"] != ""
	return !quiet
}
