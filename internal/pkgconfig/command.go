package pkgconfig

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/format/pc"
)

// Run answers a command line: args without the program's name. It returns the exit status.
func Run(cfg Config, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "pkg-config: %v\n", err)
		return 1
	}
	if v := o.value["with-path"]; v != "" {
		cfg.Dirs = append(filepath.SplitList(v), cfg.Dirs...)
	}
	c := &command{
		options: o, repo: newRepository(cfg, o.globals), out: stdout, errOut: stderr,
		keepCflags: o.set["keep-system-cflags"] || getenv(cfg.Env, "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS") != "",
		keepLibs:   o.set["keep-system-libs"] || getenv(cfg.Env, "PKG_CONFIG_ALLOW_SYSTEM_LIBS") != "",
	}
	if o.set["errors-to-stdout"] {
		c.errOut = stdout
	}
	if !o.showsErrors() {
		c.errOut = io.Discard
	}
	if !c.run() {
		return 1
	}
	return 0
}

type command struct {
	*options
	repo                 *repository
	out, errOut          io.Writer
	keepCflags, keepLibs bool
	roots                []*module
}

func (c *command) run() bool {
	switch {
	case c.wants("version"):
		fmt.Fprintln(c.out, Version)
		return true
	case c.wants("about"):
		fmt.Fprintf(c.out, "graft's pkg-config, after pkgconf %s\n", Version)
		return true
	case c.wants("help"):
		fmt.Fprint(c.out, usage)
		return true
	case c.value["atleast-pkgconfig-version"] != "":
		return pc.Compare(Version, c.value["atleast-pkgconfig-version"]) >= 0
	case c.wants("list-all", "list-package-names"):
		c.listAll()
		return true
	}
	if len(c.modules) == 0 {
		fmt.Fprintln(c.errOut, "Please specify at least one package name on the command line.")
		return false
	}
	if fits, asked := c.versions(); asked {
		return fits
	}
	return c.verify() && c.answer()
}

const usage = `usage: pkg-config [options] MODULE [OP VERSION] …
  --cflags --libs             flags; also --cflags-only-I, --cflags-only-other,
                              --libs-only-l, --libs-only-L, --libs-only-other
  --static                    flags for static linking
  --exists --modversion       is it there, and which version
  --atleast-version=V --exact-version=V --max-version=V
  --variable=NAME --print-variables --define-variable=NAME=VALUE
  --print-requires --print-requires-private --print-provides --path --license
  --list-all --list-package-names
  --keep-system-cflags --keep-system-libs --print-errors --silence-errors
`

// verify reads the whole graph of the modules asked for, so that a missing one is an error
// whatever is asked about the others.
func (c *command) verify() bool {
	private := c.wants("static", "cflags", "cflags-only-I", "cflags-only-other", "exists", "print-requires-private")
	w := &walk{repo: c.repo, private: private, depth: c.depth, lenient: c.lenient()}
	w.roots(c.modules)
	errs := w.errs
	if c.wants("ignore-conflicts") {
		errs = slices.DeleteFunc(errs, func(err error) bool {
			var conflict *ConflictError
			return errors.As(err, &conflict)
		})
	}
	c.report(errs)
	if len(errs) > 0 {
		return false
	}
	for _, d := range c.modules {
		if m, err := c.repo.depend(d, ""); err == nil {
			c.roots = append(c.roots, m)
		}
	}
	return true
}

// lenient says whether Requires.private may name what is not there: in a sysroot that has only
// what is used. Static linking wants it all.
func (c *command) lenient() bool { return c.repo.cfg.LenientPrivate && !c.wants("static") }

// report prints each error once, with where was looked.
func (c *command) report(errs []error) {
	seen := map[string]bool{}
	for _, err := range errs {
		var nf *NotFoundError
		if errors.As(err, &nf) && !c.wants("short-errors") && !seen[nf.Name] {
			seen[nf.Name] = true
			fmt.Fprintf(c.errOut, "Package %s was not found in the pkg-config search path:\n", nf.Name)
			for _, d := range c.repo.dirs {
				fmt.Fprintf(c.errOut, "  %s\n", d)
			}
		}
		if text := err.Error(); !seen[text] {
			seen[text] = true
			fmt.Fprintln(c.errOut, text)
		}
	}
}

// versions answers --atleast-version and its like, about every module asked for and nothing
// that they require.
func (c *command) versions() (fits, asked bool) {
	fits = true
	for _, q := range []struct {
		name string
		op   pc.Op
	}{{"atleast-version", pc.GreaterEqual}, {"exact-version", pc.Equal}, {"max-version", pc.LessEqual}} {
		v := c.value[q.name]
		if v == "" {
			continue
		}
		asked = true
		for _, d := range c.modules {
			m, err := c.repo.depend(d, "")
			if err != nil {
				c.report([]error{err})
			}
			fits = fits && err == nil && (pc.Dep{Op: q.op, Version: v}).Met(m.Version)
		}
	}
	return fits, asked
}

func (c *command) answer() bool {
	if c.wants("uninstalled") {
		return false
	}
	for _, m := range c.roots {
		c.about(m)
	}
	if name, ok := c.value["variable"]; ok {
		c.variable(name)
	}
	c.flags()
	return true
}

// about prints what is asked about one module.
func (c *command) about(m *module) {
	if c.wants("modversion") {
		fmt.Fprintln(c.out, m.Version)
	}
	if c.wants("license") {
		license := m.License
		if license == "" {
			license = "NOASSERTION"
		}
		fmt.Fprintf(c.out, "%s: %s\n", m.id, license)
	}
	if c.wants("path") && m.file != "" {
		fmt.Fprintln(c.out, m.file)
	}
	if c.wants("print-provides") {
		c.deps(m.Provides)
		fmt.Fprintln(c.out, pc.Dep{Name: m.id, Op: pc.Equal, Version: m.Version})
	}
	if c.wants("print-requires") {
		c.deps(m.Requires)
	}
	if c.wants("print-requires-private") {
		c.deps(m.RequiresPrivate)
	}
	if c.wants("print-variables") {
		for i := len(m.Vars) - 1; i >= 0; i-- {
			fmt.Fprintln(c.out, m.Vars[i].Name)
		}
		fmt.Fprintln(c.out, "pcfiledir")
	}
}

func (c *command) deps(deps []pc.Dep) {
	for _, d := range deps {
		fmt.Fprintln(c.out, d)
	}
}

// variable prints the values of a variable, moved into the sysroot when they are paths.
func (c *command) variable(name string) {
	var values []string
	for _, m := range c.roots {
		var v string
		switch name {
		case "pcfiledir":
			v = filepath.Dir(m.file)
		case "pc_sysrootdir":
			v = c.repo.cfg.Sysroot
			if v == "" {
				v = "/"
			}
		default:
			v, _ = m.Var(name)
			for _, g := range c.globals {
				if g.Name == name {
					v = g.Value
				}
			}
			if m.inside {
				v = c.repo.move(v)
			}
		}
		if v != "" {
			values = append(values, v)
		}
	}
	fmt.Fprintln(c.out, strings.Join(values, " "))
}

func (c *command) listAll() {
	names := c.repo.list()
	for _, n := range names {
		if c.wants("list-package-names") {
			fmt.Fprintln(c.out, n)
			continue
		}
		m, err := c.repo.find(n)
		if err != nil {
			fmt.Fprintf(c.errOut, "%v\n", err)
			continue
		}
		fmt.Fprintf(c.out, "%-30s %s - %s\n", n, m.Name, m.Description)
	}
}
