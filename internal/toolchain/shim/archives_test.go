package shim

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestArchives: the link of a Go program says which archives of the sysroot it is given, by whatever
// way they are named; other calls say nothing.
func TestArchives(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links and paths of Unix")
	}
	dir := t.TempDir()
	root := filepath.Join(dir, "sysroot")
	for name, text := range map[string]string{
		"libboth.so": "\x7fELF", "libboth.a": "", "libonly.a": "", "libreal-1.2.a": "", "libscript.so": "GROUP ( libboth.so AS_NEEDED ( -lonly libpart.a ) )",
		"libpart.a": "", "libm.so": "INPUT(libm.a)", "libm.a": "", "libimp.dll.a": "", "libimp.a": "", "libs.a": "",
	} {
		file := filepath.Join(root, "usr/lib/t", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("libreal-1.2.a", filepath.Join(root, "usr/lib/t/libreal.a")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(root, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(dir, "libown.a")
	if err := os.WriteFile(own, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ os, args, want string }{
		{"linux", "-lboth -lonly -lm -lc", "libonly.a"},
		{"linux", "-l:libboth.a -l:libreal.a", "libboth.a libreal-1.2.a"},
		{"linux", "-Wl,-Bstatic -lboth -Wl,-Bdynamic -lonly -lonly", "libboth.a libonly.a"},
		{"linux", "-lscript", "libonly.a libpart.a"},
		{"linux", own + " " + root + "/usr/lib/t/libs.a /usr/lib/t/libpart.a", "libpart.a libs.a"},
		{"linux", "-lnone", ""},
		{"windows", "-limp -lonly", "libonly.a"},
		{"windows", "-static -limp -lkernel32", "libimp.a"},
	} {
		spec := testSpec()
		spec.Sysroot, spec.OS = filepath.Join(dir, "link"), tt.os
		if tt.os == "windows" {
			spec.Libc = "ucrt"
		}
		for _, call := range []struct {
			args    string
			written bool
		}{{"/tmp/go-link-1/go.o -o a.out ", true}, {"_cgo_main.o -o _cgo_.o ", false}, {"-c x.c ", false}} {
			record := filepath.Join(t.TempDir(), "record")
			s := &session{spec: spec, kit: "/kit", env: []string{ArchivesVariable + "=" + record}}
			if _, err := s.translate(strings.Fields(call.args+tt.args), dir); err != nil {
				t.Errorf("%s: %v", tt.args, err)
				continue
			}
			b, err := os.ReadFile(record)
			if got := strings.ReplaceAll(strings.Join(strings.Fields(string(b)), " "), "usr/lib/t/", ""); call.written && (err != nil || got != tt.want) || !call.written && err == nil {
				t.Errorf("%s%s: %v, %q, want %q", call.args, tt.args, err, got, tt.want)
			}
		}
	}
}
