package stamp

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/format/rpm"
)

func example() Stamp {
	return Stamp{
		Graft: "v1.0.0", Name: "app", Version: "1.2.3", Target: "rpi4", Lock: digest.OfString("lock"), Go: "1.26.8",
		App:      Part{Package: "example.com/app", Module: "example.com/app", Source: digest.OfString("source")},
		Plugins:  []Part{{Package: "example.com/z", Module: "example.com/z", Version: "v1.0.0"}, {Package: "example.com/a/b", Module: "example.com/a", Version: "v0.1.0"}},
		Packages: []Package{{Name: "libcairo2", Version: "1.16.0-7", Build: true, Run: true}},
	}
}

func encode(t testing.TB) string {
	text, err := Encode(example())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestScan(t *testing.T) {
	text := encode(t)
	again, err := Encode(example())
	if err != nil || again != text {
		t.Fatalf("not the same twice: %v", err)
	}
	damaged := strings.Replace(text, text[30:32], "__", 1)
	want := example()
	for _, tt := range []struct {
		name, in string
		want     *Stamp
	}{
		{"alone", text, &want},
		{"over the end of a window", strings.Repeat("x", window-20) + text + strings.Repeat("y", 2*window), &want},
		{"at the end", strings.Repeat("x", 2*window+3) + text, &want},
		{"damaged", damaged, nil},
		{"damaged, then whole", damaged + text, &want},
		{"the beginning alone", magic, nil},
		{"cut", text[:len(text)-1], nil},
		{"none", "", nil},
	} {
		p, err := scan(strings.NewReader(tt.in))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if d := cmp.Diff(tt.want, p.Stamp); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
}

// TestRealPrograms reads what the go command's own linker makes: the tests are one.
func TestRealPrograms(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "version", "-m", exe).Output()
	if err != nil {
		t.Skip("no go command")
	}
	kind, list, err := Read(context.Background(), exe)
	if err != nil || kind != "program" || len(list) != 1 {
		t.Fatalf("got %q, %v, %v", kind, list, err)
	}
	p := list[0]
	if p.Stamp != nil || p.Build == nil || !strings.Contains(string(out), ": "+p.Go+"\n") || !strings.Contains(string(out), "\tpath\t"+p.Build.Path+"\n") {
		t.Errorf("got %+v, go version -m says\n%s", p, out)
	}
}

func TestReadArchives(t *testing.T) {
	program := "\x7fELF" + strings.Repeat("x", 100) + encode(t)
	inner := gzipped(t, tarOf(t, "./usr/bin/app", program, "usr/share/doc/x", "text", "usr/lib/libx.so", "\x7fELF"))
	var ar bytes.Buffer
	ar.WriteString("!<arch>\n")
	for _, m := range []struct{ name, data string }{{"debian-binary", "2.0\n"}, {"data.tar.gz", inner}} {
		fmt.Fprintf(&ar, "%-16s%-12d%-6d%-6d%-8s%-10d`\n%s", m.name, 0, 0, 0, "100644", len(m.data), m.data)
		if len(m.data)%2 == 1 {
			ar.WriteByte('\n')
		}
	}
	var z bytes.Buffer
	zw := zip.NewWriter(&z)
	w, err := zw.Create("app/app.exe")
	if err == nil {
		_, err = io.WriteString(w, "MZ"+program)
	}
	if err := errors.Join(err, zw.Close()); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	image := filepath.Join(dir, "image")
	for name, data := range map[string]string{"image/oci-layout": "{}", "image/blobs/sha256/00": inner, "image/blobs/sha256/01": "{}"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ name, data, kind, path string }{
		{"deb", ar.String(), "deb", "usr/bin/app"},
		{"zip", z.String(), "zip", "app/app.exe"},
		{"tar.gz", inner, "tar", "usr/bin/app"},
		{"oci", tarOf(t, "oci-layout", "{}", "blobs/sha256/00", inner), "oci", "usr/bin/app"},
		{"docker", tarOf(t, "1/layer.tar", tarOf(t, "usr/bin/app", program), "manifest.json", `[{"Config":"1.json"}]`), "docker", "usr/bin/app"},
		{"both", tarOf(t, "blobs/sha256/00", inner, "oci-layout", "{}", "manifest.json", `[{"Config":"1.json"}]`), "docker", "usr/bin/app"},
		{"another manifest", tarOf(t, "manifest.json", "{}", "usr/bin/app", program), "tar", "usr/bin/app"},
		{"apk", gzipped(t, tarOf(t, ".PKGINFO", "x")[:1024]) + gzipped(t, tarOf(t, "usr/bin/app", program)), "apk", "usr/bin/app"},
		{"program", program, "program", ""},
		{"image", "", "oci", "usr/bin/app"},
	} {
		name := filepath.Join(dir, tt.name)
		if tt.name == "image" {
			name = image
		} else if err := os.WriteFile(name, []byte(tt.data), 0o666); err != nil {
			t.Fatal(err)
		}
		kind, list, err := Read(context.Background(), name)
		if err != nil || kind != tt.kind || len(list) != 1 || list[0].Path != tt.path || list[0].Stamp == nil {
			t.Errorf("%s: got %q, %+v, %v", tt.name, kind, list, err)
		}
	}
	for name, data := range map[string]string{"text": "hello", "empty": "", "cut": inner[:len(inner)/2], "cut.rpm": rpm.Magic + "x", "lib.a": "!<arch>\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, list, err := Read(context.Background(), filepath.Join(dir, name)); err == nil {
			t.Errorf("%s: got %v, want an error", name, list)
		}
	}
}

func tarOf(t *testing.T, pairs ...string) string {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		if err := w.WriteHeader(&tar.Header{Name: pairs[i], Size: int64(len(pairs[i+1])), Mode: 0o644, Format: tar.FormatUSTAR}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, pairs[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(t *testing.T, s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, s)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func FuzzRead(f *testing.F) {
	text := encode(f)
	f.Add([]byte("\x7fELF" + text))
	f.Add([]byte("MZ" + string(goHeader) + strings.Repeat("\x02", 40) + string(modStart) + "path\tx\n" + string(modEnd)))
	f.Add([]byte("!<arch>\n"))
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte(rpm.Magic))
	f.Fuzz(func(t *testing.T, in []byte) {
		name := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(name, in, 0o666); err != nil {
			t.Fatal(err)
		}
		_, list, err := Read(context.Background(), name)
		if err != nil {
			return
		}
		for _, p := range list {
			if p.Stamp == nil {
				continue
			}
			if _, err := Encode(*p.Stamp); err != nil {
				t.Errorf("encode what was read: %v", err)
			}
		}
	})
}
