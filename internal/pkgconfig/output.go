package pkgconfig

import (
	"fmt"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/format/pc"
)

// flags prints what --cflags, --libs and their parts ask for, on one line.
func (c *command) flags() {
	cflags := c.wants("cflags", "cflags-only-I", "cflags-only-other")
	libs := c.wants("libs", "libs-only-l", "libs-only-L", "libs-only-ldpath", "libs-only-other")
	if !cflags && !libs {
		return
	}
	var all []pc.Flag
	if cflags {
		all = append(all, c.filter(c.collectCflags(), c.wantsCflag)...)
	}
	if libs {
		all = append(all, c.filter(c.collectLibs(), c.wantsLib)...)
	}
	if c.repo.cfg.Clean != nil {
		all = c.repo.cfg.Clean(all)
	}
	words := make([]string, len(all))
	for i, f := range all {
		words[i] = f.String()
	}
	fmt.Fprintln(c.out, strings.Join(words, " "))
}

func (c *command) collectCflags() []pc.Flag {
	var l flagList
	static := c.wants("static")
	c.walk(true, func(m *module, private bool) { c.add(&l, m, m.Cflags, false) })
	if static {
		c.walk(true, func(m *module, private bool) { c.add(&l, m, m.CflagsPrivate, true) })
	}
	return l.flags()
}

func (c *command) collectLibs() []pc.Flag {
	var l flagList
	static := c.wants("static")
	c.walk(static, func(m *module, private bool) {
		c.add(&l, m, m.Libs, private)
		if static {
			c.add(&l, m, m.LibsPrivate, true)
		}
	})
	return l.flags()
}

func (c *command) walk(private bool, visit func(*module, bool)) {
	w := &walk{repo: c.repo, private: private, depth: c.depth, visit: visit, lenient: c.lenient()}
	w.roots(c.modules)
}

func (c *command) add(l *flagList, m *module, flags []pc.Flag, private bool) {
	for _, f := range flags {
		l.add(c.repo.locate(m, f), private)
	}
}

func (c *command) filter(flags []pc.Flag, want func(pc.Flag) bool) []pc.Flag {
	return slices.DeleteFunc(flags, func(f pc.Flag) bool {
		return !want(f) || c.repo.system(f, c.keepCflags, c.keepLibs)
	})
}

func (c *command) wantsCflag(f pc.Flag) bool {
	return c.wants("cflags") ||
		f.Type == 'I' && c.wants("cflags-only-I") ||
		f.Type != 'I' && c.wants("cflags-only-other")
}

func (c *command) wantsLib(f pc.Flag) bool {
	return c.wants("libs") ||
		f.Type == 'l' && c.wants("libs-only-l") ||
		f.Type == 'L' && c.wants("libs-only-L", "libs-only-ldpath") ||
		f.Type != 'l' && f.Type != 'L' && c.wants("libs-only-other")
}
