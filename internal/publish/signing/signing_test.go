package signing

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

var made = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func configFor(algorithm packet.PublicKeyAlgorithm) *packet.Config {
	curve := packet.Curve25519
	if algorithm == packet.PubKeyAlgoECDSA {
		curve = packet.CurveNistP256
	}
	return &packet.Config{Algorithm: algorithm, RSABits: 2048, Curve: curve, Time: func() time.Time { return made }}
}

func entity(t testing.TB, algorithm packet.PublicKeyAlgorithm) *openpgp.Entity {
	t.Helper()
	e, err := openpgp.NewEntity("Karl", "", "karl@example.com", configFor(algorithm))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func secret(t testing.TB, e *openpgp.Entity) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := e.SerializePrivateWithoutSigning(&b, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func armored(t testing.TB, kind string, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := armor.Encode(&out, kind, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestRead(t *testing.T) {
	e := entity(t, packet.PubKeyAlgoEdDSA)
	plain := secret(t, e)
	var public bytes.Buffer
	if err := e.Serialize(&public); err != nil {
		t.Fatal(err)
	}
	if err := e.EncryptPrivateKeys([]byte("open sesame"), nil); err != nil {
		t.Fatal(err)
	}
	closed := secret(t, e)
	for _, tt := range []struct {
		name       string
		key        []byte
		passphrase string
		want       string // of the error; "" for none
	}{
		{"binary", plain, "", ""},
		{"armored", append([]byte("\n"), armored(t, openpgp.PrivateKeyType, plain)...), "", ""},
		{"needless passphrase", plain, "open sesame", ""},
		{"passphrase", closed, "open sesame", ""},
		{"no passphrase", closed, "", "protected by a passphrase"},
		{"wrong passphrase", closed, "sesame", "another than the given one"},
		{"public", public.Bytes(), "", "it is a public key"},
		{"armored public", armored(t, openpgp.PublicKeyType, public.Bytes()), "", "it is a public key"},
		{"message", armored(t, "PGP MESSAGE", plain), "", "it is a PGP MESSAGE"},
		{"two", append(bytes.Clone(plain), secret(t, entity(t, packet.PubKeyAlgoEdDSA))...), "", "2 keys"},
		{"empty", nil, "", "0 keys"},
		{"text", []byte("secret"), "", "no OpenPGP key"},
		{"ssh", []byte("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAB\n-----END OPENSSH PRIVATE KEY-----\n"), "", "read signing key: "},
		{"torn", plain[:len(plain)/2], "", "read signing key: "},
	} {
		k, err := Read(tt.key, []byte(tt.passphrase))
		if tt.want == "" {
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
				continue
			}
			if got, err := k.Public(); err != nil || !bytes.Contains(got, []byte("BEGIN PGP PUBLIC KEY")) || len(k.Fingerprint()) != 40 {
				t.Errorf("%s: public key %s %v", tt.name, got, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
		if errors.Is(err, ErrPassphrase) != strings.Contains(tt.name, "passphrase") {
			t.Errorf("%s: passphrase is not what is wrong", tt.name)
		}
	}
}

func TestTimes(t *testing.T) {
	k, err := Read(secret(t, entity(t, packet.PubKeyAlgoEdDSA)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Detached(nil, made.Add(-time.Hour)); err == nil || !strings.Contains(err.Error(), "made after 2025-12-31") {
		t.Errorf("signature before the key: %v", err)
	}
	one, err := k.ClearSign([]byte("a\n- b\n"), made.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if two, _ := k.ClearSign([]byte("a\n- b\n"), made.Add(time.Hour)); !bytes.Equal(one, two) {
		t.Error("signing twice gives other bytes")
	}
	if o, err := k.Open(one); err != nil || !o.Own || string(o.Text) != "a\n- b\n" {
		t.Errorf("opened as %q, %v", o.Text, err)
	}
	if _, err := k.Open(bytes.Replace(one, []byte("a\n"), []byte("c\n"), 1)); err == nil || !strings.Contains(err.Error(), "changed after it was signed") {
		t.Errorf("changed text: %v", err)
	}
	other, err := Read(secret(t, entity(t, packet.PubKeyAlgoEdDSA)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if o, err := other.Open(one); err != nil || o.Own || o.Signer == "" {
		t.Errorf("another's signature: %+v %v", o, err)
	}
}

// TestGPGV lets gpgv, which apt asks, verify what each kind of key signs.
func TestGPGV(t *testing.T) {
	for name, algorithm := range map[string]packet.PublicKeyAlgorithm{"rsa": packet.PubKeyAlgoRSA, "eddsa": packet.PubKeyAlgoEdDSA, "ecdsa": packet.PubKeyAlgoECDSA} {
		t.Run(name, func(t *testing.T) {
			k, err := Read(secret(t, entity(t, algorithm)), nil)
			if err != nil {
				t.Fatal(err)
			}
			gpgv(t, k)
		})
	}
}

func gpgv(t *testing.T, k *Key) {
	t.Helper()
	gpgv, err := exec.LookPath("gpgv")
	if err != nil {
		t.Skip("gpgv is not on this machine")
	}
	dir := t.TempDir()
	text := []byte("Origin: x\n - y  \n")
	detached, err := k.Detached(text, made.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := k.ClearSign(text, made.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for file, b := range map[string][]byte{"keys": k.public, "text": text, "text.asc": detached, "signed": signed} {
		if err := os.WriteFile(filepath.Join(dir, file), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"text.asc", "text"}, {"signed"}} {
		cmd := exec.Command(gpgv, append([]string{"--homedir", dir, "--keyring", filepath.Join(dir, "keys")}, args...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("gpgv %v: %v\n%s", args, err, out)
		}
	}
}

// TestGPGKeys signs with keys as gpg exports them, with a passphrase; the second lacks the
// primary key. They were made by
//
//	gpg --quick-generate-key "Test <test@example.com>" ed25519 cert never
//	gpg --quick-add-key FINGERPRINT ed25519 sign never
//	gpg --armor --export-secret-keys, --export-secret-subkeys
func TestGPGKeys(t *testing.T) {
	for _, name := range []string{"gpg-key.asc", "gpg-subkeys.asc"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read(b, nil); !errors.Is(err, ErrPassphrase) {
			t.Errorf("%s without passphrase: %v", name, err)
		}
		k, err := Read(b, []byte("open sesame"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if k.Fingerprint() != "7B63D29BFA3459F9A9D5358044B230D7FD71448C" {
			t.Errorf("%s: fingerprint %s", name, k.Fingerprint())
		}
		gpgv(t, k)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(secret(f, entity(f, packet.PubKeyAlgoEdDSA)), []byte("x"))
	f.Add([]byte("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nxxx\n-----END PGP PRIVATE KEY BLOCK-----\n"), []byte(""))
	f.Fuzz(func(t *testing.T, key, text []byte) {
		k, err := Read(key, nil)
		if err != nil {
			return
		}
		if signed, err := k.ClearSign(text, made.Add(time.Hour)); err == nil {
			_, _ = k.Open(signed)
		}
	})
}
