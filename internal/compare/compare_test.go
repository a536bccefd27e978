package compare

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/graft-build/graft/internal/format/ar"
)

type entry struct {
	name, content string
	mode          int64
}

func tarOf(t testing.TB, list ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range list {
		if e.mode == 0 {
			e.mode = 0o644
		}
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: e.name, Mode: e.mode, Size: int64(len(e.content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gz(t testing.TB, b []byte, level int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func debOf(t testing.TB, control, program string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := ar.NewWriter(&b)
	for _, m := range []struct {
		name    string
		content []byte
	}{
		{"debian-binary", []byte("2.0\n")},
		{"control.tar.gz", gz(t, tarOf(t, entry{"./control", control, 0}, entry{"./md5sums", "of " + program, 0}), 9)},
		{"data.tar.gz", gz(t, tarOf(t, entry{"./usr/bin/app", program, 0o755}), 9)},
	} {
		if err := w.WriteHeader(ar.Header{Name: m.name, Size: int64(len(m.content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipOf(t testing.TB, name, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(name)
	if err == nil {
		_, err = f.Write([]byte(content))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// program is this test's own, with a byte of one section changed.
func program(t testing.TB, name string) (was, is []byte) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if was, err = os.ReadFile(exe); err != nil {
		t.Fatal(err)
	}
	is = bytes.Clone(was)
	for _, s := range sections(is) {
		if s.name == name {
			s.data[len(s.data)/2] ^= 1
			return was, is
		}
	}
	t.Skipf("the test program has no section %s", name)
	return nil, nil
}

func TestFirst(t *testing.T) {
	big := strings.Repeat("text ", 1000)
	elfA, elfB := program(t, ".rodata")
	for _, tt := range []struct {
		name string
		a, b []byte
		want string
	}{
		{"same", []byte("x"), []byte("x"), ""},
		{"plain", []byte("a\nb\n"), []byte("a\nc\n"), `line 2 is "b" in old, "c" in new`},
		{"binary", []byte("a\x00b"), []byte("a\x00cd"), "differs from byte 2 (0x2) on; 3 bytes in old, 4 in new"},
		{"section", elfA, elfB, "section .rodata differs"},
		{"member", tarOf(t, entry{"d/a", "1", 0}), tarOf(t, entry{"d/a", "2", 0}), `d/a: line 1 is "1" in old, "2" in new`},
		{"mode", tarOf(t, entry{"a", "1", 0}), tarOf(t, entry{"a", "1", 0o600}), "a: type 0, mode 0644"},
		{"added", tarOf(t, entry{"a", "1", 0}), tarOf(t, entry{"a", "1", 0}, entry{"b", "1", 0}), "b is only in new"},
		{"removed", tarOf(t, entry{"a", "1", 0}, entry{"b", "1", 0}), tarOf(t, entry{"a", "1", 0}), "b is only in old"},
		{"compression", gz(t, tarOf(t, entry{"a", big, 0}), 1), gz(t, tarOf(t, entry{"a", big, 0}), 9), "the same members, but they are arranged or compressed in another way"},
		{"deb", debOf(t, "c", "x"), debOf(t, "c", "y"), `data.tar.gz: usr/bin/app: line 1 is "x" in old, "y" in new`},
		{"control", debOf(t, "Depends: a", "x"), debOf(t, "Depends: b", "x"), `control.tar.gz: control: line 1 is "Depends: a" in old, "Depends: b" in new`},
		{"zip", zipOf(t, "app/app.exe", "1"), zipOf(t, "app/app.exe", "2"), `app/app.exe: line 1`},
		{"image", tarOf(t, entry{"blobs/sha256/aa", `{"of": "bb"}`, 0}, entry{"blobs/sha256/bb", string(gz(t, tarOf(t, entry{"app", "1", 0}), 9)), 0}),
			tarOf(t, entry{"blobs/sha256/ab", `{"of": "bc"}`, 0}, entry{"blobs/sha256/bc", string(gz(t, tarOf(t, entry{"app", "2", 0}), 9)), 0}),
			`layer file 2: app: line 1 is "1" in old`},
	} {
		dir := t.TempDir()
		one, two := filepath.Join(dir, "1"), filepath.Join(dir, "2")
		for name, b := range map[string][]byte{one: tt.a, two: tt.b} {
			if err := os.WriteFile(name, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := First(t.Context(), one, two, "old", "new")
		if err != nil || !strings.Contains(got, tt.want) || (tt.want == "") != (got == "") {
			t.Errorf("%s: %v\ngot  %s\nwant %s", tt.name, err, got, tt.want)
		}
	}
}

func FuzzMembers(f *testing.F) {
	f.Add(debOf(f, "c", "x"))
	f.Add(zipOf(f, "a", "b"))
	f.Add(gz(f, tarOf(f, entry{"a", "b", 0}), 9))
	f.Fuzz(func(t *testing.T, in []byte) {
		name := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(name, in, 0o644); err != nil {
			t.Fatal(err)
		}
		list, err := Members(context.Background(), name)
		if err != nil {
			return
		}
		last := list[len(list)-1]
		if last.Path != "" || last.Size != int64(len(in)) {
			t.Errorf("the last member is %+v, want the file itself", last)
		}
		if text, err := First(context.Background(), name, name, "a", "b"); err != nil || text != "" {
			t.Errorf("a file differs from itself: %v %s", err, text)
		}
		sections(in)
	})
}
