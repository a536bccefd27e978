package resolve

import (
	"context"
	"fmt"
)

// pending is a dependency of the run closure that is still to be decided.
type pending struct {
	from *member // who is kept
	at   Package // who states it: from, or a package on the way that holds nothing
	dep  Dependency
}

// run follows the dependencies of linked libraries and roots, in waves. Dependencies that
// leave a choice between packages come last, when others may have decided it.
func (s *solver) run(ctx context.Context, starts []*member) error {
	r := &runner{solver: s, asked: map[Package]bool{}}
	for _, m := range starts {
		if err := r.keep(ctx, m); err != nil {
			return err
		}
	}
	for len(r.now) > 0 || len(r.later) > 0 {
		wave := r.now
		r.now = nil
		if len(wave) == 0 {
			wave, r.later = r.later[:1], r.later[1:]
		}
		if err := r.wave(ctx, wave); err != nil {
			return err
		}
	}
	return nil
}

type runner struct {
	*solver
	now, later []pending
	asked      map[Package]bool
}

// keep puts a package into the run closure.
func (r *runner) keep(ctx context.Context, m *member) error {
	if m.run {
		return nil
	}
	m.run = true
	return r.ask(ctx, m, m.Package)
}

// ask queues the dependencies of a package.
func (r *runner) ask(ctx context.Context, from *member, at Package) error {
	if r.asked[at] {
		return nil
	}
	r.asked[at] = true
	deps, err := r.dependsOf(ctx, at)
	if err != nil {
		return err
	}
	for _, d := range deps {
		p := pending{from, at, d}
		if several(d) {
			r.later = append(r.later, p)
		} else {
			r.now = append(r.now, p)
		}
	}
	return nil
}

// several says whether packages of different names satisfy a dependency.
func several(d Dependency) bool {
	for _, c := range d.Candidates {
		if c.Name != d.Candidates[0].Name {
			return true
		}
	}
	return false
}

func (r *runner) wave(ctx context.Context, wave []pending) error {
	picks := make([]Package, 0, len(wave))
	for _, w := range wave {
		p, ok, err := r.pick(w.at, w.dep)
		if err != nil {
			return err
		}
		if !ok {
			return &UnmetError{Want{w.at.Name, w.dep.Text}}
		}
		picks = append(picks, p)
	}
	if r.evidence != nil {
		if err := r.evidence.Prepare(ctx, nil, picks); err != nil {
			return fmt.Errorf("read packages: %w", err)
		}
	}
	for i, w := range wave {
		if err := r.decideOn(ctx, w, picks[i]); err != nil {
			return err
		}
	}
	return nil
}

// decideOn keeps or leaves what satisfies a dependency.
func (r *runner) decideOn(ctx context.Context, w pending, p Package) error {
	// An earlier one of the same wave may have taken another version of it.
	if m := r.members[p.Name]; m != nil && m.Package != p {
		var err error
		if p, _, err = r.pick(w.at, w.dep); err != nil {
			return err
		}
	}
	t, err := r.traitsOf(ctx, p)
	if err != nil {
		return err
	}
	from, err := r.traitsOf(ctx, w.from.Package)
	if err != nil {
		return err
	}
	licence := t.Empty && from.DocLink && p.Source == w.from.Source
	switch {
	case t.Library, t.Data, licence:
		m, err := r.take(p)
		if err != nil {
			return err
		}
		return r.keep(ctx, m)
	case t.Empty:
		return r.ask(ctx, w.from, p)
	case t.Programs:
		r.decide("%s: left out of what it depends on, for it has only programs: %s", w.at.Name, p.Name)
	default:
		r.decide("%s: left out of what it depends on, for it is for development: %s", w.at.Name, p.Name)
	}
	return nil
}
