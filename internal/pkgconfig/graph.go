package pkgconfig

import (
	"fmt"

	"github.com/graft-build/graft/internal/format/pc"
)

// maxVisits bounds a walk. The largest graph of Debian's own files (gtk4, static) has some
// thousands; only a hostile one, where each module doubles the ways to the next, has more.
const maxVisits = 100_000

// walk is one way through the graph of modules, dependents first, in the order of the files.
// Like pkgconf's it comes to a module once for each way that leads there, because what comes
// last counts for the order of libraries; a way never meets the same module twice.
type walk struct {
	repo    *repository
	private bool // follow Requires.private too
	depth   int  // how deep to go, below 0 for all the way
	visit   func(m *module, private bool)
	errs    []error
	visits  int
	inner   bool // inside Requires.private
	seen    map[*module]bool
}

func (w *walk) roots(deps []pc.Dep) {
	w.seen = map[*module]bool{}
	// The command line itself is one step.
	w.list(deps, "", w.depth-1)
}

func (w *walk) list(deps []pc.Dep, by string, depth int) {
	for _, d := range deps {
		if w.visits > maxVisits {
			return
		}
		m, err := w.repo.depend(d, by)
		if err != nil {
			w.errs = append(w.errs, err)
			continue
		}
		if !m.above {
			w.module(m, depth)
		}
	}
}

func (w *walk) module(m *module, depth int) {
	if depth == 0 {
		return
	}
	if w.visits++; w.visits > maxVisits {
		w.errs = append(w.errs, fmt.Errorf("the dependencies of the modules branch more than %d times", maxVisits))
		return
	}
	if !w.seen[m] {
		w.seen[m] = true
		w.conflicts(m)
	}
	if w.visit != nil {
		w.visit(m, w.inner)
	}
	m.above = true
	w.list(m.Requires, m.id, depth-1)
	if w.private {
		// pkgconf forgets here that it may have been inside before; so do we, for the same order.
		w.inner = true
		w.list(m.RequiresPrivate, m.id, depth-1)
		w.inner = false
	}
	m.above = false
}

// conflicts checks a module's Conflicts against what it requires itself, as pkgconf does.
func (w *walk) conflicts(m *module) {
	for _, c := range m.Conflicts {
		for _, d := range m.Requires {
			if d.Name != c.Name {
				continue
			}
			if other, err := w.repo.depend(c, m.id); err == nil {
				w.errs = append(w.errs, &ConflictError{Module: m.id, Rule: c, Have: other.Version})
			}
		}
	}
}
