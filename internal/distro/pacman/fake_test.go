package pacman

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/graft-build/graft/digest"
)

// fake is a package that a test makes up. Names in it are without the environment's prefix;
// files are below clang64/.
type fake struct {
	name, version     string
	depends, provides []string
	files             map[string]string
}

const prefix = "mingw-w64-clang-x86_64-"

// fakeRepo writes a repository and returns its address.
type fakeRepo struct {
	packages []fake
	ending   string          // of packages and databases: "zst", "xz", "gz"
	noFiles  bool            // no files database
	key      *openpgp.Entity // signs everything
	when     time.Time
	change   func(name string, content []byte) []byte // of a file, before it is written
}

func (f fakeRepo) write(t testing.TB) (address string) {
	t.Helper()
	root := t.TempDir()
	dir := filepath.Join(root, "mingw", "clang64")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if f.ending == "" {
		f.ending = "zst"
	}
	var db, files []tarEntry
	for _, p := range f.packages {
		if p.version == "" {
			p.version = "1.0-1"
		}
		file := fmt.Sprintf("%s%s-%s-any.pkg.tar.%s", prefix, p.name, p.version, f.ending)
		content := pack(t, f.ending, p.tar())
		desc := p.desc(file, content)
		folder := prefix + p.name + "-" + p.version + "/"
		db = append(db, tarEntry{folder + "desc", desc})
		list := "%FILES%\n"
		for _, name := range sorted(p.files) {
			list += "clang64/" + name + "\n"
		}
		files = append(files, tarEntry{folder + "files", list}, tarEntry{folder + "desc", desc})
		f.put(t, dir, file, content)
	}
	f.put(t, dir, "clang64.db", pack(t, f.ending, db))
	if !f.noFiles {
		f.put(t, dir, "clang64.files", pack(t, f.ending, files))
	}
	return "file://" + root
}

func (f fakeRepo) put(t testing.TB, dir, name string, content []byte) {
	t.Helper()
	write := func(name string, b []byte) {
		if f.change != nil {
			b = f.change(name, b)
		}
		if b == nil {
			return
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(name, content)
	if f.key != nil {
		write(name+".sig", sign(t, f.key, string(content), f.when))
	}
}

func (p fake) tar() []tarEntry {
	out := []tarEntry{{".PKGINFO", "pkgname = " + p.name + "\n"}}
	for _, name := range sorted(p.files) {
		out = append(out, tarEntry{"clang64/" + name, p.files[name]})
	}
	return out
}

func (p fake) desc(file string, content []byte) string {
	var b strings.Builder
	field := func(name string, values ...string) {
		if len(values) > 0 {
			fmt.Fprintf(&b, "%%%s%%\n%s\n\n", name, strings.Join(values, "\n"))
		}
	}
	full := func(list []string) []string {
		var out []string
		for _, d := range list {
			if name, ok := strings.CutPrefix(d, "="); ok {
				out = append(out, name) // as it is, without the prefix
			} else {
				out = append(out, prefix+d)
			}
		}
		return out
	}
	field("FILENAME", file)
	field("NAME", prefix+p.name)
	field("BASE", "mingw-w64-"+p.name)
	field("VERSION", p.version)
	field("CSIZE", fmt.Sprint(len(content)))
	field("SHA256SUM", digest.Of(content).Hex())
	field("BUILDDATE", "1700000000")
	field("ARCH", "any")
	field("PROVIDES", full(p.provides)...)
	field("DEPENDS", full(p.depends)...)
	return b.String()
}

func sorted(m map[string]string) []string {
	var out []string
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

type tarEntry struct{ name, content string }

func tarOf(t testing.TB, entries []tarEntry) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, e := range entries {
		if err := w.WriteHeader(&tar.Header{Name: e.name, Size: int64(len(e.content)), Mode: 0o644, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func pack(t testing.TB, ending string, entries []tarEntry) []byte {
	t.Helper()
	var buf bytes.Buffer
	var w io.WriteCloser
	var err error
	switch ending {
	case "zst":
		w, err = zstd.NewWriter(&buf)
	case "xz":
		w, err = xz.NewWriter(&buf)
	case "gz":
		w = gzip.NewWriter(&buf)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(tarOf(t, entries)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// dll is a DLL that imports one function of each of the others.
func dll(imports ...string) string {
	const rva = 0x1000
	var data []byte
	put := func(v any) uint32 {
		at := rva + uint32(len(data))
		if s, ok := v.(string); ok {
			data = append(append(data, s...), 0)
			return at
		}
		data, _ = binary.Append(data, binary.LittleEndian, v)
		return at
	}
	var table []uint32
	for _, name := range imports {
		text := put(name)
		hint := put(uint16(0))
		put("function")
		thunks := put([]uint64{uint64(hint), 0})
		table = append(table, thunks, 0, 0, text, thunks)
	}
	directory := put(append(table, 0, 0, 0, 0, 0))
	raw := (len(data) + 0x1ff) &^ 0x1ff
	var out []byte
	add := func(v ...any) {
		for _, x := range v {
			out, _ = binary.Append(out, binary.LittleEndian, x)
		}
	}
	add([]byte("MZ"), make([]byte, 58), uint32(64), []byte("PE\x00\x00"), uint16(0x8664), uint16(1), make([]byte, 12), uint16(240), uint16(0x2022))
	add(uint16(0x20b), make([]byte, 22), uint64(0x180000000), uint32(0x1000), uint32(0x200), make([]byte, 20), uint32(0x200), uint32(0), uint16(3), uint16(0))
	add(make([]byte, 36), uint32(16), uint64(0), directory, uint32(20), make([]byte, 8*14))
	add([]byte(".rdata\x00\x00"), uint32(len(data)), uint32(rva), uint32(raw), uint32(0x400), make([]byte, 16))
	add(make([]byte, 0x400-len(out)), data, make([]byte, raw-len(data)))
	return string(out)
}

// importLibrary is an import library for one function of a DLL.
func importLibrary(dll string) string {
	text := "function\x00" + dll + "\x00"
	var m []byte
	for _, v := range []any{uint16(0), uint16(0xffff), uint16(0), uint16(0x8664), uint32(0), uint32(len(text)), uint32(4 << 16)} {
		m, _ = binary.Append(m, binary.LittleEndian, v)
	}
	m = append(m, text...)
	return fmt.Sprintf("!<arch>\n%-48s%-10d`\n%s%s", "x.o/", len(m), m, strings.Repeat("\n", len(m)%2))
}
