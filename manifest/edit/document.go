package edit

import (
	"bytes"
	"errors"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/graft-build/graft/manifest"
)

// document is a manifest's text with the places of its nodes in bytes.
type document struct {
	text   string
	nl     string // how its lines end
	tokens []*token.Token
	spans  map[*token.Token]span

	root    *mapping          // nil when the document is empty
	plugins *entry            // the key plugins; nil when there is none
	inside  *mapping          // its value; nil when it has none
	use     *entry            // the key use; nil when there is none
	list    *ast.SequenceNode // its value; nil when it has none
	uses    []manifest.Use
}

// span is the place of a token: index in the stream, and bytes without white space around.
type span struct {
	index      int
	start, end int
}

// mapping is a block or flow mapping.
type mapping struct {
	flow       bool
	open, shut *token.Token // brackets of a flow mapping
	entries    []entry
}

// entry is a key and its value.
type entry struct {
	name  string
	key   *token.Token
	colon *token.Token
	value ast.Node
}

var errPlaces = errors.New("the places of its values are not clear")

// read finds plugins.use in a text that manifest.Parse has read.
func read(text []byte, m *manifest.Manifest) (*document, error) {
	d := &document{text: string(text), nl: "\n", spans: map[*token.Token]span{}, uses: m.Plugins.Use}
	if bytes.Contains(text, []byte("\r\n")) {
		d.nl = "\r\n"
	}
	if err := d.measure(); err != nil {
		return nil, err
	}
	file, err := parser.Parse(d.tokens, 0)
	if err != nil {
		return nil, err
	}
	for _, doc := range file.Docs {
		if doc.Body != nil && d.root == nil {
			d.root = asMapping(doc.Body)
		}
	}
	if d.root == nil {
		return d, nil
	}
	if d.plugins = d.root.find("plugins"); d.plugins == nil {
		return d, nil
	}
	if d.inside = asMapping(d.plugins.value); d.inside == nil {
		return d, nil
	}
	if d.use = d.inside.find("use"); d.use == nil {
		return d, nil
	}
	d.list, _ = d.use.value.(*ast.SequenceNode)
	if d.list != nil && len(d.list.Values) != len(d.uses) {
		return nil, errPlaces
	}
	return d, nil
}

const space = " \t\r\n\ufeff"

// measure finds each token's bytes: but for white space the tokens are the whole text, one
// after the other.
func (d *document) measure() error {
	d.tokens = lexer.Tokenize(d.text)
	at := 0
	for i, t := range d.tokens {
		word := strings.Trim(t.Origin, space)
		start := len(d.text) - len(strings.TrimLeft(d.text[at:], space))
		if !strings.HasPrefix(d.text[start:], word) {
			return errPlaces
		}
		at = start + len(word)
		d.spans[t] = span{index: i, start: start, end: at}
	}
	if strings.Trim(d.text[at:], space) != "" {
		return errPlaces
	}
	return nil
}

// asMapping is a node as a mapping, nil when it is none.
func asMapping(n ast.Node) *mapping {
	switch n := n.(type) {
	case *ast.MappingValueNode:
		return &mapping{entries: []entry{asEntry(n)}}
	case *ast.MappingNode:
		m := &mapping{flow: n.IsFlowStyle, open: n.Start, shut: n.End}
		for _, v := range n.Values {
			m.entries = append(m.entries, asEntry(v))
		}
		return m
	}
	return nil
}

func asEntry(n *ast.MappingValueNode) entry {
	return entry{name: keyName(n.Key), key: n.Key.GetToken(), colon: n.Start, value: n.Value}
}

func keyName(n ast.MapKeyNode) string {
	if s, ok := n.(*ast.StringNode); ok {
		return s.Value
	}
	return n.GetToken().Value
}

func (m *mapping) find(name string) *entry {
	for i := range m.entries {
		if m.entries[i].name == name {
			return &m.entries[i]
		}
	}
	return nil
}

// extent is the place of a whole node: from its first token to its last.
func (d *document) extent(n ast.Node) (span, bool) {
	v := &extentVisitor{spans: d.spans}
	ast.Walk(v, n)
	return v.found, v.any
}

type extentVisitor struct {
	spans map[*token.Token]span
	found span
	any   bool
}

func (v *extentVisitor) Visit(n ast.Node) ast.Visitor {
	if n == nil {
		return nil
	}
	v.take(n.GetToken())
	switch n := n.(type) {
	case *ast.MappingNode:
		v.take(n.Start)
		v.take(n.End)
	case *ast.SequenceNode:
		v.take(n.Start)
		v.take(n.End)
	}
	return v
}

func (v *extentVisitor) take(t *token.Token) {
	s, ok := v.spans[t]
	if t == nil || !ok {
		return // a token that the parser made up
	}
	if !v.any || s.start < v.found.start {
		v.found.start, v.found.index = s.start, s.index
	}
	if !v.any || s.end > v.found.end {
		v.found.end = s.end
	}
	v.any = true
}

// lineEnd is where the line of a place ends, before its line break.
func (d *document) lineEnd(at int) int {
	i := strings.IndexByte(d.text[at:], '\n')
	if i < 0 {
		return len(d.text)
	}
	if i > 0 && d.text[at+i-1] == '\r' {
		i--
	}
	return at + i
}

// lineStart is where the line of a place begins.
func (d *document) lineStart(at int) int { return strings.LastIndexByte(d.text[:at], '\n') + 1 }

// indent is the white space before a place, when nothing else is before it in its line.
func (d *document) indent(at int) (string, bool) {
	s := d.text[d.lineStart(at):at]
	s = strings.TrimPrefix(s, "\ufeff")
	return s, strings.Trim(s, " \t") == ""
}

// lines are the bytes of whole lines, with the line break before them; that after them for
// the first line of the text.
func (d *document) lines(from, to int) splice {
	start, end := d.lineStart(from), d.lineEnd(to)
	if start == 0 {
		if end < len(d.text) {
			end += strings.IndexByte(d.text[end:], '\n') + 1
		}
		return splice{start, end, ""}
	}
	start--
	if start > 0 && d.text[start-1] == '\r' {
		start--
	}
	return splice{start, end, ""}
}

// comment says whether a comment is between two tokens of the stream.
func (d *document) comment(from, to int) bool {
	for i := from + 1; i < to; i++ {
		if d.tokens[i].Type == token.CommentType {
			return true
		}
	}
	return false
}

// next is the first token after a place that is no comment; nil at the end.
func (d *document) next(at int) *token.Token {
	for _, t := range d.tokens {
		if d.spans[t].start >= at && t.Type != token.CommentType {
			return t
		}
	}
	return nil
}

// ends are the places where a line can be added after a node: the end of its last line, and
// for a block of text that keeps its empty lines the end of those.
func (d *document) ends(s span) []int {
	out := []int{d.lineEnd(s.end)}
	after := d.text[out[0]:]
	blank := after[:len(after)-len(strings.TrimLeft(after, space))]
	if i := strings.LastIndexByte(blank, '\n'); i > 0 {
		out = append(out, out[0]+len(strings.TrimSuffix(blank[:i], "\r")))
	}
	return out
}
