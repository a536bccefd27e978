package unpack

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// zipOf writes a zip with the given names, each with its own name as content.
func zipOf(t testing.TB, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, n := range names {
		f, err := w.Create(n)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(f, n)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func unzipInto(t testing.TB, b []byte, lim Limits, opt ZipOptions) (dir string, err error) {
	t.Helper()
	base := t.TempDir()
	dir = filepath.Join(base, "in")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(base, "a.zip")
	if err := os.WriteFile(name, b, 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	err = Zip(t.Context(), f, root, lim, opt)
	// Whatever the archive says, nothing is beside the folder.
	if list, _ := os.ReadDir(base); len(list) != 2 {
		t.Errorf("beside the folder: %v", list)
	}
	return dir, err
}

func TestZip(t *testing.T) {
	dir, err := unzipInto(t, zipOf(t, "m@v1/", "m@v1/bin/go", "m@v1/src/a.go", "m@v1/drop"), Limits{}, ZipOptions{
		Strip: 1, Keep: func(n string) bool { return n != "drop" }, Executable: func(n string) bool { return strings.HasPrefix(n, "bin/") },
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"bin/go": 0o755, "src/a.go": 0o644} {
		fi, err := os.Stat(filepath.Join(dir, name))
		if err != nil || fi.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v; want mode %v", name, fi, err, mode)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "drop")); err == nil {
		t.Error("drop was kept")
	}
}

func TestZipRefuses(t *testing.T) {
	for _, tt := range []struct {
		names []string
		lim   Limits
		want  string
	}{
		{[]string{"../out"}, Limits{}, "escapes"},
		{[]string{"/abs"}, Limits{}, "escapes"},
		{[]string{"a", "a"}, Limits{}, "exists"},
		{[]string{"a", "a/b"}, Limits{}, "a/b"},
		{[]string{"a", "b", "c"}, Limits{Entries: 2}, "more than 2 entries"},
		{[]string{"long-name"}, Limits{FileBytes: 3}, "too large"},
	} {
		if _, err := unzipInto(t, zipOf(t, tt.names...), tt.lim, ZipOptions{}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %q", tt.names, err, tt.want)
		}
	}
}

func FuzzZip(f *testing.F) {
	f.Add(zipOf(f, "a/b", "a/../../c"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = unzipInto(t, b, Limits{Entries: 100, Bytes: 1 << 16}, ZipOptions{Strip: 1})
	})
}
