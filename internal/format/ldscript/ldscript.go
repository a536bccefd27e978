// Package ldscript reads and writes the linker scripts that stand in for a library: GNU ld
// takes a text file libx.so with INPUT or GROUP commands for a list of libraries. It feeds
// internal/sysroot, which must change the paths in them. The syntax is that of the ld
// manual, chapter "Commands Dealing with Files".
package ldscript

import (
	"errors"
	"fmt"
	"strings"
)

// MaxSize is far above any script that stands in for a library, in bytes.
const MaxSize = 64 << 10

// ErrFormat is text that is no such script.
var ErrFormat = errors.New("not a linker script that names libraries")

// Command is INPUT or GROUP with its libraries.
type Command struct {
	Group bool // searched again until nothing new is found
	Files []File
}

// File is one library: a path, a name, or -l and a name.
type File struct {
	Name     string
	AsNeeded bool
}

// Parse reads a script. Commands that say how to write the output (OUTPUT_FORMAT, TARGET)
// are dropped: a compiler's target says so already, and zig knows only some of their values.
// Other commands, and scripts that name no library, are an error.
func Parse(b []byte) ([]Command, error) {
	if len(b) > MaxSize {
		return nil, ErrFormat
	}
	p := &parser{in: string(b)}
	var out []Command
	for {
		word, err := p.next()
		if err != nil {
			return nil, err
		}
		switch {
		case word == "" && len(out) == 0:
			return nil, ErrFormat
		case word == "":
			return out, nil
		case word == ";":
		case word == "INPUT" || word == "GROUP":
			files, err := p.files(false)
			if err != nil {
				return nil, err
			}
			out = append(out, Command{Group: word == "GROUP", Files: files})
		case word == "OUTPUT_FORMAT" || word == "TARGET" || word == "OUTPUT_ARCH":
			if _, err := p.files(false); err != nil {
				return nil, err
			}
		default:
			return nil, ErrFormat
		}
	}
}

// Encode writes a script in the plainest form: no commas, quotes only where a name needs
// them, because zig's reader understands neither in general.
func Encode(commands []Command) []byte {
	var b strings.Builder
	for _, c := range commands {
		b.WriteString(map[bool]string{true: "GROUP (", false: "INPUT ("}[c.Group])
		needed := true
		for _, f := range c.Files {
			if f.AsNeeded == needed {
				b.WriteString(map[bool]string{true: " AS_NEEDED (", false: " )"}[f.AsNeeded])
				needed = !f.AsNeeded
			}
			b.WriteString(" " + quote(f.Name))
		}
		if !needed {
			b.WriteString(" )")
		}
		b.WriteString(" )\n")
	}
	return []byte(b.String())
}

func quote(name string) string {
	if strings.ContainsAny(name, special) || strings.Contains(name, "/*") || name == "AS_NEEDED" {
		return `"` + name + `"`
	}
	return name
}

// special are the bytes that end a word.
const special = " \t\r\n\f\v(),;\""

type parser struct {
	in     string
	quoted bool // the last word was in quotes
}

// next returns the next word or sign, "" at the end.
func (p *parser) next() (string, error) {
	p.quoted = false
	for {
		p.in = strings.TrimLeft(p.in, " \t\r\n\f\v")
		if !strings.HasPrefix(p.in, "/*") {
			break
		}
		_, rest, ok := strings.Cut(p.in[2:], "*/")
		if !ok {
			return "", fmt.Errorf("%w: a comment does not end", ErrFormat)
		}
		p.in = rest
	}
	if p.in == "" {
		return "", nil
	}
	if p.in[0] == '"' {
		word, rest, ok := strings.Cut(p.in[1:], `"`)
		if !ok || word == "" || !printable(word) {
			return "", fmt.Errorf("%w: a quoted name is empty or does not end", ErrFormat)
		}
		p.in, p.quoted = rest, true
		return word, nil
	}
	n := strings.IndexAny(p.in, special)
	if n == 0 {
		n = 1
	}
	if n < 0 {
		n = len(p.in)
	}
	if c := strings.Index(p.in[:n], "/*"); c > 0 {
		n = c
	}
	word := p.in[:n]
	if !printable(word) {
		return "", ErrFormat
	}
	p.in = p.in[n:]
	return word, nil
}

// files reads a list in parentheses.
func (p *parser) files(asNeeded bool) ([]File, error) {
	if word, err := p.next(); err != nil || word != "(" {
		return nil, fmt.Errorf("%w: want (", ErrFormat)
	}
	var out []File
	for {
		word, err := p.next()
		if err != nil {
			return nil, err
		}
		switch {
		case p.quoted:
			out = append(out, File{word, asNeeded})
		case word == ")":
			return out, nil
		case word == ",":
		case word == "AS_NEEDED" && !asNeeded:
			more, err := p.files(true)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
		case word == "" || word == "(" || word == ";" || word == "AS_NEEDED":
			return nil, fmt.Errorf("%w: a list of libraries is broken", ErrFormat)
		default:
			out = append(out, File{word, asNeeded})
		}
	}
}

// printable tells text from an object file.
func printable(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}
