package deb

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/graft-build/graft/internal/format/ar"
	"github.com/graft-build/graft/internal/format/deb/debtest"
)

func build(t testing.TB, members ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	w := ar.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		var content []byte
		switch c := members[i+1].(type) {
		case string:
			content = []byte(c)
		case []byte:
			content = c
		}
		if err := w.WriteHeader(ar.Header{Name: members[i].(string), Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOpen(t *testing.T) {
	raw := debtest.Bytes(t, debtest.Package{
		Name: "libx", Control: map[string]string{"symbols": "libx.so.1 libx #MINVER#\n"},
		Files: []debtest.File{{Name: "usr/lib/libx.so.1", Content: "elf"}},
	})
	a, err := Open("libx", bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if !strings.HasPrefix(string(a.Control["control"]), "Package: libx\n") || string(a.Control["symbols"]) != "libx.so.1 libx #MINVER#\n" || len(a.Control) != 2 {
		t.Errorf("control part %q", a.Control)
	}
	tr := tar.NewReader(a.Data())
	var names []string
	for {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
	}
	if got := strings.Join(names, " "); got != "./ ./usr/ ./usr/lib/ ./usr/lib/libx.so.1" {
		t.Errorf("data part %q", got)
	}
}

func TestRefused(t *testing.T) {
	control := debtest.Tar(t, []debtest.File{{Name: "control", Content: "Package: x\n"}})
	data := debtest.Tar(t, []debtest.File{{Name: "f"}})
	var many []debtest.File
	for i := range maxControlFiles + 1 {
		many = append(many, debtest.File{Name: fmt.Sprint(i)})
	}
	with := func(files ...debtest.File) []byte { return debtest.Tar(t, files) }
	good := debtest.File{Name: "control", Content: "x"}

	for _, tt := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"not an archive", []byte("#!/bin/sh\n"), "not an ar archive"},
		{"no members", build(t), "empty"},
		{"another first member", build(t, "control.tar", control), "want debian-binary"},
		{"format 3", build(t, "debian-binary", "3.0\n", "control.tar", control, "data.tar", data), "format version"},
		{"format 0", build(t, "debian-binary", "0.93\n"), "format version"},
		{"long version", build(t, "debian-binary", strings.Repeat("2", 300)), "want debian-binary"},
		{"no control part", build(t, "debian-binary", "2.0\n"), "there is no control.tar"},
		{"no data part", build(t, "debian-binary", "2.0\n", "control.tar", control), "there is no data.tar"},
		{"wrong order", build(t, "debian-binary", "2.0\n", "data.tar", data), "want control.tar"},
		{"unknown compression", build(t, "debian-binary", "2.0\n", "control.tar.lzma", control), "not supported"},
		{"unknown member", build(t, "debian-binary", "2.0\n", "control.tar", control, "extra", "", "data.tar", data), "want data.tar"},
		{"no control file", build(t, "debian-binary", "2.0\n", "control.tar", with(debtest.File{Name: "md5sums", Content: "x"})), "no control file"},
		{"empty control file", build(t, "debian-binary", "2.0\n", "control.tar", with(debtest.File{Name: "control"})), "no control file"},
		{"control twice", build(t, "debian-binary", "2.0\n", "control.tar", with(good, good)), "twice"},
		{"folder in control", build(t, "debian-binary", "2.0\n", "control.tar", with(good, debtest.File{Name: "a/b"})), "not a plain file"},
		{"parent in control", build(t, "debian-binary", "2.0\n", "control.tar", with(good, debtest.File{Name: "../b"})), "not a plain file"},
		{"link in control", build(t, "debian-binary", "2.0\n", "control.tar", with(good, debtest.File{Name: "b", Symlink: "/etc/passwd"})), "not a plain file"},
		{"many control files", build(t, "debian-binary", "2.0\n", "control.tar", with(many...)), "more than"},
		{"large control part", build(t, "debian-binary", "2.0\n", "control.tar", with(good, debtest.File{Name: "a", Content: strings.Repeat("x", maxControlBytes)})), "larger than"},
		{"damaged control part", build(t, "debian-binary", "2.0\n", "control.tar", "garbage that is no tar archive"), "control.tar"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open("name", bytes.NewReader(tt.raw))
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "read package name: ") {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
	raw := build(t, "debian-binary", "2.1\nmore\n", "_extra", "x", "control.tar", control, "_more", "", "data.tar", data, "after", "x")
	if _, err := Open("name", bytes.NewReader(raw)); err != nil {
		t.Errorf("what deb(5) allows: %v", err)
	}
	whole := debtest.Bytes(t, debtest.Package{})
	for n := range whole[:len(whole)-200] {
		if a, err := Open("name", bytes.NewReader(whole[:n])); err == nil {
			if _, err = io.Copy(io.Discard, a.Data()); err == nil {
				t.Errorf("cut at %d of %d bytes: no error", n, len(whole))
			}
			a.Close()
		}
	}
}

// TestOracle reads what dpkg-deb writes with each compression, and has it read ours.
func TestOracle(t *testing.T) {
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("dpkg-deb is not installed")
	}
	dir := t.TempDir()
	ours := filepath.Join(dir, "ours.deb")
	if err := os.WriteFile(ours, debtest.Bytes(t, debtest.Package{Name: "libx", Files: []debtest.File{{Name: "usr/f", Content: "content"}}}), 0o644); err != nil {
		t.Fatal(err)
	}
	tree := filepath.Join(dir, "tree")
	if out, err := exec.Command("dpkg-deb", "--raw-extract", ours, tree).CombinedOutput(); err != nil {
		t.Fatalf("dpkg-deb does not read ours: %v: %s", err, out)
	}
	for _, z := range []string{"xz", "gzip", "zstd", "none"} {
		theirs := filepath.Join(dir, z+".deb")
		if out, err := exec.Command("dpkg-deb", "--root-owner-group", "-Z"+z, "--build", tree, theirs).CombinedOutput(); err != nil {
			t.Logf("dpkg-deb -Z%s: %v: %s", z, err, out)
			continue
		}
		f, err := os.Open(theirs)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		a, err := Open(z, f)
		if err != nil {
			t.Error(err)
			continue
		}
		b, err := io.ReadAll(a.Data())
		if err != nil || !bytes.Contains(b, []byte("content")) || !strings.HasPrefix(string(a.Control["control"]), "Package: libx\n") {
			t.Errorf("%s: %d bytes, %v", z, len(b), err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(debtest.Bytes(f, debtest.Package{Files: []debtest.File{{Name: "a/b", Content: "x"}}}))
	control := debtest.Tar(f, []debtest.File{{Name: "control", Content: "Package: x\n"}})
	f.Add(build(f, "debian-binary", "2.0\n", "control.tar", control, "data.tar", control))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := Open("name", bytes.NewReader(raw))
		if err != nil {
			return
		}
		defer a.Close()
		if len(a.Control["control"]) == 0 {
			t.Error("no control file and no error")
		}
		io.Copy(io.Discard, io.LimitReader(a.Data(), 1<<20))
	})
}
