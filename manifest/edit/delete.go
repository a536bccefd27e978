package edit

import (
	"strings"

	"github.com/goccy/go-yaml/token"
)

// delete proposes how the i-th plugin can go.
func (d *document) delete(i int) []proposal {
	if d.list == nil {
		return nil
	}
	s, ok := d.extent(d.list.Values[i])
	if !ok {
		return nil
	}
	if d.list.IsFlowStyle {
		return d.outOfFlow(i, s)
	}
	return d.outOfBlock(i, s)
}

// outOfBlock takes a plugin's lines out. The last plugin takes the keys with it that say
// nothing then, unless a comment stands below them.
func (d *document) outOfBlock(i int, s span) []proposal {
	dash := d.spans[d.list.Entries[i].Start]
	if _, ok := d.indent(dash.start); !ok {
		return nil
	}
	var out []proposal
	if len(d.uses) > 1 {
		for _, end := range d.ends(s) {
			out = append(out, proposal{d.lines(dash.start, end)})
		}
		return out
	}
	for _, e := range []*entry{d.plugins, d.use} {
		key := d.spans[e.key]
		_, alone := d.indent(key.start)
		only := e == d.use || len(d.inside.entries) == 1 && d.inside.shut == nil
		if alone && only && !d.comment(key.index, dash.index) {
			for _, end := range d.ends(s) {
				out = append(out, proposal{d.lines(key.start, end)})
			}
		}
	}
	at := d.spans[d.use.colon].end
	for _, end := range d.ends(s) {
		out = append(out, proposal{{at, at, " []"}, d.lines(dash.start, end)})
	}
	return out
}

// outOfFlow takes a plugin and one comma out of a list in brackets; its line, when it has
// one of its own.
func (d *document) outOfFlow(i int, s span) []proposal {
	var out []proposal
	var after, before *token.Token
	if t := d.next(s.end); t != nil && t.Type == token.CollectEntryType {
		after = t
	}
	if i > 0 {
		if prev, ok := d.extent(d.list.Values[i-1]); ok {
			before = d.next(prev.end)
		}
	}
	last := i == len(d.uses)-1
	if line, ok := d.ownLine(s, after); ok {
		p := proposal{line}
		if last && after == nil && before != nil {
			c := d.spans[before]
			p = append(p, splice{c.start, c.end, ""})
		}
		out = append(out, p)
	}
	switch {
	case i > 0 && before != nil: // the comma before it
		c := d.spans[before]
		if !d.comment(c.index, s.index) {
			out = append(out, proposal{{c.start, s.end, ""}})
		}
		out = append(out, proposal{{c.start, c.end, ""}, {s.start, s.end, ""}})
	case after != nil && !last: // the comma behind it
		c := d.spans[after]
		if next, ok := d.extent(d.list.Values[i+1]); ok && !d.comment(c.index, next.index) {
			out = append(out, proposal{{s.start, next.start, ""}})
		}
		out = append(out, proposal{{s.start, c.end, ""}})
	case after != nil:
		out = append(out, proposal{{s.start, d.spans[after].end, ""}})
	}
	return append(out, proposal{{s.start, s.end, ""}})
}

// ownLine are the lines of a plugin in brackets that share them with nothing but its comma
// and a comment.
func (d *document) ownLine(s span, comma *token.Token) (splice, bool) {
	end := s.end
	if comma != nil {
		end = d.spans[comma].end
	}
	if _, ok := d.indent(s.start); !ok {
		return splice{}, false
	}
	rest := strings.TrimLeft(d.text[end:d.lineEnd(end)], " \t")
	if rest != "" && rest[0] != '#' {
		return splice{}, false
	}
	return d.lines(s.start, end), true
}
