// Command bootstrap builds graft inside Nix's sandbox, where there is no shell and no network:
// it lays the module files of graft's own lock out as a Go module proxy in a folder and lets
// the go command build from that. It needs nothing but Go's standard library, so that any go
// compiles it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// plan is what nix/bootstrap/default.nix asks for, in the file that $planPath names.
type plan struct {
	Go          string       `json:"go"`        // the go command
	Toolchain   string       `json:"toolchain"` // GOTOOLCHAIN: which version of it
	Source      string       `json:"source"`    // graft's source
	ModuleFiles []moduleFile `json:"moduleFiles"`

	Graft  string `json:"graft"`  // a graft that is compiled already, to be put beside
	GoRoot string `json:"goroot"` // a Go that it finds by itself
}

// moduleFile is a file of the module proxy protocol.
type moduleFile struct {
	Path string `json:"path"` // below the proxy's address
	File string `json:"file"` // where Nix has it
}

func main() {
	if err := build(os.Getenv("NIX_BUILD_TOP"), os.Getenv("planPath"), os.Getenv("out")); err != nil {
		fmt.Fprintln(os.Stderr, "bootstrap:", err)
		os.Exit(1)
	}
}

func build(top, planFile, out string) error {
	text, err := os.ReadFile(planFile)
	if err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	var p plan
	if err := json.Unmarshal(text, &p); err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	if p.Graft != "" {
		if err := joinGo(out, p.Graft, p.GoRoot); err != nil {
			return fmt.Errorf("join graft and Go: %w", err)
		}
		return nil
	}
	proxy := filepath.Join(top, "proxy")
	if err := layOut(proxy, p.ModuleFiles); err != nil {
		return fmt.Errorf("lay out modules: %w", err)
	}
	cmd := exec.Command(p.Go, "build", "-trimpath", "-buildvcs=false", "-o", filepath.Join(out, "bin", "graft"), "./cmd/graft")
	cmd.Dir = p.Source
	cmd.Env = []string{
		"HOME=" + filepath.Join(top, "home"),
		"TMPDIR=" + top,
		"GOCACHE=" + filepath.Join(top, "cache"),
		"GOPATH=" + filepath.Join(top, "go"),
		"GOENV=off",
		"CGO_ENABLED=0",
		"GOFLAGS=-mod=readonly",
		// A file:// proxy alone also spares the go command the checksum database for its own
		// toolchain. Nix has checked every file against the lock, and go.sum counts as well.
		"GOPROXY=file://" + filepath.ToSlash(proxy),
		"GOSUMDB=off",
		"GOTOOLCHAIN=" + p.Toolchain,
	}
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build: %w", err)
	}
	return nil
}

// joinGo makes bin/graft and lib/graft/go, where graft looks for a go command when PATH has none.
// The program is a copy: graft looks beside where it really is.
func joinGo(out, graft, goroot string) error {
	text, err := os.ReadFile(graft)
	if err != nil {
		return err
	}
	for _, dir := range []string{"bin", "lib/graft"} {
		if err := os.MkdirAll(filepath.Join(out, dir), 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(out, "bin", "graft"), text, 0o755); err != nil {
		return err
	}
	return os.Symlink(goroot, filepath.Join(out, "lib", "graft", "go"))
}

// layOut makes links of a proxy's paths to files.
func layOut(proxy string, files []moduleFile) error {
	for _, f := range files {
		if !filepath.IsLocal(filepath.FromSlash(f.Path)) {
			return fmt.Errorf("%s: leaves the folder", f.Path)
		}
		link := filepath.Join(proxy, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			return err
		}
		if err := os.Symlink(f.File, link); err != nil {
			return err
		}
	}
	return nil
}
