package edit

import (
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// step is how far what this package writes is indented in what it belongs to.
const step = "  "

// insert proposes where word can become the i-th plugin.
func (d *document) insert(i int, word string) []proposal {
	switch {
	case d.root == nil:
		return d.intoNothing(word)
	case d.plugins == nil:
		return d.newKey(d.root, "app", "plugins:", "use:", word)
	case d.inside == nil:
		return d.newValue(d.plugins, "{use: ["+word+"]}")
	case d.use == nil:
		return d.newKey(d.inside, "", "use:", "", word)
	case d.list == nil:
		return d.newValue(d.use, "["+word+"]")
	case d.list.IsFlowStyle:
		return d.intoFlow(i, word)
	}
	return d.intoBlock(i, word)
}

// block is key, perhaps one below it, and a list of one, as lines that follow others.
func (d *document) block(indent, key, below, word string) string {
	s := d.nl + indent + key
	if below != "" {
		indent += step
		s += d.nl + indent + below
	}
	return s + d.nl + indent + step + "- " + word
}

// intoNothing adds to a manifest that says nothing yet.
func (d *document) intoNothing(word string) []proposal {
	s := d.block("", "plugins:", "use:", word)
	if len(d.tokens) == 0 {
		return []proposal{{{0, 0, s[len(d.nl):] + d.nl}}}
	}
	var out []proposal
	for i := len(d.tokens) - 1; i >= 0; i-- {
		at := d.lineEnd(d.spans[d.tokens[i]].end)
		out = append(out, proposal{{at, at, s}})
	}
	return append(out, proposal{{0, 0, s}}, proposal{{len(d.text), len(d.text), s}})
}

// newKey adds a key with a list of plugins to a mapping, after the key called first if it is there,
// or at the end.
func (d *document) newKey(m *mapping, first, key, below, word string) []proposal {
	if m.flow {
		return d.newFlowKey(m, key, below, word)
	}
	var out []proposal
	for _, e := range []*entry{m.find(first), &m.entries[len(m.entries)-1]} {
		if e == nil {
			continue
		}
		indent, ok := d.indent(d.spans[e.key].start)
		if !ok {
			continue
		}
		ends := d.ends(d.spans[e.colon])
		if s, ok := d.extent(e.value); ok {
			ends = d.ends(s)
		}
		for _, at := range ends {
			out = append(out, proposal{{at, at, d.block(indent, key, below, word)}})
		}
	}
	return out
}

func (d *document) newFlowKey(m *mapping, key, below, word string) []proposal {
	s := key + " [" + word + "]"
	if below != "" {
		s = key + " {" + below + " [" + word + "]}"
	}
	if len(m.entries) == 0 {
		at := d.spans[m.open].end
		return []proposal{{{at, at, s}}}
	}
	e := m.entries[len(m.entries)-1]
	at := d.spans[e.colon].end
	if v, ok := d.extent(e.value); ok {
		at = v.end
	}
	return []proposal{{{at, at, ", " + s}}}
}

// newValue gives a key that has no value, or null, one.
func (d *document) newValue(e *entry, value string) []proposal {
	if s, ok := d.extent(e.value); ok {
		return []proposal{{{s.start, s.end, value}}}
	}
	at := d.spans[e.colon].end
	return []proposal{{{at, at, " " + value}}}
}

// intoBlock adds a line to a list that has a line for each plugin. What stands above the
// plugin that follows, a comment, stays above it.
func (d *document) intoBlock(i int, word string) []proposal {
	dash := func(i int) (string, bool) { return d.indent(d.spans[d.list.Entries[i].Start].start) }
	if i == 0 {
		indent, ok := dash(0)
		if !ok {
			return nil
		}
		at := d.lineEnd(d.spans[d.use.colon].end)
		return []proposal{{{at, at, d.nl + indent + "- " + word}}}
	}
	indent, ok := dash(i - 1)
	s, found := d.extent(d.list.Values[i-1])
	if !ok || !found {
		return nil
	}
	var out []proposal
	for _, at := range d.ends(s) {
		out = append(out, proposal{{at, at, d.nl + indent + "- " + word}})
	}
	return out
}

// intoFlow adds to a list in brackets: behind the plugin before it, on a line of its own
// when that one has one.
func (d *document) intoFlow(i int, word string) []proposal {
	if len(d.list.Values) == 0 {
		at := d.spans[d.list.Start].end
		return []proposal{{{at, at, word}}}
	}
	if i == 0 {
		return d.firstOfFlow(word)
	}
	s, ok := d.extent(d.list.Values[i-1])
	if !ok {
		return nil
	}
	inline := proposal{{s.end, s.end, ", " + word}}
	indent, alone := d.indent(s.start)
	if !alone {
		return []proposal{inline}
	}
	if comma := d.next(s.end); comma != nil && comma.Type == token.CollectEntryType {
		at := d.lineEnd(d.spans[comma].end)
		return []proposal{{{at, at, d.nl + indent + word + ","}}, inline}
	}
	at := d.lineEnd(s.end)
	if d.spans[d.list.End].start < at { // the bracket is on this line
		return []proposal{inline}
	}
	return []proposal{{{s.end, s.end, ","}, {at, at, d.nl + indent + word}}, inline}
}

func (d *document) firstOfFlow(word string) []proposal {
	s, ok := d.extent(d.list.Values[0])
	if !ok {
		return nil
	}
	inline := proposal{{s.start, s.start, word + ", "}}
	if indent, alone := d.indent(s.start); alone {
		at := d.lineEnd(d.spans[d.list.Start].end)
		return []proposal{{{at, at, d.nl + indent + word + ","}}, inline}
	}
	return []proposal{inline}
}

// set proposes how the i-th plugin's reference can become ref, in the quotes that it has.
func (d *document) set(i int, ref string) ([]proposal, error) {
	if d.list == nil {
		return nil, errPlaces
	}
	n := d.list.Values[i]
	if m := asMapping(n); m != nil {
		e := m.find("module")
		if e == nil {
			return nil, errPlaces
		}
		n = e.value
	}
	t := n.GetToken()
	s, ok := d.extent(n)
	if _, scalar := n.(ast.ScalarNode); !ok || !scalar {
		return nil, errPlaces
	}
	words := spellings(ref)
	switch t.Type {
	case token.DoubleQuoteType:
		words = append([]string{doubleQuoted(ref)}, words...)
	case token.SingleQuoteType:
		words = append(words[len(words)-2:], words...)
	}
	var out []proposal
	for _, w := range words {
		out = append(out, proposal{{s.start, s.end, w}})
	}
	return out, nil
}
