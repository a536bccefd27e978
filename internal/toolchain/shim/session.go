package shim

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/graft-build/graft/internal/pkgconfig"
)

// session is one call of a tool.
type session struct {
	spec           *Spec
	kit            string
	tool           tool
	env            []string
	stdin          io.Reader
	stdout, stderr io.Writer
}

func (s *session) run(args []string) (int, error) {
	switch s.tool {
	case toolPkgConfig:
		return pkgconfig.Run(s.spec.pkgConfig(s.env), args, s.stdout, s.stderr), nil
	case toolAr:
		return s.zig([]string{"ar"}, args, args, nil, false)
	case toolRanlib:
		return s.zig([]string{"ranlib"}, args, args, nil, false)
	case toolLD:
		return s.zig([]string{"ld.lld"}, args, args, nil, false)
	}
	cwd, err := os.Getwd()
	if err != nil {
		return 1, err
	}
	given := args
	if args, err = expandResponses(args, cwd); err != nil {
		return 1, err
	}
	if s.query(args) || s.probe(args) {
		s.log(given, nil, nil)
		return 0, nil
	}
	t, err := s.translate(args, cwd)
	if err != nil {
		return 1, err
	}
	if s.spec.foreignRuntime() && t.mode == link && t.sources && !t.partial {
		return s.inSteps(args, cwd)
	}
	return s.zig([]string{t.zigCommand()}, t.out, given, t.notes, t.linksCxx() && s.spec.CXX == nil)
}

// zig starts zig with a subcommand and arguments. given and notes go to the log.
func (s *session) zig(sub, args, given, notes []string, linksCxx bool) (int, error) {
	argv := append([]string{s.spec.Zig}, sub...)
	if sub[0] == "cc" || sub[0] == "c++" {
		args = s.shorten(args)
	}
	argv = append(argv, args...)
	s.log(given, argv, notes)
	env := s.zigEnv(args)
	if linksCxx {
		return s.cold(argv, env)
	}
	return become(argv, env, s.stdin, s.stdout, s.stderr)
}

// dropped lists variables by which compilers change what they do. None of them is an input of
// a build, so none gets through.
var dropped = map[string]bool{
	"CPATH": true, "C_INCLUDE_PATH": true, "CPLUS_INCLUDE_PATH": true, "OBJC_INCLUDE_PATH": true,
	"LIBRARY_PATH": true, "COMPILER_PATH": true, "GCC_EXEC_PREFIX": true, "LD_RUN_PATH": true,
	"DEPENDENCIES_OUTPUT": true, "SUNPRO_DEPENDENCIES": true, "SDKROOT": true,
	"MACOSX_DEPLOYMENT_TARGET": true, "CCC_OVERRIDE_OPTIONS": true, "CCC_ADD_ARGS": true,
	"NIX_CFLAGS_COMPILE": true, "NIX_LDFLAGS": true, "CL": true, "_CL_": true, "INCLUDE": true, "LIB": true,
	"ZIG_LIB_DIR": true, "ZIG_LIBC": true, "ZIG_GLOBAL_CACHE_DIR": true, "ZIG_LOCAL_CACHE_DIR": true,
	"ZIG_BUILD_RUNNER": true, "ZIG_SYSTEM_LINKER_HACK": true, "ZIG_IS_DETECTING_LIBC_PATHS": true,
}

func (s *session) zigEnv(args []string) []string {
	local := localCache(args, getenv(s.env, "PWD"))
	if local == "" {
		local = filepath.Join(s.spec.Cache, "local")
	}
	var env []string
	for _, kv := range s.env {
		if name, _, _ := strings.Cut(kv, "="); !dropped[name] {
			env = append(env, kv)
		}
	}
	return append(env,
		"ZIG_LIB_DIR="+s.spec.Lib,
		"ZIG_GLOBAL_CACHE_DIR="+s.spec.Cache,
		"ZIG_LOCAL_CACHE_DIR="+local,
	)
}

// goTemp is the folder that the go command or its linker work in and remove when they end.
var goTemp = regexp.MustCompile(`^go-(build|link)-?\d+$`)

// localCache returns a folder for what zig compiles: one that the go command removes, because
// its cache keeps the objects and zig's own copy of them is never asked for again. "" when the
// caller is not the go command.
func localCache(args []string, cwd string) string {
	dirs := []string{cwd}
	for i, a := range args {
		if a == "-o" && i+1 < len(args) {
			dirs = append(dirs, args[i+1])
		}
	}
	for _, d := range dirs {
		for p := d; filepath.IsAbs(p); p = filepath.Dir(p) {
			if goTemp.MatchString(filepath.Base(p)) {
				return filepath.Join(p, "zig")
			}
			if p == filepath.Dir(p) {
				break
			}
		}
	}
	return ""
}

// pkgConfig is the configuration of the kit's pkg-config.
func (s *Spec) pkgConfig(env []string) pkgconfig.Config {
	c := pkgconfig.Config{
		Sysroot: s.Sysroot, SystemInclude: s.Include, SystemLib: s.LibDirs, Env: env, Clean: cleanFlags, LenientPrivate: true,
	}
	for _, d := range s.PkgConfig {
		c.Dirs = append(c.Dirs, s.inSysroot(d))
	}
	return c
}
