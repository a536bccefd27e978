package shim

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// inSteps compiles and links in calls of their own what the caller wants in one. zig gives its
// linker what it compiles behind all other files, and with the C runtime of packages that is
// too late: libmingw32.a has a main for programs that have WinMain alone, and would be taken.
func (s *session) inSteps(args []string, cwd string) (int, error) {
	tmp, err := os.MkdirTemp("", "graft-cc-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(tmp)
	words := split(args)
	var compiling, linking []string
	for _, w := range words {
		if w.linker == nil && strings.HasPrefix(w.flag, "-") && w.flag != "-" && w.flag != "-o" && w.flag != "-x" {
			compiling = append(compiling, w.args()...)
		}
	}
	var language []string
	for i, w := range words {
		switch {
		case w.linker != nil:
			for _, l := range w.linker {
				linking = append(linking, "-Xlinker", l)
			}
		case w.flag == "-x":
			language = w.args()
			if w.value == "none" {
				language = nil
			}
		case w.flag != "-" && strings.HasPrefix(w.flag, "-"), len(language) == 0 && !isSource(w.flag):
			linking = append(linking, w.args()...)
		default:
			object := filepath.Join(tmp, strconv.Itoa(i)+".o")
			call := append(append(append([]string{}, compiling...), language...), "-c", w.flag, "-o", object)
			if exit, err := s.step(call, cwd); err != nil || exit != 0 {
				return exit, err
			}
			linking = append(linking, object)
		}
	}
	return s.step(linking, cwd)
}

// step runs zig and waits for it: there is more to do.
func (s *session) step(args []string, cwd string) (int, error) {
	t, err := s.translate(args, cwd)
	if err != nil {
		return 1, err
	}
	argv := append([]string{s.spec.Zig, "cc"}, s.shorten(t.out)...)
	s.log(args, argv, t.notes)
	return child(argv, s.zigEnv(t.out), s.stdin, s.stdout, s.stderr)
}

func (s *session) translate(args []string, cwd string) (*translation, error) {
	t := &translation{spec: s.spec, cxx: s.tool == toolCXX, cwd: cwd, kit: s.kit, files: diskFiles{}}
	if err := t.run(args); err != nil {
		return nil, err
	}
	return t, s.recordArchives(t)
}
