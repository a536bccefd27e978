package closure

import (
	stdelf "debug/elf"
	"fmt"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/format/elf"
	"github.com/graft-build/graft/target"
)

// Error lists everything that would stop a program from starting on its target.
type Error struct {
	Program  string
	Missing  []Missing
	TooNew   []TooNew
	Problems []string // what is wrong with the program itself
	Windows  bool     // the target has libraries of its own
}

// Missing is a library that no package of the target has.
type Missing struct {
	Library  string
	NeededBy []string // the program or libraries, in the order of the closure
	Passed   []string // files of that name that do not do, and why
}

// TooNew is a symbol version that the target's library does not have.
type TooNew struct {
	Version  string // "GLIBC_2.38"
	Library  string // "libc.so.6"
	Newest   string // the newest version of the same kind that it has, "" if none
	NeededBy string
	Symbols  []string // the symbols concerned, sorted
}

func (e *Error) Error() string {
	var lines []string
	for _, m := range e.Missing {
		s := fmt.Sprintf("no package of the target has %s, needed by %s", m.Library, strings.Join(m.NeededBy, ", "))
		if e.Windows {
			s = "neither Windows nor a" + s[len("no"):]
		}
		if len(m.Passed) > 0 {
			s += " (" + strings.Join(m.Passed, "; ") + ")"
		}
		lines = append(lines, s)
	}
	for _, n := range e.TooNew {
		s := fmt.Sprintf("%s needs %s of %s", n.NeededBy, n.Version, n.Library)
		if len(n.Symbols) > 0 {
			s += " for " + strings.Join(n.Symbols[:min(len(n.Symbols), 3)], ", ")
			if more := len(n.Symbols) - 3; more > 0 {
				s += fmt.Sprintf(" and %d more", more)
			}
		}
		if n.Newest != "" {
			s += "; the target's has up to " + n.Newest
		}
		lines = append(lines, s)
	}
	lines = append(lines, e.Problems...)
	head := fmt.Sprintf("compute closure of %s: ", e.Program)
	if len(lines) == 1 {
		return head + lines[0]
	}
	return head + "it would not start on the target:\n  " + strings.Join(lines, "\n  ")
}

func (e *Error) orNil() error {
	if len(e.Missing)+len(e.TooNew)+len(e.Problems) == 0 {
		return nil
	}
	return e
}

func (e *Error) missing(name, by string, passed []string) {
	for i := range e.Missing {
		if m := &e.Missing[i]; m.Library == name {
			if !slices.Contains(m.NeededBy, by) {
				m.NeededBy = append(m.NeededBy, by)
			}
			return
		}
	}
	e.Missing = append(e.Missing, Missing{name, []string{by}, passed})
}

var machines = map[string]stdelf.Machine{
	"386": stdelf.EM_386, "amd64": stdelf.EM_X86_64, "arm": stdelf.EM_ARM, "arm64": stdelf.EM_AARCH64,
	"loong64": stdelf.EM_LOONGARCH, "mips": stdelf.EM_MIPS, "mipsle": stdelf.EM_MIPS, "mips64": stdelf.EM_MIPS,
	"mips64le": stdelf.EM_MIPS, "ppc64": stdelf.EM_PPC64, "ppc64le": stdelf.EM_PPC64, "riscv64": stdelf.EM_RISCV,
	"s390x": stdelf.EM_S390,
}

// checkProgram looks for what linking may do wrong (guide: zig and cgo, row 8).
func (w *walk) checkProgram(f *elf.File, t target.Target) {
	problem := func(format string, args ...any) {
		w.fault.Problems = append(w.fault.Problems, fmt.Sprintf(format, args...))
	}
	if want, known := machines[t.GOARCH()]; known && f.Machine != want {
		problem("it is made for %v, not for %s", f.Machine, t.Name)
	}
	if f.Interp != "" && t.ABI.Loader != "" && f.Interp != t.ABI.Loader {
		problem("it asks for the loader %s; the target's is %s", f.Interp, t.ABI.Loader)
	}
	for _, p := range []string{f.Rpath, f.Runpath} {
		if p != "" {
			problem("it looks for libraries in %s", p)
		}
	}
	for _, name := range f.Needed {
		if strings.Contains(name, "/") {
			problem("it needs a library by its path, %s", name)
		}
	}
}

// checkVersions compares what every object needs with what the libraries define. A library
// without any version satisfies all of them: the loader only warns then.
func (w *walk) checkVersions() {
	for _, o := range w.queue {
		for _, v := range o.file.Requires {
			lib := w.names[v.Library]
			if lib == nil || v.Weak || len(lib.file.Defines) == 0 || lib.file.HasVersion(v.Name) {
				continue
			}
			n := TooNew{Version: v.Name, Library: v.Library, Newest: newest(lib.file.Defines, v.Name), NeededBy: o.name}
			n.Symbols = symbolsOf(w.pathOf(o), v.Name)
			w.fault.TooNew = append(w.fault.TooNew, n)
		}
		if o != w.main && o.file.Soname != "" && o.file.Soname != o.name && slices.Contains(w.main.file.Needed, o.name) {
			w.fault.Problems = append(w.fault.Problems,
				fmt.Sprintf("it needs %s by a name that is only for linking; the library is called %s", o.name, o.file.Soname))
		}
	}
}

func (w *walk) pathOf(o *object) string {
	if o == w.main {
		return w.program
	}
	return o.at.path
}

// newest returns the highest of the versions that share want's prefix: GLIBC_2.36 for GLIBC_2.38.
func newest(have []string, want string) string {
	prefix := want[:strings.LastIndexByte(want, '_')+1]
	best := ""
	for _, v := range have {
		if n, ok := strings.CutPrefix(v, prefix); ok && digits(n) && (best == "" || CompareVersions(best[len(prefix):], n) < 0) {
			best = v
		}
	}
	return best
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789.") == ""
}

// CompareVersions compares dotted numbers: "2.4" is before "2.36". Parts that are no
// numbers count as text.
func CompareVersions(a, b string) int {
	for a != "" || b != "" {
		var x, y string
		x, a, _ = strings.Cut(a, ".")
		y, b, _ = strings.Cut(b, ".")
		x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		if len(x) != len(y) {
			return len(x) - len(y)
		}
		if c := strings.Compare(x, y); c != 0 {
			return c
		}
	}
	return 0
}
