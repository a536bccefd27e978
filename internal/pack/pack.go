// Package pack makes the files that users get of a compiled program: a relocatable tar.gz,
// packages of Debian, Fedora, Alpine and Arch Linux, a container image, a zip for Windows. It
// is the last stage before publish; closure tells it which libraries the program needs.
//
// The same input gives the same bytes on any host: entries are in a fixed order, times,
// owners and modes are stated and never taken from a file, nothing of the place enters.
package pack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/closure"
	"github.com/graft-build/graft/target"
)

// Packer makes one kind of artifact. Its methods may be called by several goroutines at once.
type Packer interface {
	// Kind is the format's name in the manifest and in artifacts.json: "tar.gz".
	Kind() string
	// FileName is the artifact's name in the folder of artifacts.
	FileName(in In) string
	// Pack writes the artifact. What it has written is worthless when it returns an error.
	Pack(ctx context.Context, in In, w io.Writer) error
}

// packers are all there are, by the order in which help lists them.
var packers = []Packer{TarGz{}, Deb{}, RPM{}, APK{}, ArchLinux{}, OCI{}, Docker{}, Zip{}}

// For returns the packer of a format.
func For(format string) (Packer, bool) {
	i := slices.IndexFunc(packers, func(p Packer) bool { return p.Kind() == format })
	if i < 0 {
		return nil, false
	}
	return packers[i], true
}

// Formats returns the formats' names.
func Formats() []string {
	names := make([]string, len(packers))
	for i, p := range packers {
		names[i] = p.Kind()
	}
	return names
}

// In is a compiled program with all that goes along. Packers change nothing of it.
type In struct {
	Target   target.Target
	Meta     Meta
	Program  string // path of the compiled program
	Closure  closure.Closure
	Packages []Package // the run closure
	Linked   []Package // packages with static libraries that are in the program, for their licences
	Built    []Package // all that the program is built with, where Linked has any: one may refer to another's licence
	Data     []DataFile
	Modules  []Module // all that the program is compiled from, for their licences
	System   System
	Deb      DebOptions
	OCI      OCIOptions
	Repo     string    // the repository the packages are from: "debian-bookworm"
	Time     time.Time // stands in every artifact; zero is 1970
	Temp     string    // folder for what doesn't fit into memory; "" is the system's
	Memo     Memo      // keeps compressed libraries; nil for none
}

// Meta is what the manifest says of the program.
type Meta struct {
	Name        string // of the program and of the artifacts
	Version     string
	Description string // first line: synopsis
	Maintainer  string // "Name <mail>"
	Homepage    string
	License     string // SPDX expression
}

// Package is a package of the run closure.
type Package struct {
	closure.Provider
	Version string        // in the repository's notation: "1:1.2.13.dfsg-1"
	Source  string        // source package, "" when it has the package's name
	SHA256  digest.Digest // of the package's file; zero when it is not known
	Size    int64         // of that file
	Depends []string      // packages of the run closure that it needs
	// Archives are its static libraries that are in the program, as slash-separated paths in its
	// tree; of In.Linked alone.
	Archives []string
}

// DataFile is a file of a package that a Windows program reads when it runs.
type DataFile struct {
	Name    string // place below the program's folder, with slashes
	Path    string // of the file
	Package string // that brings it
}

// Module is a Go module, or the standard library as "std".
type Module struct {
	Path, Version string
	Dir           string // holds its licence files
}

// check refuses what would end up in file names and control files and does not belong there.
func (in In) check() error {
	m := in.Meta
	if !fileName(m.Name) {
		return fmt.Errorf("name %q: want letters, digits and . _ + - and no dot at the start", m.Name)
	}
	if !fileName(m.Version) {
		return fmt.Errorf("version %q: want letters, digits and . _ + - ~", m.Version)
	}
	for field, v := range map[string]string{"maintainer": m.Maintainer, "homepage": m.Homepage, "license": m.License} {
		if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return fmt.Errorf("%s: want one line without control characters", field)
		}
	}
	if strings.ContainsFunc(m.Description, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f }) || len(m.Description) > 1<<14 {
		return errors.New("description: want text of at most 16 KiB")
	}
	return nil
}

// fileName says whether s can be part of a file's name on every system.
func fileName(s string) bool {
	const also = "._+-~"
	ok := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(also, r)
	}
	return s != "" && len(s) <= 128 && s[0] != '.' && s[0] != '-' && !strings.ContainsFunc(s, func(r rune) bool { return !ok(r) })
}

// stem is the artifact's name without its ending.
func (in In) stem() string {
	return in.Meta.Name + "-" + in.Meta.Version + "-" + in.Target.FileName()
}

// program is the file name of the program on its target.
func (in In) program() string {
	if in.Target.GOOS() == "windows" {
		return in.Meta.Name + ".exe"
	}
	return in.Meta.Name
}

func (in In) time() time.Time {
	if in.Time.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return in.Time.UTC().Truncate(time.Second)
}

// date is the time for formats whose users take 1970 for a mistake: lintian and Debian's
// archive refuse files that are older than 20 years.
func (in In) date() time.Time {
	if in.Time.IsZero() {
		return time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return in.time()
}

// pkg returns the package of a name.
func (in In) pkg(name string) (Package, bool) {
	i := slices.IndexFunc(in.Packages, func(p Package) bool { return p.Package == name })
	if i < 0 {
		return Package{}, false
	}
	return in.Packages[i], true
}

// scratch makes a folder for one artifact's intermediate files.
func (in In) scratch() (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp(in.Temp, "pack-*")
	if err != nil {
		return "", nil, err
	}
	return dir, func() { os.RemoveAll(dir) }, nil
}
