//go:build linux

package pack

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/internal/closure"
	"github.com/graft-build/graft/target"
)

// served is the fixture with a service, a configuration file and completions.
func served(t *testing.T) In {
	in := fixture(t)
	in.System = System{
		Files:       []File{{Path: "/etc/hello/hello.conf", Data: []byte("a\n"), Mode: 0o640}},
		Services:    []Service{{Name: "hello", Args: []string{"-x"}}},
		Completions: map[string][]byte{"zsh": []byte("#compdef hello\n")},
	}
	return in
}

// static makes of an input one whose program needs nothing.
func static(t *testing.T, in In) In {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\nfunc main() { println(1) }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	in.Program, in.Closure = filepath.Join(dir, "static"), closure.Closure{Static: true}
	cmd := exec.Command("go", "build", "-o", in.Program, filepath.Join(dir, "main.go"))
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return in
}

// tool runs a program of a distribution on a package.
func tool(t *testing.T, argv ...string) string {
	t.Helper()
	name, err := exec.LookPath(argv[0])
	if err != nil {
		t.Skipf("%s is not on this machine", argv[0])
	}
	cmd := exec.Command(name, argv[1:]...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TZ=UTC")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", argv, err, out)
	}
	return string(out)
}

func writePacked(t *testing.T, p Packer, in In) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), p.FileName(in))
	if err := os.WriteFile(name, packed(t, p, in), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestRPM has rpm read, check and install the package.
func TestRPM(t *testing.T) {
	in := served(t)
	name := writePacked(t, RPM{}, in)
	if filepath.Base(name) != "hello-1.2.0-1.x86_64.rpm" {
		t.Errorf("called %s", name)
	}
	if out := tool(t, "rpm", "-K", name); !strings.Contains(out, "digests OK") {
		t.Errorf("rpm -K: %s", out)
	}
	query := tool(t, "rpm", "-qp", "--qf", "%{NAME} %{VERSION} %{RELEASE} %{ARCH} %{LICENSE} %{URL} %{BUILDHOST} %{BUILDTIME}\n%{SUMMARY}\n%{DESCRIPTION}\n", name)
	if want := "hello 1.2.0 1 x86_64 MIT https://example.com/hello graft 1700000000\nSays hello\nIn more than one line.\n"; query != want {
		t.Errorf("rpm -q says\n%swant\n%s", query, want)
	}
	requires := strings.Fields(tool(t, "rpm", "-qp", "--requires", name))
	for _, want := range []string{"libgreet.so.1()(64bit)", "libc.so.6(GLIBC_2.34)(64bit)", "/bin/sh"} {
		if !slices.Contains(requires, want) {
			t.Errorf("requires %q, want %s among them", requires, want)
		}
	}
	if out := tool(t, "rpm", "-qp", "--configfiles", name) + tool(t, "rpm", "-qp", "--licensefiles", name); out != "/etc/hello/hello.conf\n/usr/share/licenses/hello/copyright\n" {
		t.Errorf("configuration and licence: %s", out)
	}
	list := tool(t, "rpm", "-qp", "--list", "--verbose", name)
	for _, want := range []string{"-rwxr-xr-x    1 root     root", "/usr/bin/hello\n", "-rw-r-----    1 root     root", "/usr/share/zsh/site-functions/_hello\n", "/usr/lib/systemd/system/hello.service\n", "/usr/lib/sysusers.d/hello.conf\n"} {
		if !strings.Contains(list, want) {
			t.Errorf("list:\n%swant in it: %s", list, want)
		}
	}
	if out := tool(t, "rpm", "-qp", "--scripts", name); !strings.Contains(out, "preset hello.service") {
		t.Errorf("scripts: %s", out)
	}
	root := t.TempDir()
	tool(t, "rpm", "--root", root, "--initdb")
	tool(t, "rpm", "--root", root, "--install", "--nodeps", "--noscripts", "--nosignature", "--ignorearch", "--ignoreos", name)
	sameProgram(t, in, root)
	if out := tool(t, "rpm", "--root", root, "--verify", "--nodeps", "--nouser", "--nogroup", "hello"); out != "" {
		t.Errorf("rpm --verify: %s", out)
	}
	tool(t, "rpm", "--root", root, "--erase", "--nodeps", "--noscripts", "hello")
	if _, err := os.Stat(filepath.Join(root, "usr/bin/hello")); err == nil {
		t.Error("the program is still there")
	}
}

func sameProgram(t *testing.T, in In, root string) {
	t.Helper()
	want, _ := os.ReadFile(in.Program)
	got, err := os.ReadFile(filepath.Join(root, "usr/bin/hello"))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the program is not the one that was compiled: %v", err)
	}
}

// TestElfdeps compares with rpm's own generator of dependencies, over programs and libraries
// of this host.
func TestElfdeps(t *testing.T) {
	const elfdeps = "/usr/lib/rpm/elfdeps"
	names, _ := filepath.Glob("/usr/bin/[a-d]*")
	libraries, _ := filepath.Glob("/usr/lib/*-linux-gnu/lib[a-c]*.so.?")
	compared := 0
	for _, name := range append(append([]string{fixture(t).Program, "/bin/bash"}, names...), libraries...) {
		f, err := readELF(name)
		if err != nil {
			continue
		}
		if fi, err := os.Stat(name); err != nil || fi.Mode()&0o111 == 0 && !strings.Contains(name, ".so.") {
			continue
		}
		if compared++; compared > 60 {
			break
		}
		want := strings.Fields(tool(t, elfdeps, "--requires", name))
		slices.Sort(want)
		want = slices.Compact(want)
		if d := cmp.Diff(strings.Join(want, "\n"), strings.Join(rpmRequires(f), "\n")); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// TestArchLinux has pacman read, install and check the package.
func TestArchLinux(t *testing.T) {
	in := served(t)
	name := writePacked(t, ArchLinux{}, in)
	if filepath.Base(name) != "hello-1.2.0-1-x86_64.pkg.tar.zst" {
		t.Errorf("called %s", name)
	}
	root := t.TempDir()
	conf := filepath.Join(root, "pacman.conf")
	if err := os.WriteFile(conf, []byte("[options]\nArchitecture = x86_64\nSigLevel = Never\nLocalFileSigLevel = Never\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"var/lib/pacman", "var/cache"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	pacman := func(args ...string) string {
		t.Helper()
		return tool(t, append([]string{
			"pacman", "--config", conf, "--root", root, "--dbpath", root + "/var/lib/pacman", "--cachedir", root + "/var/cache",
			"--logfile", root + "/log", "--hookdir", root + "/hooks", "--noconfirm",
		}, args...)...)
	}
	info := pacman("-Qpi", name)
	for _, want := range []string{"Name            : hello\n", "Version         : 1.2.0-1\n", "Description     : Says hello\n", "Architecture    : x86_64\n", "URL             : https://example.com/hello\n",
		"Licenses        : MIT\n", "libgreet.so=1-64", "glibc>=2.", "Packager        : Karl Koch <contact@example.com>\n"} {
		if !strings.Contains(info, want) {
			t.Errorf("pacman -Qpi:\n%swant in it: %s", info, want)
		}
	}
	if os.Getuid() != 0 {
		t.Skip("pacman installs for root alone")
	}
	pacman("-U", "-dd", name)
	sameProgram(t, in, root)
	if out := pacman("-Qkk", "hello"); !strings.Contains(out, "0 altered files") {
		t.Errorf("pacman -Qkk: %s", out)
	}
	if out := pacman("-Qii", "hello"); !strings.Contains(out, "/etc/hello/hello.conf") {
		t.Errorf("no backup file: %s", out)
	}
	pacman("-Rdd", "hello")
}

// TestAPK reads the package as tar does; apk-tools are not in Debian.
func TestAPK(t *testing.T) {
	in := served(t)
	if err := (APK{}).Pack(t.Context(), in, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "linked to glibc (ld-linux-x86-64.so.2), and Alpine has musl: build for linux/amd64/musl") {
		t.Errorf("a program that needs glibc: %v", err)
	}
	in = static(t, in)
	name := writePacked(t, APK{}, in)
	if filepath.Base(name) != "hello-1.2.0-r0.x86_64.apk" {
		t.Errorf("called %s", name)
	}
	files := tool(t, "tar", "-tzf", name)
	if !strings.Contains(files, ".PKGINFO\n") || !strings.Contains(files, "usr/bin/hello\n") || strings.Contains(files, "systemd") || strings.Contains(files, "sysusers") {
		t.Errorf("files: %s", files)
	}
	info := tool(t, "tar", "-xzOf", name, ".PKGINFO")
	for _, want := range []string{"pkgname = hello\n", "pkgver = 1.2.0-r0\n", "arch = x86_64\n", "license = MIT\n", "datahash = "} {
		if !strings.Contains(info, want) {
			t.Errorf(".PKGINFO:\n%swant in it: %s", info, want)
		}
	}
	if strings.Contains(info, "depend") || (APK{}).Note(served(t)) == "" || (APK{}).Note(fixture(t)) != "" {
		t.Errorf(".PKGINFO: %s", info)
	}
}

// TestForeignSame packs with one processor and with several, in other folders.
func TestForeignSame(t *testing.T) {
	for _, p := range []Packer{RPM{}, ArchLinux{}, APK{}} {
		in := served(t)
		if p.Kind() == "apk" {
			in = static(t, in)
		}
		in.Temp = t.TempDir()
		one := packed(t, p, in)
		before := runtime.GOMAXPROCS(1)
		in.Temp = t.TempDir()
		t.Setenv("TZ", "Asia/Tokyo")
		two := packed(t, p, in)
		runtime.GOMAXPROCS(max(before, 4))
		three := packed(t, p, in)
		runtime.GOMAXPROCS(before)
		if !bytes.Equal(one, two) || !bytes.Equal(two, three) {
			t.Errorf("%s: the same input gives other bytes", p.Kind())
		}
	}
}

func TestForeignNames(t *testing.T) {
	for _, tt := range []struct{ target, version, rpm, arch, apk string }{
		{"linux/amd64", "1.0", "x-1.0-1.x86_64.rpm", "x-1.0-1-x86_64.pkg.tar.zst", "x-1.0-r0.x86_64.apk"},
		{"rpi4", "v1.0.0-rc1", "x-1.0.0~rc1-1.armv7hl.rpm", "x-1.0.0rc1-1-armv7h.pkg.tar.zst", "x-1.0.0_rc1-r0.armv7.apk"},
		{"linux/arm64", "1.2.0~5.gabc1234", "x-1.2.0~5.gabc1234-1.aarch64.rpm", "x-1.2.0pre5.gabc1234-1-aarch64.pkg.tar.zst", "x-1.2.0_pre5-r0.aarch64.apk"},
		{"linux/riscv64", "2", "x-2-1.riscv64.rpm", "x-2-1-riscv64.pkg.tar.zst", "x-2-r0.riscv64.apk"},
		{"linux/386", "1.0-beta.2", "x-1.0~beta.2-1.i686.rpm", "x-1.0beta.2-1-i686.pkg.tar.zst", "x-1.0_beta2-r0.x86.apk"},
	} {
		parsed, err := target.Parse(tt.target)
		if err != nil {
			t.Fatal(err)
		}
		in := In{Target: parsed, Meta: Meta{Name: "x", Version: tt.version}}
		if d := cmp.Diff([]string{tt.rpm, tt.arch, tt.apk}, []string{(RPM{}).FileName(in), (ArchLinux{}).FileName(in), (APK{}).FileName(in)}); d != "" {
			t.Errorf("%s %s: %s", tt.target, tt.version, d)
		}
	}
	for _, version := range []string{"1.0+build", "1.0-2024x", "1.0.g"} {
		if v, err := apkVersion(version); err == nil {
			t.Errorf("version %s is %s for apk", version, v)
		}
	}
	// Before and after, as the formats' own tools see it.
	for older, newer := range map[string]string{"1.2.0~5.gabc1234": "1.2.0", "1.0.0-rc1": "1.0.0", "1.0.0-rc1 ": "1.0.0-rc2"} {
		older, newer = archVersion(strings.TrimSpace(older)), archVersion(newer)
		if out, err := exec.Command("vercmp", older, newer).Output(); err == nil && strings.TrimSpace(string(out)) != "-1" {
			t.Errorf("vercmp %s %s: %s", older, newer, out)
		}
	}
}
