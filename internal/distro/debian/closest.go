package debian

import (
	"cmp"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/similar"
)

// maxClose is how many names are suggested.
const maxClose = 3

// closest collects the names that look most like one.
type closest struct {
	name  string // lower case
	found []near
}

type near struct {
	name     string
	distance int
}

// add considers a name.
func (c *closest) add(name string) {
	low := strings.ToLower(name)
	d := 100
	switch {
	case strings.HasSuffix(low, "/"+c.name): // the header in another folder
		d = 0
	case len(c.name) >= 3 && strings.Contains(low, c.name):
		d = 10 + len(low) - len(c.name)
	case len(c.name) >= 3 && len(low)-len(c.name) <= 2 && len(c.name)-len(low) <= 2:
		if n := similar.Distance(c.name, low); n <= 1+len(c.name)/5 {
			d = n
		}
	}
	if d >= 40 || slices.ContainsFunc(c.found, func(n near) bool { return n.name == name }) {
		return
	}
	c.found = append(c.found, near{name, d})
	if len(c.found) > 4*maxClose {
		c.cut()
	}
}

func (c *closest) cut() {
	slices.SortFunc(c.found, func(a, b near) int {
		return cmp.Or(a.distance-b.distance, strings.Compare(a.name, b.name))
	})
	c.found = c.found[:min(len(c.found), maxClose)]
}

// names returns the best, the closest first.
func (c *closest) names() []string {
	c.cut()
	var out []string
	for _, n := range c.found {
		// Beside the header itself nothing else is worth a look.
		if c.found[0].distance == 0 && n.distance > 0 {
			break
		}
		out = append(out, n.name)
	}
	return out
}
