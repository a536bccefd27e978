//go:build linux

package pack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/graft-build/graft/test/emptyroot"
)

func errorf(format string, args ...any) error { return fmt.Errorf(format, args...) }

// TestTarGzStarts starts the program with nothing of the host around it.
func TestTarGzStarts(t *testing.T) {
	in := fixture(t)
	root := t.TempDir()
	place := filepath.Join(root, "some where")
	if err := os.Mkdir(place, 0o755); err != nil {
		t.Fatal(err)
	}
	all := unpack(t, packed(t, TarGz{}, in), place)
	const top = "hello-1.2.0-linux-amd64"
	for _, want := range []string{"bin/hello", "lib/hello/libgreet.so.1", "lib/hello/libc.so.6", "lib/hello/libm.so.6",
		"lib/hello/ld-linux-x86-64.so.2", "lib/hello/libgcc_s.so.1", "licences/packages/libgreet1/copyright",
		"licences/packages/libgcc-s1/copyright", "licences/modules/example.com/m@v1.0.0/LICENSE", "licences/modules/example.com/m@v1.0.0/NOTICE.txt"} {
		if all[top+"/"+want] == nil {
			t.Errorf("%s is not there", want)
		}
	}
	if n := len(all); n > 24 {
		t.Errorf("%d entries; that is more than belongs there", n)
	}
	for name, hdr := range all {
		if hdr.Uid != 0 || hdr.Gid != 0 || hdr.ModTime.Unix() != 1700000000 || hdr.Mode&^0o755 != 0 {
			t.Errorf("%s: %d:%d, %v, %o", name, hdr.Uid, hdr.Gid, hdr.ModTime, hdr.Mode)
		}
	}
	program := filepath.Join(place, top, "bin/hello")
	if err := os.Symlink("some where/"+top+"/bin/hello", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}

	t.Run("empty root", func(t *testing.T) {
		for _, argv := range [][]string{{"/some where/" + top + "/bin/hello", "1"}, {"/link", "1"}, {"./link", "1"}} {
			out, err := emptyroot.Command(t, root, argv...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %v\n%s", argv, err, out)
			}
			if s := saying(t, out); s.Greeting != "hello" || s.Root != 2 || !slices.Equal(s.Args, argv) {
				t.Errorf("got %+v", s)
			}
		}
	})
	t.Run("on this host", func(t *testing.T) {
		elsewhere := filepath.Join(t.TempDir(), "l")
		if err := os.Symlink(program, elsewhere); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(elsewhere, "1", "2")
		cmd.Args[0] = "called this"
		cmd.Dir = t.TempDir()
		cmd.Env = []string{"LD_LIBRARY_PATH=/nowhere", "X=y"}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		s := saying(t, out)
		if s.Exe != program {
			t.Errorf("os.Executable is %q, want %q", s.Exe, program)
		}
		if s.Args[0] != "called this" || s.Root != 3 || !slices.Equal(s.Env, append(cmd.Env, "PWD="+cmd.Dir)) && !slices.Equal(s.Env, cmd.Env) {
			t.Errorf("got %+v", s)
		}
	})
	t.Run("its own libraries", func(t *testing.T) {
		cmd := exec.Command(program)
		cmd.Env = []string{"LD_TRACE_LOADED_OBJECTS=1", "LD_LIBRARY_PATH=/lib/x86_64-linux-gnu"}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for line := range strings.Lines(string(out)) {
			if _, from, ok := strings.Cut(line, "=>"); ok && !strings.Contains(from, "/bin/../lib/hello/") {
				t.Errorf("not from the bundle: %s", line)
			}
		}
		if !strings.Contains(string(out), "libgreet.so.1 => ") {
			t.Errorf("got %s", out)
		}
	})
	t.Run("go version", func(t *testing.T) {
		out, err := exec.Command("go", "version", "-m", program).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "example.com/app") {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

func TestTarGzStatic(t *testing.T) {
	in := fixture(t)
	in.Closure.Static, in.Closure.Libraries = true, nil
	dir := t.TempDir()
	all := unpack(t, packed(t, TarGz{}, in), dir)
	for name := range all {
		if strings.Contains(name, "/lib") && !strings.Contains(name, "/licences") {
			t.Errorf("%s in the archive of a static program", name)
		}
	}
	want, _ := os.ReadFile(in.Program)
	got, err := os.ReadFile(filepath.Join(dir, in.stem(), "bin/hello"))
	if err != nil || string(want) != string(got) {
		t.Errorf("the program is not the one that was compiled: %v", err)
	}
}

func TestBundle(t *testing.T) {
	in := fixture(t)
	dir := t.TempDir()
	if err := Bundle(context.Background(), in, dir); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(filepath.Join(dir, "bin/hello")).CombinedOutput()
	if err != nil || saying(t, out).Greeting != "hello" {
		t.Errorf("%v\n%s", err, out)
	}
}
