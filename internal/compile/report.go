package compile

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

// maxOutput is how much of one package's messages is kept, in bytes.
const maxOutput = 64 << 10

// report reads what "go build -json" writes (go help buildjson): a JSON object a line with
// the package that said something.
type report struct {
	owner   func(string) string
	rewrite func(importPath, text string) string
	buf     []byte
	order   []string
	said    map[string]*strings.Builder
	bad     map[string]bool
}

func (r *report) Write(p []byte) (int, error) {
	r.buf = append(r.buf, p...)
	for {
		line, rest, ok := bytes.Cut(r.buf, []byte("\n"))
		if !ok {
			if len(r.buf) > 1<<20 {
				r.buf = r.buf[:0] // not the go command's JSON
			}
			return len(p), nil
		}
		r.line(line)
		r.buf = rest
	}
}

func (r *report) line(b []byte) {
	var e struct{ ImportPath, Action, Output string }
	if json.Unmarshal(b, &e) != nil {
		return
	}
	if r.said == nil {
		r.said, r.bad = map[string]*strings.Builder{}, map[string]bool{}
	}
	// "example.com/p [example.com/p.test]" names a variant of a package.
	name, _, _ := strings.Cut(e.ImportPath, " ")
	if r.said[name] == nil {
		r.said[name] = new(strings.Builder)
		r.order = append(r.order, name)
	}
	switch e.Action {
	case "build-output":
		if s := r.said[name]; s.Len() < maxOutput && !strings.HasPrefix(e.Output, "# ") {
			s.WriteString(e.Output)
		}
	case "build-fail":
		r.bad[name] = true
	}
}

// failures are the packages that did not compile, or else what the command said at large.
func (r *report) failures(stderr string) []Failure {
	var out []Failure
	for _, name := range r.order {
		if !r.bad[name] || strings.TrimSpace(r.said[name].String()) == "" {
			continue
		}
		f := Failure{Package: name, Output: r.shown(name, r.said[name].String())}
		if r.owner != nil {
			f.Plugin = r.owner(name)
		}
		out = append(out, f)
	}
	if len(out) == 0 {
		out = []Failure{{Output: r.shown("", stderr)}}
	}
	return out
}

// What Go's linker says of how it called the C compiler, and names of its temporary files.
var (
	linkCall = regexp.MustCompile(`(?m)^.*[/\\]link(?:\.exe)?: running .* failed: .*\n.*\$WORK.*\n`)
	linkFile = regexp.MustCompile(`[^\s:]*go-link-\d+[/\\]`)
)

// shown is what a package's messages are for the user.
func (r *report) shown(name, text string) string {
	text = linkCall.ReplaceAllLiteralString(text, "the linker fails:\n")
	text = linkFile.ReplaceAllLiteralString(text, "")
	if r.rewrite == nil {
		return text
	}
	return r.rewrite(name, text)
}

// warnings are what packages that did compile said, such as a C compiler's warnings.
func (r *report) warnings() []string {
	var out []string
	for _, name := range r.order {
		if s := strings.TrimSpace(r.said[name].String()); s != "" && !r.bad[name] {
			out = append(out, name+": "+r.shown(name, s))
		}
	}
	return out
}

// tail keeps the end of what is written to it.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if over := len(t.b) - maxOutput; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.b) }
