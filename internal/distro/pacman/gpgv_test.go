package pacman

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestGpgvOracle compares with GnuPG's own verifier on the real databases.
func TestGpgvOracle(t *testing.T) {
	tool, err := exec.LookPath("gpgv")
	if err != nil {
		t.Skip("no gpgv on this machine")
	}
	k, err := NewKeyring()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	var keys bytes.Buffer
	all, err := readKeys(readShared(t, "msys2-real", "msys2.gpg"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if err := e.Serialize(&keys); err != nil {
			t.Fatal(err)
		}
	}
	keyring := put("keys.gpg", keys.Bytes())
	for _, name := range []string{"clang64.db", "mingw64.db"} {
		content := readShared(t, "msys2-real", name)
		sig := readShared(t, "msys2-real", name+".sig")
		for i, change := range []func(b []byte, s []byte){
			func(_, _ []byte) {},
			func(b, _ []byte) { b[0] ^= 1 },
			func(b, _ []byte) { b[len(b)/2] ^= 0x80 },
			func(_, s []byte) { s[len(s)-1] ^= 1 },
			func(_, s []byte) { s[10] ^= 1 },
			func(_, s []byte) { s[34] ^= 1 }, // the time of signing
		} {
			b, s := bytes.Clone(content), bytes.Clone(sig)
			change(b, s)
			_, err := k.Verify(name, bytes.NewReader(b), s, in2024, false)
			cmd := exec.Command(tool, "--homedir", dir, "--keyring", keyring, put("sig", s), put("content", b))
			out, gpgErr := cmd.CombinedOutput()
			if (err == nil) != (gpgErr == nil) || (err == nil) != (i == 0) {
				t.Errorf("%s, change %d: %v; gpgv: %v\n%s", name, i, err, gpgErr, out)
			}
		}
	}
}
