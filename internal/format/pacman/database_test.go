package pacman

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// member is one file of an archive that a test builds.
type member struct {
	name, body string
	typ        byte
}

func archive(t testing.TB, members ...member) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, m := range members {
		h := &tar.Header{Name: m.name, Size: int64(len(m.body)), Mode: 0o644, Typeflag: tar.TypeReg}
		if m.typ != 0 {
			h.Typeflag, h.Size, h.Linkname = m.typ, 0, m.body
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			io.WriteString(w, m.body)
		}
	}
	w.Close()
	return buf.Bytes()
}

func desc(name, version string, more ...string) string {
	return fmt.Sprintf("%%FILENAME%%\n%[1]s-%[2]s-any.pkg.tar.zst\n\n%%NAME%%\n%[1]s\n\n%%VERSION%%\n%[2]s\n\n%%CSIZE%%\n1\n\n%%SHA256SUM%%\n%[3]s\n\n%[4]s",
		name, version, strings.Repeat("0", 63)+"1", strings.Join(more, ""))
}

func read(b []byte, lim Limits) (names, files []string, err error) {
	err = ReadDatabase(bytes.NewReader(b), lim, Visitor{
		Package: func(p *Package) error { names = append(names, p.Name+" "+p.Version); return nil },
		File:    func(dir, path string) error { files = append(files, dir+":"+path); return nil },
	})
	return names, files, err
}

func TestReadDatabase(t *testing.T) {
	names, files, err := read(archive(t,
		member{name: "b+-1-1/", typ: tar.TypeDir},
		member{name: "b+-1-1/files", body: "%FILES%\nclang64/\nclang64/bin/b.dll\n\n%BACKUP%\nclang64/etc/x\n"},
		member{name: "b+-1-1/desc", body: desc("b+", "1-1")},
		member{name: "a-2-1/desc", body: desc("a", "2-1")},
		member{name: "a-2-1/files", body: "%FILES%\n"},
	), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(append(names, files...), " "); got != "b+ 1-1 a 2-1 b+-1-1:clang64/ b+-1-1:clang64/bin/b.dll" {
		t.Error(got)
	}
}

func TestReadDatabaseRefuses(t *testing.T) {
	small := DefaultLimits
	small.Packages, small.Record, small.Files, small.Total = 1, 4096, 100, 1<<20
	for name, c := range map[string]struct {
		lim     Limits
		members []member
	}{
		"two packages of one name":    {DefaultLimits, []member{{name: "a-1-1/desc", body: desc("a", "1-1")}, {name: "a-2-1/desc", body: desc("a", "2-1")}}},
		"one record twice":            {DefaultLimits, []member{{name: "a-1-1/desc", body: desc("a", "1-1")}, {name: "./a-1-1/desc", body: desc("a", "1-1")}}},
		"a folder that lies":          {DefaultLimits, []member{{name: "b-1-1/desc", body: desc("a", "1-1")}}},
		"a path that leaves":          {DefaultLimits, []member{{name: "a-1-1/files", body: "%FILES%\nclang64/../../etc/passwd\n"}}},
		"an absolute path":            {DefaultLimits, []member{{name: "a-1-1/files", body: "%FILES%\n/etc/passwd\n"}}},
		"an empty element":            {DefaultLimits, []member{{name: "a-1-1/files", body: "%FILES%\na//b\n"}}},
		"a link":                      {DefaultLimits, []member{{name: "a-1-1/desc", body: "/etc/passwd", typ: tar.TypeSymlink}}},
		"a member above":              {DefaultLimits, []member{{name: "../desc", body: desc("a", "1-1")}}},
		"a member at the top":         {DefaultLimits, []member{{name: "desc", body: desc("a", "1-1")}}},
		"too many packages":           {small, []member{{name: "a-1-1/desc", body: desc("a", "1-1")}, {name: "b-1-1/desc", body: desc("b", "1-1")}}},
		"a long record":               {small, []member{{name: "a-1-1/desc", body: desc("a", "1-1", "%DESC%\n", strings.Repeat("x", 5000), "\n")}}},
		"a long file list":            {small, []member{{name: "a-1-1/files", body: "%FILES%\n" + strings.Repeat("xx\n", 50)}}},
		"a long line":                 {DefaultLimits, []member{{name: "a-1-1/files", body: "%FILES%\n" + strings.Repeat("x", 5000)}}},
		"an archive that is too long": {small, []member{{name: "a-1-1/other", body: strings.Repeat("x", 2<<20)}, {name: "a-1-1/desc", body: desc("a", "1-1")}}},
	} {
		if names, files, err := read(archive(t, c.members...), c.lim); err == nil {
			t.Errorf("%s: accepted: %v %v", name, names, files)
		}
	}
	whole := archive(t, member{name: "a-1-1/desc", body: desc("a", "1-1")})
	if _, _, err := read(whole[:600], DefaultLimits); err == nil {
		t.Error("a cut archive: accepted")
	}
}

// shared is the folder of large test data beside the module, "" without one.
func shared(t testing.TB, elem ...string) string {
	t.Helper()
	dir := os.Getenv("GRAFT_TEST_SHARED")
	if dir == "" {
		_, file, _, _ := runtime.Caller(0)
		dir = filepath.Join(filepath.Dir(file), "../../../../shared")
	}
	p := filepath.Join(append([]string{dir, "testdata"}, elem...)...)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("no %s: set GRAFT_TEST_SHARED to the folder that holds testdata/%s", p, elem[0])
	}
	return p
}

func TestReadRealDatabases(t *testing.T) {
	for _, name := range []string{"clang64.db", "mingw64.db"} {
		f, err := os.Open(filepath.Join(shared(t, "msys2-real"), name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := zstd.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		n, deps, provides := 0, 0, 0
		err = ReadDatabase(z, DefaultLimits, Visitor{Package: func(p *Package) error {
			n++
			deps += len(p.Depends)
			provides += len(p.Provides)
			if !strings.HasPrefix(p.FileName, p.Name+"-") {
				t.Errorf("%s has the file %s", p.Name, p.FileName)
			}
			return nil
		}})
		if err != nil || n < 2900 || deps < 8000 || provides < 1000 {
			t.Errorf("%s: %d packages, %d dependencies, %d provisions, %v", name, n, deps, provides, err)
		}
	}
}

func FuzzReadDatabase(f *testing.F) {
	f.Add(archive(f, member{name: "a-1-1/", typ: tar.TypeDir}, member{name: "a-1-1/desc", body: desc("a", "1-1")},
		member{name: "a-1-1/files", body: "%FILES%\nclang64/\nclang64/bin/a.dll\n"}))
	f.Add([]byte{})
	lim := Limits{Packages: 10, Record: 1 << 16, Files: 1 << 16, Total: 1 << 20}
	f.Fuzz(func(t *testing.T, b []byte) {
		ReadDatabase(bytes.NewReader(b), lim, Visitor{
			Package: func(*Package) error { return nil },
			File: func(_, path string) error {
				if strings.HasPrefix(path, "/") || strings.Contains("/"+path+"/", "/../") {
					t.Fatalf("path %q accepted", path)
				}
				return nil
			},
		})
	})
}
