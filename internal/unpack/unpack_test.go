package unpack

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// entry is a short way to write a tar header.
type entry struct {
	kind byte
	name string
	text string // content or goal
	mode int64
}

func pack(t testing.TB, entries ...entry) []byte {
	t.Helper()
	b, err := tryPack(entries...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func tryPack(entries ...entry) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Typeflag: e.kind, Name: e.name, Mode: e.mode, Format: tar.FormatPAX}
		if h.Mode == 0 {
			h.Mode = 0o644
		}
		switch e.kind {
		case tar.TypeReg:
			h.Size = int64(len(e.text))
		case tar.TypeSymlink, tar.TypeLink:
			h.Linkname = e.text
		case tar.TypeXGlobalHeader:
			h = &tar.Header{Typeflag: e.kind, Name: e.name, PAXRecords: map[string]string{"comment": "c"}}
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, fmt.Errorf("%q: %w", e.name, err)
		}
		if h.Size > 0 {
			if _, err := io.WriteString(w, e.text); err != nil {
				return nil, err
			}
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

func file(name, text string) entry    { return entry{tar.TypeReg, name, text, 0} }
func dir(name string) entry           { return entry{tar.TypeDir, name, "", 0} }
func symlink(name, text string) entry { return entry{tar.TypeSymlink, name, text, 0} }
func hard(name, text string) entry    { return entry{tar.TypeLink, name, text, 0} }

// extract unpacks into a folder that lies in another one, so that an escape shows.
func extract(t testing.TB, raw []byte, lim Limits, opt Options) (listing []string, stats Stats, err error) {
	t.Helper()
	outer := t.TempDir()
	if err := os.WriteFile(filepath.Join(outer, "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	top := filepath.Join(outer, "top")
	if err := os.Mkdir(top, 0o755); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(top)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	stats, err = Tar(context.Background(), bytes.NewReader(raw), root, lim, opt)
	return inspect(t, outer, top), stats, err
}

// inspect lists what is in top, and fails when something is wrong with it or around it.
func inspect(t testing.TB, outer, top string) (listing []string) {
	t.Helper()
	if entries, _ := os.ReadDir(outer); len(entries) != 2 {
		t.Errorf("something was written outside: %v", entries)
	}
	if b, err := os.ReadFile(filepath.Join(outer, "secret")); string(b) != "secret" || err != nil {
		t.Errorf("a file outside was changed: %q, %v", b, err)
	}
	secret, err := os.Stat(filepath.Join(outer, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == top {
			return err
		}
		name, _ := filepath.Rel(top, path)
		fi, err := d.Info()
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%v %s", fi.Mode(), filepath.ToSlash(name))
		switch d.Type() {
		case fs.ModeSymlink:
			text, err := os.Readlink(path)
			if err != nil {
				return err
			}
			line += " -> " + text
			if real, err := filepath.EvalSymlinks(path); err == nil && real != top && !strings.HasPrefix(real, top+string(filepath.Separator)) {
				t.Errorf("%s leads to %s", line, real)
			}
		case 0:
			if os.SameFile(fi, secret) {
				t.Errorf("%s is linked to a file outside", name)
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if len(b) < 100 {
				line += " " + string(b)
			}
		}
		listing = append(listing, line)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return listing
}

func TestTar(t *testing.T) {
	raw := pack(t,
		dir("./"),
		dir("./usr/"),
		dir("./usr/lib/"),
		file("./usr/lib/libx.so.1.2", "elf"),
		symlink("./usr/lib/libx.so.1", "libx.so.1.2"),
		symlink("./usr/lib/libx.so", "/usr/lib/libx.so.1"),
		symlink("./etc/alternatives/x", "/usr/lib/./y/../libx.so"),
		entry{tar.TypeReg, "./usr/bin/su", "suid", 0o6755},
		entry{tar.TypeReg, "./usr/bin/odd", "odd", 0o100},
		hard("./usr/bin/su2", "./usr/bin/su"),
		file("usr/share/deep/er/f", ""),
		symlink("./up", "/"),
		symlink("./usr/back", ".."),
		symlink("./usr/gone", "/nowhere"),
		entry{tar.TypeXGlobalHeader, "pax_global_header", "", 0},
	)
	want := []string{
		"drwxr-xr-x etc",
		"drwxr-xr-x etc/alternatives",
		"Lrwxrwxrwx etc/alternatives/x -> ../../usr/lib/libx.so",
		"Lrwxrwxrwx up -> .",
		"drwxr-xr-x usr",
		"Lrwxrwxrwx usr/back -> ..",
		"drwxr-xr-x usr/bin",
		"-rwxr-xr-x usr/bin/odd odd",
		"-rwxr-xr-x usr/bin/su suid",
		"-rwxr-xr-x usr/bin/su2 suid",
		"Lrwxrwxrwx usr/gone -> ../nowhere",
		"drwxr-xr-x usr/lib",
		"Lrwxrwxrwx usr/lib/libx.so -> libx.so.1",
		"Lrwxrwxrwx usr/lib/libx.so.1 -> libx.so.1.2",
		"-rw-r--r-- usr/lib/libx.so.1.2 elf",
		"drwxr-xr-x usr/share",
		"drwxr-xr-x usr/share/deep",
		"drwxr-xr-x usr/share/deep/er",
		"-rw-r--r-- usr/share/deep/er/f ",
	}
	got, stats, err := extract(t, raw, Limits{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if want := (Stats{Files: 5, Dirs: 8, Links: 6, Bytes: 10}); stats != want {
		t.Errorf("stats %+v, want %+v", stats, want)
	}
}

func TestHostile(t *testing.T) {
	long := strings.Repeat("a", maxPart+1)
	for _, tt := range []struct {
		name    string
		entries []entry
		want    string
	}{
		{"absolute name", []entry{file("/etc/passwd", "x")}, "absolute"},
		{"parent in front", []entry{file("../secret", "x")}, `".."`},
		{"parent inside", []entry{dir("a"), file("a/../../secret", "x")}, `".."`},
		{"parent that would stay", []entry{file("a/../b", "x")}, `".."`},
		{"symlink outside", []entry{symlink("a", "../secret")}, "leads outside"},
		{"symlink outside, from below", []entry{symlink("a/b", "../../secret")}, "leads outside"},
		{"symlink to nothing", []entry{symlink("a", strings.Repeat("x", maxName+1))}, "not the name"},
		{"write through a symlink", []entry{symlink("a", "b"), dir("b"), file("a/f", "x")}, "something else"},
		{"write through a symlink to the top", []entry{symlink("a", "."), file("a/a/f", "x")}, "something else"},
		{"folder over a symlink", []entry{symlink("a", "."), dir("a")}, "something else"},
		{"file over a symlink", []entry{symlink("a", "b"), file("a", "x")}, "twice"},
		{"file over a file", []entry{file("a", "x"), file("./a", "y")}, "twice"},
		{"file over a folder", []entry{dir("a"), file("a", "y")}, "twice"},
		{"folder over a file", []entry{file("a", "y"), dir("a")}, "something else"},
		{"below a file", []entry{file("a", "y"), file("a/b", "x")}, "something else"},
		{"hard link outside", []entry{hard("a", "../secret")}, `".."`},
		{"hard link to an absolute name", []entry{hard("a", "/etc/passwd")}, "absolute"},
		{"hard link to a symlink", []entry{symlink("a", "b"), hard("c", "a")}, "no file before it"},
		{"hard link to a folder", []entry{dir("a"), hard("c", "a")}, "no file before it"},
		{"hard link to what comes later", []entry{hard("c", "a"), file("a", "")}, "no file before it"},
		{"hard link to itself", []entry{hard("a", "a")}, "no file before it"},
		{"device", []entry{{tar.TypeChar, "null", "", 0}}, "no file, folder or link"},
		{"block device", []entry{{tar.TypeBlock, "sda", "", 0}}, "no file, folder or link"},
		{"pipe", []entry{{tar.TypeFifo, "p", "", 0}}, "no file, folder or link"},
		{"long part", []entry{file(long, "")}, "longer"},
		{"long name", []entry{file(strings.Repeat("a/", maxName/2)+"b", "")}, "longer"},
		{"deep name", []entry{file(strings.Repeat("a/", maxDepth)+"b", "")}, "parts"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := extract(t, pack(t, tt.entries...), Limits{}, Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if err != nil && len(err.Error()) > 600 {
				t.Errorf("error is %d bytes long", len(err.Error()))
			}
		})
	}
}

// TestLinkText is about links whose text passes through another link: the text is made
// normal, so that the file system can't read it as a way out.
func TestLinkText(t *testing.T) {
	got, _, err := extract(t, pack(t, symlink("here", "."), symlink("out", "here/..")), Limits{}, Options{})
	want := []string{"Lrwxrwxrwx here -> .", "Lrwxrwxrwx out -> ."}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, _, err := extract(t, pack(t, symlink("here", "."), symlink("far", "here/../../top/here")), Limits{}, Options{}); err == nil {
		t.Error("a link that leads outside by its text was made")
	}
}

func TestLimits(t *testing.T) {
	raw := pack(t, file("a", "12345"), file("b", "12345"), file("c", "12345"))
	for _, tt := range []struct {
		lim Limits
		ok  bool
	}{
		{Limits{}, true},
		{Limits{Entries: 3, Bytes: 15, FileBytes: 5}, true},
		{Limits{Entries: 2}, false},
		{Limits{Bytes: 14}, false},
		{Limits{FileBytes: 4}, false},
	} {
		if _, _, err := extract(t, raw, tt.lim, Options{}); (err == nil) != tt.ok {
			t.Errorf("%+v: %v", tt.lim, err)
		}
	}
	// Folders that no entry names count as well.
	deep := pack(t, file(strings.Repeat("a/", 50)+"f", ""), file("b/"+strings.Repeat("a/", 50)+"f", ""))
	if _, _, err := extract(t, deep, Limits{Entries: 60}, Options{}); err == nil {
		t.Error("102 names were made with a limit of 60")
	}
}

func TestOptions(t *testing.T) {
	raw := pack(t,
		dir("zig-1/"), file("zig-1/zig", "exe"), file("zig-1/lib/std.zig", "std"), symlink("zig-1/lib/z", "../zig"),
		hard("zig-1/lib/h", "zig-1/zig"), entry{tar.TypeFifo, "zig-1/p", "", 0},
	)
	got, _, err := extract(t, raw, Limits{}, Options{Strip: 1, SkipSpecial: true})
	want := []string{"drwxr-xr-x lib", "-rw-r--r-- lib/h exe", "-rw-r--r-- lib/std.zig std", "Lrwxrwxrwx lib/z -> ../zig", "-rw-r--r-- zig exe"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for _, text := range []string{"../../x", "..", "/zig-1/zig"} {
		_, _, err := extract(t, pack(t, symlink("zig-1/lib", text)), Limits{}, Options{Strip: 1})
		if err == nil {
			t.Errorf("a link to %q was made with the first part stripped", text)
		}
	}

	move := func(name string) string {
		if name == "out" {
			return ""
		}
		if name == "lib" || strings.HasPrefix(name, "lib/") {
			return "usr/" + name
		}
		return name
	}
	got, _, err = extract(t, pack(t,
		dir("lib"), file("lib/x/libz.so.1", "z"), symlink("usr/lib/x/libz.so", "/lib/x/libz.so.1"), symlink("lib/x/up", "../../etc"), file("out", ""),
	), Limits{}, Options{Rename: move, Filter: func(name string, _ *tar.Header) bool { return name != "out" }})
	want = []string{
		"drwxr-xr-x usr", "drwxr-xr-x usr/lib", "drwxr-xr-x usr/lib/x",
		"Lrwxrwxrwx usr/lib/x/libz.so -> libz.so.1", "-rw-r--r-- usr/lib/x/libz.so.1 z", "Lrwxrwxrwx usr/lib/x/up -> ../../../etc",
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}

	clash := pack(t, file("include/A.h", ""), file("include/a.h", ""))
	if _, _, err := extract(t, clash, Limits{}, Options{}); err != nil {
		t.Error(err)
	}
	if _, _, err := extract(t, clash, Limits{}, Options{CaseFold: true}); err == nil || !strings.Contains(err.Error(), "case") {
		t.Errorf("case collision: %v", err)
	}
	if _, _, err := extract(t, pack(t, file("B/x", ""), file("b/y", "")), Limits{}, Options{CaseFold: true}); err == nil {
		t.Error("case collision of folders")
	}
}

func TestNotEmpty(t *testing.T) {
	outer := t.TempDir()
	top := filepath.Join(outer, "top")
	if err := os.MkdirAll(filepath.Join(top, "a"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outer, filepath.Join(top, "out")); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(top)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, e := range []entry{file("out/f", "x"), dir("out"), file("out", "x"), dir("out/d")} {
		if _, err := Tar(t.Context(), bytes.NewReader(pack(t, e)), root, Limits{}, Options{}); err == nil {
			t.Errorf("%q was written through a link that was there", e.name)
		}
	}
	if _, err := Tar(t.Context(), bytes.NewReader(pack(t, file("a/f", "x"))), root, Limits{}, Options{}); err != nil {
		t.Error(err)
	}
	if entries, _ := os.ReadDir(outer); len(entries) != 1 {
		t.Errorf("written outside: %v", entries)
	}
}

func TestBroken(t *testing.T) {
	raw := pack(t, file("a", strings.Repeat("x", 2000)))
	for _, n := range []int{100, 512, 1000, 2511} {
		if _, _, err := extract(t, raw[:n], Limits{}, Options{}); err == nil {
			t.Errorf("cut at %d bytes: no error", n)
		}
	}
	if _, _, err := extract(t, append(raw, make([]byte, maxTail+512)...), Limits{}, Options{}); err == nil {
		t.Error("an endless tail was read")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if _, err := Tar(ctx, bytes.NewReader(raw), root, Limits{}, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
