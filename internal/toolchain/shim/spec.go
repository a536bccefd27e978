// Package shim is what graft does when it is started as cc, c++, ar or pkg-config of a kit:
// it turns a GNU command line into one that zig understands, and becomes zig. It feeds stage
// compile; package toolchain makes the kits.
//
// The go command starts it some dozens of times a build, so it does nothing but read kit.json,
// look at the arguments and execute zig.
package shim

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Spec is kit.json: all that a kit's tools know. Paths may be relative to the kit's folder, so
// that a kit moves with its store; Load makes them absolute.
type Spec struct {
	Version int    `json:"version"`          // SpecVersion
	OS      string `json:"os"`               // GOOS
	Arch    string `json:"arch"`             // GOARCH
	Zig     string `json:"zig"`              // zig's executable
	Lib     string `json:"lib"`              // zig's lib folder
	Cache   string `json:"cache"`            // zig's global cache, writable
	Target  string `json:"target"`           // zig's -target: "arm-linux-gnueabihf.2.36"
	CPU     string `json:"cpu,omitempty"`    // zig's -mcpu, "" for the default
	Triplet string `json:"triplet"`          // the GNU name of the target: "arm-linux-gnueabihf"
	Libc    string `json:"libc"`             // "glibc", "musl", "ucrt", "msvcrt"
	Loader  string `json:"loader,omitempty"` // the dynamic loader that binaries ask for, ELF only

	Sysroot   string   `json:"sysroot,omitempty"`   // "" for none
	Include   []string `json:"include,omitempty"`   // default header folders inside the sysroot: "/usr/include"
	LibDirs   []string `json:"libdirs,omitempty"`   // default library folders inside the sysroot
	PkgConfig []string `json:"pkgconfig,omitempty"` // folders of .pc files inside the sysroot
	Defines   []string `json:"defines,omitempty"`   // macros every C file is compiled with: "_TIME_BITS=64"
	CXX       *CXX     `json:"cxx,omitempty"`       // the target's own C++ library; nil when C++ is compiled with zig's
}

// CXX is the C++ library that the distribution's own C++ libraries are compiled against: GNU's.
// Objects of the two kinds don't link, and exceptions don't pass from one to the other.
type CXX struct {
	Include  []string `json:"include"`  // its header folders inside the sysroot, in the order of search
	Shared   string   `json:"shared"`   // libstdc++.so.6 inside the sysroot
	Archive  string   `json:"archive"`  // libstdc++.a inside the sysroot
	Unwinder string   `json:"unwinder"` // libgcc_s.so.1 inside the sysroot, which passes exceptions on
}

// SpecVersion is the version of kit.json that this graft reads and writes.
const SpecVersion = 1

// SpecFile is the file in a kit's folder that holds the Spec.
const SpecFile = "kit.json"

// maxSpec bounds kit.json.
const maxSpec = 1 << 20

// Load reads the spec of the kit in dir, an absolute path.
func Load(dir string) (*Spec, error) {
	name := filepath.Join(dir, SpecFile)
	fi, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if fi.Size() > maxSpec {
		return nil, fmt.Errorf("read %s: %d bytes are too many", name, fi.Size())
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	s := new(Spec)
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if s.Version != SpecVersion {
		return nil, fmt.Errorf("read %s: its version is %d, this graft knows %d", name, s.Version, SpecVersion)
	}
	for _, p := range []*string{&s.Zig, &s.Lib, &s.Cache, &s.Sysroot} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, filepath.FromSlash(*p))
		}
	}
	return s, nil
}

// windows says whether the target is Windows.
func (s *Spec) windows() bool { return s.OS == "windows" }

// elf says whether the target's binaries are ELF.
func (s *Spec) elf() bool { return s.OS == "linux" }

// inSysroot returns a folder of the sysroot in the form of the host.
func (s *Spec) inSysroot(path string) string {
	return s.Sysroot + filepath.FromSlash(path)
}
