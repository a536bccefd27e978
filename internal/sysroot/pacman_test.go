package sysroot

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/target"
)

// putPacman makes an MSYS2 package of entries: "name", "name=content" or "name>link".
func putPacman(t *testing.T, s *store.Store, name string, entries ...string) Input {
	t.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for _, e := range append([]string{".PKGINFO=pkgname = " + name, ".MTREE=x"}, entries...) {
		h := &tar.Header{Name: e, Typeflag: tar.TypeReg, Mode: 0o755}
		content := ""
		if n, to, ok := strings.Cut(e, ">"); ok {
			h.Name, h.Linkname, h.Typeflag = n, to, tar.TypeSymlink
		} else if n, c, ok := strings.Cut(e, "="); ok {
			h.Name, content = n, c
		} else if strings.HasSuffix(e, "/") {
			h.Typeflag = tar.TypeDir
		}
		h.Size = int64(len(content))
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	d, path, err := s.PutBytes(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return Input{Name: name, Blob: path, SHA256: d, Prefix: "clang64"}
}

func windows(t *testing.T) target.Target {
	t.Helper()
	w, err := target.Parse("windows/amd64")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestPacman(t *testing.T) {
	s := open(t)
	a := putPacman(t, s, "a", "clang64/", "clang64/bin/", "clang64/bin/liba.dll=A", "clang64/include/a.h=h", "clang64/lib/pkgconfig/a.pc=p",
		"clang64/share/doc/a/README=long", "clang64/share/man/man3/a.3=m", "clang64/share/licenses/a/COPYING=free", "clang64/share/locale/de/a.mo=x")
	b := putPacman(t, s, "b", "clang64/bin/libb.dll=B", "clang64/etc/b.conf>../share/b.conf", "clang64/share/b.conf=c")
	root, err := Build(t.Context(), s, windows(t), []Input{b, a}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"bin/liba.dll": "A", "bin/libb.dll": "B", "include/a.h": "h", "lib/pkgconfig/a.pc": "p", "etc/b.conf": "c", "share/licenses/a/COPYING": "free",
	} {
		if got, err := os.ReadFile(filepath.Join(root.Dir, "clang64", name)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, gone := range []string{".PKGINFO", ".MTREE", "clang64/share/doc/a/README", "clang64/share/man", "clang64/share/locale/de"} {
		if _, err := os.Lstat(filepath.Join(root.Dir, gone)); err == nil {
			t.Errorf("%s is there", gone)
		}
	}
	tree, err := PackageTree(t.Context(), s, a)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(tree, "data", "clang64", "share", "locale", "de", "a.mo")); err != nil {
		t.Error("the package's own tree lacks translations:", err)
	}
}

func TestPacmanRefused(t *testing.T) {
	for _, tt := range []struct {
		says    string
		entries []string
	}{
		{"in case alone", []string{"clang64/include/A.h=1", "clang64/include/a.h=2"}},
		{`name holds ".."`, []string{"clang64/../../etc/passwd=x"}},
		{"name is absolute", []string{"/clang64/bin/a=x"}},
		{"outside of /clang64", []string{"ucrt64/bin/a.dll=x"}},
		{"outside of /clang64", []string{"clang64x/bin/a.dll=x"}},
		{"leads outside", []string{"clang64/lib>../../up"}},
		{"as something else", []string{"clang64/a>b", "clang64/a/c=x"}},
	} {
		s := open(t)
		in := putPacman(t, s, "bad", tt.entries...)
		_, err := Build(t.Context(), s, windows(t), []Input{in}, nil)
		if err == nil || !strings.Contains(err.Error(), "package bad: ") || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%v, want %q", err, tt.says)
		}
		if dirs, _ := filepath.Glob(filepath.Join(s.Dir(), "trees", "*", "*")); len(dirs) > 0 {
			t.Errorf("%s: %q left behind", tt.says, dirs)
		}
	}
	s := open(t)
	in := putPacman(t, s, "one", "clang64/a=x")
	other := putPacman(t, s, "two", "ucrt64/a=x")
	other.Prefix = "ucrt64"
	if _, err := Build(t.Context(), s, windows(t), []Input{in, other}, nil); err == nil || !strings.Contains(err.Error(), "two environments") {
		t.Errorf("packages of two environments: %v", err)
	}
}

func TestPacmanLinks(t *testing.T) {
	for _, tt := range []struct {
		says    string // "" for a good package
		entries []string
	}{
		{"package a: link /clang64/lib/liba.dll.a leads to /clang64/lib/none, which no package has", []string{"clang64/lib/liba.dll.a>none"}},
		{"leads to /clang64/a, which", []string{"clang64/a>b", "clang64/b>a"}},
		{"leads to /clang64/lib/x/y", []string{"clang64/a>lib/x/y", "clang64/lib/x=file"}},
		{"", []string{"clang64/a>b", "clang64/b>lib", "clang64/lib/", "clang64/c>other/file"}},
		{"", []string{"clang64/LICENSE>share/doc/a/LICENSE", "clang64/share/doc/a/LICENSE=free"}},
	} {
		s := open(t)
		in := []Input{putPacman(t, s, "a", tt.entries...), putPacman(t, s, "other", "clang64/other/file=x")}
		_, err := Build(t.Context(), s, windows(t), in, nil)
		if tt.says == "" && err != nil || tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)) {
			t.Errorf("%q: %v, want %q", tt.entries, err, tt.says)
		}
		if dirs, _ := filepath.Glob(filepath.Join(s.Dir(), "trees", "sysroot", "*")); tt.says != "" && len(dirs) > 0 {
			t.Errorf("%s: %q left behind", tt.says, dirs)
		}
	}
}
