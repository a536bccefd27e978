package toolchain

import (
	"path/filepath"
	"strings"

	"github.com/graft-build/graft/internal/toolchain/shim"
	"github.com/graft-build/graft/target"
)

// flags replaces Go's default "-O2 -g": setting any of the variables drops that default, and
// debug information of C says more about this machine than about the program.
const flags = "-O2 -g0"

// GoEnv is what the go command needs to build for a target, C or not.
func GoEnv(t target.Target) []string {
	env := []string{"GOOS=" + t.GOOS(), "GOARCH=" + t.GOARCH()}
	env = append(env, t.GoEnv...)
	if !t.Cgo() {
		env = append(env, "CGO_ENABLED=0")
	}
	return env
}

// Env is the environment of a go build with the kit, to be added to a scrubbed one.
func (k Kit) Env() []string {
	env := GoEnv(k.Target)
	if k.Spec.Libc == "musl" {
		// The Go linker's own mode makes dynamic programs and takes every C library for glibc;
		// zig makes static ones.
		env = append(env, "GO_EXTLINK_ENABLED=1")
	}
	return append(env,
		"CGO_ENABLED=1",
		"CC="+k.command("cc"),
		"CXX="+k.command("c++"),
		"AR="+k.command("ar"),
		"PKG_CONFIG="+k.command("pkg-config"),
		"CGO_CPPFLAGS=",
		"CGO_CFLAGS="+flags,
		"CGO_CXXFLAGS="+flags,
		"CGO_FFLAGS="+flags,
		"CGO_LDFLAGS="+flags,
	)
}

// ExecEnv is Env and what other build tools ask for: make, configure, CMake, Meson, cargo's cc
// crate. path is the caller's PATH; the tools' names with the target's triplet come before it,
// so that "configure --host=$CHOST" finds them, while plain "cc" stays the machine's own.
func (k Kit) ExecEnv(path string) []string {
	t, triplet := k.Target, k.Spec.Triplet
	env := append(k.Env(),
		"PATH="+filepath.Join(k.Dir, shim.Dirs[1])+string(filepath.ListSeparator)+path,
		"LD="+k.command("ld"),
		"RANLIB="+k.command("ranlib"),
		"CFLAGS="+flags,
		"CXXFLAGS="+flags,
		"LDFLAGS="+flags,
		"CHOST="+triplet,
		"TARGET="+triplet,
		"GRAFT_TARGET="+t.Name,
		"GRAFT_TRIPLET="+triplet,
		"GRAFT_SYSROOT="+k.Spec.Sysroot,
		"CMAKE_TOOLCHAIN_FILE="+filepath.Join(k.Dir, cmakeFile),
		"PKG_CONFIG_ALLOW_CROSS=1",
		"PKG_CONFIG_SYSROOT_DIR="+k.Spec.Sysroot,
		"PKG_CONFIG_LIBDIR="+k.pkgConfigDirs(),
	)
	under := strings.ReplaceAll(triplet, "-", "_")
	for _, v := range [][2]string{{"CC", "cc"}, {"CXX", "c++"}, {"AR", "ar"}, {"RANLIB", "ranlib"}} {
		env = append(env, v[0]+"_"+under+"="+k.command(v[1]))
	}
	return env
}

// command is a tool as variables name it, whose value is a command line: go and make split it
// at blanks, so that a store in a folder with a blank needs quotes.
func (k Kit) command(name string) string {
	tool := k.Tool(name)
	if strings.ContainsAny(tool, " \t") {
		return "'" + tool + "'"
	}
	return tool
}

func (k Kit) pkgConfigDirs() string {
	dirs := make([]string, len(k.Spec.PkgConfig))
	for i, d := range k.Spec.PkgConfig {
		dirs[i] = k.Spec.Sysroot + filepath.FromSlash(d)
	}
	return strings.Join(dirs, string(filepath.ListSeparator))
}

// cmakeFile is the kit's CMake toolchain file.
const cmakeFile = "toolchain.cmake"

// processors has CMake's names of processors, which are those of "uname -m".
var processors = map[string]string{"amd64": "x86_64", "arm64": "aarch64", "arm": "armv7l", "riscv64": "riscv64", "386": "i686"}

// cmake is the toolchain file's content. It names everything relative to itself.
func cmake(s shim.Spec) string {
	system := strings.ToUpper(s.OS[:1]) + s.OS[1:]
	var b strings.Builder
	line := func(name, value string) { b.WriteString("set(" + name + " \"" + value + "\")\n") }
	const here = "${CMAKE_CURRENT_LIST_DIR}/"
	tool := func(name string) string { return here + shim.Dirs[0] + "/" + exe(name) }
	line("CMAKE_SYSTEM_NAME", system)
	line("CMAKE_SYSTEM_PROCESSOR", processors[s.Arch])
	line("CMAKE_C_COMPILER", tool("cc"))
	line("CMAKE_CXX_COMPILER", tool("c++"))
	line("CMAKE_AR", tool("ar"))
	line("CMAKE_RANLIB", tool("ranlib"))
	line("CMAKE_LIBRARY_ARCHITECTURE", s.Triplet)
	line("PKG_CONFIG_EXECUTABLE", tool("pkg-config"))
	if s.Sysroot != "" {
		root := filepath.ToSlash(s.Sysroot)
		if !filepath.IsAbs(s.Sysroot) {
			root = here + root
		}
		line("CMAKE_FIND_ROOT_PATH", root)
	}
	line("CMAKE_FIND_ROOT_PATH_MODE_PROGRAM", "NEVER")
	for _, what := range []string{"LIBRARY", "INCLUDE", "PACKAGE"} {
		line("CMAKE_FIND_ROOT_PATH_MODE_"+what, "ONLY")
	}
	return b.String()
}
