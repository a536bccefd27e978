package nixbuild

import (
	"archive/tar"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadPlan(t *testing.T) {
	name := filepath.Join(t.TempDir(), "plan")
	if err := os.WriteFile(name, []byte(`{"do":"go","zip":"/a.zip"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, env := range []map[string]string{{"planPath": name}, {"plan": `{"do":"go","zip":"/a.zip"}`}} {
		if p, err := ReadPlan(func(n string) string { return env[n] }); err != nil || p.Zip != "/a.zip" {
			t.Errorf("%v: %+v, %v", env, p, err)
		}
	}
	for _, tt := range []struct{ in, want string }{
		{``, "neither planPath nor plan"},
		{`{`, "unexpected EOF"},
		{`{"do":"dance"}`, `"dance"`},
		{`{"do":"go","zip":"a.zip"}`, "no absolute path"},
		{`{"do":"go","zap":"/a.zip"}`, "unknown field"},
		{`{"do":"zig","files":[]}`, "no files"},
		{`{"do":"unpack","from":"/a","into":"../b"}`, "leaves the output"},
		{`{"do":"build","app":"/a","go":"/go"}`, "needs locks"},
		{`{"do":"build","app":"/a","go":"/go","locks":["/l"],"moduleFiles":[{"path":"../x","file":"/x"}]}`, "leaves the proxy"},
		{`{"do":"build","app":"/a","go":"/go","locks":["/l"],"packages":[{"sha256":"sha256:00","file":"/x"}]}`, "parse digest"},
	} {
		if _, err := ReadPlan(func(n string) string { return map[string]string{"plan": tt.in}[n] }); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.in, err, tt.want)
		}
	}
}

func FuzzPlan(f *testing.F) {
	f.Add([]byte(`{"do":"build","app":"/a","go":"/go","locks":["/l"],"moduleFiles":[{"path":"x","file":"/x"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parsePlan(b)
		if err != nil {
			return
		}
		for _, m := range p.ModuleFiles {
			if p.Do == "build" && strings.Contains("/"+m.Path+"/", "/../") && !filepath.IsLocal(m.Path) {
				t.Errorf("module file %q leaves the proxy", m.Path)
			}
		}
	})
}

func TestGo(t *testing.T) {
	w := newWorld(t)
	zip := filepath.Join(w.proxy, "golang.org", "toolchain", "@v", "v0.0.1-go"+w.goes.Version+".plan9-mips.zip")
	out, err := w.run(t, Plan{Do: "go", Zip: zip})
	if err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(filepath.Join(out, "bin", "go")); err != nil || fi.Mode()&0o111 == 0 {
		t.Errorf("bin/go: %v, %v", fi, err)
	}
	if _, err := w.run(t, Plan{Do: "go", Zip: filepath.Join(w.proxy, "example.com", "only", "@v", "v1.0.0.zip")}); err == nil || !strings.Contains(err.Error(), "no Go toolchain") {
		t.Errorf("another zip: %v", err)
	}
}

func TestUnpack(t *testing.T) {
	from := t.TempDir()
	f, err := os.Create(filepath.Join(from, "app-1.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	gz := gzip.NewWriter(f)
	tw := tar.NewWriter(gz)
	if err := tw.WriteHeader(&tar.Header{Name: "app-1/bin/app", Mode: 0o755, Size: 3, Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	_, _ = tw.Write([]byte("app"))
	_, _, _ = tw.Close(), gz.Close(), f.Close()
	if err := os.WriteFile(filepath.Join(from, "SHA256SUMS"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var w world
	out, err := w.run(t, Plan{Do: "unpack", Unpack: Unpack{From: from, Format: "tar.gz", Into: "bin/here"}})
	if err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(filepath.Join(out, "bin", "here", "bin", "app")); err != nil || fi.Mode()&0o111 == 0 {
		t.Errorf("bin/app: %v, %v", fi, err)
	}
	if to, err := os.Readlink(filepath.Join(out, "SHA256SUMS")); err != nil || to != filepath.Join(from, "SHA256SUMS") {
		t.Errorf("SHA256SUMS: %s, %v", to, err)
	}
	if _, err := w.run(t, Plan{Do: "unpack", Unpack: Unpack{From: from, Format: "zip"}}); err == nil || !strings.Contains(err.Error(), "no artifact of format zip") {
		t.Errorf("a format that is not there: %v", err)
	}
}
