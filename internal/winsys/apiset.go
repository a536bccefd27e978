package winsys

import "strings"

// IsAPISet says whether a name is that of an API set: "api-" or "ext-", letters, digits and
// dashes, and a version "l1-2-0" at the end; case and the ending .dll do not matter. Windows'
// loader resolves every such name by a table of its own, and no file of that name is looked for,
// so it is never a matter of packages. See "Windows API sets" in Microsoft's documentation.
func IsAPISet(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".dll")
	if !strings.HasPrefix(name, "api-") && !strings.HasPrefix(name, "ext-") {
		return false
	}
	parts := strings.Split(name, "-")
	n := len(parts)
	if n < 5 { // api, a body, l1, 2, 0
		return false
	}
	level, ok := strings.CutPrefix(parts[n-3], "l")
	if !ok || !digits(level) || !digits(parts[n-2]) || !digits(parts[n-1]) {
		return false
	}
	for _, p := range parts[1 : n-3] {
		if p == "" || strings.Trim(p, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return false
		}
	}
	return true
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// Runtime is the C runtime that a DLL's name stands for.
type Runtime string

const (
	UCRT   Runtime = "ucrt"   // clang64, ucrt64, clangarm64, and zig's own default
	MSVCRT Runtime = "msvcrt" // mingw64
)

// RuntimeOf returns the C runtime that is imported by a DLL's name, "" when it is none. A
// program whose parts import both has two heaps and two tables of open files.
func RuntimeOf(name string) Runtime {
	name = strings.TrimSuffix(strings.ToLower(name), ".dll")
	switch {
	case name == "msvcrt":
		return MSVCRT
	case name == "ucrtbase", strings.HasPrefix(name, "api-ms-win-crt-") && IsAPISet(name):
		return UCRT
	}
	return ""
}
