package shim

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// zig has one C runtime for Windows, the UCRT. Packages of MSYS2's mingw64 use the older
// msvcrt, and two runtimes in one program have two heaps. There headers, start files and
// libraries are the packages' own (headers-git, crt-git), and zig, told that there is no C
// library, gives its compiler, its linker and compiler-rt alone.

// foreignRuntime says whether the C runtime is the sysroot's and not zig's.
func (s *Spec) foreignRuntime() bool { return s.windows() && s.Libc == "msvcrt" }

// imageBase is an object with __image_base__, by which MinGW's start files know where the
// program lies and which GNU's linker defines itself.
const imageBase = "image_base.s"

const imageBaseSource = "\t.weak __image_base__\n\t.set __image_base__, __ImageBase\n"

// foreignBefore keeps zig's own C library out, headers included, and begins a link with the
// start files.
func (t *translation) foreignBefore() {
	t.emit("-nostdlib")
	if t.mode != link || t.partial {
		return
	}
	if !t.noStart {
		start, entry := "crt2.o", "mainCRTStartup"
		switch {
		case t.shared:
			start, entry = "dllcrt2.o", "DllMainCRTStartup"
		case t.unicode:
			start, entry = "crt2u.o", "wmainCRTStartup"
		}
		if !t.entry {
			t.emit("-Wl,-e," + entry)
		}
		t.emit(t.runtimeFile(start))
	}
	t.emit(filepath.Join(t.kit, imageBase))
}

// runtimeLibs are what gcc puts behind everything else, in its order.
var runtimeLibs = []string{"mingw32", "moldname", "mingwex", "msvcrt", "advapi32", "shell32", "user32", "kernel32"}

func (t *translation) foreignAfter() {
	if t.partial {
		return
	}
	if t.language {
		t.emit("-x", "none") // libraries are no source, whatever the caller's are
	}
	if !t.noLibs {
		t.emit("-Wl,--start-group")
		for _, name := range runtimeLibs {
			t.emit(t.runtimeFile("lib" + name + ".a"))
		}
		t.emit("-Wl,--end-group")
	}
	t.emit("-lcompiler_rt")
}

// runtimeFile is a file of the C runtime. One that is not there gets a name that zig's
// message then has.
func (t *translation) runtimeFile(name string) string {
	if file := t.findLib(name); file != "" {
		return file
	}
	return name
}

// gccLibs lists libraries of gcc's own, which compiler-rt stands in for.
var gccLibs = map[string]bool{"gcc": true, "gcc_s": true, "gcc_eh": true, "atomic": true, "ssp": true, "compiler_rt": true, "unwind": true}

var errForeignCxx = errors.New("C++ for mingw64 wants gcc's libstdc++, and graft's compiler has libc++: take the packages of clang64")

// foreignLibrary finds a library in the sysroot, where everything has to be: zig would bring
// its own C library with what it has.
func (t *translation) foreignLibrary(name string) error {
	if gccLibs[name] {
		t.note("dropped -l%s: zig's compiler-rt has it", name)
		return nil
	}
	if isStdcxx(name) {
		return errForeignCxx
	}
	files := libraryFiles(name)
	if t.linker.static {
		files = []string{"lib" + name + ".a", name + ".lib"}
	}
	if file := t.findLib(files...); file != "" {
		t.emit(file)
		return nil
	}
	return fmt.Errorf("unable to find library -l%s (%s) in: %s", name, strings.Join(files, ", "), strings.Join(t.libDirs, ", "))
}
