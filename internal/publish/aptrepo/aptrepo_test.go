package aptrepo

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/format/deb/debtest"
)

var day = time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)

func packageOf(t testing.TB, p debtest.Package) (Package, error) {
	t.Helper()
	b := debtest.Bytes(t, p)
	return ReadPackage("x.deb", "main", bytes.NewReader(b), int64(len(b)), digest.Of(b))
}

func TestReadPackage(t *testing.T) {
	for _, tt := range []struct {
		p    debtest.Package
		want string // place, or part of the error
	}{
		{debtest.Package{Name: "app", Version: "1.0-1", Arch: "armhf"}, "pool/main/a/app/app_1.0-1_armhf.deb"},
		{debtest.Package{Name: "libx1", Version: "2:1.0", Arch: "amd64"}, "pool/main/libx/libx1/libx1_1.0_amd64.deb"},
		{debtest.Package{Name: "app-data", Version: "1", Arch: "amd64", Fields: "Source: app (1.0)\n"}, "pool/main/a/app/app-data_1_amd64.deb"},
		{debtest.Package{Name: "app", Version: "1", Arch: "amd64", Fields: "Source: ../..\n"}, "pool/main/a/app/app_1_amd64.deb"},
		{debtest.Package{Name: "app", Version: "1", Arch: "amd64", Fields: "Filename: /etc/passwd\nSHA256: x\n"}, "pool/main/a/app/app_1_amd64.deb"},
		{debtest.Package{Name: "app", Version: "1", Arch: "all"}, `architecture "all"`},
		{debtest.Package{Name: "app", Version: "1", Arch: "../x"}, "architecture"},
		{debtest.Package{Name: "../app", Version: "1", Arch: "amd64"}, "name"},
		{debtest.Package{Name: "app", Version: "1/2", Arch: "amd64"}, "version"},
		{debtest.Package{Name: "app", Version: "1", Arch: "amd64", Fields: "\nPackage: two\n"}, "more than one paragraph"},
	} {
		p, err := packageOf(t, tt.p)
		if got := p.File; err != nil && !strings.Contains(err.Error(), tt.want) || err == nil && got != tt.want {
			t.Errorf("%+v: %s, %v; want %s", tt.p, got, err, tt.want)
		}
	}
}

// written is a suite with packages, its Release and its files by hash.
func written(t testing.TB) ([]byte, fstest.MapFS) {
	t.Helper()
	s := New("stable")
	s.Origin = "app"
	for _, version := range []string{"1.9", "1.10", "1.2~rc1"} {
		p, err := packageOf(t, debtest.Package{Name: "app", Version: version, Arch: "amd64", Fields: " More.\n"})
		if err != nil {
			t.Fatal(err)
		}
		if added, err := s.Add("main", p); err != nil || !added {
			t.Fatal(added, err)
		}
	}
	files, release, _, err := s.Files(day)
	if err != nil {
		t.Fatal(err)
	}
	dist := fstest.MapFS{}
	for _, f := range files {
		dist[f.ByHash()] = &fstest.MapFile{Data: f.Data}
	}
	return release, dist
}

func TestRead(t *testing.T) {
	release, dist := written(t)
	s, err := Read("stable", release, dist)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range s.Packages() {
		got = append(got, p.Version)
	}
	if fmt.Sprint(got) != "[1.2~rc1 1.9 1.10]" || s.Origin != "app" || !s.Date.Equal(day) {
		t.Errorf("%v %s %s", got, s.Origin, s.Date)
	}
	if _, again, date, err := s.Files(day.Add(-time.Hour)); err != nil || !bytes.Equal(again, release) || !date.Equal(day) {
		t.Errorf("written again: %s %v\n%s", date, err, again)
	}
	for old, bad := range map[string]string{
		"Date: Tue":                   "Date: Xyz",
		"main/binary-amd64/Packages":  "../../binary-amd64/Packages",
		"main/binary-amd64/Packages ": "x",
		"SHA256:\n ":                  "SHA256:\n 00 ",
		"Suite: ":                     "\nSuite: ",
	} {
		text := strings.Replace(string(release)+" ", old, bad, 1)
		if text == string(release)+" " {
			continue
		}
		if _, err := Read("stable", []byte(text), dist); err == nil {
			t.Errorf("%q instead of %q is taken", bad, old)
		}
	}
	for name, f := range dist {
		f.Data = append([]byte("X"), f.Data...)
		dist[name] = f
	}
	if _, err := Read("stable", release, dist); err == nil || !strings.Contains(err.Error(), "another content than its name says") {
		t.Errorf("changed index: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	release, dist := written(f)
	f.Add(release)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Read("stable", b, dist)
		if err != nil {
			return
		}
		if _, _, _, err := s.Files(day); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzPackages(f *testing.F) {
	f.Add([]byte("Package: a\nVersion: 1\nArchitecture: amd64\nFilename: pool/main/a/a/a.deb\nSize: 1\nSHA256: " + strings.Repeat("0a", 32) + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := readPackages("Packages", "amd64", b)
		if err != nil {
			return
		}
		again, err := readPackages("Packages", "amd64", text(list))
		if err != nil || len(again) != len(list) {
			t.Fatalf("%q: %v", text(list), err)
		}
	})
}
