package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"

	"github.com/graft-build/graft/internal/format/pe/petest"
	"github.com/graft-build/graft/test/standin"
)

// hostile is a project that needs foo, and a repository of its own.
func hostile(t *testing.T, packages []standin.Package) world {
	t.Helper()
	mirror := t.TempDir()
	r := standin.Repository{Environment: "clang64", Prefix: "mingw-w64-clang-x86_64-", Packages: packages}
	if err := r.Write(mirror); err != nil {
		t.Fatal(err)
	}
	w := world{dir: t.TempDir(), store: shared, env: []string{standin.Variable + "=" + standin.Address(mirror)}}
	for name, text := range map[string]string{
		"go.mod": "module example.com/foo\n\ngo 1.26\n", "graft.yaml": "name: foo\ntargets: [windows/amd64]\n",
		"main.go": "package main\n\n// #cgo pkg-config: foo\n// extern int foo(void);\nimport \"C\"\n\nfunc main() { _ = C.int(1) }\n",
	} {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// fooPackage is a package with what building with foo takes, and more files.
func fooPackage(more map[string]string, depends ...string) standin.Package {
	p := standin.Package{Name: "foo", Version: "1.0-1", Depends: depends, Files: map[string][]byte{
		"lib/pkgconfig/foo.pc": []byte("Name: foo\nDescription: foo\nVersion: 1.0\nLibs: -L/clang64/lib\nCflags: -I/clang64/include\n"),
		"include/foo.h":        []byte("int foo(void);\n"),
		"bin/foo.dll":          petest.DLL{Name: "foo.dll", Exports: []petest.Export{{Name: "foo"}}}.Bytes(),
	}}
	for name, text := range more {
		p.Files[name] = []byte(text)
	}
	return p
}

// TestWindowsHostile has repositories that are wrong, each in one way: the error is one, says
// what and where, and nothing is left behind.
func TestWindowsHostile(t *testing.T) {
	needy := func(name string, needs ...string) standin.Package {
		p := standin.Package{Name: name, Version: "1-1", Depends: needs, Files: map[string][]byte{}}
		var list []petest.Import
		for _, n := range needs {
			list = append(list, petest.Import{DLL: n + ".dll", Names: []string{n}})
		}
		p.Files["bin/"+name+".dll"] = petest.DLL{Name: name + ".dll", Exports: []petest.Export{{Name: name}}, Imports: list}.Bytes()
		return p
	}
	sized := fooPackage(nil)
	sized.Size = 100
	longer := fooPackage(nil)
	longer.Size = 1 << 20
	linked := fooPackage(nil)
	linked.Links = map[string]string{"lib/libfoo.dll.a": "none.dll.a"}
	leaving := fooPackage(nil)
	leaving.Links = map[string]string{"lib/libfoo.dll.a": "../../../../etc/passwd"}
	for name, tt := range map[string]struct {
		packages []standin.Package
		status   int
		says     string
	}{
		"missing dependency": {[]standin.Package{fooPackage(nil, "gone>=2")}, 1, "mingw-w64-clang-x86_64-gone>=2"},
		"too small a size":   {[]standin.Package{sized}, 4, "mingw-w64-clang-x86_64-foo"},
		"too large a size":   {[]standin.Package{longer}, 4, "mingw-w64-clang-x86_64-foo"},
		"path that leaves":   {[]standin.Package{fooPackage(map[string]string{"../../up": "x"})}, 1, `path "clang64/../../up" leaves the package`},
		"link to nowhere":    {[]standin.Package{linked}, 1, "link /clang64/lib/libfoo.dll.a leads to /clang64/lib/none.dll.a, which no package has"},
		"link that leaves":   {[]standin.Package{leaving}, 1, "leads outside"},
		"case alone":         {[]standin.Package{fooPackage(map[string]string{"include/Foo.h": "1", "include/foo.H": "2"})}, 1, "in case alone"},
		"two of one name":    {[]standin.Package{fooPackage(nil), fooPackage(nil)}, 1, "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			w := hostile(t, tt.packages)
			before := tree(t, w.dir)
			_, stderr, status := w.run(t, "build")
			if status != tt.status || !strings.Contains(stderr, tt.says) || strings.Count(stderr, "graft: ") != 1 {
				t.Errorf("exit status %d, want %d and %q\n%s", status, tt.status, tt.says, stderr)
			}
			if after := tree(t, w.dir); len(after) != len(before) {
				t.Errorf("left behind: %q", after)
			}
		})
	}
	t.Run("unknown key", func(t *testing.T) {
		w := hostile(t, []standin.Package{fooPackage(nil)})
		key, err := openpgp.NewEntity("Mallory", "", "mallory@example.org", nil)
		if err != nil {
			t.Fatal(err)
		}
		_, folder, _ := strings.Cut(w.env[0], "file://")
		db, err := os.ReadFile(filepath.Join(folder, "mingw", "clang64", "clang64.files"))
		if err != nil {
			t.Fatal(err)
		}
		var sig bytes.Buffer
		if err := openpgp.DetachSign(&sig, key, bytes.NewReader(db), nil); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "mingw", "clang64", "clang64.files.sig"), sig.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		before := tree(t, w.dir)
		_, stderr, status := w.run(t, "build")
		if status != 4 || !strings.Contains(stderr, "signed by none of MSYS2's packagers that graft knows") || len(tree(t, w.dir)) != len(before) {
			t.Errorf("exit status %d\n%s", status, stderr)
		}
	})
	t.Run("cycle", func(t *testing.T) {
		w := hostile(t, []standin.Package{fooPackage(nil, "a"), needy("a", "b"), needy("b", "a")})
		w.must(t, "build")
	})
}
