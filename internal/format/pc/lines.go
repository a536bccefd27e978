package pc

import "strings"

// lines cuts a text into logical lines: a backslash before the end of a line joins it with the
// next one, "#" starts a comment unless a backslash stands before it.
type lines struct {
	text   string
	pos    int
	line   string
	number int // of the line's first physical line
	seen   int
}

func (l *lines) next() bool {
	if l.pos >= len(l.text) {
		return false
	}
	var b strings.Builder
	l.number = l.seen + 1
	for l.pos < len(l.text) {
		c := l.text[l.pos]
		l.pos++
		switch c {
		case '\n', '\r':
			l.eol(c)
			l.line = b.String()
			return true
		case '#':
			l.skipComment()
		case '\\':
			l.escape(&b)
		default:
			b.WriteByte(c)
		}
	}
	l.line = b.String()
	return true
}

// eol counts a line's end; c was read.
func (l *lines) eol(c byte) {
	if c == '\r' && l.pos < len(l.text) && l.text[l.pos] == '\n' {
		l.pos++
	}
	l.seen++
}

func (l *lines) skipComment() {
	for l.pos < len(l.text) && l.text[l.pos] != '\n' && l.text[l.pos] != '\r' {
		l.pos++
	}
}

// escape handles what follows a backslash.
func (l *lines) escape(b *strings.Builder) {
	if l.pos >= len(l.text) {
		return
	}
	c := l.text[l.pos]
	switch c {
	case '\n', '\r':
		l.pos++
		l.eol(c)
		for l.pos < len(l.text) && (l.text[l.pos] == ' ' || l.text[l.pos] == '\t') {
			l.pos++
		}
	case '#':
		l.pos++
		b.WriteByte('#')
	case '\\':
		// Two of them are the field's business; the second one joins no lines.
		l.pos++
		b.WriteString(`\\`)
	default:
		b.WriteByte('\\')
	}
}
