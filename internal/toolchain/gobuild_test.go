package toolchain

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/internal/format/pc"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/internal/toolchain/shim"
)

// platforms are the targets that programs are built for, with the glibc of their suites.
var platforms = []struct{ target, libc, suite, arch, qemu string }{
	{"linux/amd64", "2.36", "bookworm", "amd64", "qemu-x86_64-static"},
	{"linux/arm64", "2.36", "bookworm", "arm64", "qemu-aarch64-static"},
	{"linux/arm/v7", "2.36", "bookworm", "armhf", "qemu-arm-static"},
	{"linux/riscv64", "2.41", "trixie", "riscv64", "qemu-riscv64-static"},
}

// sharedGoCache is a GOCACHE that lives as long as the test store, and is used by tests alone.
func sharedGoCache(s *store.Store) string { return filepath.Join(s.Dir(), "test-gocache") }

// built is the result of a go build.
type built struct {
	path  string
	bytes []byte
	log   []shim.Entry
}

// goBuild builds a package of testdata/cgo the way stage compile does.
func goBuild(t *testing.T, k Kit, goCache, pkg string, args ...string) built {
	t.Helper()
	dir := t.TempDir()
	out, log := filepath.Join(dir, "out"), filepath.Join(dir, "log")
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command")
	}
	argv := append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-buildid=", "-o", out}, args...)
	cmd := exec.Command("go", append(argv, "./"+pkg)...)
	cmd.Dir = filepath.Join("testdata", "cgo")
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "GOCACHE=" + goCache, "GOFLAGS=", "GOWORK=off",
		"GOTOOLCHAIN=local", "GOENV=off", "GOPROXY=off", "GOPATH=" + dir, shim.LogVariable + "=" + log,
	}, k.Env()...)
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s for %s: %v\n%s", pkg, k.Target.Name, err, msg)
	} else if len(msg) > 0 {
		t.Errorf("go build %s for %s is not silent:\n%s", pkg, k.Target.Name, msg)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	entries, err := shim.ReadLog(f)
	if err != nil {
		t.Fatal(err)
	}
	return built{out, b, entries}
}

// checkBinary looks at what a binary says of itself.
func checkBinary(t *testing.T, b built, k Kit, libc string, needed ...string) {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(b.bytes))
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.ImportedLibraries()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	if diff := cmp.Diff(needed, got); diff != "" {
		t.Errorf("NEEDED (-want +got):\n%s", diff)
	}
	for _, tag := range []elf.DynTag{elf.DT_RUNPATH, elf.DT_RPATH} {
		if v, _ := f.DynString(tag); len(v) > 0 {
			t.Errorf("%v is %q", tag, v)
		}
	}
	syms, err := f.ImportedSymbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range syms {
		if v, ok := strings.CutPrefix(s.Version, "GLIBC_"); ok && pc.Compare(v, libc) > 0 {
			t.Errorf("%s needs %s, the target has %s", s.Name, s.Version, libc)
		}
	}
	if s := f.Section(".interp"); s == nil {
		t.Error("there is no .interp")
	} else if v, _ := s.Data(); string(bytes.TrimRight(v, "\x00")) != k.Spec.Loader {
		t.Errorf("loader is %q, want %q", v, k.Spec.Loader)
	}
	home, _ := os.UserHomeDir()
	for _, secret := range []string{filepath.Dir(filepath.Dir(k.Dir)), k.Spec.Cache, filepath.Dir(b.path), "go-build", "/trees/", home + "/"} {
		if i := bytes.Index(b.bytes, []byte(secret)); i >= 0 && secret != "//" {
			t.Errorf("the binary has %q in it: …%q…", secret, b.bytes[max(0, i-40):min(len(b.bytes), i+80)])
		}
	}
}

// calls counts the log's entries of one kind.
func (b built) calls(is func(args []string) bool) int {
	n := 0
	for _, e := range b.log {
		if e.Zig != nil && is(e.Args) {
			n++
		}
	}
	return n
}

func identifies(args []string) bool { return slices.Contains(args, "-###") }

func TestGoBuild(t *testing.T) {
	s := sharedStore(t)
	z := realZig(t, s)
	for _, p := range platforms {
		t.Run(p.target, func(t *testing.T) {
			k := testKit(t, s, z, p.target, p.libc)
			goCache := sharedGoCache(s)
			if p.arch == "amd64" {
				goCache = t.TempDir()
			}
			std := goBuild(t, k, goCache, "std")
			checkBinary(t, std, k, p.libc, "libc.so.6")
			if n := std.calls(identifies); p.arch == "amd64" && n != 1 {
				t.Errorf("the compiler was identified %d times, want once", n)
			}
			// 48 compilations of the standard library's C, 8 of cgo's questions about types,
			// 7 questions about flags, 3 links, and the identification.
			if n := len(std.log); n > 75 {
				t.Errorf("a cold build of the standard library made %d calls", n)
			}
			small := goBuild(t, k, goCache, "small")
			needed := []string{"libc.so.6", "libm.so.6"}
			if p.arch == "armhf" {
				needed = needed[:1] // zig's runtime has sqrt, and comes with what every ARM program needs of it
			}
			checkBinary(t, small, k, p.libc, needed...)
			if n := small.calls(func([]string) bool { return true }); n > 12 {
				t.Errorf("the build of one cgo package started zig %d times", n)
			}
			want := "13\n/_/example.com/cgo/small/main.go\n"
			root := libcRoot(t, s, p.arch, p.suite)
			if out := root.run(t, p.qemu, std.path); out != "true <nil>\ntrue <nil>\n" {
				t.Errorf("std printed:\n%s", out)
			}
			if out := root.run(t, p.qemu, small.path); !strings.HasPrefix(out, want) {
				t.Errorf("small printed:\n%s", out)
			}
		})
	}
}

// The same program from two stores at different places, with different caches, is the same.
func TestSameBytes(t *testing.T) {
	s := sharedStore(t)
	z := realZig(t, s)
	elsewhere := storeWithZig(t, s, filepath.Join(t.TempDir(), "a store with a long name and spaces"))
	z2 := realZig(t, elsewhere)
	if z2.Exe == z.Exe {
		t.Fatal("the second store is the first one")
	}
	for _, p := range platforms {
		if p.arch != "amd64" && p.arch != "armhf" {
			continue
		}
		t.Run(p.target, func(t *testing.T) {
			k, k2 := testKit(t, s, z, p.target, p.libc), testKit(t, elsewhere, z2, p.target, p.libc)
			if k.Digest != k2.Digest {
				t.Errorf("the kits' digests differ: %v, %v", k.Digest, k2.Digest)
			}
			c, c2 := sharedGoCache(s), t.TempDir()
			for _, pkg := range []string{"std", "small"} {
				for _, ldflags := range []string{"-buildid= -s -w", "-buildid= -linkmode=external"} {
					a, b := goBuild(t, k, c, pkg, "-ldflags="+ldflags), goBuild(t, k2, c2, pkg, "-ldflags="+ldflags)
					if !bytes.Equal(a.bytes, b.bytes) {
						t.Errorf("%s with %q differs: %d bytes, %d bytes", pkg, ldflags, len(a.bytes), len(b.bytes))
					}
				}
			}
		})
	}
}

// storeWithZig is a new store that has zig's files, so that nothing is fetched again.
func storeWithZig(t *testing.T, from *store.Store, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	pin, _ := pinned.pin("linux/amd64")
	for _, d := range append(pin.files(), pin.Archive) {
		path, ok := from.Blob(d.SHA256)
		if !ok {
			continue
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := s.PutBlob(d.SHA256, d.Size, f); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (p Pin) files() []File {
	var out []File
	for _, p := range p.Packages {
		out = append(out, p.File)
	}
	return out
}

func TestCxx(t *testing.T) {
	s := sharedStore(t)
	z := realZig(t, s)
	for _, p := range platforms {
		t.Run(p.target, func(t *testing.T) {
			if os.Getenv("GRAFT_TEST_FULL") == "" {
				t.Skip("compiling zig's libc++ takes a minute and a half, and Debian's targets use libstdc++; GRAFT_TEST_FULL=1 does it")
			}
			k := testKit(t, s, z, p.target, p.libc)
			b := goBuild(t, k, sharedGoCache(s), "cxx")
			needed := []string{"ld-linux-x86-64.so.2", "libc.so.6"}
			if p.arch != "amd64" {
				needed = []string{filepath.Base(k.Spec.Loader), "libc.so.6"}
			}
			checkBinary(t, b, k, p.libc, needed...)
			root := libcRoot(t, s, p.arch, p.suite)
			if out := root.run(t, p.qemu, b.path); out != "caught\n42\n" {
				t.Errorf("cxx printed:\n%s", out)
			}
		})
	}
}

// Programs for musl are static.
func TestMusl(t *testing.T) {
	s := sharedStore(t)
	z := realZig(t, s)
	for _, p := range []struct{ target, arch, qemu string }{
		{"linux/amd64/musl", "amd64", "qemu-x86_64-static"}, {"linux/arm/v7/musl", "armhf", "qemu-arm-static"},
	} {
		k := testKit(t, s, z, p.target, "")
		empty := &root{dir: t.TempDir(), arch: p.arch}
		writeFile(t, filepath.Join(empty.dir, "etc", "passwd"), "root:x:0:0:root:/root:/bin/sh\n")
		writeFile(t, filepath.Join(empty.dir, "etc", "hosts"), "127.0.0.1 localhost\n")
		for pkg, want := range map[string]string{"std": "true <nil>\ntrue <nil>\n", "small": "13\n"} {
			b := goBuild(t, k, sharedGoCache(s), pkg)
			f, err := elf.NewFile(bytes.NewReader(b.bytes))
			if err != nil {
				t.Fatal(err)
			}
			if libs, err := f.ImportedLibraries(); len(libs) > 0 || f.Section(".interp") != nil {
				t.Errorf("%s for %s is dynamic: %q, %v", pkg, p.target, libs, err)
			}
			if out := empty.run(t, p.qemu, b.path); !strings.HasPrefix(out, want) {
				t.Errorf("%s for %s printed:\n%s", pkg, p.target, out)
			}
		}
	}
}

// Other ways to link, which the go command has.
func TestBuildModes(t *testing.T) {
	s := sharedStore(t)
	z := realZig(t, s)
	k := testKit(t, s, z, "linux/amd64", "2.36")
	cache := sharedGoCache(s)
	root := libcRoot(t, s, "amd64", "bookworm")
	for _, args := range [][]string{
		{"-buildmode=pie"}, {"-ldflags=-s -w"}, {"-ldflags=-linkmode=external -s"}, {"-ldflags=-w"}, {"-gcflags=-N -l"},
	} {
		b := goBuild(t, k, cache, "small", args...)
		if out := root.run(t, "qemu-x86_64-static", b.path); !strings.HasPrefix(out, "13\n") {
			t.Errorf("%v: printed:\n%s", args, out)
		}
	}
	for _, mode := range []string{"c-shared", "c-archive"} {
		if b := goBuild(t, k, cache, "small", "-buildmode="+mode); len(b.bytes) == 0 {
			t.Errorf("%s: no output", mode)
		}
	}
}
