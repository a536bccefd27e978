// Package target is the vocabulary of systems that graft builds for. A target is data: a
// platform in OCI notation, its C ABI, and the repository that its packages come from.
package target

import (
	"fmt"
	"sort"
	"strings"

	"github.com/graft-build/graft/internal/similar"
)

// Platform is an operating system and processor in OCI notation: linux/arm/v7.
type Platform struct {
	OS, Arch, Variant string
}

// String returns the OCI notation.
func (p Platform) String() string {
	s := p.OS + "/" + p.Arch
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// ABI is the C side of a target. The zero value is a target without C: pure Go.
type ABI struct {
	Zig     string // zig's triple without a libc version: "arm-linux-gnueabihf"
	CPU     string // zig's -mcpu, "" for its default
	Triplet string // the GNU triplet of library folders: "arm-linux-gnueabihf"
	Libc    string // "glibc", "musl", "ucrt", "msvcrt"
	Loader  string // absolute path of the dynamic loader, ELF only
}

// Target is a system to build for. Targets are values; nobody changes one.
type Target struct {
	Name     string // as users write it and as the lock records it
	Aliases  []string
	Platform Platform
	GoEnv    []string // GOARM=7 and the like, "NAME=value"
	ABI      ABI
	Repo     string   // default repository, a name of the repository table; "" without packages
	Arch     string   // the repository's name of the architecture: "armhf"
	Formats  []string // default artifact formats
	Emulator string   // the program that starts it where it does not run by itself: "qemu-arm", "wine"
}

// GOOS and GOARCH as the go command wants them.
func (t Target) GOOS() string   { return t.Platform.OS }
func (t Target) GOARCH() string { return t.Platform.Arch }

// Cgo says whether C can be compiled for the target.
func (t Target) Cgo() bool { return t.ABI.Zig != "" }

// FileName is the target's name as part of a file name: "linux-amd64".
func (t Target) FileName() string { return strings.ReplaceAll(t.Name, "/", "-") }

// All returns the presets, in the order of the table.
func All() []Target { return append([]Target(nil), table...) }

// UnknownError is a target name that is none.
type UnknownError struct {
	Name  string
	Close []string // names that look like it
}

func (e *UnknownError) Error() string {
	s := fmt.Sprintf("unknown target %q", e.Name)
	if len(e.Close) > 0 {
		s += "; did you mean " + strings.Join(e.Close, " or ") + "?"
	}
	return s
}

// Parse finds a target by name or alias. A GOOS/GOARCH that is in no preset is a pure Go
// target without packages.
func Parse(name string) (Target, error) {
	for _, t := range table {
		if t.Name == name {
			return t, nil
		}
		for _, a := range t.Aliases {
			if a == name {
				return t, nil
			}
		}
	}
	if pureGo[name] {
		os, arch, _ := strings.Cut(name, "/")
		t := Target{Name: name, Platform: Platform{OS: os, Arch: arch}, Formats: []string{"tar.gz"}}
		if os == "windows" {
			t.Formats = []string{"zip"}
		}
		return t, nil
	}
	return Target{}, &UnknownError{Name: name, Close: closest(name)}
}

// Host returns the preset for a Go platform ("linux", "amd64"), the default target.
func Host(goos, goarch string) (Target, error) {
	name := goos + "/" + goarch
	if goarch == "arm" {
		name += "/v7"
	}
	return Parse(name)
}

// closest returns the names closest to an unknown one, at most three, the closest first.
func closest(name string) []string {
	type near struct {
		name string
		d    int
	}
	var found []near
	lower := strings.ToLower(name)
	for _, t := range table {
		for _, n := range append([]string{t.Name}, t.Aliases...) {
			if d := similar.Distance(lower, n); d <= 2 || strings.HasPrefix(n, lower) {
				found = append(found, near{n, d})
			}
		}
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].d < found[j].d })
	var out []string
	for _, f := range found[:min(3, len(found))] {
		if f.d == found[0].d {
			out = append(out, f.name)
		}
	}
	return out
}
