// Package lock is graft.lock: what was chosen for a manifest, every input pinned by SHA-256
// and size. A build with a lock asks no index.
//
// The file is JSON with one record a line, in a fixed order, so that it diffs and merges
// line by line. Encode writes the one canonical form; Parse reads any layout of the same JSON.
package lock

import "github.com/graft-build/graft/digest"

// Version is the format's version, the first line of a file.
const Version = 1

// Lock is the content of graft.lock. Locks are values; nobody changes one that was read.
type Lock struct {
	Go           string       // the Go version that compiles: "1.26.8"
	Zig          *Zig         // nil when no target needs C
	Composition  Composition  // what the locked composition consists of
	Asked        []string     // what Composition.Key is of, in words: "plugin ../count-plugin", "tag sqlite"
	Modules      []Module     // every module of the build list, by path
	Sums         []string     // go.sum lines, sorted
	ModuleFiles  []ModuleFile // by Path; nil where nobody asked for them
	Repositories []Repository // by Name
	Targets      []Target     // by Name
	Packages     []Package    // by Repo, Arch, Name
}

// Zig is the C toolchain. Content is the tree digest of the binary's and the lib folder's
// content for one host, whichever way it came (package toolchain).
type Zig struct {
	Version string `json:"version"`
}

// Composition names the application and the plugins, in the user's order. Key is the digest
// of what the manifest and the flags ask for; a lock whose Key differs is stale.
type Composition struct {
	Key     digest.Digest `json:"key"`
	App     string        `json:"app"` // module path of the application's main package's module, @version unless local
	Plugins []string      `json:"plugins"`
	GoMod   digest.Digest `json:"goMod,omitzero"` // of what the go.mod files said that the modules were chosen from
}

// Module is one module of the build list.
type Module struct {
	Path    string `json:"path"`
	Version string `json:"version,omitempty"` // "" for a local folder
	Replace string `json:"replace,omitempty"` // "path@version" that stands in, or "local"
	Sum     string `json:"sum,omitempty"`     // h1: of the zip
	From    string `json:"from,omitempty"`    // what the application requires, where a plugin raised that
	By      string `json:"by,omitempty"`      // module of the plugin that did, then those between it and the requirement; separated by spaces
}

// ModuleFile is a file of the Go module proxy protocol (https://go.dev/ref/mod#goproxy-protocol),
// for those who fetch by content without the go command, as Nix does: the zip and go.mod files
// that the locked targets need, and the Go toolchain's zip for some hosts. The h1: sums are not
// of a file's bytes.
type ModuleFile struct {
	Path   string        `json:"path"` // below a proxy's address: "golang.org/x/mod/@v/v0.42.0.zip"
	Size   int64         `json:"size"`
	SHA256 digest.Digest `json:"sha256"`
}

// Repository is one archive's state at the time of locking.
type Repository struct {
	Name   string        `json:"name"`   // "debian-bookworm"
	Format string        `json:"format"` // "deb", "pacman"
	Suite  string        `json:"suite"`  // "bookworm", "bookworm-security"; clang64
	Base   string        `json:"base"`   // official base address; mirrors come from the configuration
	Date   string        `json:"date"`   // Date field of its Release file, RFC 3339
	Index  digest.Digest `json:"index"`  // of the signed index file (InRelease)
	ID     string        `json:"id"`     // unique in the lock: "bookworm", "bookworm-security"
}

// Target is one locked target.
type Target struct {
	Name  string   `json:"name"`
	Repo  string   `json:"repo,omitempty"`  // name of the repository, "" without packages
	Libc  string   `json:"libc,omitempty"`  // upstream version of the repository's libc: "2.36"
	Needs []string `json:"needs,omitempty"` // what the composition asks for: "pkg-config:cairo", "lib:qrencode", "package:libfoo-dev"
	Roots []string `json:"roots,omitempty"` // packages asked for besides the needs (ca-certificates, manifest)
	Cgo   bool     `json:"cgo,omitempty"`   // C is compiled: zig is needed
}

// Package is one file of a repository, for one target.
type Package struct {
	Target  string        `json:"target"`
	Name    string        `json:"name"`
	Version string        `json:"version"`
	Arch    string        `json:"arch"` // as the package states it: "armhf", "all"
	Repo    string        `json:"repo"` // Repository.ID
	Path    string        `json:"path"` // below the repository's base address
	Size    int64         `json:"size"`
	SHA256  digest.Digest `json:"sha256"`
	Source  string        `json:"source,omitempty"`  // source package, when it differs from Name
	Build   bool          `json:"build,omitempty"`   // in the build closure
	Run     bool          `json:"run,omitempty"`     // in the run closure
	Depends []string      `json:"depends,omitempty"` // names of locked packages of this target that it needs, sorted
	For     []string      `json:"for,omitempty"`     // the needs or roots that asked for it directly
}
