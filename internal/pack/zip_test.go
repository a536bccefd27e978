package pack

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/internal/closure"
	"github.com/graft-build/graft/target"
)

// windowsIn is a program with two DLLs and a package of each.
func windowsIn(t *testing.T) In {
	t.Helper()
	w, err := target.Parse("windows/amd64")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, content string) string {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	in := In{Target: w, Meta: Meta{Name: "a", Version: "1.0"}, Program: write("program", strings.Repeat("MZ", 5000))}
	for _, name := range []string{"one", "two"} {
		p := closure.Provider{Package: "mingw-" + name, Dir: filepath.Join(dir, name), Prefix: "clang64"}
		dll := write(name+"/data/clang64/bin/"+name+".dll", name)
		write(name+"/data/clang64/share/licenses/"+name+"/COPYING", "of "+name)
		in.Packages = append(in.Packages, Package{Provider: p, Version: "1-1"})
		in.Closure.Libraries = append(in.Closure.Libraries, closure.Library{Name: name + ".dll", Path: dll, Package: p.Package})
	}
	in.Closure.Libraries[1].Folder = "lib/loaders"
	in.Data = []DataFile{{Name: "share/größe.txt", Path: write("data", "text"), Package: "mingw-one"}}
	return in
}

func zipped(t *testing.T, in In) ([]byte, error) {
	t.Helper()
	var b bytes.Buffer
	err := Zip{}.Pack(t.Context(), in, &b)
	return b.Bytes(), err
}

func TestZip(t *testing.T) {
	in := windowsIn(t)
	first, err := zipped(t, in)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(in.Packages)
	slices.Reverse(in.Closure.Libraries)
	if second, err := zipped(t, in); err != nil || !bytes.Equal(first, second) {
		t.Errorf("the order of packages matters, %v", err)
	}
	z, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		if len(b) > 20 {
			b = b[:2]
		}
		got[strings.TrimPrefix(f.Name, "a-1.0-windows-amd64/")] = string(b)
		if f.Flags&8 != 0 || f.ExternalAttrs != 0 || len(f.Extra) > 0 || f.NonUTF8 || f.Modified.Year() != 1980 {
			t.Errorf("%s: flags %x, attributes %x, extra %q, %v", f.Name, f.Flags, f.ExternalAttrs, f.Extra, f.Modified)
		}
	}
	want := map[string]string{
		"a.exe": "MZ", "one.dll": "one", "lib/loaders/two.dll": "two", "share/größe.txt": "text",
		"licences/packages/mingw-one/one/COPYING": "of one", "licences/packages/mingw-two/two/COPYING": "of two",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestZipRefuses(t *testing.T) {
	linux, _ := target.Parse("linux/amd64")
	for says, change := range map[string]func(in *In){
		"is no Windows":               func(in *In) { in.Target = linux },
		"Windows keeps that name":     func(in *In) { in.Data[0].Name = "share/aux.txt" },
		"are one name on Windows":     func(in *In) { in.Data[0].Name = "ONE.dll" },
		"no path below the program's": func(in *In) { in.Data[0].Name = "../up" },
		"drops the dot":               func(in *In) { in.Data[0].Name = "share/x." },
		"does not have such names":    func(in *In) { in.Data[0].Name = "share/a:b" },
		"not among the packages":      func(in *In) { in.Packages = nil },
		"no such file":                func(in *In) { in.Program += ".gone" },
	} {
		in := windowsIn(t)
		change(&in)
		if _, err := zipped(t, in); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}
