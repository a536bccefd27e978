package debian

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/internal/distro/mirror"
	"github.com/graft-build/graft/lock"
)

func TestHostSources(t *testing.T) {
	fsys := fstest.MapFS{
		"etc/apt/sources.list": {Data: []byte(`# a comment
deb http://one.example.com/debian/ bookworm main contrib # rest
deb-src http://src.example.com/debian bookworm main
deb [arch=amd64,armhf signed-by=/x] http://two.example.com/debian trixie-updates main
deb http://two.example.com/debian bookworm main
deb	cdrom:[Debian]/ bookworm main
deb http://sec.example.com/debian-security bookworm-security main
deb http://old.example.com/debian-security buster/updates updates/main
deb http://flat.example.com/ ./
deb http://docker.example.com/linux/debian bookworm stable
deb http://ubuntu.example.com/ubuntu noble main
deb [ broken
debian nonsense
deb file:/srv/mirror stable main
deb ftp://ftp.example.com/debian bookworm main
`)},
		"etc/apt/sources.list.d/b.sources": {Data: []byte(`# stanza
Types: deb deb-src
URIs: https://three.example.com/debian https://user:secret@four.example.com/debian/
Suites: bookworm bookworm-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 x
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: http://five.example.com/debian-security
Suites: trixie-security
Components: main

Enabled: no
Types: deb
URIs: http://disabled.example.com/debian
Suites: bookworm
Components: main
`)},
		"etc/apt/sources.list.d/a.list":     {Data: []byte("deb http://zero.example.com/debian sid main\n")},
		"etc/apt/sources.list.d/c.sources":  {Data: []byte("Types deb\n")},
		"etc/apt/sources.list.d/d.list":     {Data: []byte(strings.Repeat("x", maxSources+1))},
		"etc/apt/sources.list.d/e.list.bak": {Data: []byte("deb http://bak.example.com/debian bookworm main\n")},
	}
	m, problems := HostSources(fsys)
	want := Mirrors{
		Archive: {
			"http://one.example.com/debian", "http://two.example.com/debian", "file:///srv/mirror", "http://zero.example.com/debian",
			"https://three.example.com/debian", "https://user:secret@four.example.com/debian",
		},
		Security: {"http://sec.example.com/debian-security", "http://five.example.com/debian-security"},
	}
	if d := cmp.Diff(want, m); d != "" {
		t.Error(d)
	}
	if len(problems) != 2 || !strings.Contains(problems[0].Error(), "c.sources: line 1") || !strings.Contains(problems[1].Error(), "d.list: longer") {
		t.Errorf("problems %v", problems)
	}
	if m, problems := HostSources(fstest.MapFS{}); len(m) != 0 || len(problems) != 0 {
		t.Errorf("a host without apt has %v, %v", m, problems)
	}
}

// TestHostSourcesApt compares with the addresses that apt itself reads on this machine.
func TestHostSourcesApt(t *testing.T) {
	apt, err := exec.LookPath("apt-get")
	if err != nil {
		t.Skip("apt-get is not on this machine")
	}
	out, err := exec.Command(apt, "indextargets", "--format", "$(REPO_URI) $(SUITE) $(COMPONENT) $(CODENAME)", "Created-By: Packages").Output()
	if err != nil {
		t.Skip("apt-get indextargets:", err)
	}
	m, _ := HostSources(os.DirFS("/"))
	for line := range strings.SplitSeq(strings.TrimSpace(string(out)), "\n") {
		f := strings.Fields(line)
		if len(f) < 3 || f[2] != "main" || !strings.Contains(f[0], "debian") {
			continue
		}
		base := strings.TrimRight(f[0], "/")
		if !slices.Contains(m[Archive], base) && !slices.Contains(m[Security], base) {
			t.Errorf("apt reads %s, graft has %v", base, m)
		}
	}
}

func FuzzHostSources(f *testing.F) {
	f.Add("deb [a=b] http://x/debian bookworm main\n", "Types: deb\nURIs: file:/x\nSuites: sid\nComponents: main\n")
	f.Fuzz(func(t *testing.T, list, sources string) {
		m, _ := HostSources(fstest.MapFS{
			"etc/apt/sources.list": {Data: []byte(list)}, "etc/apt/sources.list.d/x.sources": {Data: []byte(sources)},
		})
		for _, bases := range m {
			for _, b := range bases {
				if clean, err := mirror.Clean(b); err != nil || clean != b {
					t.Errorf("address %q, %v", b, err)
				}
			}
		}
	})
}

func TestMirrors(t *testing.T) {
	m := Mirrors{}
	if err := m.Add(Archive, "http://a/debian//", "file:///srv/x/", "https://b"); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "a/b", "ftp://a/b", "http://", "http://a/?x=1", "http://a/#x", "file://host/x", "file:x", "http://[", "javascript:x"} {
		if err := m.Add(Archive, bad); err == nil {
			t.Errorf("address %q was taken: %v", bad, m)
		}
	}
	n := Mirrors{Archive: {"http://host/debian", "http://a/debian"}}
	both := m.Merge(n)
	def, err := Lookup("debian-bookworm")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"http://a/debian", "file:///srv/x", "https://b", "http://host/debian", archiveBase}
	if d := cmp.Diff(want, both.bases(def.Suites[0])); d != "" {
		t.Error(d)
	}
	urls, err := URLs(n, lock.Repository{ID: "bookworm", Suite: "bookworm", Date: "2026-07-11T10:16:37Z"}, "pool/main/g/g++/libx_1%3a2+b~c_armhf.deb")
	if err != nil {
		t.Fatal(err)
	}
	const path = "/pool/main/g/g++/libx_1%253a2+b~c_armhf.deb"
	want = []string{"http://host/debian" + path, "http://a/debian" + path, archiveBase + path, snapshotBase + "debian/20260712T101637Z" + path}
	if d := cmp.Diff(want, urls); d != "" {
		t.Error(d)
	}
	if _, err := URLs(n, lock.Repository{ID: "x", Suite: "x"}, "pool/x"); err == nil {
		t.Error("an unknown suite has addresses")
	}
	if _, err := URLs(n, lock.Repository{ID: "bookworm", Suite: "bookworm"}, "../x"); err == nil {
		t.Error("a path outside has addresses")
	}
	if _, err := Lookup("debian-nothing"); err == nil || !strings.Contains(err.Error(), "debian-bookworm, debian-trixie") {
		t.Errorf("lookup: %v", err)
	}
}
