package why

import (
	"os"
	"path/filepath"
	"testing"
)

// tree writes a package's tree; a name with "-> " in it is a link.
func tree(t *testing.T, files map[string]string) *Facts {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		err := error(nil)
		if to, ok := cutLink(text); ok {
			err = os.Symlink(to, file)
		} else {
			err = os.WriteFile(file, []byte(text), 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	f, err := Read(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func cutLink(text string) (string, bool) {
	if len(text) > 3 && text[:3] == "-> " {
		return text[3:], true
	}
	return "", false
}

func TestReason(t *testing.T) {
	const lib = "data/usr/lib/arm-linux-gnueabihf/"
	freetype := tree(t, map[string]string{
		lib + "pkgconfig/freetype2.pc":                   "Name: f\nVersion: 1\nDescription: d\n",
		lib + "libfreetype.so":                           "-> libfreetype.so.6.1",
		"data/usr/include/freetype2/freetype/freetype.h": "",
	})
	empty := tree(t, nil)
	for _, tt := range []struct {
		name  string
		a     map[string]string
		want  string
		wantB *Facts
	}{
		{"requires", map[string]string{lib + "pkgconfig/cairo.pc": "Name: c\nVersion: 1\nDescription: d\nRequires.private: x >= 1 freetype2 >= 9\n"}, "cairo.pc privately requires freetype2.pc", freetype},
		{"links", map[string]string{lib + "pkgconfig/cairo.pc": "Name: c\nVersion: 1\nDescription: d\nLibs: -L/x -lfreetype\n"}, "cairo.pc links with -lfreetype", freetype},
		{"leads", map[string]string{lib + "libother.so": "-> libfreetype.so"}, "libother.so leads to libfreetype.so", freetype},
		{"includes", map[string]string{"data/usr/include/a.h": "#ifdef X\n # include <freetype/freetype.h>\n"}, "a.h includes <freetype/freetype.h>", freetype},
		{"its own", map[string]string{"data/usr/include/a.h": "#include \"freetype.h\"\n", "data/usr/include/freetype.h": ""}, "", freetype},
		{"damaged", map[string]string{lib + "pkgconfig/cairo.pc": "Requires: ${", lib + "libx.so.1": "\x7fELF"}, "", freetype},
		{"nothing", map[string]string{lib + "libx.so.1": "\x7fELF"}, "", empty},
	} {
		if got := Reason(tree(t, tt.a), tt.wantB, false); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestStates(t *testing.T) {
	f := tree(t, map[string]string{"control/control": "Package: a\nPre-Depends: libc6 (>= 2.34)\nDepends: libb (= 1) | libc, libd:any,libe\nRecommends: libz\n"})
	f.Declared = append(f.Declared, DeclaredPacman(open(t, "pkgname = x\ndepend = mingw-glib2>=2.0\n"))...)
	for name, want := range map[string]string{
		"libc6": "libc6 (>= 2.34)", "libc": "libb (= 1) | libc", "libd": "libd:any", "libe": "libe", "libz": "", "lib": "", "mingw-glib2": "mingw-glib2>=2.0",
	} {
		if got, _ := f.States(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func open(t *testing.T, text string) *os.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
