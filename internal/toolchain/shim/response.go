package shim

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Limits of response files.
const (
	maxResponse = 16 << 20 // bytes of all files of a call
	maxArgs     = 1 << 20
)

// expandResponses puts the content of @file in the place of it. Files may name others. One
// that isn't there stays as it is, as gcc has it.
func expandResponses(args []string, cwd string) ([]string, error) {
	plain := true
	for _, a := range args {
		plain = plain && !strings.HasPrefix(a, "@")
	}
	if plain {
		return args, nil
	}
	e := expander{cwd: cwd, left: maxResponse}
	if err := e.add(args, 0); err != nil {
		return nil, err
	}
	return e.out, nil
}

type expander struct {
	cwd  string
	left int
	out  []string
}

func (e *expander) add(args []string, depth int) error {
	for _, a := range args {
		name, ok := strings.CutPrefix(a, "@")
		if !ok || name == "" {
			e.out = append(e.out, a)
			if len(e.out) > maxArgs {
				return fmt.Errorf("response files have more than %d arguments", maxArgs)
			}
			continue
		}
		if !filepath.IsAbs(name) {
			name = filepath.Join(e.cwd, name)
		}
		text, err := e.read(name)
		if os.IsNotExist(err) {
			e.out = append(e.out, a)
			continue
		}
		if err != nil {
			return fmt.Errorf("read response file %s: %w", name, err)
		}
		if depth >= 16 {
			return fmt.Errorf("read response file %s: more than 16 name each other", name)
		}
		if err := e.add(splitResponse(text), depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (e *expander) read(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, int64(e.left)+1))
	if err != nil {
		return "", err
	}
	if e.left -= len(b); e.left < 0 {
		return "", fmt.Errorf("response files have more than %d bytes", maxResponse)
	}
	return string(b), nil
}

// splitResponse splits a response file as gcc does: spaces separate, quotes of both kinds
// group, a backslash takes the next character as it is, everywhere.
func splitResponse(s string) []string {
	var out []string
	var b strings.Builder
	var quote byte
	in := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
			in = true
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, in = c, true
		case quote == 0 && (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'):
			if in {
				out = append(out, b.String())
				b.Reset()
				in = false
			}
		default:
			b.WriteByte(c)
			in = true
		}
	}
	if in {
		out = append(out, b.String())
	}
	return out
}

// Lengths of a command line that the systems surely take. Linux has 2 MiB for arguments and
// environment together, Windows 32,767 characters.
func maxCommandLine() int {
	if runtime.GOOS == "windows" {
		return 24_000
	}
	return 1 << 20
}

// shorten moves arguments into a response file when they are too long for a command line. The
// file stands beside the output or in zig's local cache, both of which the caller clears.
func (s *session) shorten(args []string) []string {
	n := 0
	for _, a := range args {
		n += len(a) + 3
	}
	if n < maxCommandLine() {
		return args
	}
	dir := localCache(args, getenv(s.env, "PWD"))
	if dir == "" {
		dir = filepath.Join(s.spec.Cache, "local")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return args
	}
	f, err := os.CreateTemp(dir, "args-*.rsp")
	if err != nil {
		return args
	}
	defer f.Close()
	if _, err := f.WriteString(responseFile(args)); err != nil {
		return args
	}
	return []string{"@" + f.Name()}
}

// responseFile writes arguments the way zig reads them: double quotes group, a backslash is
// special before a quote alone.
func responseFile(args []string) string {
	var b strings.Builder
	for _, a := range args {
		b.WriteByte('"')
		slashes := 0
		for i := 0; i < len(a); i++ {
			switch a[i] {
			case '\\':
				slashes++
				continue
			case '"':
				b.WriteString(strings.Repeat(`\`, 2*slashes+1))
			default:
				b.WriteString(strings.Repeat(`\`, slashes))
			}
			slashes = 0
			b.WriteByte(a[i])
		}
		b.WriteString(strings.Repeat(`\`, 2*slashes))
		b.WriteString("\"\n")
	}
	return b.String()
}
