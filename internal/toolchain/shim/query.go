package shim

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// linkerVersion is what the linker says of itself. The Go linker looks for "LLD" and leaves out
// a script that is for GNU ld alone (row 16).
const linkerVersion = "LLD 21.1.0 (compatible with GNU linkers)"

// query answers questions that zig answers wrongly: with folders of the host's own compiler.
func (s *session) query(args []string) bool {
	t := &translation{spec: s.spec, files: diskFiles{}}
	if s.spec.Sysroot != "" {
		for _, d := range s.spec.LibDirs {
			t.addLibDir(s.spec.inSysroot(d))
		}
	}
	for i, a := range args {
		if a == "-Wl,--version" || a == "-Xlinker" && i+1 < len(args) && args[i+1] == "--version" {
			fmt.Fprintln(s.stdout, linkerVersion)
			return true
		}
		name, ok := strings.CutPrefix(a, "-")
		if !ok {
			continue
		}
		name, value, has := strings.Cut(strings.TrimPrefix(name, "-"), "=")
		if !has && i+1 < len(args) {
			value = args[i+1] // the Go linker asks "--print-prog-name ar"
		}
		switch name {
		case "print-file-name":
			fmt.Fprintln(s.stdout, or(t.findLib(value), value))
		case "print-prog-name":
			prog := value
			if slices.Contains(Names, value) {
				prog = filepath.Join(s.kit, Dirs[0], value)
			}
			fmt.Fprintln(s.stdout, prog)
		case "print-search-dirs":
			fmt.Fprintf(s.stdout, "install: %s\nprograms: =%s\nlibraries: =%s\n", s.kit,
				filepath.Join(s.kit, Dirs[0]), strings.Join(t.libDirs, string(filepath.ListSeparator)))
		case "print-sysroot":
			fmt.Fprintln(s.stdout, s.spec.Sysroot)
		case "print-multiarch", "dumpmachine", "print-target-triple":
			fmt.Fprintln(s.stdout, s.spec.Triplet)
		case "print-multi-os-directory":
			fmt.Fprintln(s.stdout, "../lib")
		case "print-multi-lib":
			fmt.Fprintln(s.stdout, ".;")
		default:
			continue
		}
		return true
	}
	return false
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// probe answers the Go linker's questions whether a flag is supported. It asks by linking a
// program of one line for each flag at every link, which costs more than all the rest. The
// call ends with "-o", its output, the flag in question and the program.
func (s *session) probe(args []string) bool {
	n := len(args)
	if n < 4 || args[n-4] != "-o" || filepath.Base(args[n-3]) != "a.out" || filepath.Base(args[n-1]) != "trivial.c" {
		return false
	}
	flag := args[n-2]
	known := s.spec.elf() && (supported[flag] || strings.HasPrefix(flag, "-Wl,--build-id=")) ||
		s.spec.windows() && supportedWindows[flag]
	return known && inGoLink(args[n-3]) && inGoLink(args[n-1])
}

// asksWhat says whether a call is cgo's question what kind of thing each C name is, which it
// reads from the errors: a variable that is const is no constant for gcc, while clang folds it
// and warns, which cgo's -w hides.
func asksWhat(args []string) bool {
	if len(args) == 0 || !slices.Contains(args, "-w") || !slices.Contains(args, "-O0") {
		return false
	}
	input := args[len(args)-1] // cmd/cgo/util.go: run
	return input == "-" || strings.HasPrefix(filepath.Base(input), "cgo-gcc-input-")
}

// inGoLink says whether a file is directly in a temporary folder of the Go linker.
func inGoLink(path string) bool {
	dir := filepath.Base(filepath.Dir(path))
	return strings.HasPrefix(dir, "go-link-") && goTemp.MatchString(dir)
}

// supported lists flags that the Go linker asks for and zig takes or this package translates.
var supported = map[string]bool{
	"-Qunused-arguments": true, "-no-pie": true, "-nopie": true,
	"-Wl,--export-dynamic-symbol=main": true, "-Wl,--compress-debug-sections=zlib": true,
}

// supportedWindows is the same for Windows, where LLD writes no time stamp unasked.
var supportedWindows = map[string]bool{
	"-Qunused-arguments": true, "-no-pie": true, "-nopie": true, "-Wl,--no-insert-timestamp": true,
}
