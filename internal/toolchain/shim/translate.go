package shim

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A mode is what a compiler call ends with.
type mode int

const (
	link    mode = iota // a program or library
	compile             // objects, assembly, dependencies: no linker
	nothing             // no input: only a question
)

// files is what the translation asks about the file system.
type files interface {
	IsFile(path string) bool
	IsDir(path string) bool
}

type diskFiles struct{}

func (diskFiles) IsFile(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.Mode().IsRegular()
}

func (diskFiles) IsDir(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.IsDir()
}

// translation turns the arguments of a GNU compiler into those of zig cc.
type translation struct {
	spec  *Spec
	cxx   bool
	cwd   string
	kit   string
	files files

	mode     mode
	sources  bool     // there is something to compile
	libDirs  []string // every -L that holds, for libraries that must be found here
	cpu      string   // -mcpu from the caller's flags
	optimize bool     // the caller stated -O
	debug    bool     // the caller stated -g
	script   bool     // the caller brings a linker script
	partial  bool     // -r
	nostdinc bool
	noStart  bool // the caller brings start files
	noLibs   bool // the caller names every library
	shared   bool
	unicode  bool // -municode: the program has wmain
	language bool // -x is in force at the end
	entry    bool // the caller names the entry point
	asksWhat bool // cgo finds out what names are
	stdcxx   bool // -lstdc++ and its like
	cxxCode  bool // C++ is compiled
	archived bool // -static-libstdc++
	noCXX    bool // -nostdlib++: the caller names the C++ library himself
	strip    stripping
	linker   linkerState
	out      []string
	notes    []string
}

// stripping is what a link leaves out of its output.
type stripping int

const (
	stripRuntime stripping = iota // the debug information of zig's own start files and runtime
	stripDebug                    // all debug information
	stripAll                      // the symbol table as well
)

// note records a flag that was not passed on as it is.
func (t *translation) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

func (t *translation) emit(args ...string) { t.out = append(t.out, args...) }

func (t *translation) run(args []string) error {
	words := split(args)
	t.survey(words)
	t.asksWhat = asksWhat(args)
	if t.mode == nothing {
		t.emit("-target", t.spec.Target)
		t.emit(args...)
		return nil
	}
	if t.cxx && t.spec.foreignRuntime() {
		return errForeignCxx
	}
	for i := 0; i < len(words); i++ {
		w := words[i]
		if len(w.linker) > 0 {
			if err := t.linkerArgs(w.linker); err != nil {
				return err
			}
			continue
		}
		if err := t.word(w); err != nil {
			return err
		}
	}
	user := t.out
	t.out = nil
	t.before()
	t.emit(user...)
	t.after()
	return nil
}

// word is one flag of the compiler with its value, one input, or a run of linker arguments.
type word struct {
	flag   string // as given, without a separate value
	value  string // the next argument, when the flag takes one
	has    bool   // there is a value
	linker []string
}

// args returns the word as it was given.
func (w word) args() []string {
	if w.has {
		return []string{w.flag, w.value}
	}
	return []string{w.flag}
}

// separate lists the flags whose value is the next argument.
var separate = map[string]bool{
	"-o": true, "-x": true, "-I": true, "-L": true, "-l": true, "-D": true, "-U": true, "-F": true, "-B": true,
	"-A": true, "-G": true, "-T": true, "-u": true, "-z": true, "-e": true, "-h": true,
	"-include": true, "-imacros": true, "-include-pch": true, "-isystem": true, "-idirafter": true, "-iquote": true,
	"-iprefix": true, "-iwithprefix": true, "-iwithprefixbefore": true, "-isystem-after": true, "-isysroot": true,
	"--sysroot": true, "-MF": true, "-MT": true, "-MQ": true, "-MJ": true, "-Xassembler": true,
	"-Xpreprocessor": true, "-Xclang": true, "-mllvm": true, "-target": true, "--target": true, "-arch": true,
	"-framework": true, "--param": true, "-aux-info": true, "-dumpbase": true, "-dumpdir": true, "-soname": true,
	"-rpath": true, "-entry": true, "-wrapper": true, "-specs": true, "-iframework": true, "-ivfsoverlay": true,
}

// split finds which arguments belong together. Arguments for the linker that follow each
// other are one run, because an option and its value may come in two of them.
func split(args []string) []word {
	var out []word
	addLinker := func(parts ...string) {
		if n := len(out); n > 0 && out[n-1].linker != nil {
			out[n-1].linker = append(out[n-1].linker, parts...)
			return
		}
		out = append(out, word{linker: parts})
	}
	for i := 0; i < len(args); i++ {
		a := args[i]
		more := i+1 < len(args)
		switch {
		case strings.HasPrefix(a, "-Wl,"):
			addLinker(strings.Split(a[len("-Wl,"):], ",")...)
		case (a == "-Xlinker" || a == "--for-linker") && more:
			i++
			addLinker(args[i])
		case a == "-z" && more:
			i++
			addLinker("-z", args[i])
		case (a == "-u" || a == "-e" || a == "-h" || a == "-soname" || a == "-rpath" || a == "-entry") && more:
			i++
			addLinker(a, args[i])
		case separate[a] && more:
			i++
			out = append(out, word{flag: a, value: args[i], has: true})
		default:
			out = append(out, word{flag: a})
		}
	}
	return out
}

// survey finds what must be known before the first flag is translated.
func (t *translation) survey(words []word) {
	inputs := false
	t.mode = link
	for _, w := range words {
		switch f := w.flag; {
		case w.linker != nil:
			t.surveyLinker(w.linker)
		case f == "-c" || f == "-S" || f == "-E" || f == "-M" || f == "-MM" || f == "-fsyntax-only" || f == "--precompile":
			t.mode = compile
		case f == "-L":
			t.addLibDir(w.value)
		case strings.HasPrefix(f, "-L"):
			t.addLibDir(f[2:])
		case f == "-T" || strings.HasPrefix(f, "-T"):
			t.script = true
		case f == "-r":
			t.partial = true
		case f == "-l" || strings.HasPrefix(f, "-l"):
			inputs = true
			t.stdcxx = t.stdcxx || isStdcxx(strings.TrimPrefix(f, "-l")+w.value)
		case f == "-x":
			t.sources = t.sources || w.value != "none"
			t.language = w.value != "none"
			t.cxxCode = t.cxxCode || strings.HasPrefix(w.value, "c++")
		case f == "-static-libstdc++":
			t.archived = true
		case f == "-nostdlib++":
			t.noCXX = true
		case f == "-" || !strings.HasPrefix(f, "-"):
			inputs = true
			t.sources = t.sources || isSource(f)
			t.cxxCode = t.cxxCode || isCXX(f)
		case strings.HasPrefix(f, "-O"):
			t.optimize = true
		case strings.HasPrefix(f, "-g"):
			t.debug = true
		case f == "-nostdinc":
			t.nostdinc = true
		case f == "-nostartfiles", f == "-nostdlib", f == "-nodefaultlibs":
			t.noStart = t.noStart || f != "-nodefaultlibs"
			t.noLibs = t.noLibs || f != "-nostartfiles"
		case f == "-shared":
			t.shared = true
		case f == "-municode":
			t.unicode = true
		case f == "-static" && t.spec.windows():
			t.linker.static = true // of the whole command line, as gcc says it to its linker first of all
		}
	}
	if t.spec.Sysroot != "" {
		for _, d := range t.spec.LibDirs {
			t.addLibDir(t.spec.inSysroot(d))
		}
	}
	if !inputs {
		t.mode = nothing
	}
}

func (t *translation) surveyLinker(args []string) {
	for _, a := range args {
		switch {
		case a == "-T" || strings.HasPrefix(a, "-T") || strings.HasPrefix(a, "--script"):
			t.script = true
		case a == "-r" || a == "--relocatable":
			t.partial = true
		case a == "-e" || a == "--entry" || strings.HasPrefix(a, "-e,") || strings.HasPrefix(a, "--entry="):
			t.entry = true
		}
	}
}

// isSource says whether a file name is that of something to compile.
func isSource(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".o", ".a", ".so", ".obj", ".lib", ".dll", ".def", ".ld", ".lds", "":
		return false
	}
	return !strings.Contains(filepath.Base(name), ".so.")
}

// linksCxx says whether the call links a program with C++ in it.
func (t *translation) linksCxx() bool { return t.mode == link && (t.cxx || t.stdcxx) }

// zigCommand is what of zig does the work. With the target's own C++ library it is never
// zig c++, which would bring its own.
func (t *translation) zigCommand() string {
	if t.cxx && t.spec.CXX == nil {
		return "c++"
	}
	return "cc"
}

// before puts the flags that every call has in front of the caller's, so that his win.
func (t *translation) before() {
	s := t.spec
	t.emit("-target", s.Target)
	if s.foreignRuntime() {
		t.foreignBefore()
	}
	cpu := t.cpu
	if cpu == "" {
		cpu = s.CPU
	}
	if cpu != "" {
		t.emit("-mcpu=" + cpu)
	}
	if !t.optimize || !t.sources && t.mode == link {
		// Without -O zig makes a debug build: traps for undefined behaviour, and a runtime
		// library of its own for each level.
		t.emit("-O2")
	}
	if !t.debug {
		t.emit("-g0") // zig's default is -g
	}
	// -O2 makes zig define NDEBUG, which takes out every assert; no other compiler does that.
	t.emit("-UNDEBUG", "-fno-sanitize=undefined", "-Wno-unused-command-line-argument")
	for _, d := range s.Defines {
		t.emit("-D" + d)
	}
	if s.Sysroot != "" {
		t.emit("-ffile-prefix-map=" + s.Sysroot + "=/_/sysroot")
	}
	t.emit("-ffile-prefix-map=" + s.Lib + "=/_/zig")
}

// after puts the folders that are searched last behind the caller's flags.
func (t *translation) after() {
	s := t.spec
	if s.CXX != nil {
		t.targetCXX()
	}
	if t.asksWhat {
		// Packages bring -Werror, and their other warnings were off by -w.
		t.emit("-Wno-everything", "-Werror=gnu-folding-constant")
	}
	if s.Sysroot != "" && !t.nostdinc {
		for _, d := range s.Include {
			if dir := s.inSysroot(d); t.files.IsDir(dir) {
				t.emit("-idirafter", dir)
			}
		}
	}
	if t.mode != link {
		return
	}
	if s.Sysroot != "" {
		for _, d := range s.LibDirs {
			if dir := s.inSysroot(d); t.files.IsDir(dir) {
				t.emit("-L" + dir)
			}
		}
	}
	if s.foreignRuntime() {
		t.foreignAfter()
	}
	t.stripFlags()
}

// stripFlags says what the output goes without. zig knows only all or nothing, and compiles
// its runtime once more for each; a linker script does it without that. It also takes out the
// debug information of zig's start files, which has the paths of this machine in it.
func (t *translation) stripFlags() {
	if !t.spec.elf() || t.script || t.partial {
		if t.strip != stripRuntime {
			t.emit("-s")
		}
		return
	}
	t.emit("-Wl,-T," + filepath.Join(t.kit, scripts[t.strip].name))
}

var errNoValue = errors.New("wants a value")

func (t *translation) addLibDir(dir string) {
	if dir, ok := t.place(dir); ok {
		t.libDirs = append(t.libDirs, dir)
	}
}
