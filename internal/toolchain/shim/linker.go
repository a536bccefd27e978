package shim

import (
	"fmt"
	"path/filepath"
	"strings"
)

// linkerState is what --push-state remembers.
type linkerState struct {
	static   bool // -Bstatic
	asNeeded bool
	whole    bool // --whole-archive
	stack    []linkerState
}

// An action says what becomes of a linker option.
type action int

const (
	keep action = iota
	ignore
	change
)

// option is a row of the table of linker options. Options without a row pass as they are:
// zig either takes them or says clearly that it doesn't.
type option struct {
	value  bool // takes a value, after "=" or in the next word
	do     action
	change func(t *translation, o given) error
}

// given is a linker option as it stands in the arguments.
type given struct {
	text  string // as written, without the value
	name  string // without dashes
	value string
	has   bool
}

// linkerArgs translates a run of linker arguments.
func (t *translation) linkerArgs(args []string) error {
	for i := 0; i < len(args); i++ {
		o := parseOption(args[i])
		opt, known := options[o.name]
		if known && opt.value && !o.has {
			if i+1 >= len(args) {
				return fmt.Errorf("linker option %s %w", o.text, errNoValue)
			}
			i++
			o.value, o.has = args[i], true
		}
		switch {
		case o.text == "":
			// an empty word between two commas
		case t.mode == compile:
			t.note("dropped -Wl,%s: no linker runs", args[i])
		case !strings.HasPrefix(args[i], "-") && !o.has:
			if err := t.input(args[i]); err != nil {
				return err
			}
		case opt.do == ignore && known:
			t.note("dropped linker option %s", strings.TrimSpace(o.text+" "+o.value))
		case opt.do == change:
			if err := opt.change(t, o); err != nil {
				return err
			}
		default:
			t.wl(o)
		}
	}
	return nil
}

// parseOption reads one argument of a linker: -name, --name, --name=value, and the short
// options that have their value in the same word.
func parseOption(arg string) given {
	o := given{text: arg}
	body, ok := strings.CutPrefix(arg, "-")
	if !ok {
		return o
	}
	long := strings.HasPrefix(body, "-")
	body = strings.TrimPrefix(body, "-")
	name, value, has := strings.Cut(body, "=")
	o.name = name
	if has {
		o.text, o.value, o.has = arg[:len(arg)-len(value)-1], value, true
	}
	if _, known := options[o.name]; known || long || has && !shortValue(body) {
		return o
	}
	if shortValue(body) {
		o.text, o.name, o.value, o.has = "-"+body[:1], body[:1], body[1:], true
	}
	return o
}

// shortValue says whether a word is a one letter option with its value behind it.
func shortValue(body string) bool {
	if len(body) < 2 || !strings.ContainsRune("LlRzmuehTyOI", rune(body[0])) {
		return false
	}
	switch body[0] {
	case 'T':
		return !strings.HasPrefix(body, "Ttext") && !strings.HasPrefix(body, "Tdata") && !strings.HasPrefix(body, "Tbss")
	case 'e':
		return !strings.HasPrefix(body, "end-") && !strings.HasPrefix(body, "enable-") && !strings.HasPrefix(body, "exp") &&
			!strings.HasPrefix(body, "entry") && !strings.HasPrefix(body, "exclude") && !strings.HasPrefix(body, "error") &&
			!strings.HasPrefix(body, "eh-") && !strings.HasPrefix(body, "emit")
	case 'u', 'h', 'm', 'l', 'y', 'z', 'I', 'O', 'R', 'L':
		return true
	}
	return false
}

// wl passes an option on in one word, with the spelling it came in.
func (t *translation) wl(o given) {
	switch {
	case !o.has:
		t.emit("-Wl," + o.text)
	case strings.HasPrefix(o.text, "--"):
		t.emit("-Wl," + o.text + "=" + o.value)
	default:
		t.emit("-Wl," + o.text + "," + o.value)
	}
}

func asWl(name string) func(*translation, given) error {
	return func(t *translation, o given) error {
		t.emit("-Wl," + name + "," + o.value)
		return nil
	}
}

func asWord(word string) func(*translation, given) error {
	return func(t *translation, _ given) error {
		t.emit(word)
		return nil
	}
}

func linkerStrip(to stripping) func(*translation, given) error {
	return func(t *translation, _ given) error {
		t.strip = max(t.strip, to)
		return nil
	}
}

func linkerLibrary(t *translation, o given) error {
	return library(t, word{flag: "-l", value: o.value, has: true})
}

func linkerLibDir(t *translation, o given) error {
	return libDir(t, word{flag: "-L", value: o.value, has: true})
}

func refuse(_ *translation, o given) error {
	return fmt.Errorf("unsupported linker arg: %s", o.text)
}

func pushState(t *translation, _ given) error {
	const most = 1000
	if len(t.linker.stack) >= most {
		return fmt.Errorf("--push-state is nested more than %d deep", most)
	}
	saved := t.linker
	saved.stack = nil
	t.linker.stack = append(t.linker.stack, saved)
	return nil
}

func popState(t *translation, _ given) error {
	n := len(t.linker.stack)
	if n == 0 {
		return fmt.Errorf("--pop-state without --push-state")
	}
	to, stack := t.linker.stack[n-1], t.linker.stack[:n-1]
	if to.asNeeded != t.linker.asNeeded {
		setAsNeeded(to.asNeeded)(t, given{})
	}
	if to.whole != t.linker.whole {
		setWhole(to.whole)(t, given{})
	}
	t.linker = to
	t.linker.stack = stack
	return nil
}

func setStatic(on bool) func(*translation, given) error {
	return func(t *translation, _ given) error {
		t.linker.static = on
		return nil
	}
}

func setAsNeeded(on bool) func(*translation, given) error {
	return func(t *translation, _ given) error {
		t.linker.asNeeded = on
		if on {
			t.emit("-Wl,--as-needed")
		} else {
			t.emit("-Wl,--no-as-needed")
		}
		return nil
	}
}

func setWhole(on bool) func(*translation, given) error {
	return func(t *translation, _ given) error {
		t.linker.whole = on
		if on {
			t.emit("-Wl,--whole-archive")
		} else {
			t.emit("-Wl,--no-whole-archive")
		}
		return nil
	}
}

// keywords are the -z words that zig takes; all others are dropped, as linkers do with words
// they don't know.
var keywords = map[string]bool{
	"relro": true, "norelro": true, "now": true, "lazy": true, "noexecstack": true, "defs": true, "undefs": true,
	"origin": true, "notext": true, "nocopyreloc": true, "nodelete": true,
}

func keyword(t *translation, o given) error {
	name, _, has := strings.Cut(o.value, "=")
	if keywords[o.value] || has && (name == "max-page-size" || name == "common-page-size" || name == "stack-size") {
		t.emit("-Wl,-z," + o.value)
		return nil
	}
	t.note("dropped linker option -z %s", o.value)
	return nil
}

// runPath passes on a run path that is meant for the target: $ORIGIN, or a folder that is not
// one of the sysroot or of the loader's own.
func runPath(t *translation, o given) error {
	var paths []string
	for _, p := range strings.Split(o.value, ":") {
		if p == "" || t.ours(p) || hostDir(p) || !strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "$") {
			t.note("dropped run path %q", p)
			continue
		}
		paths = append(paths, p)
	}
	if len(paths) > 0 {
		t.emit("-Wl,-rpath," + strings.Join(paths, ":"))
	}
	return nil
}

// loader drops the target's own dynamic loader, which is the default: zig 0.16 fails when it
// is named. Another one is passed on, for zig to refuse.
func loader(t *translation, o given) error {
	if o.value == t.spec.Loader || filepath.Base(o.value) == filepath.Base(t.spec.Loader) {
		t.note("dropped linker option %s %s: it is the default", o.text, o.value)
		return nil
	}
	t.wl(o)
	return nil
}

// exportDynamic makes every symbol visible where only some were to be: zig can't choose. The
// Go linker keeps its own symbols local in either case.
func exportDynamic(t *translation, o given) error {
	const all = "-rdynamic"
	for _, a := range t.out {
		if a == all {
			return nil
		}
	}
	if o.value != "" {
		t.note("linker option %s %s became %s", o.text, o.value, all)
	}
	t.emit(all)
	return nil
}

func unresolved(t *translation, o given) error {
	switch o.value {
	case "ignore-in-shared-libs", "ignore-all", "ignore-in-object-files":
		t.emit("-Wl,--allow-shlib-undefined")
	}
	t.note("linker option %s %s: only shared libraries may miss symbols", o.text, o.value)
	return nil
}
