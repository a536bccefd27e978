//go:build linux

package pack

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/graft-build/graft/internal/closure"
	"github.com/graft-build/graft/target"
)

// TestDebAgainstDpkg has dpkg-deb read the package.
func TestDebAgainstDpkg(t *testing.T) {
	dpkg, err := exec.LookPath("dpkg-deb")
	if err != nil {
		t.Skip("no dpkg-deb here")
	}
	in := fixture(t)
	name := filepath.Join(t.TempDir(), Deb{}.FileName(in))
	if filepath.Base(name) != "hello_1.2.0_amd64.deb" {
		t.Errorf("called %s", filepath.Base(name))
	}
	if err := os.WriteFile(name, packed(t, Deb{}, in), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(argv ...string) string {
		t.Helper()
		var out, stderr bytes.Buffer
		cmd := exec.Command(dpkg, argv...)
		cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH")}
		cmd.Stdout, cmd.Stderr = &out, &stderr
		if err := cmd.Run(); err != nil || stderr.Len() > 0 {
			t.Fatalf("dpkg-deb %v: %v\n%s", argv, err, stderr.String())
		}
		return out.String()
	}
	fields := map[string]string{
		"Package": "hello", "Version": "1.2.0", "Architecture": "amd64", "Section": "misc", "Priority": "optional",
		"Maintainer": in.Meta.Maintainer, "Homepage": in.Meta.Homepage, "Recommends": "ca-certificates",
		"Description": "Says hello\n In more than one line.",
	}
	for field, want := range fields {
		if got := strings.TrimSuffix(run("--field", name, field), "\n"); got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
	// The libc's is the newest version that the program asks for, which depends on this host.
	if got := run("--field", name, "Depends"); !strings.HasPrefix(got, "libc6 (>= 2.") || !strings.HasSuffix(got, "), libgreet1 (>= 1:1.5.1)\n") || strings.Contains(got, "2.36") && !strings.Contains(got, "2.36)") {
		t.Errorf("Depends: %s", got)
	}
	for _, want := range []string{
		"-rwxr-xr-x root/root", " 2023-11-14 22:13 ./usr/bin/hello", " ./usr/share/doc/hello/copyright", "drwxr-xr-x root/root         0 2023-11-14 22:13 ./usr/bin/",
	} {
		if got := run("--contents", name); !strings.Contains(got, want) {
			t.Errorf("contents:\n%swant in it: %s", got, want)
		}
	}
	run("--info", name)

	dir := t.TempDir()
	run("-R", name, dir)
	want, _ := os.ReadFile(in.Program)
	got, err := os.ReadFile(filepath.Join(dir, "usr/bin/hello"))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the program is not the one that was compiled: %v", err)
	}
	check := exec.Command("md5sum", "--check", "--strict", "DEBIAN/md5sums")
	check.Dir = dir
	if said, err := check.CombinedOutput(); err != nil || bytes.Count(said, []byte("\n")) != 4 {
		t.Errorf("md5sums: %v\n%s", err, said)
	}
	copyright, _ := os.ReadFile(filepath.Join(dir, "usr/share/doc/hello/copyright"))
	for _, want := range []string{"Upstream-Name: hello\n", "License: Expat\n", "Files: example.com/m@v1.0.0/*\nCopyright: the authors of example.com/m@v1.0.0\n", " licence of m\n .\n notice of m\n"} {
		if !strings.Contains(string(copyright), want) {
			t.Errorf("copyright file:\n%s\nwant in it: %s", copyright, want)
		}
	}
}

func TestDebWithoutManifest(t *testing.T) {
	dpkg, err := exec.LookPath("dpkg-deb")
	if err != nil {
		t.Skip("no dpkg-deb here")
	}
	in := fixture(t)
	in.Meta = Meta{Name: "My_App", Version: "v0.0.0"}
	in.Closure, in.Packages, in.Modules = closure.Closure{Static: true}, nil, nil
	name := filepath.Join(t.TempDir(), "x.deb")
	if err := os.WriteFile(name, packed(t, Deb{}, in), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(dpkg, "--field", name).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"Package: my-app\n", "Version: 0.0.0\n", "Description: application built with graft\n This package has the program My_App.\n", "Maintainer: Unknown"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("got\n%s\nwant in it: %s", out, want)
		}
	}
	if strings.Contains(string(out), "Depends") {
		t.Errorf("got\n%s", out)
	}
}

// TestDebVersion: what comes before a release is older for dpkg, too.
func TestDebVersion(t *testing.T) {
	for version, want := range map[string]string{
		"1.2.3": "1.2.3", "v1.2.3-rc.1": "1.2.3~rc.1", "1.2.3-RC1-2": "1.2.3~RC1-2", "1.2.3-1": "1.2.3-1", "1.2.3-1~bpo12+1": "1.2.3-1~bpo12+1",
		"1.2.3~rc1-1": "1.2.3~rc1-1", "1.2.3+4.gabc": "1.2.3+4.gabc", "1.2.3-": "1.2.3-",
	} {
		if got := debVersion(In{Meta: Meta{Version: version}}); got != want {
			t.Errorf("%s: %s, want %s", version, got, want)
		}
	}
	if dpkg, err := exec.LookPath("dpkg"); err == nil && exec.Command(dpkg, "--compare-versions", debVersion(In{Meta: Meta{Version: "1.2.3-rc.1"}}), "lt", "1.2.3").Run() != nil {
		t.Error("for dpkg 1.2.3-rc.1 is newer than 1.2.3")
	}
}

func TestDebArch(t *testing.T) {
	for name, want := range map[string]string{
		"linux/amd64": "amd64", "rpi4": "armhf", "linux/arm64": "arm64", "linux/riscv64": "riscv64",
		"linux/arm/v7/musl": "armhf", "linux/386": "i386", "linux/mips64le": "mips64el", "linux/ppc64le": "ppc64el", "linux/s390x": "s390x",
	} {
		tt, err := target.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := debArch(In{Target: tt}); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestRefuses(t *testing.T) {
	good, err := target.Parse("linux/amd64")
	if err != nil {
		t.Fatal(err)
	}
	windows, _ := target.Parse("windows/amd64")
	for _, tt := range []struct {
		name, want string
		p          Packer
		edit       func(in *In)
	}{
		{"name with a slash", "name", TarGz{}, func(in *In) { in.Meta.Name = "../x" }},
		{"no name", "name", OCI{}, func(in *In) { in.Meta.Name = "" }},
		{"hidden name", "name", TarGz{}, func(in *In) { in.Meta.Name = ".x" }},
		{"version", "version", TarGz{}, func(in *In) { in.Meta.Version = "1 0" }},
		{"field injection", "maintainer: want one line", Deb{}, func(in *In) { in.Meta.Maintainer = "x\nPre-Depends: y" }},
		{"description", "description", Deb{}, func(in *In) { in.Meta.Description = "a\x00b" }},
		{"Debian name", "a Debian package's has two", Deb{}, func(in *In) { in.Meta.Name = "x" }},
		{"Debian version", "starts with a digit", Deb{}, func(in *In) { in.Meta.Version = "latest" }},
		{"dependency injection", "control characters", Deb{}, func(in *In) { in.Deb.Depends = []string{"a\nB: c"} }},
		{"no Linux", "is no Linux", Deb{}, func(in *In) { in.Target = windows }},
		{"port", "port 70000", OCI{}, func(in *In) { in.OCI.Ports = []int{70000} }},
		{"user", "user \"root\"", OCI{}, func(in *In) { in.OCI.User = "root" }},
		{"variable", "environment variable", OCI{}, func(in *In) { in.OCI.Env = map[string]string{"A=B": ""} }},
		{"unknown package", "which is not among the packages", TarGz{}, func(in *In) {
			in.Closure = closure.Closure{Loader: "ld.so", Libraries: []closure.Library{{Name: "libx.so", Package: "libx"}}}
		}},
		{"library's name", "a library is called", TarGz{}, func(in *In) {
			in.Closure = closure.Closure{Loader: "ld.so", Libraries: []closure.Library{{Name: "../libx.so"}}}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := In{Target: good, Meta: Meta{Name: "hello", Version: "1.0"}, Program: "/nowhere", Closure: closure.Closure{Static: true}, Temp: t.TempDir()}
			tt.edit(&in)
			err := tt.p.Pack(context.Background(), in, &bytes.Buffer{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
			left, _ := os.ReadDir(in.Temp)
			if len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestCopyrightText: texts that every Debian has are referred to, the same text is written once.
func TestCopyrightText(t *testing.T) {
	apache := moduleLicence(t, "github.com/google/go-containerregistry") + "\nCopyright 2020 Ann\n"
	got := string(copyrightText(Meta{Name: "a", Version: "1", License: "MIT", Maintainer: "K <k@example.com>", Homepage: "https://example.com"}, []Licence{
		{"module x v1", "modules/x@v1/LICENSE", []byte("Copyright (c) 2019-2021 Bob\n\n\x1btext\n\n")},
		{"module y v2", "modules/y@v2/LICENSE", []byte(apache)},
		{"module z v3", "modules/z@v3/LICENSE", []byte("Copyright (c) 2019-2021 Bob\n\n\x1btext\n")},
		{"package libz-dev 1", "packages/libz-dev/copyright", []byte("License: zlib\n\n" + apache)},
	}, true))
	before, after, _ := strings.Cut(got, "\nFiles: packages/")
	if !strings.HasPrefix(after, "libz-dev/*\n") || !strings.Contains(after, "\n License: zlib\n") || !strings.Contains(after, "END OF TERMS") {
		t.Errorf("the package's paragraph: %s", after)
	}
	got = before
	want := `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: a
Upstream-Contact: K <k@example.com>
Source: https://example.com
Comment: The program is compiled from the application and from Go modules.
 Each module has a paragraph here, under its path.
 So have the packages whose libraries are part of it, under packages.

Files: *
Copyright: K <k@example.com>
License: Expat
 The program itself is under this licence.

Files: x@v1/*
Copyright: 2019-2021 Bob
License: licence-of-x@v1
 Copyright (c) 2019-2021 Bob
 .
 text

Files: y@v2/*
Copyright: 2020 Ann
License: Apache-2.0
 On Debian systems, the text of this licence is in
 /usr/share/common-licenses/Apache-2.0.

Files: z@v3/*
Copyright: 2019-2021 Bob
License: licence-of-x@v1
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// moduleLicence is the licence file of a module that graft itself needs.
func moduleLicence(t *testing.T, module string) string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "LICENSE"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestCopyrightTextWhole: of a file with more than a common text in it the rest stays, and where
// there is no Debian everything does.
func TestCopyrightTextWhole(t *testing.T) {
	several := moduleLicence(t, "github.com/klauspost/compress") // BSD, Apache-2.0 and MIT
	apache := moduleLicence(t, "github.com/google/go-containerregistry")
	text := func(content string, debian bool) string {
		return string(copyrightText(Meta{Name: "a"}, []Licence{{"module m v1", "modules/m@v1/LICENSE", []byte(content)}}, debian))
	}
	if got := text(several, true); !strings.Contains(got, "The Go Authors") || !strings.Contains(got, "Permission is hereby granted, free of charge") ||
		!strings.Contains(got, "common-licenses/Apache-2.0") || strings.Contains(got, "TERMS AND CONDITIONS FOR USE") || !strings.Contains(got, "License: licence-of-m@v1") {
		t.Errorf("of several licences:\n%s", got)
	}
	if got := text(apache, true); strings.Contains(got, "END OF TERMS") || !strings.Contains(got, "common-licenses/Apache-2.0") {
		t.Errorf("on Debian:\n%s", got)
	}
	if got := text(several, false); !strings.Contains(got, "The Go Authors") || !strings.Contains(got, "END OF TERMS") {
		t.Errorf("of several licences, elsewhere:\n%s", got)
	}
	if got := text(apache, false); !strings.Contains(got, "END OF TERMS") || strings.Contains(got, "common-licenses") {
		t.Errorf("elsewhere:\n%s", got)
	}
}
