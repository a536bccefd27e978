//go:build linux

package shlibdeps

import (
	"bytes"
	"debug/elf"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"
)

// TestHost compares with dpkg-shlibdeps over programs of this machine and the packages that
// are installed on it.
func TestHost(t *testing.T) {
	if _, err := exec.LookPath("dpkg-shlibdeps"); err != nil {
		t.Skip("no dpkg-shlibdeps here")
	}
	if runtime.GOARCH != "amd64" {
		t.Skip("made for amd64")
	}
	count := 8
	if os.Getenv("GRAFT_TEST_FULL") != "" {
		count = 200
	}
	h := &host{dir: t.TempDir(), packages: map[string]string{}}
	if err := os.MkdirAll(filepath.Join(h.dir, "debian"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.dir, "debian", "control"), []byte("Source: x\n\nPackage: x\nArchitecture: any\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var g errgroup.Group
	g.SetLimit(runtime.NumCPU())
	// Some have libraries of no package, of which dpkg-shlibdeps knows nothing either.
	for _, program := range samplePrograms(t, 2*count) {
		g.Go(func() error { h.compare(t, program, count); return nil })
	}
	g.Wait()
	if h.compared < count*9/10 {
		t.Errorf("%d programs compared, want %d", h.compared, count)
	}
	t.Logf("%d programs", h.compared)
}

// samplePrograms returns programs that name libraries, the same ones every time.
func samplePrograms(t *testing.T, count int) (out []string) {
	all, _ := filepath.Glob("/usr/bin/*")
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, path := range all {
		if fi, err := os.Lstat(path); err != nil || !fi.Mode().IsRegular() {
			continue
		}
		f, err := elf.Open(path)
		if err != nil {
			continue
		}
		libs, err := f.ImportedLibraries()
		f.Close()
		if err == nil && len(libs) > 0 && len(out) < count {
			out = append(out, path)
		}
	}
	return out
}

type host struct {
	dir      string
	mu       sync.Mutex
	packages map[string]string // library → package
	compared int
}

// compare compares a program, unless enough have been.
func (h *host) compare(t *testing.T, program string, enough int) {
	h.mu.Lock()
	done := h.compared >= enough
	h.mu.Unlock()
	if done {
		return
	}
	cmd := exec.Command("dpkg-shlibdeps", "-O", "-e"+program)
	cmd.Dir, cmd.Env = h.dir, append(os.Environ(), "LC_ALL=C")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Logf("%s: dpkg-shlibdeps: %v\n%s", program, err, stderr.String()) // a library of a program's own
		return
	}
	_, want, _ := strings.Cut(strings.TrimSpace(stdout.String()), "shlibs:Depends=")
	libraries, ok := h.libraries(t, program)
	if !ok {
		return
	}
	if got := computed(t, program, libraries); got != want {
		t.Errorf("%s:\n  got  %s\n  want %s", program, got, want)
	}
	h.mu.Lock()
	h.compared++
	h.mu.Unlock()
}

// libraries finds the packages of what a program names.
func (h *host) libraries(t *testing.T, program string) (out []Library, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f, err := elf.Open(program)
	if err != nil {
		t.Error(err)
		return nil, false
	}
	names, _ := f.ImportedLibraries()
	f.Close()
	for _, name := range names {
		if h.packages[name] == "" {
			h.packages[name] = owner(name)
		}
		pkg := h.packages[name]
		if pkg == "" {
			t.Logf("%s: %s is of no package", program, name)
			return nil, false
		}
		dir := filepath.Join(h.dir, pkg)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Error(err)
			return nil, false
		}
		for _, kind := range []string{"symbols", "shlibs"} {
			if _, err := os.Stat(filepath.Join(dir, kind)); err == nil {
				continue // another program may be reading it
			}
			found, _ := filepath.Glob("/var/lib/dpkg/info/" + pkg + "[.:]*" + kind)
			found = slices.DeleteFunc(found, func(f string) bool {
				base := filepath.Base(f)
				return base != pkg+"."+kind && base != pkg+":amd64."+kind
			})
			if len(found) == 0 {
				continue
			}
			b, err := os.ReadFile(found[0])
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, kind), b, 0o644)
			}
			if err != nil {
				t.Error(err)
				return nil, false
			}
		}
		out = append(out, Library{name, pkg, dir, ""})
	}
	return out, true
}

// owner asks dpkg for the package of a library.
func owner(name string) string {
	for _, dir := range []string{"/lib/x86_64-linux-gnu/", "/usr/lib/x86_64-linux-gnu/", "/usr/lib/"} {
		path := dir + name
		if _, err := os.Stat(path); err != nil {
			continue
		}
		real, _ := filepath.EvalSymlinks(path)
		for _, p := range []string{path, real} {
			if out, err := exec.Command("dpkg-query", "--search", "--", p).Output(); err == nil {
				pkg, _, _ := strings.Cut(string(out), ": ")
				pkg, _, _ = strings.Cut(pkg, ":")
				return pkg
			}
		}
	}
	return ""
}
