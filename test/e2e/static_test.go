package e2e

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// zlibText is in zlib's copyright file and in no other.
const zlibText = "Jean-loup Gailly and Mark Adler"

// TestStaticLibrary links zlib as an archive: its licence goes along with every artifact, and it is a
// part of each by the bill of materials. So it is when the program comes from the store. Beside
// a program that links zlib as a shared library nothing of the kind is said.
func TestStaticLibrary(t *testing.T) {
	formats := []string{"tar.gz", "deb", "rpm", "archlinux", "oci"}
	w := newSmallWorld(t)
	w.must(t, "build", "app", "--format", strings.Join(formats, ","), "--out", "shared")
	w.write(t, "app/main.go", strings.Replace(w.read("app/main.go"), "// #cgo pkg-config: zlib", "// #cgo LDFLAGS: -l:libz.a", 1))
	w.write(t, "app/graft.lock", "")
	os.Remove(filepath.Join(w.dir, "app/graft.lock"))
	w.must(t, "build", "app", "--format", strings.Join(formats, ","), "--out", "static")
	w.must(t, "build", "app", "--format", strings.Join(formats, ","), "--out", "again")
	for _, kind := range formats {
		static := w.licenceTexts(t, w.find(t, "static", kind, "linux/amd64"))
		if !strings.Contains(static, zlibText) {
			t.Errorf("%s: the licence of zlib is not in it", kind)
		}
		if kind != "tar.gz" && kind != "oci" { // those have libz.so.1 in them, with its licence
			if shared := w.licenceTexts(t, w.find(t, "shared", kind, "linux/amd64")); strings.Contains(shared, zlibText) {
				t.Errorf("%s: the licence of zlib is in it, and zlib is not", kind)
			}
		}
		same(t, w.find(t, "static", kind, "linux/amd64"), w.find(t, "again", kind, "linux/amd64"))
	}
	// A comment changes the sources and nothing that is linked, which Go's cache has.
	w.write(t, "app/main.go", w.read("app/main.go")+"\n// nothing\n")
	w.must(t, "build", "app", "--format", "deb", "--out", "edited")
	if !strings.Contains(w.licenceTexts(t, w.find(t, "edited", "deb", "linux/amd64")), zlibText) {
		t.Error("the licence of zlib is gone when Go's cache has everything")
	}
	if got := w.scope(t, "static", "zlib1g-dev"); got != "required usr/lib/x86_64-linux-gnu/libz.a" {
		t.Errorf("zlib1g-dev is %s", got)
	}
	if got := w.scope(t, "shared", "zlib1g-dev"); got != "excluded" {
		t.Errorf("linked as a shared library, zlib1g-dev is %s", got)
	}
	w.startsSmall(t, "static")
}

// same wants two files to have the same bytes.
func same(t *testing.T, a, b string) {
	t.Helper()
	one, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	if two, err := os.ReadFile(b); err != nil || !bytes.Equal(one, two) {
		t.Errorf("%s and %s differ: %v", a, b, err)
	}
}

// licenceTexts are the licence files of an artifact, one behind the other.
func (w world) licenceTexts(t *testing.T, file string) string {
	t.Helper()
	dir := t.TempDir()
	switch filepath.Ext(file) {
	case ".deb":
		unpackWith(t, "dpkg-deb", "-x", file, dir)
	case ".rpm":
		if _, err := exec.LookPath("rpm2archive"); err != nil {
			t.Skip("no rpm2archive here")
		}
		unpackWith(t, "sh", "-c", "rpm2archive -n - <\"$1\" | tar -x -C \"$2\"", "sh", file, dir)
	case ".zst":
		unpackWith(t, "tar", "--zstd", "-x", "-C", dir, "-f", file)
	case ".tar":
		unpackImage(t, file, dir)
	default:
		untarFile(t, file, dir)
	}
	var out strings.Builder
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || filepath.Base(name) != "copyright" && !strings.Contains(name, "/licences/") {
			return err
		}
		b, err := os.ReadFile(name)
		out.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func unpackWith(t *testing.T, argv ...string) {
	t.Helper()
	if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, out)
	}
}

// scope is what the bill of materials of a package says of a component: its scope, and its files.
func (w world) scope(t *testing.T, dist, name string) string {
	t.Helper()
	b, err := os.ReadFile(w.find(t, dist, "deb", "linux/amd64") + ".cdx.json")
	if err != nil {
		t.Fatal(err)
	}
	type component struct {
		Name, Scope string
		Components  []component
	}
	var doc struct{ Components []component }
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(doc.Components, func(c component) bool { return c.Name == name })
	if i < 0 {
		return "not there"
	}
	out := doc.Components[i].Scope
	for _, f := range doc.Components[i].Components {
		out += " " + f.Name
	}
	return out
}
