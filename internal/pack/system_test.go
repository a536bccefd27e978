//go:build linux

package pack

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// serving is the fixture with all that a package of a system can have.
func serving(t *testing.T) In {
	in := fixture(t)
	in.System = System{
		Files: []File{
			{Path: "/etc/hello.conf", Data: []byte("a = b\n"), Mode: 0o640},
			{Path: "/usr/share/hello/greeting", Data: []byte("hello\n"), Mode: 0o644},
			{Path: "/usr/lib/hello/hook", Data: []byte("#!/bin/sh\n"), Mode: 0o755},
		},
		Services: []Service{
			{Name: "hello", Args: []string{"-addr", ":80 $HOME 50%"}, Env: map[string]string{"B": `say "x"`, "A": "1"}, State: true},
			{Name: "hello-root", Description: "As root", User: "root"},
		},
		Completions: map[string][]byte{"bash": []byte("complete hello\n"), "zsh": []byte("#compdef hello\n"), "fish": []byte("complete -c hello\n")},
		Plugins:     []string{"example.com/p v1.2.3"},
	}
	return in
}

// writeDeb writes the package to a file.
func writeDeb(t *testing.T, in In) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), Deb{}.FileName(in))
	if err := os.WriteFile(name, packed(t, Deb{}, in), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestDebOfService has dpkg-deb unpack a package with everything.
func TestDebOfService(t *testing.T) {
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("no dpkg-deb here")
	}
	in := serving(t)
	name, dir := writeDeb(t, in), t.TempDir()
	if again := writeDeb(t, in); !bytes.Equal(readFile(t, name), readFile(t, again)) {
		t.Error("other bytes the second time")
	}
	if out, err := exec.Command("dpkg-deb", "-R", name, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if d := cmp.Diff("/etc/hello.conf\n", string(readFile(t, filepath.Join(dir, "DEBIAN/conffiles")))); d != "" {
		t.Error("conffiles:\n" + d)
	}
	for file, mode := range map[string]os.FileMode{
		"etc/hello.conf": 0o640, "usr/lib/hello/hook": 0o755, "usr/share/hello/greeting": 0o644, "usr/bin/hello": 0o755,
		"usr/share/bash-completion/completions/hello": 0o644, "usr/share/zsh/vendor-completions/_hello": 0o644,
		"usr/share/fish/vendor_completions.d/hello.fish": 0o644, "usr/share/man/man8/hello.8.gz": 0o644,
		"usr/share/doc/hello/changelog.gz": 0o644, "usr/share/doc/hello/copyright": 0o644,
		"usr/lib/systemd/system/hello-root.service": 0o644, "DEBIAN/postinst": 0o755, "DEBIAN/prerm": 0o755, "DEBIAN/postrm": 0o755,
	} {
		fi, err := os.Stat(filepath.Join(dir, file))
		if err != nil || fi.Mode() != mode {
			t.Errorf("%s: %v, want %v; %v", file, fi, mode, err)
		}
	}
	unit := string(readFile(t, filepath.Join(dir, "usr/lib/systemd/system/hello.service")))
	for _, want := range []string{
		"Description=Says hello\n", "ExecStart=/usr/bin/hello -addr \":80 $$HOME 50%%\"\n", "User=_hello\n", "StateDirectory=hello\n",
		"Environment=A=1\nEnvironment=\"B=say \\\"x\\\"\"\nEnvironmentFile=-/etc/default/hello\n", "ProtectSystem=strict\n", "NoNewPrivileges=yes\n",
	} {
		if !strings.Contains(unit, want) {
			t.Errorf("unit:\n%s\nwant in it: %s", unit, want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "usr/lib/sysusers.d/hello-root.conf")); err == nil {
		t.Error("root is made by sysusers")
	}
	if got, want := string(readFile(t, filepath.Join(dir, "usr/lib/sysusers.d/hello.conf"))), "u _hello - \"Says hello\" /var/lib/hello\n"; got != want {
		t.Errorf("sysusers: %q, want %q", got, want)
	}
	for _, script := range []string{"postinst", "prerm", "postrm"} {
		if out, err := exec.Command("sh", "-n", filepath.Join(dir, "DEBIAN", script)).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", script, err, out)
		}
	}
	if verify, err := exec.LookPath("systemd-analyze"); err == nil {
		cmd := exec.Command(verify, "verify", "--man=no", "--root="+dir, "hello.service")
		if out, err := cmd.CombinedOutput(); err != nil && lineOf.Match(out) {
			t.Errorf("systemd-analyze: %v\n%s", err, out) // that targets are not in the root is no fault
		}
	}
}

// lineOf is how systemd names a line of a unit that it does not understand.
var lineOf = regexp.MustCompile(`hello\.service:\d+:`)

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestLintian has Debian's own critic look at the smallest and at the fullest package.
func TestLintian(t *testing.T) {
	lintian, err := exec.LookPath("lintian")
	if err != nil {
		t.Skip("no lintian here")
	}
	small := fixture(t)
	small.Meta = Meta{Name: "hello", Version: "0.0.0", Maintainer: small.Meta.Maintainer}
	// The program is no position independent one, and one file is not for everybody.
	args := []string{"--allow-root", "--fail-on", "error,warning", "--suppress-tags", "hardening-no-pie,non-standard-file-perm"}
	for _, in := range []In{small, serving(t)} {
		in.Modules = []Module{{Path: "std", Version: "go1", Dir: runtime.GOROOT()}}
		args = append(args, writeDeb(t, in))
	}
	if out, err := exec.Command(lintian, args...).CombinedOutput(); err != nil || bytes.Contains(out, []byte("W: ")) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestServiceRefuses(t *testing.T) {
	for want, s := range map[string]Service{
		"name":           {Name: "a b"},
		"lower-case":     {Name: "-a"},
		"user":           {Name: "a", User: "x y"},
		"environment":    {Name: "a", Env: map[string]string{"A=B": ""}},
		"control char":   {Name: "a", Args: []string{"x\nExecStartPost=/bin/rm"}},
		"want no contro": {Name: "a", Description: "x\nUser=root"},
	} {
		if _, err := s.files(In{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", s, err, want)
		}
	}
	if u := (Service{Name: strings.Repeat("long.", 20)}).user(); len(u) != maxUser || strings.Contains(u, ".") {
		t.Errorf("user %q", u)
	}
}

func TestInstalledRefuses(t *testing.T) {
	for want, files := range map[string][]File{
		"two files for /usr/bin/hello": {{Path: "/usr/bin/hello", Mode: 0o755}},
		"absolute path":                {{Path: "etc/x", Mode: 0o644}},
		"without ..":                   {{Path: "/etc/../x", Mode: 0o644}},
		"*, ? and the like":            {{Path: "/etc/*", Mode: 0o644}},
		"no files in /run":             {{Path: "/run/x", Mode: 0o644}},
		"mode 4755":                    {{Path: "/usr/x", Mode: 0o4755}},
		"and a folder with /etc/a/b":   {{Path: "/etc/a", Mode: 0o644}, {Path: "/etc/a/b", Mode: 0o644}},
	} {
		in := In{Meta: Meta{Name: "hello"}, System: System{Files: files}}
		if _, err := in.installed(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", files, err, want)
		}
	}
	in := In{Meta: Meta{Name: "hello"}, System: System{Completions: map[string][]byte{"ksh": nil}}}
	if _, err := in.installed(); err == nil || !strings.Contains(err.Error(), `"ksh"`) {
		t.Errorf("unknown shell: %v", err)
	}
}

// TestManual has groff set the page that is made, and its text escaped.
func TestManual(t *testing.T) {
	in := In{Meta: Meta{Name: "hello", Version: "1", Description: ".SH x \\fB\n\n'quoted\" -x", Maintainer: "A \"B\" <a@b>"}, System: System{Plugins: []string{"p\\"}}}
	text := in.manualText()
	for _, want := range []string{"\\&.SH x \\efB\n.PP\n\\&'quoted\" \\-x\n", "p\\e\n", ".TH \"HELLO\" 1 \"2025\\-01\\-01\" \"hello 1\"\n"} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("page:\n%s\nwant in it: %s", text, want)
		}
	}
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Log("not set: no groff here")
		return
	}
	cmd := exec.Command(groff, "-man", "-Tutf8", "-ww")
	cmd.Stdin = bytes.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil || bytes.Contains(out, []byte("warning")) || !bytes.Contains(out, []byte(".SH x")) {
		t.Errorf("groff: %v\n%s", err, out)
	}
}
