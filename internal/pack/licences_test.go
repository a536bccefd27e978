package pack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/graft-build/graft/internal/closure"
)

func TestIsLicence(t *testing.T) {
	for name, want := range map[string]bool{
		"LICENSE": true, "LICENCE": true, "License.md": true, "LICENSE-MIT": true, "LICENSE_BSD.txt": true, "COPYING": true, "COPYING.LESSER": true,
		"NOTICE": true, "NOTICE.txt": true, "PATENTS": true, "Copyright": true, "UNLICENSE": true,
		"license.go": false, "LICENSES": false, "README.md": false, "noticeboard.txt": false, "copying.h": false, "main.go": false,
	} {
		if isLicence(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

func TestLicences(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	link := func(name, to string) {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, name); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	}
	write("m/LICENSE", "m")
	write("m/COPYING/README", "a folder")
	write("bare/main.go", "")
	write("a/data/usr/share/doc/a/copyright", "a")
	link("b/data/usr/share/doc/b", "a")
	link("c/data/usr/share/doc/c", "c2")
	link("c2/data/usr/share/doc/c2", "c") // round and round
	link("out/data/usr/share/doc/out/copyright", "../../../../../../m/LICENSE")
	if err := os.MkdirAll(filepath.Join(dir, "none/data"), 0o755); err != nil {
		t.Fatal(err)
	}
	var packages []Package
	for _, p := range []string{"a", "b", "c", "c2", "none"} {
		packages = append(packages, Package{Provider: closure.Provider{Package: p, Dir: filepath.Join(dir, p)}, Version: "1"})
	}
	modules := []Module{{"example.com/m", "v1", filepath.Join(dir, "m")}, {"bare", "", filepath.Join(dir, "bare")}, {"nowhere", "v2", ""}}
	found, missing, err := Licences(modules, packages[1:], packages)
	if err != nil {
		t.Fatal(err)
	}
	want := []Licence{
		{"module example.com/m v1", "modules/example.com/m@v1/LICENSE", []byte("m")},
		{"package b 1", "packages/b/copyright", []byte("a")},
	}
	if d := cmp.Diff(want, found); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"module bare", "module nowhere v2", "package c 1", "package c2 1", "package none 1"}, missing); d != "" {
		t.Error(d)
	}

	write("big/LICENSE", strings.Repeat("x", maxLicence+1))
	for name, m := range map[string]Module{
		"too many for a licence": {"big", "", filepath.Join(dir, "big")},
		"proper path":            {"../up", "", filepath.Join(dir, "m")},
		"no such file":           {"gone", "", filepath.Join(dir, "gone")},
	} {
		if _, _, err := Licences([]Module{m}, nil, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %q in it", err, name)
		}
	}
	// A link out of the tree is not followed.
	out := []Package{{Provider: closure.Provider{Package: "out", Dir: filepath.Join(dir, "out")}, Version: "1"}}
	if found, _, err := Licences(nil, out, out); err == nil && len(found) > 0 {
		t.Errorf("read a file outside the package: %v", found)
	}
}
