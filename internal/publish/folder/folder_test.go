package folder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/format/deb/debtest"
	"github.com/graft-build/graft/internal/publish/aptrepo"
	"github.com/graft-build/graft/internal/publish/signing"
)

var day = time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)

var testKeys = sync.OnceValue(func() []*signing.Key {
	var out []*signing.Key
	for _, name := range []string{"one", "two"} {
		e, err := openpgp.NewEntity(name, "", name+"@example.com", &packet.Config{
			Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return day.AddDate(-1, 0, 0) },
		})
		if err != nil {
			panic(err)
		}
		var b bytes.Buffer
		if err := e.SerializePrivateWithoutSigning(&b, nil); err != nil {
			panic(err)
		}
		k, err := signing.Read(b.Bytes(), nil)
		if err != nil {
			panic(err)
		}
		out = append(out, k)
	}
	return out
})

func testFolder(dir string) Folder {
	return Folder{
		Dir: dir, Suite: "stable", Component: "main", Name: "app", URL: "https://packages.example.com/app",
		Key: testKeys()[0], Date: day,
	}
}

// artifact is a file to publish, with its bytes in a folder of its own.
func artifact(t testing.TB, name string, b []byte) Artifact {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return Artifact{Path: file, Name: name, SHA256: digest.Of(b)}
}

func debOf(t testing.TB, name, version, arch, content string) Artifact {
	t.Helper()
	b := debtest.Bytes(t, debtest.Package{
		Name: name, Version: version, Arch: arch, Fields: " More of it.\n .\n And more.\n",
		Files: []debtest.File{{Name: "usr/share/doc/" + name + "/README", Content: content}},
	})
	return artifact(t, name+"_"+version+"_"+arch+".deb", b)
}

func publish(t testing.TB, f Folder, list ...Artifact) *Result {
	t.Helper()
	res, err := f.Publish(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// indexed reads what the signed index says, and checks it against the files.
func indexed(t testing.TB, dir string) []string {
	t.Helper()
	signed, err := os.ReadFile(filepath.Join(dir, "dists/stable/InRelease"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	o, err := testKeys()[0].Open(signed)
	if err != nil || !o.Own {
		t.Fatalf("InRelease: %+v %v", o, err)
	}
	s, err := aptrepo.Read("stable", o.Text, os.DirFS(filepath.Join(dir, "dists/stable")))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, p := range s.Packages() {
		d, n, err := digest.OfFile(filepath.Join(dir, p.File))
		if err != nil || d != p.SHA256 || n != p.Size {
			t.Errorf("%s: %v %d %v", p.File, d, n, err)
		}
		out = append(out, p.Name+" "+p.Version+" "+p.Arch)
	}
	return out
}

// tree is all files of a folder, by name.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		out[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPublish(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "repo")
	f := testFolder(dir)
	one := []Artifact{debOf(t, "app", "1.0", "amd64", "1"), debOf(t, "app", "1.0", "armhf", "1"), artifact(t, "app-1.0-linux-amd64.tar.gz", []byte("tar"))}
	res := publish(t, f, one...)
	if len(res.Packages) != 2 || len(res.Files) != 3 || !res.Files[2].Added || res.Origin != "app" || !res.Date.Equal(day) || res.Sources != "app-stable.sources" {
		t.Errorf("result %+v", res)
	}
	first := tree(t, dir)
	again := publish(t, f, one...)
	if d := cmp.Diff(first, tree(t, dir)); d != "" || again.Files[0].Added {
		t.Errorf("publishing the same again changes the folder: %s", d)
	}
	other := filepath.Join(t.TempDir(), "other")
	g := testFolder(other)
	publish(t, g, one...)
	if d := cmp.Diff(first, tree(t, other)); d != "" {
		t.Errorf("the same in another folder: %s", d)
	}

	f.URL, f.Date, f.Component, f.Name = "", day.AddDate(0, 0, -1), "contrib", "ignored"
	res = publish(t, f, debOf(t, "app", "1.10", "amd64", "2"), debOf(t, "libapp", "2:1-1", "amd64", "3"), artifact(t, "app-1.10.zip", []byte("zip")))
	if !res.Date.Equal(day) || res.Origin != "app" {
		t.Errorf("date %s went back, or origin %s changed", res.Date, res.Origin)
	}
	want := []string{"app 1.10 amd64", "libapp 2:1-1 amd64", "app 1.0 amd64", "app 1.0 armhf"}
	if d := cmp.Diff(want, indexed(t, dir)); d != "" {
		t.Errorf("index: %s", d)
	}
	now := tree(t, dir)
	for _, name := range []string{"pool/main/a/app/app_1.0_amd64.deb", "pool/contrib/a/app/app_1.10_amd64.deb", "pool/contrib/liba/libapp/libapp_1-1_amd64.deb", "app-1.0-linux-amd64.tar.gz", "archive-keyring.asc", "SHA256SUMS.asc"} {
		if now[name] == "" {
			t.Errorf("%s is missing", name)
		}
	}
	if !strings.Contains(now["app-stable.sources"], "URIs: https://packages.example.com/app\nSuites: stable\nComponents: contrib main\nSigned-By: /etc/apt/keyrings/app.asc\n") {
		t.Errorf("sources: %s", now["app-stable.sources"])
	}
	release := now["dists/stable/Release"]
	if strings.Contains(release, "Valid-Until") || !strings.Contains(release, "Date: Tue, 03 Feb 2026 04:05:06 UTC\n") || !strings.Contains(release, "Architectures: amd64 armhf\nComponents: contrib main\n") {
		t.Errorf("Release: %s", release)
	}
	for _, text := range []string{"app_1.10_amd64.deb", "app-1.10.zip", testKeys()[0].Fingerprint(), "deb [signed-by=/etc/apt/keyrings/app.asc] https://packages.example.com/app stable contrib main"} {
		if !strings.Contains(now["index.html"], text) {
			t.Errorf("index.html does not say %q:\n%s", text, now["index.html"])
		}
	}
	sum := exec.Command("sha256sum", "--check", "--strict", "SHA256SUMS")
	sum.Dir = dir
	if out, err := sum.CombinedOutput(); err != nil || strings.Count(string(out), ": OK") != 6 {
		t.Errorf("sha256sum: %v\n%s", err, out)
	}
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	f := testFolder(dir)
	deb, file := debOf(t, "app", "1.0", "amd64", "1"), artifact(t, "app.zip", []byte("zip"))
	publish(t, f, deb, file)
	before := tree(t, dir)
	changed := debOf(t, "app", "1.0", "amd64", "1")
	if err := os.WriteFile(changed.Path, []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	outside := f
	outside.Dir = filepath.Join(t.TempDir(), "linked")
	if err := os.Mkdir(outside.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(outside.Dir, "pool")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		f    Folder
		a    Artifact
		want string
	}{
		{"another content", f, debOf(t, "app", "1.0", "amd64", "2"), "app 1.0 for amd64 is published already, with other content"},
		{"equal version", f, debOf(t, "app", "1.00", "amd64", "1"), "app 1.0 for amd64 is published already"},
		{"another file", f, artifact(t, "app.zip", []byte("ZIP")), "app.zip is there already, with other content"},
		{"changed file", f, changed, "was changed after it was built"},
		{"no package", f, artifact(t, "x.deb", []byte("x")), "read package x.deb"},
		{"reserved", f, artifact(t, "index.html", []byte("x")), "no name for an artifact"},
		{"hidden", f, artifact(t, ".graft-lock", []byte("x")), "no name for an artifact"},
		{"a link that leads out", outside, deb, "path escapes"},
	} {
		_, err := tt.f.Publish(t.Context(), []Artifact{tt.a})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
	if d := cmp.Diff(before, tree(t, dir)); d != "" {
		t.Errorf("refusing changed the folder: %s", d)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Publish(ctx, []Artifact{deb}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	in := filepath.Join(dir, "dists/stable/InRelease")
	if err := os.WriteFile(in, []byte(strings.Replace(before["dists/stable/InRelease"], "Origin: app", "Origin: bad", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Publish(t.Context(), []Artifact{deb}); err == nil || !strings.Contains(err.Error(), "changed after it was signed") {
		t.Errorf("damaged index: %v", err)
	}
}

// TestAbout puts what tells about an artifact beside it, and keeps what was said of one
// that is there.
func TestAbout(t *testing.T) {
	dir := t.TempDir()
	deb := debOf(t, "app", "1.0", "amd64", "1")
	of := func(text string) Artifact {
		a := artifact(t, deb.Name+".cdx.json", []byte(text))
		a.Of = deb.Name
		return a
	}
	publish(t, testFolder(dir), deb, of("one"))
	before := tree(t, dir)
	if before["pool/main/a/app/app_1.0_amd64.deb.cdx.json"] != "one" || strings.Count(before["SHA256SUMS"], "\n") != 2 {
		t.Errorf("it is not beside the package: %s", before["SHA256SUMS"])
	}
	if res := publish(t, testFolder(dir), deb, of("two")); res.Files[1].Added {
		t.Error("what was said of the package is replaced")
	}
	if d := cmp.Diff(before, tree(t, dir)); d != "" {
		t.Error(d)
	}
}

// TestRemoved takes back a version by removing its file, and changes the key.
func TestRemoved(t *testing.T) {
	dir := t.TempDir()
	f := testFolder(dir)
	publish(t, f, debOf(t, "app", "1.0", "amd64", "1"), debOf(t, "app", "1.1", "amd64", "1"), artifact(t, "app.zip", []byte("zip")))
	for _, name := range []string{"pool/main/a/app/app_1.0_amd64.deb", "app.zip"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if res := publish(t, f); res.Before != "" {
		t.Errorf("the key is another than %s", res.Before)
	}
	if d := cmp.Diff([]string{"app 1.1 amd64"}, indexed(t, dir)); d != "" {
		t.Error(d)
	}
	if s := tree(t, dir)["SHA256SUMS"]; strings.Count(s, "\n") != 1 {
		t.Errorf("SHA256SUMS: %s", s)
	}
	f.Key = testKeys()[1]
	if res := publish(t, f); res.Before == "" || len(res.Packages) != 1 {
		t.Errorf("with another key: %+v", res)
	}
}

// TestTogether publishes from several at once; none may be lost.
func TestTogether(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "repo")
	var want []string
	var g sync.WaitGroup
	for i := range 8 {
		a := debOf(t, fmt.Sprintf("app%d", i), "1.0", "amd64", "1")
		want = append(want, fmt.Sprintf("app%d 1.0 amd64", i))
		g.Go(func() {
			if _, err := testFolder(dir).Publish(t.Context(), []Artifact{a}); err != nil {
				t.Error(err)
			}
		})
	}
	g.Wait()
	if d := cmp.Diff(want, indexed(t, dir)); d != "" {
		t.Error(d)
	}
	var index, hashed int
	for name := range tree(t, dir) {
		if strings.Contains(name, "/by-hash/") {
			hashed++
		}
		if strings.Contains(name, "/binary-amd64/Packages") {
			index++
		}
	}
	if index != 3 || hashed != 6 {
		t.Errorf("%d files by hash for an index of %d, want those of two indexes", hashed, index)
	}
}

// TestInterrupted stops a publication before each file that appears. The index is whole
// each time, the old one or the new one, and the next publication succeeds.
func TestInterrupted(t *testing.T) {
	stop := errors.New("killed")
	base := filepath.Join(t.TempDir(), "base")
	old := debOf(t, "app", "1.0", "amd64", "1")
	list := []Artifact{debOf(t, "app", "1.1", "amd64", "2"), artifact(t, "app.zip", []byte("zip"))}
	f := testFolder(base)
	f.URL = ""
	publish(t, f, old)
	before := []string{"app 1.0 amd64"}
	after := append(slices.Clone(before), "app 1.1 amd64")
	published := false
	for at := 0; ; at++ {
		dir := filepath.Join(t.TempDir(), "repo")
		if err := os.CopyFS(dir, os.DirFS(base)); err != nil {
			t.Fatal(err)
		}
		g, n := f, 0
		g.Dir = dir
		want := before
		g.step = func(place string) error {
			if n++; n > at {
				return stop
			}
			if place == "dists/stable/InRelease" {
				want = after
			}
			return nil
		}
		_, err := g.Publish(t.Context(), list)
		if err == nil {
			break
		}
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		published = published || len(want) == 2
		if d := cmp.Diff(want, indexed(t, dir)); d != "" {
			t.Errorf("stopped at step %d: %s", at, d)
		}
		g.step = nil
		publish(t, g, list...)
		if d := cmp.Diff(after, indexed(t, dir)); d != "" {
			t.Errorf("published again after step %d: %s", at, d)
		}
	}
	if !published {
		t.Error("the index was never new before the end")
	}
}

func FuzzSums(f *testing.F) {
	f.Add([]byte(strings.Repeat("0a", 32) + "  a/b\n" + strings.Repeat("0b", 32) + " *c\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseSums(b)
		if err != nil {
			return
		}
		again, err := parseSums(s.encode())
		if err != nil || !cmp.Equal(s, again) {
			t.Fatalf("%q reads as %v, that as %v, %v", b, s, again, err)
		}
	})
}
