package cpp

import (
	"bytes"
	"strings"
)

type kind int

const (
	dIf kind = iota
	dIfdef
	dIfndef
	dElif
	dElse
	dEndif
	dDefine
	dUndef
	dInclude
)

var kinds = map[string]kind{
	"if": dIf, "ifdef": dIfdef, "ifndef": dIfndef, "elif": dElif, "else": dElse, "endif": dEndif,
	"define": dDefine, "undef": dUndef, "include": dInclude, "include_next": dInclude, "import": dInclude,
	"elifdef": dElif, "elifndef": dElif,
}

type directive struct {
	kind kind
	text string // without comments, in one line
	line int
}

// file is the directives of one file.
type file struct{ directives []directive }

// guards says whether the condition at i is an include guard: that a name is not defined,
// which the next line defines.
func (f *file) guards(i int) bool {
	d := f.directives[i]
	if i+1 >= len(f.directives) || f.directives[i+1].kind != dDefine {
		return false
	}
	name := d.text
	if d.kind == dIf {
		rest, ok := strings.CutPrefix(name, "!")
		rest, ok2 := strings.CutPrefix(strings.TrimSpace(rest), "defined")
		if name = strings.Trim(rest, " \t()"); !ok || !ok2 {
			return false
		}
	} else if d.kind != dIfndef {
		return false
	}
	return name != "" && name == word(f.directives[i+1].text)
}

// parse finds the directives of a file. It takes out comments, joins continued lines, and
// looks into no string.
func parse(text []byte) *file {
	f := &file{}
	for line := 1; len(text) > 0; {
		at := line
		logical, rest, lines := logicalLine(text)
		text = rest
		line += lines
		if d, ok := parseDirective(logical, at); ok {
			f.directives = append(f.directives, d)
		}
	}
	return f
}

// logicalLine cuts off a line with what continues it: behind a backslash, or because a comment
// goes on. Lines that are no directives come back empty.
func logicalLine(text []byte) (logical string, rest []byte, lines int) {
	var b strings.Builder
	wanted := false // it begins with #
	start := true
	quote := byte(0)
	i := 0
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text) && text[i+1] == '\n':
			i++
			lines++
		case c == '\\' && i+2 < len(text) && text[i+1] == '\r' && text[i+2] == '\n':
			i += 2
			lines++
		case c == '\n':
			return b.String(), text[i+1:], lines + 1
		case quote != 0:
			if c == '\\' && i+1 < len(text) {
				if wanted {
					b.WriteByte(c)
				}
				i++
				c = text[i]
			} else if c == quote {
				quote = 0
			}
			if wanted {
				b.WriteByte(c)
			}
		case c == '/' && i+1 < len(text) && text[i+1] == '*':
			end := bytes.Index(text[i+2:], []byte("*/"))
			if end < 0 {
				return b.String(), nil, lines
			}
			lines += bytes.Count(text[i+2:i+2+end], []byte{'\n'})
			i += end + 3
			if wanted {
				b.WriteByte(' ')
			}
		case c == '/' && i+1 < len(text) && text[i+1] == '/':
			for i+1 < len(text) && text[i+1] != '\n' {
				if text[i+1] == '\\' && i+2 < len(text) && text[i+2] == '\n' {
					i++
					lines++
				}
				i++
			}
		case start && c == '#':
			start, wanted = false, true
		case c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v':
			if wanted {
				b.WriteByte(' ')
			}
		default:
			// An apostrophe in a directive may be one in prose: #error don't.
			if c == '"' || c == '\'' && !wanted && !digitBefore(text, i) {
				quote = c
			}
			start = false
			if wanted {
				b.WriteByte(c)
			}
		}
		if quote != 0 && i+1 < len(text) && text[i+1] == '\n' {
			quote = 0 // it is not closed in its line: prose in what is not compiled
		}
	}
	return b.String(), nil, lines + 1
}

// digitBefore says whether an apostrophe parts the digits of a number: 1'000.
func digitBefore(text []byte, i int) bool {
	return i > 0 && text[i-1] >= '0' && text[i-1] <= '9'
}

func parseDirective(line string, at int) (directive, bool) {
	line = strings.TrimSpace(line)
	name := word(line)
	k, ok := kinds[name]
	if !ok {
		return directive{}, false
	}
	d := directive{kind: k, text: strings.TrimSpace(line[len(name):]), line: at}
	switch name {
	case "ifdef", "ifndef":
		d.text = word(d.text)
	case "elifdef":
		d.text = "defined " + d.text
	case "elifndef":
		d.text = "!defined " + d.text
	}
	return d, true
}

// word returns the identifier at the beginning of s.
func word(s string) string {
	for i := range len(s) {
		if !letter(s[i]) && (i == 0 || !digit(s[i])) {
			return s[:i]
		}
	}
	return s
}

func letter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func digit(c byte) bool { return c >= '0' && c <= '9' }
