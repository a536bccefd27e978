package toolchain

import (
	"regexp"
	"strings"
)

// explanations say what is behind an error of the C compiler or the linker, in the words of a
// user who knows neither.
var explanations = []struct {
	error *regexp.Regexp
	text  string // $1 stands for the first group
}{
	{
		regexp.MustCompile(`undefined symbol: [^\n]*std::__cxx11::`),
		"C++ was compiled for GNU's C++ library and is linked without it: say #cgo LDFLAGS: -lstdc++, which is Debian's on a Debian target; where zig's own C++ library (LLVM's) is used, on musl and Windows, the two don't mix",
	},
	{
		regexp.MustCompile(`undefined symbol: (__isoc23_[a-z0-9_]+|arc4random[a-z_]*|strlcpy|strlcat)(?:\n|$)`),
		"$1 came with a newer C library than the target has: an archive in the module was compiled on a newer system; build it from source, or choose a newer suite of the distribution (repositories.debian.suite)",
	},
	{
		regexp.MustCompile(`fatal error: '([^'\n]+)' file not found`),
		"no package in the sysroot has the header $1; add the package that has it to packages: in the manifest",
	},
	{
		regexp.MustCompile(`unable to find (?:dynamic|static) system library '([^'\n]+)'`),
		"no package in the sysroot has a library for -l$1; add the package that has it to packages: in the manifest",
	},
	{
		regexp.MustCompile(`Package '([^'\n]+)'(?:, required by '[^'\n]+',)? not found`),
		"no package in the sysroot has $1.pc; add the package that has it to packages: in the manifest",
	},
	{
		regexp.MustCompile(`undefined symbol: ([^\n]*GLIBC_[0-9.]+)`),
		"a library needs $1, which the target's C library does not have: its packages come from a newer release of the distribution",
	},
	{
		regexp.MustCompile(`libc of the specified target requires dynamic linking`),
		"glibc is linked dynamically only; a target with musl makes static programs",
	},
}

// Explain returns hints about the output of a failed build, each once, in the order of the
// table; none for errors that say it all.
func Explain(output string) []string {
	var out []string
	seen := map[string]bool{}
	for _, e := range explanations {
		for _, m := range e.error.FindAllStringSubmatch(output, 20) {
			text := e.text
			if len(m) > 1 {
				text = strings.ReplaceAll(text, "$1", m[1])
			}
			if !seen[text] {
				seen[text] = true
				out = append(out, text)
			}
		}
	}
	return out
}
