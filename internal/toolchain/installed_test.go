package toolchain

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// installed makes a zig on the machine, and returns its folder.
func installedZig(t *testing.T, version, extra string) string {
	t.Helper()
	dir := t.TempDir()
	for n, text := range libFiles {
		writeFile(t, filepath.Join(dir, "lib", filepath.FromSlash(n)), text)
	}
	writeFile(t, filepath.Join(dir, "zig"), strings.Replace(fakeZig(filepath.Join(dir, "lib")), fakeVersion, version, 1)+extra)
	return dir
}

func TestGraftZig(t *testing.T) {
	dir := installedZig(t, fakeVersion, "")
	exe, err := os.ReadFile(filepath.Join(dir, "zig"))
	if err != nil {
		t.Fatal(err)
	}
	r := newRelease(t, string(exe))
	var notes []string
	for _, path := range []string{dir, filepath.Join(dir, "zig")} {
		c := r.config(t, newStore(t), &notes)
		c.Env = []string{"PATH=/usr/bin:/bin", "GRAFT_ZIG=" + path}
		z, err := GetZig(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if z.Exe != filepath.Join(dir, "zig") || z.Lib != filepath.Join(dir, "lib") || !z.External || z.Origin != "GRAFT_ZIG" {
			t.Errorf("%+v", z)
		}
		if z.Digest != contentDigest(r.release.Pins[0].Exe, r.release.Lib) || len(notes) > 0 {
			t.Errorf("the content is the pinned one: %v, %q", z.Digest, notes)
		}
	}

	// Another content has another identity, and is told of.
	other := installedZig(t, fakeVersion, "# changed\n")
	s := newStore(t)
	c := r.config(t, s, &notes)
	c.Env = []string{"PATH=/usr/bin:/bin", "GRAFT_ZIG=" + other}
	z, err := GetZig(t.Context(), c)
	if err != nil || z.Digest == contentDigest(r.release.Pins[0].Exe, r.release.Lib) || len(notes) != 1 || !strings.Contains(notes[0], "not the official one") {
		t.Errorf("%+v, %q, %v", z, notes, err)
	}
	// A changed executable is looked at again.
	writeFile(t, filepath.Join(other, "zig"), fakeZig(filepath.Join(other, "lib"))+"# changed twice\n")
	z2, err := GetZig(t.Context(), c)
	if err != nil || z2.Digest == z.Digest {
		t.Errorf("%v, %v, %v", z.Digest, z2.Digest, err)
	}

	for _, tt := range []struct{ path, want string }{
		{installedZig(t, "0.1.0", ""), "is version 0.1.0, want 9.9.9"},
		{"/nonexistent/zig", "is no executable file"},
		{t.TempDir(), "is no executable file"},
		{"/bin/true", "does not state its version"},
	} {
		c.Env = []string{"PATH=/usr/bin:/bin", "GRAFT_ZIG=" + tt.path}
		if _, err := GetZig(t.Context(), c); err == nil || !strings.Contains(err.Error(), "use GRAFT_ZIG: ") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.path, err, tt.want)
		}
	}
	if asked := r.requests(); len(asked) > 0 {
		t.Errorf("asked for %q", asked)
	}
}

func TestPathZig(t *testing.T) {
	dir := installedZig(t, fakeVersion, "")
	exe, err := os.ReadFile(filepath.Join(dir, "zig"))
	if err != nil {
		t.Fatal(err)
	}
	// The pinned content: it is used as it is.
	r := newRelease(t, string(exe))
	c := r.config(t, newStore(t), nil)
	c.Env = []string{"PATH=" + dir + ":/usr/bin:/bin"}
	if z, err := GetZig(t.Context(), c); err != nil || z.Origin != "PATH" || len(r.requests()) > 0 {
		t.Errorf("%+v, %v", z, err)
	}
	// Another content: the official one is fetched.
	r = newRelease(t, "the executable")
	var notes []string
	c = r.config(t, newStore(t), &notes)
	c.Env = []string{"PATH=" + dir + ":/usr/bin:/bin"}
	if z, err := GetZig(t.Context(), c); err != nil || z.Origin != "the official archive" || len(notes) != 1 {
		t.Errorf("%+v, %q, %v", z, notes, err)
	}
	// Nothing else can be had: it is used, with a warning.
	r.files, notes = map[string][]byte{}, nil
	c = r.config(t, newStore(t), &notes)
	c.Env = []string{"PATH=" + dir + ":/usr/bin:/bin"}
	z, err := GetZig(t.Context(), c)
	if err != nil || z.Origin != "PATH" || !strings.HasPrefix(notes[len(notes)-1], "warning: ") {
		t.Errorf("%+v, %q, %v", z, notes, err)
	}
	// Another version is none.
	r = newRelease(t, "the executable")
	c = r.config(t, newStore(t), &notes)
	c.Env = []string{"PATH=" + installedZig(t, "0.1.0", "") + ":/usr/bin:/bin"}
	if z, err := GetZig(t.Context(), c); err != nil || z.Origin != "the official archive" || !strings.Contains(notes[len(notes)-1], "its version is 0.1.0, want 9.9.9") {
		t.Errorf("%+v, %q, %v", z, notes, err)
	}
}

func TestParseEnv(t *testing.T) {
	tests := []struct {
		out, version, lib, err string
	}{
		{".{\n    .zig_exe = \"/z/zig\",\n    .lib_dir = \"/z/lib \\\"x\\\"\",\n    .version = \"0.16.0\",\n    .env = .{ .ZIG_LIB_DIR = null },\n}\n", "0.16.0", `/z/lib "x"`, ""},
		{"{\n \"zig_exe\": \"/z/zig\",\n \"lib_dir\": \"/z/lib\",\n \"version\": \"0.13.0\"\n}\n", "0.13.0", "/z/lib", ""},
		{"", "", "", "its version"},
		{".version = \"1\",\n.lib_dir = \"lib\",\n", "1", "lib", "its lib folder"},
		{".version = 1,\n", "", "", "its version"},
	}
	for _, tt := range tests {
		inv, err := parseEnv(tt.out)
		if inv.Version != tt.version || inv.Lib != tt.lib || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%q: %+v, %v", tt.out, inv, err)
		}
	}
}
