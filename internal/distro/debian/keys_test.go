package debian

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"

	"github.com/graft-build/graft/internal/distro/mirror"
)

// TestArchiveKeyring opens an archive on a machine without Debian's keys.
func TestArchiveKeyring(t *testing.T) {
	a := menagerie(t)
	ev := &events{}
	c := configFor(t, ev, a.serve(t))
	for name, keyring := range map[string][]byte{
		"none": nil, "damaged": []byte("no keyring"), "without Debian's keys": keyringOf(t, "stranger"),
	} {
		c.Keyring = keyring
		open(t, c)
		if name != "none" && !strings.Contains(strings.Join(ev.notes, "\n"), "the keyring of this machine is of no use") {
			t.Errorf("%s: notes %q", name, ev.notes)
		}
	}
	if n := strings.Count(strings.Join(ev.notes, "\n"), "keys of Debian taken from"); n != 1 {
		t.Errorf("the keyring was fetched %d times", n)
	}
	// The index was signed with a key that the host does not have yet.
	a = menagerie(t)
	c = configFor(t, &events{}, a.serve(t))
	c.Keyring = keyringOf(t, "short", "security")
	open(t, c)
}

// TestForgedKeyring lets the archive's keyring hold keys that are not pinned.
func TestForgedKeyring(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"another key": {HostKeyring: string(keyringOf(t, "stranger"))},
		"no keyring":  {"usr/share/doc/x": "x"},
		"garbage":     {HostKeyring: "garbage"},
		"link":        {HostKeyring: "-> /etc/passwd"},
		"long":        {HostKeyring: strings.Repeat("x", maxKeyring+1)},
	} {
		a := &archive{}
		a.add(t, madeSuite{suite: "bookworm", keys: []string{"stranger"}, packages: []fake{{name: keyringPackage, arch: "all", files: files}}})
		a.add(t, madeSuite{suite: "bookworm-security", keys: []string{"stranger"}})
		c := configFor(t, &events{}, a.serve(t))
		c.Keyring = nil
		if _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "find the keys of Debian") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestTrusted opens an archive under a key of the user's own.
func TestTrusted(t *testing.T) {
	a := &archive{}
	a.add(t, madeSuite{suite: "bookworm", keys: []string{"stranger"}})
	a.add(t, madeSuite{suite: "bookworm-security", keys: []string{"stranger"}})
	c := configFor(t, &events{}, a.serve(t))
	var armored bytes.Buffer
	w, err := armor.Encode(&armored, "PGP PUBLIC KEY BLOCK", nil)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(keyringOf(t, "stranger"))
	w.Close()
	for name, keyring := range map[string][]byte{"binary": keyringOf(t, "stranger"), "armored": armored.Bytes()} {
		c.Trusted = keyring
		r, err := Open(t.Context(), c)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r.Close()
	}
	c.Trusted = keyringOf(t, "archive")
	if _, err := Open(t.Context(), c); !isUnknownKey(err) {
		t.Errorf("another key: %v", err)
	}
	c.Trusted = []byte("no keyring")
	if _, err := Open(t.Context(), c); err == nil {
		t.Error("a damaged keyring was taken")
	}
}

// TestExpiredKey checks a signature that was good until its key expired.
func TestExpiredKey(t *testing.T) {
	const text = "Codename: bookworm\n"
	keys, err := readKeyring(keyringOf(t, "short", "archive"), testPins(), Archive)
	if err != nil {
		t.Fatal(err)
	}
	signed := clearSign(t, text, "short")
	if _, err := verify("x", signed, keys, now); !isBadSignature(err) || !strings.Contains(err.Error(), "no signature is valid") {
		t.Errorf("expired key: %v", err)
	}
	if _, err := verify("x", clearSign(t, text, "short", "archive"), keys, now); err != nil {
		t.Errorf("expired key beside a good one: %v", err)
	}
	if _, err := verify("x", clearSign(t, text, "stranger", "archive"), keys, now); err != nil {
		t.Errorf("unknown key beside a good one: %v", err)
	}
	if _, err := verify("x", clearSign(t, text, "archive"), keys, now.AddDate(-1, 0, 0)); err == nil {
		t.Error("a signature of the future is taken")
	}
}

// TestGpgv asks gpgv whether it agrees on what is a good signature.
func TestGpgv(t *testing.T) {
	gpgv, err := exec.LookPath("gpgv")
	if err != nil {
		t.Skip("gpgv is not on this machine")
	}
	dir := t.TempDir()
	ring := filepath.Join(dir, "ring.gpg")
	// gpgv has no clock to set, so these are keys that do not expire.
	if err := os.WriteFile(ring, keyringOf(t, "archive", "security"), 0o644); err != nil {
		t.Fatal(err)
	}
	keys, err := readKeyring(keyringOf(t, "archive"), testPins(), Archive)
	if err != nil {
		t.Fatal(err)
	}
	more, err := readKeyring(keyringOf(t, "security"), testPins(), Security)
	if err != nil {
		t.Fatal(err)
	}
	keys = append(keys, more...)
	good := clearSign(t, "Codename: bookworm\n- dash\n-----BEGIN\ntrailing  \n\nDate: x\n", "archive")
	two := clearSign(t, "Codename: bookworm\n", "stranger", "security")
	cases := map[string][]byte{
		"good": good, "two": two, "stranger": clearSign(t, "x\n", "stranger"),
		"changed":         bytes.Replace(good, []byte("bookworm"), []byte("bullseye"), 1),
		"white space":     bytes.Replace(good, []byte("trailing"), []byte("trailing "), 1),
		"crlf":            bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")),
		"line removed":    bytes.Replace(good, []byte("Date: x\n"), nil, 1),
		"cut":             good[:len(good)-40],
		"empty":           nil,
		"signature moved": append(bytes.Clone(good[:bytes.Index(good, []byte("-----BEGIN PGP SIGNATURE"))]), two[bytes.Index(two, []byte("-----BEGIN PGP SIGNATURE")):]...),
	}
	for i := 100; i < len(good); i += 37 {
		b := bytes.Clone(good)
		b[i] ^= 1
		cases["byte "+string(rune('a'+i/37))] = b
	}
	for name, signed := range cases {
		file := filepath.Join(dir, "signed")
		if err := os.WriteFile(file, signed, 0o644); err != nil {
			t.Fatal(err)
		}
		text, err := verify(name, signed, keys, time.Now())
		cmd := exec.Command(gpgv, "--homedir", dir, "--keyring", ring, "--output", "-", file)
		said, gpgErr := cmd.Output()
		if name == "two" {
			gpgErr = nil // gpgv wants every key, graft one of them
			said = text
		}
		// Of the form that a message may have graft takes less.
		stricter := strings.HasPrefix(name, "byte ") && err != nil
		if (err == nil) != (gpgErr == nil) && !stricter {
			t.Errorf("%s: graft says %v, gpgv says %v", name, err, gpgErr)
		}
		if err == nil && strings.TrimRight(string(text), "\r\n") != strings.TrimRight(strings.ReplaceAll(trimLines(string(said)), "\r", ""), "\n") {
			t.Errorf("%s: graft reads %q, gpgv %q", name, text, said)
		}
	}
}

func trimLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t\r")
	}
	return strings.Join(lines, "\n")
}

// TestPinned looks up each pin in the host's keyring.
func TestPinned(t *testing.T) {
	b, err := os.ReadFile("/" + HostKeyring)
	if err != nil {
		t.Skip("this machine has no keyring of Debian's archive")
	}
	found := 0
	for _, kind := range []Kind{Archive, Security} {
		keys, err := readKeyring(b, pins, kind)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			for name := range k.Identities {
				if !strings.Contains(name, "Debian") || strings.Contains(name, "Security") != (kind == Security) {
					t.Errorf("%s is pinned for the %s", name, kind)
				}
			}
			found++
		}
	}
	if found != len(pins) {
		t.Logf("the host's keyring has %d of %d pinned keys", found, len(pins))
	}
}

// TestRealSignatures verifies the real indexes with and without the host's keyring, and asks
// gpgv as well.
func TestRealSignatures(t *testing.T) {
	c := realConfig(t, "debian-bookworm", "amd64", "x86_64-linux-gnu")
	for _, name := range Names() {
		def, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range def.Suites {
			signed, from, err := c.Fetcher.Get(t.Context(), mirror.Join(c.Mirrors.bases(s), "dists/"+s.ID+"/InRelease"), maxRelease)
			if err != nil {
				t.Error(err)
				continue
			}
			keys, err := readKeyring(c.Keyring, pins, s.Kind)
			if err != nil {
				t.Skip(err)
			}
			if _, err := verify(from, signed, keys, c.Now); err != nil {
				t.Error(err)
			}
			for _, at := range []int{200, len(signed) / 2} {
				bad := bytes.Clone(signed)
				bad[at] ^= 1
				if _, err := verify(from, bad, keys, c.Now); !isBadSignature(err) {
					t.Errorf("%s with byte %d changed: %v", s.ID, at, err)
				}
			}
			other, err := readKeyring(c.Keyring, pins, map[Kind]Kind{Archive: Security, Security: Archive}[s.Kind])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := verify(from, signed, other, c.Now); !isUnknownKey(err) {
				t.Errorf("%s with keys of the other archive: %v", s.ID, err)
			}
			gpgvAgrees(t, signed)
		}
	}
}

func gpgvAgrees(t *testing.T, signed []byte) {
	t.Helper()
	gpgv, err := exec.LookPath("gpgv")
	if err != nil {
		return
	}
	file := filepath.Join(t.TempDir(), "InRelease")
	if err := os.WriteFile(file, signed, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(gpgv, "--keyring", "/"+HostKeyring, file).CombinedOutput(); err != nil {
		t.Errorf("gpgv: %v\n%s", err, out)
	}
}

// TestRealKeyring opens the real archive as a machine without Debian's keys does.
func TestRealKeyring(t *testing.T) {
	for _, name := range Names() {
		c := realConfig(t, name, "amd64", "x86_64-linux-gnu")
		c.pins = pins
		k := &keys{config: c}
		def, _ := Lookup(name)
		k.suite = def.Suites[0]
		b, err := k.fetch(t.Context())
		if err != nil {
			t.Error(err)
			continue
		}
		for _, kind := range []Kind{Archive, Security} {
			if _, err := readKeyring(b, pins, kind); err != nil {
				t.Error(err)
			}
		}
		k.config.Keyring = nil
		if _, err := openRelease(t.Context(), k.config, k, k.suite); err != nil {
			t.Error(err)
		}
	}
}
