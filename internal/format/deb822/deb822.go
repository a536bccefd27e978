// Package deb822 reads the paragraphs of Debian's control data, deb822(5): package indexes,
// Release files, the control files of packages, apt sources. It feeds the resolve stage.
//
// The reader streams: it holds one paragraph, whatever the size of the file.
package deb822

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits of what Next reads before it refuses the input. A paragraph of the archive's
// indexes has a few kilobytes; that of a Release file a few hundred.
const (
	MaxParagraph = 4 << 20
	MaxFields    = 1 << 10
)

// Field is one field. Value has no white space around it; the lines of a value that
// continues are separated by "\n", each without the one space or tab that marks it as such.
type Field struct {
	Name, Value string
}

// Paragraph is a list of fields, in the order of the file, no two with the same name.
type Paragraph []Field

// Get returns the value of a field, "" when there is none. Names are case-insensitive.
func (p Paragraph) Get(name string) string {
	for _, f := range p {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// String writes the paragraph as a file has it, with a line's end after each line.
func (p Paragraph) String() string {
	var b strings.Builder
	for _, f := range p {
		b.WriteString(f.Name + ":")
		for i, line := range strings.Split(f.Value, "\n") {
			if i > 0 || line != "" {
				b.WriteString(" " + line)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Reader reads paragraphs one by one. It must not be used by several goroutines at once.
type Reader struct {
	in    *bufio.Reader
	keep  map[string]bool
	line  int
	size  int
	hash  bool
	ended bool
}

// NewReader returns a reader of r.
func NewReader(r io.Reader) *Reader {
	return &Reader{in: bufio.NewReaderSize(r, 64<<10)}
}

// Only makes the reader pass over all fields but these, which are named as the file writes them.
func (r *Reader) Only(names ...string) *Reader {
	r.keep = make(map[string]bool, len(names))
	for _, n := range names {
		r.keep[n] = true
	}
	return r
}

// Comments makes the reader pass over lines that begin with "#", as apt sources and
// debian/control have them.
func (r *Reader) Comments() *Reader {
	r.hash = true
	return r
}

// SyntaxError is input that is no control data.
type SyntaxError struct {
	Line int
	Text string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

func (r *Reader) fail(format string, args ...any) error {
	return &SyntaxError{Line: r.line, Text: fmt.Sprintf(format, args...)}
}

// Next returns the next paragraph that has a field which is kept, io.EOF after the last.
// Input that is no control data is a *SyntaxError.
func (r *Reader) Next() (Paragraph, error) {
	for {
		p, err := r.paragraph()
		if err != nil || len(p) > 0 {
			return p, err
		}
		if r.ended {
			return nil, io.EOF
		}
	}
}

// paragraph reads up to an empty line or the end of the file.
func (r *Reader) paragraph() (Paragraph, error) {
	b := builder{r: r}
	r.size = 0
	for {
		line, err := r.readLine()
		if err == io.EOF {
			r.ended = true
			return b.done()
		}
		if err != nil {
			return nil, err
		}
		if r.hash && line != nil && line[0] == '#' {
			continue
		}
		if len(trim(line)) == 0 {
			if b.fields == 0 {
				continue
			}
			return b.done()
		}
		if err := b.add(line); err != nil {
			return nil, err
		}
	}
}

// readLine returns the next line without its end, valid until the next call; nil for an empty one.
func (r *Reader) readLine() ([]byte, error) {
	r.line++
	var long []byte
	for {
		part, err := r.in.ReadSlice('\n')
		r.size += len(part)
		if r.size > MaxParagraph {
			return nil, r.fail("paragraph is longer than %d bytes", MaxParagraph)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			long = append(long, part...)
			continue
		}
		if err != nil && (err != io.EOF || len(part)+len(long) == 0) {
			return nil, err
		}
		if long != nil {
			part = append(long, part...)
		}
		if n := len(part); n > 0 && part[n-1] == '\n' {
			part = part[:n-1]
		}
		if n := len(part); n > 0 && part[n-1] == '\r' {
			part = part[:n-1]
		}
		if len(part) == 0 {
			return nil, nil
		}
		return part, nil
	}
}

// builder collects the fields of one paragraph.
type builder struct {
	r      *Reader
	p      Paragraph
	names  map[string]bool // lower case; only once there are many
	fields int             // kept or not
	name   string          // of the field that a continuation line belongs to
	value  []byte
	kept   bool
}

func (b *builder) add(line []byte) error {
	for _, c := range line {
		if c < ' ' && c != '\t' || c == 0x7f {
			return b.r.fail("control character %#x", c)
		}
	}
	if line[0] == ' ' || line[0] == '\t' {
		return b.more(line[1:])
	}
	b.finish()
	i := 0
	for i < len(line) && line[i] != ':' {
		if line[i] <= ' ' || line[i] >= 0x7f {
			return b.r.fail("no field: %q", excerpt(line))
		}
		i++
	}
	if i == 0 || i == len(line) || line[0] == '-' || line[0] == '#' {
		return b.r.fail("no field: %q", excerpt(line))
	}
	if b.fields++; b.fields > MaxFields {
		return b.r.fail("more than %d fields in a paragraph", MaxFields)
	}
	b.kept = b.r.keep == nil || b.r.keep[string(line[:i])]
	if !b.kept {
		return nil
	}
	b.name = string(line[:i])
	if b.repeated(b.name) {
		return b.r.fail("field %s is there twice", b.name)
	}
	b.value = append(b.value[:0], trim(line[i+1:])...)
	return nil
}

func (b *builder) more(line []byte) error {
	if b.fields == 0 {
		return b.r.fail("continuation of no field: %q", excerpt(line))
	}
	if b.kept {
		b.value = append(append(b.value, '\n'), trimRight(line)...)
	}
	return nil
}

func (b *builder) repeated(name string) bool {
	if len(b.p) < 32 && b.names == nil {
		for _, f := range b.p {
			if strings.EqualFold(f.Name, name) {
				return true
			}
		}
		return false
	}
	if b.names == nil {
		b.names = map[string]bool{}
		for _, f := range b.p {
			b.names[strings.ToLower(f.Name)] = true
		}
	}
	low := strings.ToLower(name)
	if b.names[low] {
		return true
	}
	b.names[low] = true
	return false
}

// finish puts the field that was under way into the paragraph.
func (b *builder) finish() {
	if b.kept {
		b.p = append(b.p, Field{Name: b.name, Value: string(b.value)})
	}
	b.kept = false
}

func (b *builder) done() (Paragraph, error) {
	b.finish()
	return b.p, nil
}

func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	return trimRight(b)
}

func trimRight(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

func excerpt(b []byte) []byte { return b[:min(len(b), 80)] }
