package pacman

import (
	"fmt"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/format/pacman"
	"github.com/graft-build/graft/internal/resolve"
)

// MissingError is a dependency that no package of the repository meets.
type MissingError struct {
	Package    string // that states it; "" when it was asked for directly
	Dependency string
}

func (e *MissingError) Error() string {
	if e.Package == "" {
		return fmt.Sprintf("no package is or provides %s", e.Dependency)
	}
	return fmt.Sprintf("package %s needs %s, which no package is or provides", e.Package, e.Dependency)
}

// Closure returns what pacman would install for the given names on an empty system, sorted by
// name: all declared dependencies, the first provider where there are several. It is what
// graft build is measured against, and what graft why explains.
func (r *Repository) Closure(names ...string) ([]resolve.Package, error) {
	c := closure{index: r.index, in: make(map[int]bool), met: make(map[string][]int)}
	for _, name := range names {
		d, err := pacman.ParseDepend(name)
		if err != nil {
			return nil, err
		}
		if len(r.satisfiers(d)) == 0 && d.Op == "" {
			d.Name = r.cfg.Environment.Prefix + d.Name
		}
		// What is asked for by name is taken by name, even if a package taken already provides it.
		if i, ok := r.byName[d.Name]; ok {
			c.asked = append(c.asked, i)
			continue
		}
		list := r.satisfiers(d)
		if len(list) == 0 {
			return nil, &MissingError{Dependency: name}
		}
		c.asked = append(c.asked, list[0])
	}
	for _, i := range c.asked {
		if err := c.add(i); err != nil {
			return nil, err
		}
	}
	numbers := make([]int, 0, len(c.in))
	for i := range c.in {
		numbers = append(numbers, i)
	}
	slices.Sort(numbers)
	out := make([]resolve.Package, len(numbers))
	for i, n := range numbers {
		out[i] = r.pkg(n)
	}
	return out, nil
}

// closure follows dependencies as pacman does: depth first, in the stated order, and a
// dependency that a package taken already meets takes no other.
type closure struct {
	*index
	asked []int
	in    map[int]bool
	met   map[string][]int // packages taken, by the names they have and provide
}

// add takes a package and all that it needs. It keeps its own stack, for the depth of a
// chain is the archive's choice.
func (c *closure) add(start int) error {
	type frame struct{ pkg, next int }
	stack := []frame{{start, 0}}
	c.take(start)
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		p := c.packages[top.pkg]
		if top.next == len(p.Depends) {
			stack = stack[:len(stack)-1]
			continue
		}
		d := p.Depends[top.next]
		top.next++
		if c.satisfied(d) {
			continue
		}
		i, ok := c.choose(d)
		if !ok {
			return &MissingError{Package: p.Name, Dependency: d.String()}
		}
		c.take(i)
		stack = append(stack, frame{i, 0})
	}
	return nil
}

func (c *closure) take(i int) {
	if c.in[i] {
		return
	}
	c.in[i] = true
	p := c.packages[i]
	c.met[p.Name] = append(c.met[p.Name], i)
	for _, v := range p.Provides {
		c.met[v.Name] = append(c.met[v.Name], i)
	}
}

func (c *closure) satisfied(d pacman.Depend) bool {
	for _, i := range c.met[d.Name] {
		if rules.Satisfies(d, c.packages[i]) {
			return true
		}
	}
	return false
}

// choose prefers what was asked for, then the first in the repository's order.
func (c *closure) choose(d pacman.Depend) (int, bool) {
	for _, i := range c.asked {
		if rules.Satisfies(d, c.packages[i]) {
			return i, true
		}
	}
	if list := c.satisfiers(d); len(list) > 0 {
		return list[0], true
	}
	return 0, false
}

// Chain returns the shortest way by declared dependencies from one of the roots to a package,
// names from the root on; nil when there is none.
func (r *Repository) Chain(roots []string, name string) []string {
	target, ok := r.byName[name]
	if !ok {
		return nil
	}
	from := make(map[int]int)
	var queue []int
	for _, root := range roots {
		if i, ok := r.byName[root]; ok {
			if _, seen := from[i]; !seen {
				from[i] = -1
				queue = append(queue, i)
			}
		}
	}
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		if i == target {
			return r.walkBack(from, i)
		}
		for _, d := range r.packages[i].Depends {
			list := r.satisfiers(d)
			if len(list) == 0 {
				continue
			}
			if _, seen := from[list[0]]; !seen {
				from[list[0]] = i
				queue = append(queue, list[0])
			}
		}
	}
	return nil
}

func (r *Repository) walkBack(from map[int]int, i int) []string {
	var out []string
	for ; i >= 0; i = from[i] {
		out = append(out, r.packages[i].Name)
	}
	slices.Reverse(out)
	return out
}

// short is a package's name without the environment's prefix, for messages.
func (r *Repository) short(i int) string {
	return strings.TrimPrefix(r.packages[i].Name, r.cfg.Environment.Prefix)
}
