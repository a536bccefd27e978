// Package dpkgdeps asks the real dpkg-shlibdeps what a program depends on, given unpacked
// packages that need not be installed: their files and control files are put together as a
// made-up dpkg database. Tests compare graft's own answer with it.
package dpkgdeps

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Package is an unpacked package: Tree/data holds its files, Tree/control its control files.
type Package struct {
	Name, Version, Tree string
}

// Tools returns the programs that are missing here for an architecture.
func Tools(arch string) (missing []string) {
	for _, tool := range []string{"dpkg-shlibdeps", "dpkg-query", objdump(arch)} {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, tool)
		}
	}
	return missing
}

// objdump is the one that dpkg-shlibdeps takes.
func objdump(arch string) string {
	gnu := map[string]string{
		"armhf": "arm-linux-gnueabihf", "arm64": "aarch64-linux-gnu", "riscv64": "riscv64-linux-gnu", "amd64": "x86_64-linux-gnu",
	}
	return gnu[arch] + "-objdump"
}

// Depends returns the Depends that dpkg-shlibdeps computes for programs, "" for none.
func Depends(ctx context.Context, arch string, packages []Package, programs ...string) (string, error) {
	dir, err := os.MkdirTemp("", "dpkgdeps-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	folders, err := database(filepath.Join(dir, "dpkg"), arch, packages)
	if err != nil {
		return "", err
	}
	// It insists on a source package to work for.
	if err := put(filepath.Join(dir, "debian", "control"), "Source: x\n\nPackage: x\nArchitecture: any\n"); err != nil {
		return "", err
	}
	argv := []string{"-O", "--admindir=" + filepath.Join(dir, "dpkg")}
	for _, f := range folders {
		argv = append(argv, "-l"+f)
	}
	for _, p := range programs {
		argv = append(argv, "-e"+p)
	}
	cmd := exec.CommandContext(ctx, "dpkg-shlibdeps", argv...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "DEB_HOST_ARCH="+arch)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("dpkg-shlibdeps: %w\n%s", err, stderr.String())
	}
	_, depends, _ := strings.Cut(out.String(), "shlibs:Depends=")
	depends, _, _ = strings.Cut(depends, "\n")
	return depends, nil
}

// database writes dpkg's administrative folder for packages and returns the folders with
// their libraries.
func database(dir, arch string, packages []Package) (folders []string, err error) {
	var status strings.Builder
	for _, p := range packages {
		fmt.Fprintf(&status, "Package: %s\nStatus: install ok installed\nMaintainer: x <x@example.com>\nArchitecture: %s\nVersion: %s\nDescription: x\n\n", p.Name, arch, p.Version)
		var list strings.Builder
		top := filepath.Join(p.Tree, "data")
		err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				list.WriteString(path + "\n")
				if f := filepath.Dir(path); strings.Contains(d.Name(), ".so") && !slices.Contains(folders, f) {
					folders = append(folders, f)
				}
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if err := put(filepath.Join(dir, "info", p.Name+".list"), list.String()); err != nil {
			return nil, err
		}
		for _, name := range []string{"symbols", "shlibs"} {
			b, err := os.ReadFile(filepath.Join(p.Tree, "control", name))
			if err != nil {
				continue
			}
			if err := put(filepath.Join(dir, "info", p.Name+"."+name), string(b)); err != nil {
				return nil, err
			}
		}
	}
	// Folders that the loader searches come first; packages' own ones, of alternatives, after them.
	slices.SortStableFunc(folders, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	return folders, put(filepath.Join(dir, "status"), status.String())
}

func put(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(text), 0o644)
}
