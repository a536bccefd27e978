package debian

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/store"
)

// now is when the tests play.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	testArch    = "armhf"
	testTriplet = "arm-linux-gnueabihf"
)

// fake is a package of a made archive. Files maps a path to its content; "-> x" is a link.
type fake struct {
	name, version, arch, section, source string
	depends, provides, multiArch         string
	files                                map[string]string
	postinst                             string
	deb                                  []byte // instead of one made of the above
}

func (f fake) withDefaults() fake {
	if f.version == "" {
		f.version = "1.0-1"
	}
	if f.arch == "" {
		f.arch = testArch
	}
	if f.section == "" {
		f.section = "libs"
	}
	if f.deb == nil {
		f.deb = makeDeb(f)
	}
	return f
}

// makeDeb builds a .deb.
func makeDeb(f fake) []byte {
	control := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: x <x@example.com>\nDescription: x\n", f.name, f.version, f.arch)
	var out bytes.Buffer
	out.WriteString("!<arch>\n")
	member := func(name string, b []byte) {
		fmt.Fprintf(&out, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", name, 0, 0, 0, "100644", len(b))
		out.Write(b)
		if len(b)%2 == 1 {
			out.WriteByte('\n')
		}
	}
	member("debian-binary", []byte("2.0\n"))
	members := map[string]string{"control": control}
	if f.postinst != "" {
		members["postinst"] = f.postinst
	}
	member("control.tar.gz", makeTar(members))
	member("data.tar.gz", makeTar(f.files))
	return out.Bytes()
}

func makeTar(files map[string]string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content := files[name]
		h := &tar.Header{Name: "./" + name, Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg}
		if to, ok := strings.CutPrefix(content, "-> "); ok {
			h.Typeflag, h.Linkname, h.Size, content = tar.TypeSymlink, to, 0, ""
		}
		if err := w.WriteHeader(h); err != nil {
			panic(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			panic(err)
		}
	}
	if w.Close() != nil || z.Close() != nil {
		panic("tar")
	}
	return b.Bytes()
}

// madeSuite is one suite of a made archive.
type madeSuite struct {
	suite      string
	codename   string // default: suite
	date       time.Time
	validUntil time.Time
	archs      string
	keys       []string
	packages   []fake
	plain      bool // no by-hash
	index      func(packages string) string
}

// archive is a folder of files by path, served over HTTP.
type archive struct {
	mu       sync.Mutex
	files    map[string][]byte
	requests []string
}

func gz(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

// add puts a suite into the archive.
func (a *archive) add(t testing.TB, s madeSuite) {
	t.Helper()
	if a.files == nil {
		a.files = map[string][]byte{}
	}
	indexes := map[string][]byte{}
	var packages strings.Builder
	contents := map[string]map[string][]string{testArch: {}, "all": {}}
	for _, f := range s.packages {
		f = f.withDefaults()
		file := fmt.Sprintf("pool/main/%s_%s_%s.deb", f.name, f.version, f.arch)
		a.files[file] = f.deb
		fmt.Fprintf(&packages, "Package: %s\nVersion: %s\nArchitecture: %s\nSection: %s\nFilename: %s\nSize: %d\nSHA256: %s\nMaintainer: x <x@example.com>\nDescription: x\n",
			f.name, f.version, f.arch, f.section, file, len(f.deb), digest.Of(f.deb).Hex())
		for _, field := range [][2]string{{"Depends", f.depends}, {"Provides", f.provides}, {"Multi-Arch", f.multiArch}, {"Source", f.source}} {
			if field[1] != "" {
				fmt.Fprintf(&packages, "%s: %s\n", field[0], field[1])
			}
		}
		packages.WriteString("\n")
		for p := range f.files {
			contents[f.arch][p] = append(contents[f.arch][p], f.section+"/"+f.name)
		}
	}
	text := packages.String()
	if s.index != nil {
		text = s.index(text)
	}
	indexes["main/binary-"+testArch+"/Packages"] = []byte(text) // apt wants it named, though it fetches the other
	indexes["main/binary-"+testArch+"/Packages.gz"] = gz([]byte(text))
	for arch, paths := range contents {
		var b strings.Builder
		for _, p := range slices.Sorted(maps.Keys(paths)) {
			slices.Sort(paths[p])
			fmt.Fprintf(&b, "%s   %s\n", p, strings.Join(slices.Compact(paths[p]), ","))
		}
		indexes["main/Contents-"+arch+".gz"] = gz([]byte(b.String()))
	}
	a.release(t, s, indexes)
}

// release signs and adds the indexes.
func (a *archive) release(t testing.TB, s madeSuite, indexes map[string][]byte) {
	t.Helper()
	if s.codename == "" {
		s.codename = s.suite
	}
	if s.date.IsZero() {
		s.date = now.Add(-2 * time.Hour)
	}
	if s.archs == "" {
		s.archs = "all amd64 " + testArch
	}
	if s.keys == nil {
		s.keys = []string{"archive"}
	}
	var b strings.Builder
	const layout = "Mon, 02 Jan 2006 15:04:05 UTC"
	fmt.Fprintf(&b, "Origin: Debian\nSuite: x\nCodename: %s\nDate: %s\nArchitectures: %s\nComponents: main\n", s.codename, s.date.Format(layout), s.archs)
	if !s.validUntil.IsZero() {
		fmt.Fprintf(&b, "Valid-Until: %s\n", s.validUntil.Format(layout))
	}
	if !s.plain {
		b.WriteString("Acquire-By-Hash: yes\n")
	}
	b.WriteString("SHA256:\n")
	dir := "dists/" + s.suite + "/"
	for _, name := range slices.Sorted(maps.Keys(indexes)) {
		sum := digest.Of(indexes[name])
		fmt.Fprintf(&b, " %s %d %s\n", sum.Hex(), len(indexes[name]), name)
		a.files[dir+name] = indexes[name]
		if !s.plain {
			a.files[dir+path.Dir(name)+"/by-hash/SHA256/"+sum.Hex()] = indexes[name]
		}
	}
	a.files[dir+"InRelease"] = clearSign(t, b.String(), s.keys...)
}

func (a *archive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := strings.TrimPrefix(r.URL.Path, "/")
	a.requests = append(a.requests, name)
	b, ok := a.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}

func (a *archive) serve(t testing.TB) string {
	t.Helper()
	s := httptest.NewServer(a)
	t.Cleanup(s.Close)
	return s.URL
}

// edit changes the files whose path ends so.
func (a *archive) edit(t testing.TB, suffix string, f func([]byte) []byte) {
	t.Helper()
	found := false
	for name, b := range a.files {
		if ok, _ := path.Match(suffix, name); ok {
			a.files[name], found = f(bytes.Clone(b)), true
		}
	}
	if !found {
		t.Fatalf("nothing matches %s", suffix)
	}
}

// events collects what is told.
type events struct {
	mu              sync.Mutex
	notes, warnings []string
}

func (e *events) sink(ev event.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch ev := ev.(type) {
	case event.Note:
		e.notes = append(e.notes, ev.Text)
	case event.Warning:
		e.warnings = append(e.warnings, ev.Text)
	}
}

// configFor is a configuration whose mirrors are the given ones alone: the official
// addresses are those of a server that has nothing.
func configFor(t testing.TB, ev *events, archives ...string) Config {
	t.Helper()
	s, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m := Mirrors{}
	if err := m.Add(Archive, archives...); err != nil {
		t.Fatal(err)
	}
	if err := m.Add(Security, archives...); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: local{}}
	return Config{
		Name: "debian-bookworm", Arch: testArch, Triplet: testTriplet, Mirrors: m, Now: now,
		Keyring: keyringOf(t, "archive", "security", "stranger"), pins: testPins(),
		Fetcher: &fetch.Fetcher{Store: s, Events: ev.sink, Client: client}, Store: s, Events: ev.sink,
	}
}

// local answers 404 for all hosts but this one.
type local struct{}

func (local) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Hostname() == "127.0.0.1" {
		return http.DefaultTransport.RoundTrip(r)
	}
	w := httptest.NewRecorder()
	http.NotFound(w, r)
	return w.Result(), nil
}

// menagerie is an archive with the shapes that matter.
func menagerie(t testing.TB) *archive {
	t.Helper()
	a := &archive{}
	lib := "usr/lib/" + testTriplet + "/"
	a.add(t, madeSuite{suite: "bookworm", packages: []fake{
		{name: "libcairo2-dev", section: "libdevel", depends: "libcairo2 (= 1.0-1), libpng-dev, libx11-dev, libsm-dev", files: map[string]string{
			"usr/include/cairo/cairo.h":   "#include <png.h>\n#include \"cairo-features.h\"\n",
			lib + "pkgconfig/cairo.pc":    "libdir=/usr/lib\nName: cairo\nDescription: x\nVersion: 1\nRequires.private: libpng, x11\nLibs: -L${libdir} -lcairo\n",
			lib + "libcairo.so":           "-> libcairo.so.2.1",
			lib + "libcairo.a":            "!<arch>\n",
			"usr/share/doc/libcairo2-dev": "-> libcairo2",
		}},
		{name: "libcairo2", depends: "libc6 (>= 2.30), libpng16 (>= 1.6), fontconfig-config", files: map[string]string{
			lib + "libcairo.so.2": "-> libcairo.so.2.1", lib + "libcairo.so.2.1": "\x7fELF",
			"usr/share/doc/libcairo2/copyright": "x",
		}},
		{name: "libpng-dev", section: "libdevel", depends: "libpng16 (= 1.6-1), zlib1g-dev", files: map[string]string{
			"usr/include/png.h":           "#include <zlib.h>\n#include <stdio.h>\n",
			lib + "pkgconfig/libpng.pc":   "-> libpng16.pc",
			lib + "pkgconfig/libpng16.pc": "Name: png\nDescription: x\nVersion: 1\nRequires.private: zlib\nLibs: -lpng16\n",
			lib + "libpng16.so":           "-> libpng16.so.16", "usr/bin/libpng-config": "x",
		}},
		{name: "libpng16", version: "1.6-1", depends: "libc6, zlib1g", files: map[string]string{lib + "libpng16.so.16": "\x7fELF"}},
		{name: "zlib1g-dev", section: "libdevel", depends: "zlib1g, libc6-dev | libc-dev", files: map[string]string{
			"usr/include/zlib.h": "", lib + "pkgconfig/zlib.pc": "Name: zlib\nDescription: x\nVersion: 1\nLibs: -lz\n", lib + "libz.so": "-> libz.so.1",
		}},
		{name: "zlib1g", depends: "libc6", files: map[string]string{"lib/" + testTriplet + "/libz.so.1": "\x7fELF"}},
		{name: "libx11-dev", section: "libdevel", depends: "x11proto-core-dev, python3-doc, xtrans-dev", files: map[string]string{
			"usr/include/X11/Xlib.h": "#include <X11/X.h>\n", lib + "pkgconfig/x11.pc": "Name: x11\nDescription: x\nVersion: 1\nRequires: xproto\nLibs: -lX11\n",
		}},
		{name: "x11proto-dev", arch: "all", section: "x11", provides: "x11proto-core-dev (= 1)", depends: "doctools", files: map[string]string{
			"usr/include/X11/X.h": "", "usr/share/pkgconfig/xproto.pc": "Name: xproto\nDescription: x\nVersion: 1\n",
		}},
		{name: "xtrans-dev", arch: "all", section: "x11", files: map[string]string{"usr/include/X11/Xtrans/Xtrans.h": ""}},
		{name: "python3-doc", arch: "all", section: "doc", deb: []byte("never read")},
		{name: "doctools", arch: "all", section: "text", files: map[string]string{"usr/share/sgml/x.xsl": "x", "usr/share/pkgconfig/doctools.pc": "Name: d\nDescription: x\nVersion: 1\n"}},
		{name: "libsm-dev", section: "libdevel", files: map[string]string{"usr/include/X11/SM/SM.h": ""}},
		{name: "fontconfig-config", arch: "all", section: "fonts", depends: "debconf, tzdata | tz", files: map[string]string{"etc/fonts/fonts.conf": "x"}},
		{name: "debconf", arch: "all", section: "admin", depends: "perl", files: map[string]string{"usr/sbin/debconf": "x", "usr/share/perl5/x.pm": "x"}},
		{name: "tz", arch: "all", files: map[string]string{"usr/share/zoneinfo/UTC": "x"}},
		{name: "perl", files: map[string]string{"usr/bin/perl": "x"}},
		{name: "libc6", version: "2.36-9", depends: "libgcc-s1", files: map[string]string{"lib/" + testTriplet + "/libc.so.6": "\x7fELF", "usr/share/doc/libc6/copyright": "x"}},
		{name: "libgcc-s1", source: "gcc-12 (12.2)", depends: "gcc-12-base, libc6", files: map[string]string{"lib/" + testTriplet + "/libgcc_s.so.1": "\x7fELF", "usr/share/doc/libgcc-s1": "-> gcc-12-base"}},
		{name: "gcc-12-base", source: "gcc-12", files: map[string]string{"usr/share/doc/gcc-12-base/copyright": "x"}},
		{name: "libc6-dev", section: "libdevel", files: map[string]string{"usr/include/features.h": "", "usr/include/stdio.h": "", lib + "libm.so": "x"}},
		{name: "liba-dev", section: "libdevel", depends: "libnss3", files: map[string]string{lib + "pkgconfig/both.pc": "", lib + "libnss3x.so": "-> libnss3.so"}},
		{name: "libb-dev", section: "libdevel", files: map[string]string{lib + "pkgconfig/both.pc": ""}},
		{name: "libuser-dev", section: "libdevel", depends: "libb-dev, libany:any, libmulti:any, libc6:amd64 | libc6:armhf, gone [amd64]", files: map[string]string{"usr/include/user.h": ""}},
		{name: "libany", files: map[string]string{"usr/bin/any": ""}},
		{name: "libmulti", multiArch: "allowed", files: map[string]string{"usr/bin/multi": ""}},
		{name: "libnss3", files: map[string]string{lib + "libnss3.so": "\x7fELF"}},
		{name: "header-only-dev", arch: "all", section: "libdevel", files: map[string]string{"usr/include/only/only.h": "", "usr/share/pkgconfig/only.pc": "Name: o\nDescription: x\nVersion: 1\n"}},
		{name: "ca-certificates", arch: "all", section: "misc", depends: "openssl", files: map[string]string{"usr/share/ca-certificates/x.crt": "x", "usr/sbin/update-ca-certificates": "x"}},
		{name: "openssl", files: map[string]string{"usr/bin/openssl": "x"}},
		{name: keyringPackage, arch: "all", section: "misc", files: map[string]string{
			"usr/share/keyrings/debian-archive-keyring.gpg": "-> debian-archive-keyring.pgp",
			"usr/share/keyrings/debian-archive-keyring.pgp": string(keyringOf(t, "stranger", "archive", "security")),
		}},
	}})
	a.add(t, madeSuite{suite: "bookworm-security", keys: []string{"security"}, validUntil: now.AddDate(0, 0, 5), packages: []fake{
		{name: "libpng16", version: "1.6-1+deb12u1", depends: "libc6, zlib1g", files: map[string]string{lib + "libpng16.so.16": "\x7fELF"}},
		{name: "libpng-dev", version: "1.6-1+deb12u1", section: "libdevel", depends: "libpng16 (= 1.6-1+deb12u1), zlib1g-dev", files: map[string]string{
			"usr/include/png.h":           "#include <zlib.h>\n",
			lib + "pkgconfig/libpng.pc":   "-> libpng16.pc",
			lib + "pkgconfig/libpng16.pc": "Name: png\nDescription: x\nVersion: 1\nRequires.private: zlib\nLibs: -lpng16\n",
			lib + "libpng16.so":           "-> libpng16.so.16",
		}},
	}})
	return a
}
