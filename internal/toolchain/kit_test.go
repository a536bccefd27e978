package toolchain

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/target"
)

// scriptZig is a zig in a store that prints its arguments, and counts its calls.
func scriptZig(t *testing.T, s *store.Store) Zig {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	dir, _, err := s.Tree(t.Context(), "zig", digest.OfString("script"), func(_ context.Context, dir string) error {
		writeFile(t, filepath.Join(dir, "zig"), "#!/bin/sh\necho call >> \"$ZIG_GLOBAL_CACHE_DIR/calls\"\nfor a; do echo \"$a\"; done\necho \"cache=$ZIG_GLOBAL_CACHE_DIR\"\n")
		writeFile(t, filepath.Join(dir, "lib", "x"), "")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return Zig{Exe: filepath.Join(dir, "zig"), Lib: filepath.Join(dir, "lib"), Version: fakeVersion, Digest: digest.OfString("zig")}
}

func kitConfig(t *testing.T, s *store.Store, name string) KitConfig {
	t.Helper()
	tg, err := target.Parse(name)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := KitConfig{Store: s, Zig: scriptZig(t, s), Target: tg, LibcVersion: "2.36", Graft: self}
	if err := os.MkdirAll(c.cache(), 0o755); err != nil {
		t.Fatal(err)
	}
	return c
}

func prepare(t *testing.T, c KitConfig) Kit {
	t.Helper()
	k, err := Prepare(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKitKeys(t *testing.T) {
	s := newStore(t)
	base := prepare(t, kitConfig(t, s, "linux/arm/v7"))
	if again := prepare(t, kitConfig(t, s, "linux/arm/v7")); again.Dir != base.Dir || again.Digest != base.Digest {
		t.Errorf("the same kit is at %s and %s", base.Dir, again.Dir)
	}
	// A name is no property of a kit: both compile the same.
	if rpi := prepare(t, kitConfig(t, s, "rpi4")); rpi.Dir != base.Dir {
		t.Errorf("rpi4 has a kit of its own")
	}
	// The place of the store is none either.
	if other := prepare(t, kitConfig(t, newStore(t), "linux/arm/v7")); other.Digest != base.Digest || filepath.Base(other.Dir) != filepath.Base(base.Dir) {
		t.Errorf("another store has another kit: %v, %v", other.Digest, base.Digest)
	}
	changes := map[string]func(c *KitConfig){
		"libc": func(c *KitConfig) { c.LibcVersion = "2.41" },
		"zig":  func(c *KitConfig) { c.Zig.Digest = digest.OfString("other") },
		"sysroot": func(c *KitConfig) {
			c.Sysroot, c.SysrootDigest = filepath.Join(s.Dir(), "x"), digest.OfString("sysroot")
		},
		"cpu": func(c *KitConfig) { c.Target.ABI.CPU = "arm1176jzf_s" },
	}
	for name, change := range changes {
		c := kitConfig(t, s, "linux/arm/v7")
		change(&c)
		if err := os.MkdirAll(c.cache(), 0o755); err != nil {
			t.Fatal(err)
		}
		if k := prepare(t, c); k.Digest == base.Digest || k.Dir == base.Dir {
			t.Errorf("another %s makes no other kit", name)
		}
	}
	// The place of a zig outside the store makes another folder of the same kit.
	c := kitConfig(t, s, "linux/arm/v7")
	c.Zig.External = true
	if k := prepare(t, c); k.Digest != base.Digest || k.Dir == base.Dir {
		t.Errorf("a zig outside the store: %v, %s", k.Digest, k.Dir)
	}
}

func TestKitSpec(t *testing.T) {
	tests := []struct {
		name, libc, target string
		defines            []string
		err                string
	}{
		{"linux/amd64", "2.36", "x86_64-linux-gnu.2.36", nil, ""},
		{"linux/amd64", "", "x86_64-linux-gnu", nil, ""},
		{"linux/amd64", "2.41", "x86_64-linux-gnu.2.41", nil, ""},
		{"rpi4", "2.36", "arm-linux-gnueabihf.2.36", nil, ""},
		{"rpi4", "2.41", "arm-linux-gnueabihf.2.41", []string{"_TIME_BITS=64", "_FILE_OFFSET_BITS=64"}, ""},
		{"linux/arm64/musl", "2.36", "aarch64-linux-musl", nil, ""},
		{"linux/amd64", "2.36; rm", "", nil, "no number like 2.36"},
		{"linux/amd64", "2", "", nil, "no number like 2.36"},
		{"darwin/arm64", "", "", nil, "built without C"},
	}
	for _, tt := range tests {
		c := kitConfig(t, newStore(t), tt.name)
		c.LibcVersion = tt.libc
		k, err := Prepare(t.Context(), c)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s %s: %v, want %q", tt.name, tt.libc, err, tt.err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if k.Spec.Target != tt.target || !slices.Equal(k.Spec.Defines, tt.defines) {
			t.Errorf("%s %s: %+v", tt.name, tt.libc, k.Spec)
		}
	}
}

// A kit moves with its store, and does not need the program that made it.
func TestKitMoves(t *testing.T) {
	s := newStore(t)
	c := kitConfig(t, s, "linux/amd64")
	c.Sysroot, c.SysrootDigest = filepath.Join(s.Dir(), "trees", "sysroot", "x"), digest.OfString("x")
	writeFile(t, filepath.Join(c.Sysroot, "usr", "include", "x.h"), "")
	graft := filepath.Join(t.TempDir(), "graft")
	if err := copyFile(c.Graft, graft); err != nil {
		t.Fatal(err)
	}
	c.Graft = graft
	k := prepare(t, c)
	if err := os.Remove(graft); err != nil {
		t.Fatal(err)
	}
	moved := filepath.Join(t.TempDir(), "moved store")
	if err := os.Rename(s.Dir(), moved); err != nil {
		t.Fatal(err)
	}
	rel, err := filepath.Rel(s.Dir(), k.Dir)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(moved, rel, "bin", "cc"), "-c", "x.c")
	cmd.Env = []string{}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"cc\n-target\nx86_64-linux-gnu.2.36\n", "-idirafter\n" + moved + "/trees/sysroot/x/usr/include\n",
		"-ffile-prefix-map=" + moved + "/trees/zig/", "cache=" + moved + "/zig-cache/",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	if bytes.Contains(out, []byte(s.Dir())) {
		t.Errorf("the old place is in:\n%s", out)
	}
}

// The tools are found by their names with the triplet as well, through PATH.
func TestKitTools(t *testing.T) {
	k := prepare(t, kitConfig(t, newStore(t), "rpi4"))
	env := k.ExecEnv("/usr/bin:/bin")
	for name, want := range map[string]string{
		"arm-linux-gnueabihf-gcc": "cc\n-target\narm-linux-gnueabihf.2.36\n", "arm-linux-gnueabihf-g++": "c++\n-target\n",
		"arm-linux-gnueabihf-ar": "ar\nx.c\n", "arm-linux-gnueabihf-ranlib": "ranlib\nx.c\n", "arm-linux-gnueabihf-ld": "ld.lld\nx.c\n",
	} {
		cmd := exec.Command("/bin/sh", "-c", name+" x.c")
		cmd.Env = env
		if out, err := cmd.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), want) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	cmd := exec.Command("/bin/sh", "-c", "arm-linux-gnueabihf-pkg-config --version")
	cmd.Env = env
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "1.8.1\n" {
		t.Errorf("pkg-config: %v\n%s", err, out)
	}
}

// However many ask at once, zig's libraries are compiled once.
func TestWarmOnce(t *testing.T) {
	s := newStore(t)
	c := kitConfig(t, s, "linux/amd64")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := Prepare(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	b, err := os.ReadFile(filepath.Join(c.cache(), "calls"))
	if want := len(warmUps(prepare(t, c).Spec)); err != nil || bytes.Count(b, []byte("call")) != want {
		t.Errorf("zig was called %d times, want %d; %v", bytes.Count(b, []byte("call")), want, err)
	}
	// Cleared caches are filled again.
	if err := os.RemoveAll(c.cache()); err != nil {
		t.Fatal(err)
	}
	if _, err := Prepare(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(c.cache(), "calls")); err != nil {
		t.Error(err)
	}
}

func TestCollectCaches(t *testing.T) {
	s := newStore(t)
	if n, err := CollectCaches(t.Context(), s, time.Now()); n != 0 || err != nil {
		t.Errorf("an empty store: %d, %v", n, err)
	}
	c := kitConfig(t, s, "linux/amd64")
	prepare(t, c)
	old, fresh := time.Now().Add(-48*time.Hour), filepath.Join(c.cache(), "local", "o", "fresh", "x.o")
	stale := filepath.Join(c.cache(), "local", "o", "stale", "x.o")
	unused := filepath.Join(s.Dir(), caches, "other")
	for _, f := range []string{fresh, stale, filepath.Join(unused, "o", "x.o"), filepath.Join(unused, usedFile)} {
		writeFile(t, f, "12345")
	}
	for _, f := range []string{filepath.Dir(stale), filepath.Join(unused, usedFile)} {
		if err := os.Chtimes(f, old, old); err != nil {
			t.Fatal(err)
		}
	}
	n, err := CollectCaches(t.Context(), s, time.Now().Add(-24*time.Hour))
	if err != nil || n != 15 {
		t.Errorf("freed %d bytes, %v", n, err)
	}
	for path, want := range map[string]bool{fresh: true, stale: false, unused: false, filepath.Join(c.cache(), usedFile): true} {
		if exists(path) != want {
			t.Errorf("%s is there: %v", path, !want)
		}
	}
}

func TestEnv(t *testing.T) {
	k := prepare(t, kitConfig(t, newStore(t), "rpi4"))
	strip := func(env []string) []string {
		var out []string
		for _, kv := range env {
			out = append(out, strings.ReplaceAll(kv, k.Dir, "KIT"))
		}
		return out
	}
	goEnv := []string{
		"GOOS=linux", "GOARCH=arm", "GOARM=7", "CGO_ENABLED=1", "CC=KIT/bin/cc", "CXX=KIT/bin/c++", "AR=KIT/bin/ar",
		"PKG_CONFIG=KIT/bin/pkg-config", "CGO_CPPFLAGS=", "CGO_CFLAGS=-O2 -g0", "CGO_CXXFLAGS=-O2 -g0", "CGO_FFLAGS=-O2 -g0", "CGO_LDFLAGS=-O2 -g0",
	}
	if diff := cmp.Diff(goEnv, strip(k.Env())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := append(goEnv,
		"PATH=KIT/path:/usr/bin", "LD=KIT/bin/ld", "RANLIB=KIT/bin/ranlib", "CFLAGS=-O2 -g0", "CXXFLAGS=-O2 -g0", "LDFLAGS=-O2 -g0",
		"CHOST=arm-linux-gnueabihf", "TARGET=arm-linux-gnueabihf", "GRAFT_TARGET=rpi4", "GRAFT_TRIPLET=arm-linux-gnueabihf", "GRAFT_SYSROOT=",
		"CMAKE_TOOLCHAIN_FILE=KIT/toolchain.cmake", "PKG_CONFIG_ALLOW_CROSS=1", "PKG_CONFIG_SYSROOT_DIR=", "PKG_CONFIG_LIBDIR=",
		"CC_arm_linux_gnueabihf=KIT/bin/cc", "CXX_arm_linux_gnueabihf=KIT/bin/c++", "AR_arm_linux_gnueabihf=KIT/bin/ar", "RANLIB_arm_linux_gnueabihf=KIT/bin/ranlib",
	)
	if diff := cmp.Diff(want, strip(k.ExecEnv("/usr/bin"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	pure, err := target.Parse("darwin/arm64")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"GOOS=darwin", "GOARCH=arm64", "CGO_ENABLED=0"}, GoEnv(pure)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
