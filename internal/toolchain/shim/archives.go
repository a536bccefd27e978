package shim

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// ArchivesVariable names the environment variable with the file that the link of a Go program
// writes the sysroot's archives to that it was given: what may be part of the program, and whose
// licence goes along with it. Paths are relative to the sysroot, one a line, sorted.
const ArchivesVariable = "GRAFT_ARCHIVES"

// recordArchives writes the archives of a link of a Go program, if somebody wants to know.
func (s *session) recordArchives(t *translation) error {
	name := getenv(s.env, ArchivesVariable)
	if name == "" || !t.linksGo() {
		return nil
	}
	var out []string
	for _, file := range t.archives() {
		rel, ok := s.spec.ofSysroot(file)
		if ok {
			out = append(out, rel+"\n")
		}
	}
	slices.Sort(out)
	return os.WriteFile(name, []byte(strings.Join(slices.Compact(out), "")), 0o644)
}

// linksGo says whether this is the link that makes a Go program: Go's linker calls its own
// object so. What cgo links, to see which symbols are from where, is thrown away.
func (t *translation) linksGo() bool {
	return t.mode == link && slices.ContainsFunc(t.out, func(a string) bool { return filepath.Base(a) == "go.o" })
}

// archives are the static libraries among what zig is given: named as files, found for -l where
// there is no shared library before them, or named by a linker script that stands for a library.
func (t *translation) archives() []string {
	var out []string
	for _, a := range t.out {
		file := a
		if name, ok := strings.CutPrefix(a, "-l"); ok {
			if !t.spec.elf() || system[name] || isStdcxx(name) {
				continue // zig's own, or one that no package has
			}
			file = t.findLib("lib"+name+".so", "lib"+name+".a")
		}
		switch {
		case strings.HasPrefix(file, "-"):
		case isArchive(file):
			out = append(out, file)
		case strings.HasSuffix(file, ".so"):
			out = append(out, t.scripted(file)...)
		}
	}
	return out
}

// isArchive says whether a file is a static library by its name, and no import library.
func isArchive(name string) bool {
	return strings.HasSuffix(name, ".a") && !strings.HasSuffix(name, ".dll.a") || strings.HasSuffix(name, ".lib")
}

// maxScript bounds linker scripts, which are a line or two.
const maxScript = 64 << 10

var scriptWord = regexp.MustCompile(`[^\s(),"]+`)

// scripted are the archives that a linker script in the place of a shared library names.
func (t *translation) scripted(file string) []string {
	fi, err := os.Stat(file)
	if err != nil || fi.Size() > maxScript {
		return nil
	}
	b, err := os.ReadFile(file)
	if err != nil || strings.HasPrefix(string(b), "\x7fELF") {
		return nil
	}
	var out []string
	for _, w := range scriptWord.FindAllString(string(b), -1) {
		if name, ok := strings.CutPrefix(w, "-l"); ok {
			w = t.findLib("lib"+name+".so", "lib"+name+".a")
		} else if !filepath.IsAbs(w) {
			w = filepath.Join(filepath.Dir(file), w)
		}
		if isArchive(w) && t.files.IsFile(w) {
			out = append(out, w)
		}
	}
	return out
}

// ofSysroot returns where in the sysroot a file really is; false when it is elsewhere: an
// archive that a module brings belongs to the module.
func (s *Spec) ofSysroot(file string) (string, bool) {
	root, err := filepath.EvalSymlinks(s.Sysroot)
	if s.Sysroot == "" || err != nil {
		return "", false
	}
	real, err := filepath.EvalSymlinks(file)
	if err != nil {
		return "", false
	}
	rel, err := filepath.Rel(root, real)
	return filepath.ToSlash(rel), err == nil && filepath.IsLocal(rel)
}
