package resolve

import "context"

// conflicts looks for development packages of the build closure that do not go together. Where
// one of two was chosen among several for a need, it is ruled out and all starts anew; the
// others stay, since nothing is installed: a file that both have and that differs is found when
// the sysroot is made.
func (s *solver) conflicts(ctx context.Context) error {
	repo, ok := s.repo.(Conflicter)
	if !ok || len(s.chosen) == 0 {
		return nil
	}
	for _, name := range s.names() {
		m, free := s.members[name], s.chosen[name]
		if !m.build || !free || s.ruledOut[name] != "" {
			continue
		}
		for _, other := range s.names() {
			o := s.members[other]
			if other == name || !o.build {
				continue
			}
			bad, err := repo.Conflict(ctx, m.Package, o.Package)
			if err != nil {
				return err
			}
			// Of two that were both chosen the later one by name goes.
			if bad && !(s.chosen[other] && name < other) {
				s.ruledOut[name] = other
				return errAgain
			}
		}
	}
	return nil
}

// possible leaves out candidates that were ruled out, as long as another one is left.
func (s *solver) possible(n Need, found []Candidate) []Candidate {
	var out []Candidate
	for _, c := range found {
		if other := s.ruledOut[c.Name]; other != "" {
			s.decide("%s: %s does not go with %s", n, c.Name, other)
		} else {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return found
	}
	return out
}
