package bundle

import (
	"bytes"
	stdelf "debug/elf"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

//go:generate go test -run TestStubIsItsSource -update

var update = flag.Bool("update", false, "write stub/*.bin")

// zigVersion is the compiler whose output the .bin files are.
const zigVersion = "0.16.0"

var stubTargets = []struct {
	name  string
	code  []byte
	flags []string
}{
	{"amd64", stubAMD64, []string{"-target", "x86_64-linux-none"}},
	{"arm64", stubARM64, []string{"-target", "aarch64-linux-none", "-mgeneral-regs-only", "-mcmodel=tiny"}},
	{"arm", stubARM, []string{"-target", "arm-linux-none", "-mcpu=arm1176jz_s", "-marm"}},
	{"riscv64", stubRISCV64, []string{"-target", "riscv64-linux-none"}},
}

var stubFlags = []string{
	"-Os", "-g0", "-std=c11", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fno-builtin", "-fPIE",
	"-fvisibility=hidden", "-fno-stack-protector", "-fomit-frame-pointer", "-fno-unwind-tables",
	"-fno-asynchronous-unwind-tables", "-fno-jump-tables", "-fno-sanitize=all",
	"-nostdlib", "-static", "-Wl,-T,stub.ld", "-Wl,--build-id=none",
}

// TestStubIsItsSource compiles stub.c again and compares.
func TestStubIsItsSource(t *testing.T) {
	zig := zig(t)
	cache := t.TempDir()
	for _, s := range stubTargets {
		t.Run(s.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "stub")
			argv := append(append([]string{"cc"}, s.flags...), append(stubFlags, "-o", out, "stub.c")...)
			cmd := exec.Command(zig, argv...)
			cmd.Dir = "stub"
			cmd.Env = append(os.Environ(), "ZIG_LOCAL_CACHE_DIR="+cache, "ZIG_GLOBAL_CACHE_DIR="+cache)
			if said, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, said)
			}
			code := flat(t, out)
			if *update {
				if err := os.WriteFile(filepath.Join("stub", s.name+".bin"), code, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if !bytes.Equal(code, s.code) {
				t.Errorf("stub/%s.bin is not what stub.c compiles to (%d and %d bytes): run go generate", s.name, len(s.code), len(code))
			}
		})
	}
}

// zig returns the compiler that the stubs are made with; the test is skipped without.
func zig(t *testing.T) string {
	t.Helper()
	zig := os.Getenv("GRAFT_ZIG")
	if zig == "" {
		zig, _ = exec.LookPath("zig")
	}
	if zig == "" {
		t.Skip("no zig here")
	}
	if v, err := exec.Command(zig, "version").Output(); err != nil || strings.TrimSpace(string(v)) != zigVersion {
		t.Skipf("zig %s (%v); the stubs are made with %s", v, err, zigVersion)
	}
	return zig
}

// flat returns the one section of the compiled stub, which must need no relocation.
func flat(t *testing.T, path string) []byte {
	f, err := stdelf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var code []byte
	for _, s := range f.Sections {
		if s.Flags&stdelf.SHF_ALLOC == 0 || s.Size == 0 {
			continue
		}
		switch s.Type {
		case stdelf.SHT_PROGBITS:
			if code != nil || s.Addr != 0 {
				t.Fatalf("section %s besides the code, or not at 0", s.Name)
			}
			if code, err = s.Data(); err != nil {
				t.Fatal(err)
			}
		case stdelf.SHT_REL, stdelf.SHT_RELA, stdelf.SHT_NOBITS:
			t.Fatalf("section %s: relocations or variables", s.Name)
		}
	}
	return code
}
