// Package pacman is MSYS2's package archive as stage resolve asks it: which packages hold a
// .pc file, an import library, a header or a DLL, and what a package really needs of others.
//
// What is trusted: a database or package counts only when one of the packager keys pinned in
// this package signed it (detached OpenPGP signatures); every package is then known by the
// SHA-256 in the signed database. Everything that was not verified yet is held to be hostile.
package pacman

import (
	"fmt"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/distro/mirror"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/internal/winsys"
	"github.com/graft-build/graft/lock"
)

// Environment is one of MSYS2's sets of packages, built with one compiler against one C
// runtime. Packages of two of them are never mixed.
type Environment struct {
	Name    string         // "clang64": also the folder that its files are in
	Prefix  string         // that its packages' names begin with
	GOARCH  string         // processor
	Runtime winsys.Runtime // C runtime
}

var environments = []Environment{
	{"clang64", "mingw-w64-clang-x86_64-", "amd64", winsys.UCRT},
	{"ucrt64", "mingw-w64-ucrt-x86_64-", "amd64", winsys.UCRT},
	{"mingw64", "mingw-w64-x86_64-", "amd64", winsys.MSVCRT},
	{"clangarm64", "mingw-w64-clang-aarch64-", "arm64", winsys.UCRT},
}

// Environments returns all that there are.
func Environments() []Environment { return append([]Environment(nil), environments...) }

// ParseEnvironment finds an environment by its name.
func ParseEnvironment(name string) (Environment, error) {
	var names []string
	for _, e := range environments {
		if e.Name == name {
			return e, nil
		}
		names = append(names, e.Name)
	}
	return Environment{}, fmt.Errorf("unknown MSYS2 environment %q: want %s", name, strings.Join(names, ", "))
}

// zigBrings says whether the environment's C runtime is the one that zig has too. Otherwise
// headers, start files and libraries of it are the packages' own.
func (e Environment) zigBrings() bool { return e.Runtime == winsys.UCRT }

// RuntimeNeeds are what C is compiled with where zig does not bring it.
func (e Environment) RuntimeNeeds() []resolve.Need {
	if e.zigBrings() {
		return nil
	}
	from := []string{"the C runtime of " + e.Name}
	return []resolve.Need{{Kind: resolve.Header, Name: "_mingw.h", From: from}, {Kind: resolve.Library, Name: "mingw32", From: from}}
}

// Format is the repository format that locks record.
const Format = "pacman"

// Official are the addresses that MSYS2 itself states, the first of them for locks.
var Official = []string{"https://repo.msys2.org", "https://mirror.msys2.org"}

// secondary are mirrors of MSYS2's own list, of its first tier, each on another continent or
// net. A locked file is asked for there at last: MSYS2 removes old packages, and its mirrors
// follow at their own pace. The digest in the lock vouches for what they give.
var secondary = []string{
	"https://mirrors.dotsrc.org/msys2",
	"https://ftp.acc.umu.se/mirror/msys2.org",
	"https://mirror.umd.edu/msys2",
	"https://mirrors.tuna.tsinghua.edu.cn/msys2",
	"https://mirror.internet.asn.au/pub/msys2",
}

// ID is the name of the environment's repository, in locks and in manifests.
func (e Environment) ID() string { return "msys2-" + e.Name }

// path is where a file of the environment is, below a base address.
func (e Environment) path(file string) string { return "mingw/" + e.Name + "/" + file }

// URLs returns the addresses of a file of a locked repository, best first: below the given
// mirrors, below the official ones, below others that are known. path is a locked package's.
func URLs(mirrors []string, r lock.Repository, path string) ([]string, error) {
	if r.Format != Format || !safePath(path) {
		return nil, fmt.Errorf("find addresses of %q: not a path below a repository of format %s", path, Format)
	}
	bases, err := clean(slices.Concat(mirrors, Official, secondary))
	if err != nil {
		return nil, err
	}
	return mirror.Join(bases, path), nil
}

// clean checks addresses and returns each once.
func clean(bases []string) ([]string, error) {
	var out []string
	seen := make(map[string]bool)
	for _, m := range bases {
		base, err := mirror.Clean(m)
		if err != nil {
			return nil, err
		}
		if !seen[base] {
			seen[base] = true
			out = append(out, base)
		}
	}
	return out, nil
}

// CheckMirror says what is wrong with an address of a mirror.
func CheckMirror(base string) error {
	_, err := mirror.Clean(base)
	return err
}

// safePath says whether a path is relative and stays below its root.
func safePath(p string) bool {
	if p == "" || strings.ContainsAny(p, "\\\x00") {
		return false
	}
	for _, part := range strings.Split(p, "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return true
}
