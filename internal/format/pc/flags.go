package pc

import (
	"errors"
	"fmt"
	"strings"
)

// Flag is one flag of a compiler or linker. One letter flags with a value are taken apart:
// "-I/usr/include" has Type 'I' and Data "/usr/include". All others have Type 0, and Data is
// the whole word. Args are the words that belong to it, "-isystem" "/usr/include/x".
type Flag struct {
	Type byte
	Data string
	Args []string
}

// Words returns the flag as words of a command line.
func (f Flag) Words() []string {
	first := f.Data
	if f.Type != 0 {
		first = "-" + string(rune(f.Type)) + f.Data
	}
	return append([]string{first}, f.Args...)
}

// Equal says whether f and g are the same flag.
func (f Flag) Equal(g Flag) bool {
	if f.Type != g.Type || f.Data != g.Data || len(f.Args) != len(g.Args) {
		return false
	}
	for i := range f.Args {
		if f.Args[i] != g.Args[i] {
			return false
		}
	}
	return true
}

// String is the flag quoted for a shell, the way pkgconf prints it.
func (f Flag) String() string {
	words := f.Words()
	for i, w := range words {
		words[i] = Quote(w)
	}
	return strings.Join(words, " ")
}

// whole lists the beginnings of flags that must not be taken for a letter with a value.
var whole = []string{
	"-lib:", "-framework", "-isystem", "-idirafter", "-Wa,", "-Wl,", "-Wp,", "-trigraphs", "-pedantic",
	"-ansi", "-std=", "-stdlib=", "-include", "-nostdinc", "-nostdlibinc", "-nobuiltininc", "-nodefaultlibs",
}

// withArg lists the flags whose argument is the next word.
var withArg = map[string]bool{"-framework": true, "-isystem": true, "-idirafter": true, "-include": true}

// Whole says whether the flag is one that pkgconf neither takes apart nor merges with an equal one.
func Whole(word string) bool {
	for _, w := range whole {
		if strings.HasPrefix(word, w) {
			return true
		}
	}
	return false
}

const groupStart, groupEnd = "-Wl,--start-group", "-Wl,--end-group"

// Flags makes flags of words. What stands between -Wl,--start-group and -Wl,--end-group is one
// flag, because its order and its repetitions matter.
func Flags(words []string) []Flag {
	var out []Flag
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case withArg[w] && i+1 < len(words):
			out = append(out, Flag{Data: w, Args: words[i+1 : i+2 : i+2]})
			i++
		case w == groupStart:
			end := i + 1
			for end < len(words) && words[end] != groupEnd {
				end++
			}
			end = min(end+1, len(words))
			out = append(out, Flag{Data: w, Args: words[i+1 : end : end]})
			i = end - 1
		case len(w) > 1 && w[0] == '-' && !Whole(w):
			out = append(out, Flag{Type: w[1], Data: w[2:]})
		default:
			out = append(out, Flag{Data: w})
		}
	}
	return out
}

// Words splits a field into words with the quoting of a shell: single quotes, double quotes,
// backslashes. There is no expansion of any kind.
func Words(s string) ([]string, error) {
	var out []string
	var b strings.Builder
	var quote byte
	in := false
	flush := func() error {
		if !in {
			return nil
		}
		out = append(out, b.String())
		b.Reset()
		in = false
		if len(out) > maxItems {
			return fmt.Errorf("more than %d words", maxItems)
		}
		return nil
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && quote != '\'' && i+1 < len(s) && escapes(s[i+1], quote):
			i++
			b.WriteByte(s[i])
			in = true
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote, in = c, true
		case quote == 0 && strings.IndexByte(space, c) >= 0:
			if err := flush(); err != nil {
				return nil, err
			}
		default:
			b.WriteByte(c)
			in = true
		}
	}
	if quote != 0 {
		return nil, errors.New("quote without its end")
	}
	return out, flush()
}

// escapes says whether a backslash before c vanishes. Between double quotes it does so only
// before what is special there.
func escapes(c, quote byte) bool {
	return quote != '"' || strings.IndexByte("\"\\$`", c) >= 0
}

// Quote puts a backslash before every byte that a shell or Go's own splitter might treat
// specially; the set is pkgconf's.
func Quote(w string) string {
	var b strings.Builder
	for i := 0; i < len(w); i++ {
		if special(w[i]) {
			b.WriteByte('\\')
		}
		b.WriteByte(w[i])
	}
	return b.String()
}

func special(c byte) bool {
	switch {
	case digit(c), letter(c), c >= 0x80:
		return false
	}
	return strings.IndexByte("$()+,-./:=@^_~", c) < 0
}
