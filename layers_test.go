package graft_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const modulePath = "github.com/graft-build/graft"

// layers are the packages from the bottom up. A package may import those below it, and a
// package of its own family (a line that ends in /...); docs/architecture.md draws it.
var layers = [][]string{
	{"internal/similar", "internal/hostdir", "internal/proxytest"},
	{"digest", "target", "event"},
	{"internal/format/..."},
	{"manifest", "lock", "internal/run", "internal/winsys", "internal/stamp", "internal/licence", "internal/survey", "internal/attest", "internal/compare"},
	{"manifest/edit", "internal/draft", "internal/store", "internal/resolve", "internal/pkgconfig", "internal/bom"},
	{"internal/fetch", "internal/unpack", "internal/source", "internal/importer"},
	{"internal/distro/...", "internal/sysroot", "internal/compose"},
	{"internal/detect", "internal/toolchain/...", "internal/why"},
	{"internal/compile"},
	{"internal/closure", "internal/shlibdeps"},
	{"internal/pack/..."},
	{"internal/publish/..."},
	{""},
	{"internal/nixbuild"},
	{"internal/cli"},
	{"cmd/graft", "test/...", "nix/..."},
	{"bench/..."}, // measures with the stand-ins of test
}

func layerOf(pkg string) int {
	for i, l := range layers {
		for _, pattern := range l {
			base, all := strings.CutSuffix(pattern, "/...")
			if pkg == base || all && strings.HasPrefix(pkg, base+"/") {
				return i
			}
		}
	}
	return -1
}

// family is the part of a path that packages of one subject share.
func family(pkg string) string {
	for _, l := range layers {
		for _, pattern := range l {
			if base, ok := strings.CutSuffix(pattern, "/..."); ok && (pkg == base || strings.HasPrefix(pkg, base+"/")) {
				return base
			}
		}
	}
	return pkg
}

// TestImportsPointDown holds the direction in which packages know each other.
func TestImportsPointDown(t *testing.T) {
	for _, p := range listPackages(t) {
		from := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, modulePath), "/")
		at := layerOf(from)
		if at < 0 {
			t.Errorf("%s has no place in the layers of this test: say which stage it belongs to", p.ImportPath)
			continue
		}
		for _, imp := range p.Imports {
			if imp != modulePath && !strings.HasPrefix(imp, modulePath+"/") {
				continue
			}
			to := strings.TrimPrefix(strings.TrimPrefix(imp, modulePath), "/")
			if layerOf(to) < at || family(from) == family(to) {
				continue
			}
			t.Errorf("%s imports %s, which is not below it", from, to)
		}
	}
}

// TestOnlyRunStartsProcesses, and only cmd/graft and internal/cli know the process they are in.
func TestOnlyRunStartsProcesses(t *testing.T) {
	allowed := map[string]string{
		"os/exec":   "internal/run",
		"os/signal": "cmd/graft",
	}
	for _, p := range listPackages(t) {
		from := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, modulePath), "/")
		// nix/bootstrap compiles graft and is no part of it.
		if strings.HasPrefix(from, "bench") || strings.HasPrefix(from, "test") || from == "nix/bootstrap" {
			continue
		}
		for _, imp := range p.Imports {
			if only, ok := allowed[imp]; ok && from != only {
				t.Errorf("%s imports %s; only %s may", from, imp, only)
			}
		}
	}
}

type listedPackage struct {
	ImportPath string
	Imports    []string
}

func listPackages(t *testing.T) []listedPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []listedPackage
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p listedPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}
