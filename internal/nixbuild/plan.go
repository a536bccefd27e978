// Package nixbuild is graft as the builder of Nix derivations: a plan in JSON and files of
// Nix's store in, one output path out. The flake's library (nix/) writes the plans. There is no
// shell, no network and no PATH where it runs; what it needs lies below the build's own folder.
package nixbuild

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/graft-build/graft/digest"
)

// Plan is what a derivation is to do.
type Plan struct {
	Do string `json:"do"` // "go", "zig", "build", "unpack"

	Zip   string   `json:"zip"`   // go: the toolchain's zip
	Files []string `json:"files"` // zig: what it is made of

	Build
	Unpack
}

// Build is a sealed build. A nil Plugins means the manifest's own.
type Build struct {
	App     string            `json:"app"`
	Plugins []string          `json:"plugins"`
	Modules map[string]string `json:"modules"` // folders that stand in for Go modules
	Name    string            `json:"name"`
	Version string            `json:"version"`
	Tags    []string          `json:"tags"`
	Targets []string          `json:"targets"`
	Formats []string          `json:"formats"`
	Locks   []string          `json:"locks"`

	Go          string       `json:"go"`  // GOROOT
	Zig         string       `json:"zig"` // folder with zig and lib; "" when no C is compiled
	ModuleFiles []ModuleFile `json:"moduleFiles"`
	Packages    []Package    `json:"packages"`
}

// ModuleFile is a file of the module proxy protocol.
type ModuleFile struct {
	Path string `json:"path"` // as in a lock
	File string `json:"file"`
}

// Package is a package of a distribution.
type Package struct {
	SHA256 digest.Digest `json:"sha256"`
	File   string        `json:"file"`
}

// Unpack takes an artifact apart.
type Unpack struct {
	From   string `json:"from"`   // folder of artifacts
	Format string `json:"format"` // "tar.gz", "zip"
	Into   string `json:"into"`   // folder below the output
}

// maxPlan is the largest plan, in bytes; one line is some 200.
const maxPlan = 64 << 20

// ReadPlan reads the plan of the derivation whose builder runs in an environment: the file that
// planPath names (Nix's passAsFile), or plan itself.
func ReadPlan(getenv func(string) string) (Plan, error) {
	text := []byte(getenv("plan"))
	if name := getenv("planPath"); name != "" {
		f, err := os.Open(name)
		if err != nil {
			return Plan{}, fmt.Errorf("read plan: %w", err)
		}
		defer f.Close()
		if text, err = io.ReadAll(io.LimitReader(f, maxPlan+1)); err != nil {
			return Plan{}, fmt.Errorf("read plan: %w", err)
		}
	}
	if len(text) == 0 {
		return Plan{}, errors.New("read plan: neither planPath nor plan is set; this command is the builder of Nix derivations, see docs/nix.md")
	}
	return parsePlan(text)
}

func parsePlan(text []byte) (Plan, error) {
	if len(text) > maxPlan {
		return Plan{}, fmt.Errorf("read plan: larger than %d bytes", maxPlan)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var p Plan
	if err := dec.Decode(&p); err != nil {
		return Plan{}, fmt.Errorf("read plan: %w", err)
	}
	return p, p.check()
}

// check holds what the rest relies on.
func (p Plan) check() error {
	switch p.Do {
	case "go":
		return absolute("zip", p.Zip)
	case "zig":
		if len(p.Files) == 0 {
			return errors.New("read plan: no files of zig")
		}
		return absolute("files", p.Files...)
	case "unpack":
		if p.Into != "" && !filepath.IsLocal(p.Into) {
			return fmt.Errorf("read plan: into %q leaves the output", p.Into)
		}
		return absolute("from", p.From)
	case "build":
		return p.Build.check()
	}
	return fmt.Errorf("read plan: it is to do %q, this graft knows go, zig, build and unpack", p.Do)
}

func (b Build) check() error {
	names := []string{b.App, b.Go}
	if b.Zig != "" {
		names = append(names, b.Zig)
	}
	for _, f := range b.ModuleFiles {
		if !filepath.IsLocal(filepath.FromSlash(f.Path)) {
			return fmt.Errorf("read plan: module file %q leaves the proxy", f.Path)
		}
		names = append(names, f.File)
	}
	for _, f := range b.Packages {
		names = append(names, f.File)
	}
	for _, dir := range b.Modules {
		names = append(names, dir)
	}
	if len(b.Locks) == 0 {
		return errors.New("read plan: a build needs locks")
	}
	return absolute("build", append(names, b.Locks...)...)
}

func absolute(what string, names ...string) error {
	for _, n := range names {
		if !filepath.IsAbs(n) {
			return fmt.Errorf("read plan: %s: %q is no absolute path", what, n)
		}
	}
	return nil
}
