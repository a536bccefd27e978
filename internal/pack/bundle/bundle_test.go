package bundle

import (
	"bytes"
	stdelf "debug/elf"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/graft-build/graft/internal/format/elf"
)

var layout = Layout{Libraries: "../lib/x", Loader: "ld.so"}

// hostProgram is a dynamically linked program of the host, made by its C compiler.
func hostProgram(t testing.TB, flags ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("no C compiler here")
	}
	out := filepath.Join(t.TempDir(), "program")
	cmd := exec.Command("gcc", append([]string{"-x", "c", "-", "-o", out}, flags...)...)
	cmd.Stdin = strings.NewReader("int main(void) { return 0; }")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, said)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func relocated(t testing.TB, b []byte) []byte {
	t.Helper()
	img, err := Relocate(bytes.NewReader(b), int64(len(b)), layout)
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(img.Reader())
	if err != nil {
		t.Fatal(err)
	}
	if err := iotest.TestReader(img.Reader(), out); err != nil {
		t.Error(err)
	}
	return out
}

// TestRelocateKeeps checks that everything a reader of the file knew of the program still holds.
func TestRelocateKeeps(t *testing.T) {
	for _, flags := range [][]string{{"-pie"}, {"-no-pie"}, {"-Wl,-rpath,/opt/lib"}, {"-s"}} {
		t.Run(flags[0], func(t *testing.T) {
			b := hostProgram(t, flags...)
			before, err := elf.Parse(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			out := relocated(t, b)
			after, err := elf.Parse(bytes.NewReader(out), int64(len(out)))
			if err != nil {
				t.Fatal(err)
			}
			if after.Interp != "" || after.Rpath != "$ORIGIN/../lib/x" || after.Runpath != "" {
				t.Errorf("interp %q, rpath %q, runpath %q", after.Interp, after.Rpath, after.Runpath)
			}
			if !slices.Equal(before.Needed, after.Needed) || !slices.Equal(before.Requires, after.Requires) {
				t.Errorf("needed %q %v, was %q %v", after.Needed, after.Requires, before.Needed, before.Requires)
			}
			x, _ := before.Symbols()
			y, err := after.Symbols()
			if err != nil || !slices.Equal(x, y) {
				t.Errorf("symbols changed: %v", err)
			}
			std, err := stdelf.NewFile(bytes.NewReader(out))
			if err != nil {
				t.Fatal(err)
			}
			libs, err := std.ImportedLibraries()
			if err != nil || !slices.Equal(libs, before.Needed) {
				t.Errorf("by sections: %q, %v", libs, err)
			}
			inOrder(t, after)
			quiet(t, out)
		})
	}
}

// inOrder checks what kernels rely on: loaded segments in order of address, each congruent
// to its place in the file, none over another.
func inOrder(t *testing.T, f *elf.File) {
	t.Helper()
	var end uint64
	for _, p := range f.Progs {
		if p.Type != stdelf.PT_LOAD {
			continue
		}
		if p.Vaddr < end || (p.Vaddr-p.Off)%p.Align != 0 {
			t.Errorf("segment at %#x, offset %#x, alignment %#x, behind %#x", p.Vaddr, p.Off, p.Align, end)
		}
		end = p.Vaddr + p.Memsz
	}
}

// quiet checks that readelf finds nothing to complain about.
func quiet(t *testing.T, b []byte) {
	t.Helper()
	readelf, err := exec.LookPath("readelf")
	if err != nil {
		t.Log("no readelf here")
		return
	}
	name := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(name, b, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(readelf, "-W", "--all", name)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		t.Errorf("readelf: %v\n%s", err, stderr.String())
	}
}

func TestRelocateRefuses(t *testing.T) {
	b := hostProgram(t)
	for _, tt := range []struct {
		name, want string
		b          []byte
		l          Layout
	}{
		{"text", "not an ELF file", []byte("#!/bin/sh"), layout},
		{"static", "not dynamically linked", hostProgram(t, "-static"), layout},
		{"object", "no program", hostProgram(t, "-c"), layout},
		{"absolute folder", "bad folder", b, Layout{"/lib", "ld.so"}},
		{"no folder", "bad folder", b, Layout{"", "ld.so"}},
		{"colon", "bad folder", b, Layout{"a:b", "ld.so"}},
		{"loader's path", "bad name of a loader", b, Layout{"lib", "../ld.so"}},
		{"processor", "no start code", func() []byte { c := bytes.Clone(b); c[18] = 8; return c }(), layout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Relocate(bytes.NewReader(tt.b), int64(len(tt.b)), tt.l)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestWithoutRunpath(t *testing.T) {
	for _, flag := range []string{"-Wl,-rpath,/opt/lib,--enable-new-dtags", "-Wl,-rpath,/opt/lib,--disable-new-dtags", "-Wl,-z,now"} {
		b := hostProgram(t, "-shared", flag)
		before, err := elf.Parse(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		img, err := WithoutRunpath(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		out, _ := io.ReadAll(img.Reader())
		if len(out) != len(b) {
			t.Errorf("%s: %d bytes, were %d", flag, len(out), len(b))
		}
		f, err := elf.Parse(bytes.NewReader(out), int64(len(out)))
		if err != nil {
			t.Fatal(err)
		}
		if f.Rpath != "" || f.Runpath != "" || !slices.Equal(f.Needed, before.Needed) || !slices.Equal(f.Requires, before.Requires) {
			t.Errorf("%s: got %q %q %q", flag, f.Rpath, f.Runpath, f.Needed)
		}
		quiet(t, out)
	}
}

func FuzzRelocate(f *testing.F) {
	for _, flag := range []string{"-pie", "-no-pie"} {
		b := hostProgram(f, flag, "-s", "-nostdlib", "-nostartfiles", "-Wl,--entry=main,--no-dynamic-linker")
		f.Add(b)
		f.Add(hostProgram(f, flag, "-s"))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		for _, change := range []func() (*Image, error){
			func() (*Image, error) { return Relocate(bytes.NewReader(b), int64(len(b)), layout) },
			func() (*Image, error) { return WithoutRunpath(bytes.NewReader(b), int64(len(b))) },
		} {
			img, err := change()
			if err != nil {
				continue
			}
			if n, err := io.Copy(io.Discard, img.Reader()); err != nil || n != img.Size() {
				t.Fatalf("%d of %d bytes, %v", n, img.Size(), err)
			}
		}
	})
}
