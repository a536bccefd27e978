package pkgconfig

import (
	"errors"
	"slices"

	"github.com/graft-build/graft/internal/format/pc"
)

// maxVisits bounds a walk along every way. The graph of gtk4 (static) has some thousands; that
// of abseil's many small modules, which others require, has more than anybody can walk.
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
	lenient bool // what only Requires.private names may be missing
	seen    map[*module]bool
}

// roots walks. Where there are too many ways it comes to each module once, dependents before
// what they require, which leaves libraries in an order that a linker can use.
func (w *walk) roots(deps []pc.Dep) {
	// The command line itself is one step.
	trial := &walk{repo: w.repo, private: w.private, depth: w.depth, lenient: true, seen: map[*module]bool{}}
	trial.list(deps, "", w.depth-1)
	w.seen = map[*module]bool{}
	if trial.visits > maxVisits {
		w.once(deps)
		return
	}
	w.list(deps, "", w.depth-1)
}

// once visits each module that can be reached in the order of the last way to it.
func (w *walk) once(deps []pc.Dep) {
	type visit struct {
		m       *module
		private bool
	}
	var order []visit // the other way round
	done := map[*module]bool{}
	var list func(deps []pc.Dep, by string, private bool)
	one := func(d pc.Dep, by string, private bool) {
		m, ok := w.depend(d, by, private)
		if !ok || done[m] || m.above {
			return
		}
		m.above = true
		w.conflicts(m)
		if w.private {
			list(m.RequiresPrivate, m.id, true)
		}
		list(m.Requires, m.id, private)
		m.above = false
		done[m] = true
		order = append(order, visit{m, private})
	}
	list = func(deps []pc.Dep, by string, private bool) {
		for _, d := range slices.Backward(deps) {
			one(d, by, private)
		}
	}
	list(deps, "", false)
	for _, v := range slices.Backward(order) {
		if w.visit != nil {
			w.visit(v.m, v.private)
		}
	}
}

// depend finds the module of a dependency, and notes that there is none.
func (w *walk) depend(d pc.Dep, by string, private bool) (*module, bool) {
	m, err := w.repo.depend(d, by)
	var missing *NotFoundError
	switch {
	case err == nil:
		return m, true
	case w.lenient && private && errors.As(err, &missing):
		return nil, false
	}
	w.errs = append(w.errs, err)
	return nil, false
}

func (w *walk) list(deps []pc.Dep, by string, depth int) {
	for _, d := range deps {
		if w.visits > maxVisits {
			return
		}
		if m, ok := w.depend(d, by, w.inner); ok && !m.above {
			w.module(m, depth)
		}
	}
}

func (w *walk) module(m *module, depth int) {
	if depth == 0 {
		return
	}
	if w.visits++; w.visits > maxVisits {
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
