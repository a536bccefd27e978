package debian

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/internal/resolve"
)

var testLayout = layout{testTriplet}

func TestClassify(t *testing.T) {
	lib := "usr/lib/" + testTriplet + "/"
	for p, want := range map[string]struct {
		bits int
		keep bool
	}{
		"usr/include/a.h":                        {holdsHeaders, true},
		"usr/include/features.h":                 {holdsHeaders | holdsSystem, true},
		"usr/include/c++/12/vector":              {holdsHeaders | holdsSystem, true},
		lib + "pkgconfig/a.pc":                   {holdsConfigs, true},
		"usr/share/pkgconfig/a.pc":               {holdsConfigs, true},
		"usr/lib/pkgconfig/a.pc":                 {holdsConfigs, true},
		"usr/lib/other/pkgconfig/a.pc":           {holdsOther, false},
		lib + "a/pkgconfig/a.pc":                 {holdsOther, false},
		lib + "liba.so":                          {holdsLinks, true},
		lib + "liba.a":                           {holdsArchives, true},
		"lib/" + testTriplet + "/liba.so.1":      {holdsShared, true},
		"lib/" + testTriplet + "/libc.so.6":      {holdsShared | holdsSystem, true},
		"lib/ld-linux-armhf.so.3":                {holdsShared, true},
		"usr/lib/liba.so.1":                      {holdsShared, true},
		lib + "plugins/liba.so":                  {holdsOther, true}, // update-alternatives may lead to it
		lib + "blas/libblas.so.3":                {holdsShared, true},
		lib + "plugins/more/liba.so":             {holdsOther, false},
		lib + "a.so":                             {holdsOther, false},
		lib + "crt1.o":                           {holdsOther, false},
		"usr/lib/aarch64-linux-gnu/liba.so":      {holdsOther, false},
		"usr/lib/gcc/" + testTriplet + "/12/x.o": {holdsSystem, false},
		"usr/bin/a":                              {holdsPrograms, false},
		"sbin/a":                                 {holdsPrograms, false},
		"usr/games/a":                            {holdsPrograms, false},
		"usr/share/doc/a/copyright":              {holdsDocs, false},
		"usr/share/doc/a":                        {holdsDocs | holdsDocLink, false},
		"usr/share/man/man1/a.1.gz":              {holdsDocs, false},
		"usr/share/sgml/a.xsl":                   {holdsDocTools, false},
		"etc/a.conf":                             {holdsOther, false},
	} {
		if bits, keep := testLayout.classify(p); bits != want.bits || keep != want.keep {
			t.Errorf("%s: %b %v, want %b %v", p, bits, keep, want.bits, want.keep)
		}
		if bits, keep := testLayout.classifyBytes([]byte(p)); bits != want.bits || keep != want.keep {
			t.Errorf("%s as bytes: %b %v", p, bits, keep)
		}
	}
}

func TestTraits(t *testing.T) {
	for bits, want := range map[int]resolve.Traits{
		0:                            {Empty: true},
		holdsDocs | holdsDocLink:     {Empty: true, DocLink: true},
		holdsHeaders | holdsDocs:     {Develop: true},
		holdsConfigs:                 {Develop: true},
		holdsConfigs | holdsDocTools: {},
		holdsConfigs | holdsDocTools | holdsHeaders: {Develop: true},
		holdsLinks | holdsHeaders:                   {Develop: true},
		holdsLinks:                                  {Develop: true, Library: true},
		holdsShared | holdsOther:                    {Library: true},
		holdsShared | holdsPrograms:                 {Library: true, Programs: true},
		holdsOther:                                  {Data: true},
		holdsOther | holdsPrograms:                  {Programs: true},
		holdsPrograms:                               {Programs: true},
		holdsShared | holdsSystem:                   {Library: true, System: true},
		holdsSystem | holdsOther:                    {System: true},
	} {
		if d := cmp.Diff(want, traits(bits)); d != "" {
			t.Errorf("%b: %s", bits, d)
		}
	}
}

func TestReadPackage(t *testing.T) {
	lib := "usr/lib/" + testTriplet + "/"
	f := fake{name: "x", version: "1", arch: testArch, files: map[string]string{
		"usr/include/x/x.h":         "  #  include  <a/b.h>\n#include \"own.h\"\n#include \"x/own.h\"\n// #include <no.h>\n#include MACRO\n#include <open\n#include <>\n#include_next <../c.h>\n#import <d.h>\n#include <e.h> // end",
		"usr/include/x/own.h":       strings.Repeat("x", 100<<10) + "\n#include <far.h>\n",
		"usr/include/link.h":        "-> x/x.h",
		lib + "pkgconfig/x.pc":      "a=y\nName: x\nDescription: x\nVersion: 1\nRequires: ${a} >= 1, z\nRequires.private: p p\nLibs: -L/x -l${a} -pthread -lz\n",
		lib + "pkgconfig/broken.pc": strings.Repeat("${", 10),
		lib + "pkgconfig/old.pc":    "-> older.pc",
		lib + "pkgconfig/older.pc":  "-> x.pc",
		lib + "pkgconfig/loop.pc":   "-> loop.pc",
		lib + "pkgconfig/lost.pc":   "-> /elsewhere/lost.pc",
		lib + "pkgconfig/lost2.pc":  "-> elsewhere.pc",
		lib + "libx.so":             "-> ../../x/libx.so.1.2",
		lib + "libx.a":              "!<arch>\n",
		lib + "libs.a":              "!<arch>\n",
		lib + "libncurses.so":       "/* GNU ld script */\nOUTPUT_FORMAT(elf32-littlearm)\nGROUP ( /lib/arm-linux-gnueabihf/libncurses.so.6 AS_NEEDED ( -ltinfo ) )\n",
		lib + "libreal.so":          "\x7fELF\x01\x00",
		lib + "libempty.so":         "",
		"usr/share/doc/x/copyright": "x",
	}}
	got, err := readPackage("x", bytes.NewReader(makeDeb(f)), testLayout)
	if err != nil {
		t.Fatal(err)
	}
	x := resolve.Config{Name: "x", Requires: []string{"y", "z"}, Private: []string{"p"}, Libs: []string{"y", "z"}}
	older, old := x, x
	older.Name, old.Name = "older", "old"
	want := &reading{
		Bits:     holdsHeaders | holdsConfigs | holdsLinks | holdsArchives | holdsDocs,
		Configs:  []resolve.Config{{Name: "broken"}, {Name: "lost2", Requires: []string{"elsewhere"}}, old, older, x},
		Includes: []string{"a/b.h", "c.h", "e.h", "far.h"},
		Links: []resolve.Link{
			{Name: "empty", Targets: []string{"libempty.so"}},
			{Name: "ncurses", Targets: []string{"libncurses.so.6"}, Libs: []string{"tinfo"}},
			{Name: "real", Targets: []string{"libreal.so"}},
			{Name: "s", Static: true},
			{Name: "x", Targets: []string{"libx.so.1.2"}},
		},
	}
	for _, p := range slices.Sorted(maps.Keys(f.files)) {
		if !strings.HasPrefix(p, "usr/share/doc") {
			want.Paths = append(want.Paths, p)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestReadPackageRefuses(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"outside":  {"../x": "x"},
		"unclean":  {"usr/../../x": "x"},
		"double":   {"usr//x": "x"},
		"long .pc": {"usr/share/pkgconfig/x.pc": strings.Repeat("x", maxConfig+1)},
	} {
		if got, err := readPackage("x", bytes.NewReader(makeDeb(fake{name: "x", version: "1", arch: "all", files: files})), testLayout); err == nil {
			t.Errorf("%s: read %+v", name, got)
		}
	}
	deb := makeDeb(fake{name: "x", version: "1", arch: "all", files: map[string]string{"usr/include/x.h": strings.Repeat("#include <a.h>\n", 1000)}})
	for n := 0; n < len(deb)-8; n += 7 {
		if _, err := readPackage("x", bytes.NewReader(deb[:n]), testLayout); err == nil {
			t.Errorf("the first %d of %d bytes are a package", n, len(deb))
		}
	}
}

func FuzzReadPackage(f *testing.F) {
	lib := "usr/lib/" + testTriplet + "/"
	f.Add(makeDeb(fake{name: "x", version: "1", arch: testArch, files: map[string]string{
		"usr/include/x.h": "#include <a.h>\n", lib + "pkgconfig/x.pc": "Requires: y\nLibs: -lx\n", lib + "libx.so": "-> libx.so.1", lib + "liby.so": "GROUP(-lx)",
	}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := readPackage("x", bytes.NewReader(b), testLayout)
		if err != nil {
			return
		}
		for _, p := range r.Paths {
			if !safeMember(p) {
				t.Errorf("path %q", p)
			}
		}
	})
}

func FuzzIncludeOf(f *testing.F) {
	f.Add([]byte("# include <a/b.h> x"))
	f.Add([]byte("#include_next \"../a.h\""))
	f.Fuzz(func(t *testing.T, line []byte) {
		if name, ok := includeOf(line); ok && (name == "" || strings.HasPrefix(name, "../") || !bytes.Contains(line, []byte(name))) {
			t.Errorf("%q includes %q", line, name)
		}
		script(line)
	})
}

func FuzzWriteIndex(f *testing.F) {
	f.Add("Package: a\nVersion: 1\nArchitecture: armhf\nFilename: a.deb\nSize: 1\nSHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nDepends: b | c (>= 1)\nProvides: d (= 1)\n")
	f.Fuzz(func(t *testing.T, text string) {
		var out bytes.Buffer
		writeIndex(strings.NewReader(text), &out, testArch)
	})
}

func FuzzWriteFileList(f *testing.F) {
	f.Add("usr/include/a.h  libdevel/a,b\nusr/share/doc/a  c\n")
	f.Fuzz(func(t *testing.T, text string) {
		var out bytes.Buffer
		if err := writeFileList(strings.NewReader(text), &out, testLayout); err != nil && !strings.HasPrefix(err.Error(), "read contents") {
			t.Errorf("%q: %v", text, err)
		}
	})
}

// TestDpkgDeb reads packages of this machine's apt cache, if it has any, and compares the
// paths with those that dpkg-deb lists.
func TestDpkgDeb(t *testing.T) {
	tool, err := exec.LookPath("dpkg-deb")
	if err != nil {
		t.Skip("dpkg-deb is not on this machine")
	}
	dir := t.TempDir()
	root := filepath.Join(dir, "root")
	for name, content := range map[string]string{
		"DEBIAN/control":      "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.com>\nDescription: x\n",
		"usr/include/x/a b.h": "#include <y.h>\n", "usr/share/pkgconfig/x.pc": "Name: x\nVersion: 1\nDescription: x\nRequires: z\n",
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, compression := range []string{"xz", "gzip", "none"} {
		deb := filepath.Join(dir, compression+".deb")
		if out, err := exec.Command(tool, "--root-owner-group", "-Z"+compression, "--build", root, deb).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		b, err := os.ReadFile(deb)
		if err != nil {
			t.Fatal(err)
		}
		got, err := readPackage("x", bytes.NewReader(b), testLayout)
		if err != nil {
			t.Fatal(err)
		}
		s := fmt.Sprint(got.Paths, got.Includes, got.Configs[0].Requires)
		if s != "[usr/include/x/a b.h usr/share/pkgconfig/x.pc] [y.h] [z]" {
			t.Errorf("%s: read %s", compression, s)
		}
	}
}
