package shim

import (
	"fmt"
	"path/filepath"
	"strings"
)

// A rule says what becomes of one flag of the compiler. Flags without a rule pass as they are.
type rule struct {
	flag   string // the flag; with a "*" at its end, every flag that begins so
	mode   when
	change func(t *translation, w word) error
	why    string
}

// when says in which calls a rule holds.
type when int

const (
	always when = iota
	compiling
	onWindows // the target is
	offWindows
)

func (t *translation) word(w word) error {
	if w.flag == "-" || !strings.HasPrefix(w.flag, "-") {
		return t.input(w.flag)
	}
	if t.asksWhat && w.flag == "-w" {
		return nil // it would hide what asksWhat is about; cgo reads errors alone
	}
	if r := t.rule(w.flag); r != nil {
		return r.change(t, w)
	}
	t.emit(w.args()...)
	return nil
}

// rule returns the rule for a flag: the first that fits.
func (t *translation) rule(flag string) *rule {
	for i := range rules {
		r := &rules[i]
		prefix, open := strings.CutSuffix(r.flag, "*")
		if flag != r.flag && !(open && strings.HasPrefix(flag, prefix)) {
			continue
		}
		switch r.mode {
		case compiling:
			if t.mode != compile {
				continue
			}
		case onWindows:
			if !t.spec.windows() {
				continue
			}
		case offWindows:
			if t.spec.windows() {
				continue
			}
		}
		return r
	}
	return nil
}

// input is a file to compile or link.
func (t *translation) input(path string) error {
	if path == "-" {
		t.emit(path)
		return nil
	}
	if strings.HasPrefix(path, "/") {
		if moved, ok := t.place(path); ok && moved != path {
			t.note("%s: took the target's", path)
			path = moved
		}
	}
	t.emit(path)
	return nil
}

// The rules, in the order they are tried. Rows of zig-and-cgo's list of traps stand beside
// those that come from it.
var rules = []rule{
	// What only a linker understands is no concern of a compilation; gcc ignores it there too.
	{"-l*", compiling, drop, "no linker runs"},
	{"-L*", compiling, drop, "no linker runs"},
	{"-rdynamic", compiling, drop, "no linker runs"},
	{"-shared", compiling, drop, "no linker runs"},
	{"-static", compiling, drop, "no linker runs"},
	{"-pie", compiling, drop, "no linker runs"},
	{"-static-pie", compiling, drop, "no linker runs"},
	{"-s", compiling, drop, "no linker runs"},
	{"-T*", compiling, drop, "no linker runs"},

	{"-L*", always, libDir, "a relative folder ends up in NEEDED (ziglang/zig#19699); zig warns of missing ones"},
	{"-l*", always, library, "concrete files for -l:name and for -Bstatic, which switches off zig's search (cargo-zigbuild#209)"},
	{"-s", always, setStrip(stripAll), "zig's -s compiles its runtime once more; see stripFlags"},
	{"-T*", always, pass, ""},
	{"-static", always, static, "zig links glibc dynamically only"},
	{"-static-pie", always, static, "zig ignores it"},
	{"-static-libgcc", always, drop, "zig's runtime is always static"},
	{"-shared-libgcc", always, drop, "zig's runtime is always static"},
	{"-static-libstdc++", always, drop, "zig's C++ library is always static; see targetCXX for the target's"},
	{"-fuse-ld=*", always, drop, "zig has one linker"},
	{"--ld-path=*", always, drop, "zig has one linker"},
	{"-B*", always, drop, "zig brings its own tools and start files"},
	{"-specs*", always, drop, "zig is no gcc"},
	{"-stdlib=*", always, drop, "the target has one C++ library"},
	{"-wrapper", always, drop, "zig is no gcc"},

	{"-I*", always, includeDir, "row 9: the sysroot's default folders go behind zig's own headers"},
	{"-isystem", always, includeDir, "row 9"},
	{"-iquote", always, includeDir, "row 9"},
	{"-idirafter", always, includeDir, "row 9"},
	{"--sysroot*", always, drop, "row 7: it re-roots every -L (ziglang/zig#24368)"},
	{"-isysroot*", always, drop, "row 7"},
	{"-target", always, drop, "the kit has one target"},
	{"--target*", always, drop, "the kit has one target"},
	{"-arch", always, drop, "the kit has one target"},

	{"-march=*", always, march, "row 13: zig wants -mcpu and its own names (ziglang/zig#4911)"},
	{"-mcpu=*", always, mcpu, "row 13"},
	{"-mtune=*", always, drop, "zig knows no tuning apart from -mcpu"},
	{"-mtls-dialect=*", always, drop, "clang has one"},
	{"-mabi=lp64", always, drop, "clang's only one"},

	{"-O*", always, optimize, "row 15: a runtime library for each level"},
	{"-flto=*", always, lto, "zig knows -flto, -flto=full and -flto=thin"},
	{"-Wp,*", always, preprocessor, "zig rejects -Wp,"},
	{"-fno-canonical-system-headers", always, drop, "gcc's alone"},
	{"-fsplit-stack", always, drop, "gccgo's alone"},
	{"-fwhole-program", always, drop, "gcc's alone"},
	{"-fgcse*", always, drop, "gcc's alone"},
	{"-finline-limit=*", always, drop, "gcc's alone"},
	{"-V", always, drop, "gcc's alone"},

	{"-mthreads", always, drop, "row 16: gcc's alone"},
	{"-mwindows", onWindows, replace("-Wl,--subsystem,windows"), "row 16"},
	{"-mconsole", onWindows, replace("-Wl,--subsystem,console"), "row 16"},
	{"-mwindows", offWindows, drop, "row 16"},
	{"-mconsole", offWindows, drop, "row 16"},
	{"-municode", offWindows, drop, "row 16"},
}

func pass(t *translation, w word) error {
	t.emit(w.args()...)
	return nil
}

func drop(t *translation, w word) error {
	t.note("dropped %s", strings.Join(w.args(), " "))
	return nil
}

func replace(with ...string) func(*translation, word) error {
	return func(t *translation, w word) error {
		t.note("%s became %s", w.flag, strings.Join(with, " "))
		t.emit(with...)
		return nil
	}
}

func setStrip(to stripping) func(*translation, word) error {
	return func(t *translation, _ word) error {
		t.strip = max(t.strip, to)
		return nil
	}
}

func static(t *translation, w word) error {
	if t.spec.Libc == "glibc" {
		return fmt.Errorf("%s: the C library of %s is glibc, which is linked dynamically only; a target with musl makes static programs", w.flag, t.spec.Triplet)
	}
	if t.spec.windows() {
		t.note("%s: static libraries are taken before import libraries", w.flag)
		return nil
	}
	t.emit("-static")
	if w.flag == "-static-pie" {
		t.emit("-pie")
	}
	return nil
}

// joined returns the value of a flag that may have it in the same word.
func (w word) joined(flag string) string {
	if w.has {
		return w.value
	}
	return strings.TrimPrefix(w.flag, flag)
}

func libDir(t *translation, w word) error {
	dir, ok := t.place(w.joined("-L"))
	switch {
	case !ok:
		t.note("dropped -L%s: a folder of this machine, not of the target", w.joined("-L"))
	case !t.files.IsDir(dir):
		t.note("dropped -L%s: there is no such folder", dir)
	default:
		t.emit("-L" + dir)
	}
	return nil
}

// system lists the libraries that zig provides, or that the target's C library has become.
var system = map[string]bool{
	"c": true, "m": true, "pthread": true, "dl": true, "rt": true, "util": true, "resolv": true,
	"gcc": true, "gcc_s": true, "gcc_eh": true, "atomic": true, "ssp": true, "compiler_rt": true, "unwind": true,
}

func isStdcxx(name string) bool {
	return name == "stdc++" || name == ":libstdc++.a" || name == ":libstdc++.so.6" || name == "c++" || name == "c++abi" || name == "supc++"
}

func library(t *translation, w word) error {
	name := w.joined("-l")
	switch {
	case strings.HasPrefix(name, ":"):
		if file := t.findLib(name[1:]); file != "" {
			t.emit(file)
			return nil
		}
	case t.spec.CXX != nil && isStdcxx(name):
		t.note("-l%s is the target's own C++ library", name)
		return nil
	case t.spec.CXX != nil && (name == "gcc_s" || name == "gcc_eh"):
		t.emit(t.spec.inSysroot(t.spec.CXX.Unwinder))
		return nil
	case name == "anl" && t.spec.Libc == "glibc":
		t.note("dropped -lanl: the C library has it")
		return nil
	case t.spec.foreignRuntime():
		return t.foreignLibrary(name)
	case t.spec.windows() && t.linker.static && !system[name]:
		return t.staticWindows(name)
	case t.linker.static && !system[name] && !isStdcxx(name):
		if file := t.findLib("lib" + name + ".a"); file != "" {
			t.emit(file)
			return nil
		}
		return fmt.Errorf("unable to find static library -l%s (lib%s.a) in: %s", name, name, strings.Join(t.libDirs, ", "))
	}
	if t.spec.windows() && !system[name] {
		// Row 17: the order of MinGW's linker, so that libfoo.dll.a is found before libfoo.a.
		if file := t.findLib(libraryFiles(name)...); file != "" {
			t.emit(file)
			return nil
		}
	}
	t.emit("-l" + name)
	return nil
}

func libraryFiles(name string) []string {
	return []string{"lib" + name + ".dll.a", name + ".dll.a", "lib" + name + ".a", name + ".lib"}
}

// staticWindows is library behind -static and -Bstatic. GNU's linker passes over libfoo.dll.a
// then. A library that no package has is Windows' own, whose import library is named libfoo.a
// with MinGW and comes from zig.
func (t *translation) staticWindows(name string) error {
	if file := t.findLib("lib"+name+".a", name+".lib"); file != "" {
		t.emit(file)
		return nil
	}
	if file := t.findLib("lib"+name+".dll.a", name+".dll.a"); file != "" {
		return fmt.Errorf("unable to find static library -l%s (lib%s.a): there is only %s", name, name, filepath.Base(file))
	}
	t.emit("-l" + name)
	return nil
}

func includeDir(t *translation, w word) error {
	flag := w.flag
	if strings.HasPrefix(flag, "-I") {
		flag = "-I"
	}
	given := w.joined(flag)
	dir := given
	if at, ok := t.targetInclude(given); ok && !t.ours(given) {
		dir = at
	} else if strings.HasPrefix(filepath.ToSlash(given), "/") {
		if dir, ok = t.place(given); !ok {
			t.note("dropped %s %s: a folder of this machine, not of the target", flag, given)
			return nil
		}
	}
	if t.defaultInclude(dir) {
		t.note("dropped %s %s: it is searched behind zig's own headers", flag, given)
		return nil
	}
	if flag == "-I" {
		t.emit("-I" + dir)
	} else {
		t.emit(flag, dir)
	}
	return nil
}

// optimize passes the level on where something is compiled. A link has one level, so that
// zig's runtime is compiled once.
func optimize(t *translation, w word) error {
	if t.mode == link && !t.sources {
		return nil
	}
	return pass(t, w)
}

func lto(t *translation, w word) error {
	switch v := strings.TrimPrefix(w.flag, "-flto="); v {
	case "full", "thin":
		return pass(t, w)
	}
	t.note("%s became -flto", w.flag)
	t.emit("-flto")
	return nil
}

// preprocessor takes -Wp,-MD,file apart.
func preprocessor(t *translation, w word) error {
	parts := strings.Split(w.flag[len("-Wp,"):], ",")
	for i := 0; i < len(parts); i++ {
		switch p := parts[i]; {
		case (p == "-MD" || p == "-MMD") && i+1 < len(parts):
			i++
			t.emit(p, "-MF", parts[i])
		case separate[p] && i+1 < len(parts):
			i++
			t.emit(p, parts[i])
		default:
			t.emit(p)
		}
	}
	return nil
}
