package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/graft-build/graft/internal/run"
)

// withOwnGo adds the Go that a package of graft brings (lib/graft/go beside bin, as the flake
// has it) to the PATH of an environment that has no go command.
func withOwnGo(env []string, exe string) []string {
	if run.Look(env, "go") != "" {
		return env
	}
	if real, err := filepath.EvalSymlinks(exe); err == nil {
		exe = real
	}
	bin := filepath.Join(filepath.Dir(filepath.Dir(exe)), "lib", "graft", "go", "bin")
	if _, err := os.Stat(bin); err != nil {
		return env
	}
	path := bin
	for _, kv := range env {
		if old, ok := strings.CutPrefix(kv, "PATH="); ok && old != "" {
			path = old + string(filepath.ListSeparator) + bin
		}
	}
	return append(env, "PATH="+path)
}
