package shim

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// tool is what the shim was started as.
type tool int

const (
	noTool tool = iota
	toolCC
	toolCXX
	toolAr
	toolRanlib
	toolLD
	toolPkgConfig
)

var tools = map[string]tool{
	"cc": toolCC, "gcc": toolCC, "clang": toolCC,
	"c++": toolCXX, "g++": toolCXX, "clang++": toolCXX,
	"ar": toolAr, "ranlib": toolRanlib, "ld": toolLD,
	"pkg-config": toolPkgConfig, "pkgconf": toolPkgConfig,
}

// Names lists the names under which a kit has its tools, the plain ones.
var Names = []string{"cc", "c++", "ar", "ranlib", "ld", "pkg-config"}

// Dirs are the folders of a kit with tools: by plain name, and by name with the triplet.
var Dirs = []string{"bin", "path"}

// Main acts as a kit's tool when argv[0] is one: a name of a tool in a folder beside which
// there is a kit.json. It returns false, having done nothing, when it is not.
//
// On Unix it does not return when it succeeds in becoming zig.
func Main(argv, env []string, stdin io.Reader, stdout, stderr io.Writer) (exit int, isShim bool) {
	if len(argv) == 0 {
		return 0, false
	}
	t, dir := identify(argv[0], env)
	if t == noTool {
		return 0, false
	}
	spec, err := Load(dir)
	if err != nil {
		if os.IsNotExist(err) {
			return 0, false
		}
		fmt.Fprintf(stderr, "graft: %v\n", err)
		return 1, true
	}
	s := &session{spec: spec, kit: dir, tool: t, env: env, stdin: stdin, stdout: stdout, stderr: stderr}
	exit, err = s.run(argv[1:])
	if err != nil {
		fmt.Fprintf(stderr, "%s: error: %v\n", filepath.Base(argv[0]), err)
		exit = 1
	}
	return exit, true
}

// identify finds the tool and the kit's folder from the name the process was started by.
func identify(arg0 string, env []string) (tool, string) {
	name := filepath.Base(arg0)
	if runtime.GOOS == "windows" {
		name = strings.TrimSuffix(strings.ToLower(name), ".exe")
	}
	t := tools[name]
	if t == noTool {
		// arm-linux-gnueabihf-gcc, arm-linux-gnueabihf-pkg-config
		for _, plain := range []string{"pkg-config"} {
			if strings.HasSuffix(name, "-"+plain) {
				t = tools[plain]
			}
		}
		if i := strings.LastIndexByte(name, '-'); t == noTool && i > 0 {
			t = tools[name[i+1:]]
		}
	}
	if t == noTool {
		return noTool, ""
	}
	path := arg0
	if filepath.Base(arg0) == arg0 {
		if path = lookPath(arg0, env); path == "" {
			return noTool, ""
		}
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return noTool, ""
	}
	bin := filepath.Dir(path)
	for _, d := range Dirs {
		if filepath.Base(bin) == d {
			return t, filepath.Dir(bin)
		}
	}
	return noTool, ""
}

// lookPath finds a program in PATH, the way the one that started it did.
func lookPath(name string, env []string) string {
	for _, dir := range filepath.SplitList(getenv(env, "PATH")) {
		for _, ext := range []string{"", ".exe"} {
			p := filepath.Join(dir, name+ext)
			if fi, err := os.Stat(p); err == nil && fi.Mode().IsRegular() && filepath.IsAbs(p) {
				return p
			}
		}
	}
	return ""
}

func getenv(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if v, ok := strings.CutPrefix(env[i], name+"="); ok {
			return v
		}
	}
	return ""
}
