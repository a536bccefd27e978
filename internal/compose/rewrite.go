package compose

import (
	"cmp"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Rewriter turns the paths that a go command prints in a composition into those of the user,
// and hides secrets.
type Rewriter struct {
	base  string            // folder that shown paths start from, where that is shorter
	app   string            // folder that relative paths at the beginning of a line start from
	pkg   string            // folder of the package that is spoken of; "" when not known
	made  map[string]string // files that were generated, relative to app, to where the user can read them
	pairs []string
}

// relative is a position in the main module's folder, where the go command runs. A name
// without ./ before it is the C compiler's, which runs in the package's folder.
var relative = regexp.MustCompile(`(?m)^((?:vet: |In file included from )?)(\./)?([A-Za-z0-9_][^\s:]*\.(?:go|c|cc|cpp|cxx|h|s|S|m):\d+)`)

// Rewriter returns the Rewriter of the composition. Folders are shown relative to base, or
// to the composition's own Base, where that is shorter.
func (comp Composition) Rewriter(base string) Rewriter {
	base = cmp.Or(base, comp.Base)
	var pairs [][2]string
	add := func(from, to string) {
		pairs = append(pairs, [2]string{from, shorter(base, to)})
	}
	add(comp.Dir, comp.AppRoot)
	for _, d := range comp.LocalDirs {
		if d.Link == comp.Dir {
			continue
		}
		add(d.Link, d.Root)
		if rel, err := filepath.Rel(comp.Dir, d.Link); err == nil {
			add(rel, d.Root) // how the go command shortens it
		}
	}
	r := newRewriter(pairs)
	r.base = base
	r.app = shorter(base, comp.AppRoot)
	if rel, err := filepath.Rel(comp.AppRoot, comp.AppDir); err == nil && comp.Generated != "" {
		r.addMade(comp.Dir, filepath.Join(rel, comp.Generated), filepath.Join(filepath.Dir(comp.Dir), "plugins.go"))
	}
	for _, f := range comp.Files {
		r.addMade(comp.Dir, filepath.FromSlash(f), filepath.Join(filepath.Dir(comp.Dir), filepath.FromSlash(file{to: f}.name())))
	}
	return r
}

// addMade makes a generated file be called by where it can be read.
func (r *Rewriter) addMade(dir, rel, shown string) {
	if r.made == nil {
		r.made = map[string]string{}
	}
	r.made[rel] = shown
	r.pairs = append([]string{filepath.Join(dir, rel), shown}, r.pairs...)
}

func (c *composer) rewriter(dir string) Rewriter {
	comp := Composition{Base: c.spec.Dir, Dir: filepath.Join(dir, "app"), AppRoot: c.app.mod.root}
	for _, p := range c.replaces {
		if p.mod != nil {
			comp.LocalDirs = append(comp.LocalDirs, LocalDir{Root: p.mod.root, Link: filepath.Join(dir, filepath.FromSlash(p.link()))})
		}
	}
	return comp.Rewriter("")
}

func newRewriter(pairs [][2]string) Rewriter {
	// The longest first: a link may be the beginning of another one's path.
	slices.SortStableFunc(pairs, func(a, b [2]string) int { return len(b[0]) - len(a[0]) })
	var r Rewriter
	for _, p := range pairs {
		r.pairs = append(r.pairs, p[0], p[1])
	}
	return r
}

// In returns a Rewriter for messages about the package in a folder of the user.
func (r Rewriter) In(dir string) Rewriter {
	r.pkg = shorter(r.base, dir)
	return r
}

// Rewrite replaces the paths in a text.
func (r Rewriter) Rewrite(text string) string {
	if r.app != "" {
		text = relative.ReplaceAllStringFunc(text, func(s string) string {
			m := relative.FindStringSubmatch(s)
			if m[2] == "" && r.pkg != "" && !strings.Contains(m[3], "/") && !strings.Contains(m[3], ".go:") {
				return m[1] + filepath.Join(r.pkg, m[3])
			}
			name := filepath.Clean(m[3])
			colon := strings.LastIndexByte(name, ':')
			if shown := r.made[name[:colon]]; shown != "" {
				return m[1] + shown + name[colon:]
			}
			return m[1] + filepath.Join(r.app, m[3])
		})
	}
	return redact(strings.NewReplacer(r.pairs...).Replace(text))
}

func shorter(base, path string) string {
	if rel, err := filepath.Rel(base, path); err == nil && len(rel) < len(path) {
		return rel
	}
	return path
}
