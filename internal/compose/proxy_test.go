package compose

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
	"golang.org/x/tools/txtar"
)

// proxied is testDeps with the modules of a txtar text, whose files are called
// path@version/file, in a module proxy of their own and an empty module cache.
func proxied(t *testing.T, text string) (Deps, *events) {
	t.Helper()
	d, ev := testDeps(t)
	dir := t.TempDir()
	cache := t.TempDir()
	files := map[module.Version][]txtar.File{}
	for _, f := range txtar.Parse([]byte(text)).Files {
		path, rest, _ := strings.Cut(f.Name, "@")
		version, name, ok := strings.Cut(rest, "/")
		if !ok {
			t.Fatalf("%s: want path@version/file", f.Name)
		}
		m := module.Version{Path: path, Version: version}
		files[m] = append(files[m], txtar.File{Name: name, Data: f.Data})
	}
	for m, list := range files {
		publish(t, dir, m, list)
	}
	env := append(slices.Clone(os.Environ()), "GOPROXY=file://"+filepath.ToSlash(dir), "GONOSUMDB=example.com", "GOMODCACHE="+cache, "GOFLAGS=-modcacherw")
	g, err := FindGo(t.Context(), env, nil)
	if err != nil {
		t.Fatal(err)
	}
	g.Fixed = false
	d.Go = g
	return d, ev
}

// publish puts a module version into the folder of a proxy.
func publish(t *testing.T, dir string, m module.Version, files []txtar.File) {
	t.Helper()
	src := t.TempDir()
	at := filepath.Join(dir, filepath.FromSlash(m.Path), "@v")
	if err := os.MkdirAll(at, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := filepath.Join(src, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		write(t, name, string(f.Data))
		if f.Name == "go.mod" {
			write(t, filepath.Join(at, m.Version+".mod"), string(f.Data))
		}
	}
	write(t, filepath.Join(at, m.Version+".info"), fmt.Sprintf(`{"Version":%q,"Time":"2024-01-02T03:04:05Z"}`, m.Version))
	z, err := os.Create(filepath.Join(at, m.Version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if err := zip.CreateFromDir(z, m, src); err != nil {
		t.Fatal(err)
	}
	list, err := os.OpenFile(filepath.Join(at, "list"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	fmt.Fprintln(list, m.Version)
}
