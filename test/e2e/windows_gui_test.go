package e2e

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tc-hib/winres"
	"github.com/tc-hib/winres/version"

	"github.com/graft-build/graft/internal/format/pe"
	"github.com/graft-build/graft/test/standin"
)

// guiProgram writes into the file that its argument names what its DLL, the plugin that it
// opens and its data say.
const guiProgram = `package main

// #cgo pkg-config: foo
// extern int foo(void);
import "C"

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

func main() {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	dir := filepath.Dir(exe)
	plugin, err := syscall.LoadDLL(filepath.Join(dir, "lib", "foo", "plugin.dll"))
	if err != nil {
		panic(err)
	}
	n, _, _ := plugin.MustFindProc("plugin").Call()
	data, err := os.ReadFile(filepath.Join(dir, "share", "foo", "data.txt"))
	if err != nil {
		panic(err)
	}
	os.WriteFile(os.Args[1], fmt.Appendf(nil, "%d %d %s", int(C.foo()), n, data), 0o644)
}
`

const guiManifest = "name: gui\nversion: 1.2.3\ndescription: Shows nothing\ntargets: [windows/amd64]\npackages: {msys2: {run: [foo-plugins]}}\n" +
	"windows: {gui: true, icon: icon.png, manifest: app.manifest, company: Example, copyright: Nobody, dlls: [lib/foo], data: [share/foo]}\n"

const appManifest = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0"><assemblyIdentity name="graft.test" version="1.2.3.0" type="win32"/></assembly>
`

// TestWindowsGUI builds a program with a window of its own, icon, version information and
// manifest, a DLL that it opens by itself and data, reads all of that back, and starts it.
func TestWindowsGUI(t *testing.T) {
	w := guiWorld(t)
	w.must(t, "build")
	dir := t.TempDir()
	names := unzip(t, w.find(t, "dist", "zip", "windows/amd64"), dir)
	for _, want := range []string{"gui.exe", "foo.dll", "help.dll", "lib/foo/plugin.dll", "share/foo/data.txt"} {
		if !slices.Contains(names, "gui-1.2.3-windows-amd64/"+want) {
			t.Errorf("no %s in %q", want, names)
		}
	}
	exe := filepath.Join(dir, "gui-1.2.3-windows-amd64", "gui.exe")
	if f := readPE(t, exe); f.Subsystem != pe.GUI || !slices.Contains(f.DLLs(), "foo.dll") {
		t.Errorf("subsystem %v, imports %q", f.Subsystem, f.DLLs())
	}
	checkResources(t, exe)
	t.Run("wrestool", func(t *testing.T) { wrestool(t, exe) })

	wine(t)
	out := filepath.Join(w.dir, "said.txt")
	w.must(t, "run", "--target", "windows/amd64", "--", "said.txt")
	if b, err := os.ReadFile(out); err != nil || string(b) != "42 43 data of foo" {
		t.Errorf("it says %q, %v", b, err)
	}
}

// guiWorld has the program, and a repository with DLLs that graft's own compiler made.
func guiWorld(t *testing.T) world {
	t.Helper()
	w := world{dir: t.TempDir(), store: shared}
	var icon bytes.Buffer
	if err := png.Encode(&icon, image.NewRGBA(image.Rect(0, 0, 64, 64))); err != nil {
		t.Fatal(err)
	}
	w.write(t, "dlls/foo.c", "__declspec(dllexport) int foo(void) { return 42; }\n")
	w.write(t, "dlls/help.c", "__declspec(dllexport) int help(void) { return 43; }\n")
	w.write(t, "dlls/plugin.c", "__declspec(dllimport) int help(void);\n__declspec(dllexport) int plugin(void) { return help(); }\n")
	w.dir = filepath.Join(w.dir, "dlls")
	w.must(t, "exec", "--target", "windows/amd64", "--", "sh", "-ec",
		"$CC -shared foo.c -o foo.dll -Wl,--out-implib,libfoo.dll.a; $CC -shared help.c -o help.dll -Wl,--out-implib,libhelp.dll.a; $CC -shared plugin.c -o plugin.dll libhelp.dll.a")
	built := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(w.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	mirror := t.TempDir()
	r := standin.Repository{Environment: "clang64", Prefix: "mingw-w64-clang-x86_64-", Packages: []standin.Package{
		{Name: "foo", Version: "1-1", Files: map[string][]byte{
			"bin/foo.dll": built("foo.dll"), "lib/libfoo.dll.a": built("libfoo.dll.a"),
			"lib/pkgconfig/foo.pc": []byte("Name: foo\nDescription: foo\nVersion: 1\nLibs: -L/clang64/lib -lfoo\n"),
		}},
		{Name: "foo-plugins", Version: "1-1", Depends: []string{"help"}, Files: map[string][]byte{
			"lib/foo/plugin.dll": built("plugin.dll"), "share/foo/data.txt": []byte("data of foo"), "share/foo2/no.txt": []byte("other"),
		}},
		{Name: "help", Version: "1-1", Files: map[string][]byte{"bin/help.dll": built("help.dll"), "bin/unused.dll": built("foo.dll")}},
	}}
	if err := r.Write(mirror); err != nil {
		t.Fatal(err)
	}
	gui := world{dir: filepath.Join(filepath.Dir(w.dir), "gui"), store: shared, env: []string{standin.Variable + "=" + standin.Address(mirror)}}
	for name, text := range map[string]string{
		"go.mod": "module example.com/gui\n\ngo 1.26\n", "main.go": guiProgram, "graft.yaml": guiManifest,
		"icon.png": icon.String(), "app.manifest": appManifest,
	} {
		gui.write(t, name, text)
	}
	return gui
}

// checkResources reads what the Explorer reads.
func checkResources(t *testing.T, exe string) {
	t.Helper()
	f, err := os.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	set, err := winres.LoadFromEXE(f)
	if err != nil {
		t.Fatal(err)
	}
	var info *version.Info
	icons := 0
	set.Walk(func(typeID, resID winres.Identifier, _ uint16, data []byte) bool {
		switch typeID {
		case winres.RT_GROUP_ICON:
			icons++
		case winres.RT_VERSION:
			info, err = version.FromBytes(data)
		case winres.RT_MANIFEST:
			if string(data) != appManifest {
				t.Errorf("manifest %s", data)
			}
		}
		return true
	})
	if err != nil || info == nil || icons != 1 {
		t.Fatalf("%d icons, version %v, %v", icons, info, err)
	}
	text, err := json.Marshal(info)
	for _, want := range []string{"1.2.3", "Shows nothing", "Example", "Nobody", "gui.exe"} {
		if err != nil || !bytes.Contains(text, []byte(want)) {
			t.Errorf("no %q in %s, %v", want, text, err)
		}
	}
	if info.FileVersion != [4]uint16{1, 2, 3, 0} {
		t.Errorf("version %v", info.FileVersion)
	}
}

// wrestool reads the same with a tool of others.
func wrestool(t *testing.T, exe string) {
	if _, err := exec.LookPath("wrestool"); err != nil {
		t.Skip("no wrestool on this machine (Debian: icoutils)")
	}
	list, err := exec.Command("wrestool", "--list", exe).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, list)
	}
	for _, want := range []string{"--type=14 --name='APPICON'", "--type=16 --name=1", "--type=24 --name=1"} {
		if !strings.Contains(string(list), want) {
			t.Errorf("no %s in\n%s", want, list)
		}
	}
	icon := filepath.Join(t.TempDir(), "icon.ico")
	if out, err := exec.Command("wrestool", "--extract", "--type=14", "--output="+icon, exe).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	sizes, err := exec.Command("icotool", "--list", icon).CombinedOutput()
	if err != nil || !strings.Contains(string(sizes), "--width=32") || !strings.Contains(string(sizes), "--width=16") {
		t.Errorf("%v\n%s", err, sizes)
	}
}
