package attest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func keyPair(t testing.TB, key crypto.Signer) (private, public []byte) {
	t.Helper()
	a, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: a}), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: b})
}

func keys(t testing.TB) map[string]crypto.Signer {
	t.Helper()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]crypto.Signer{"ed25519": ed, "ecdsa": ec}
}

func statement() Statement {
	return Statement{
		Type: StatementType, PredicateType: ProvenanceType,
		Subject: []Resource{{Name: "app.tar.gz", Digest: map[string]string{"sha256": "00"}}},
		Predicate: Provenance{
			Definition: Definition{Type: "https://example.com/build", External: map[string]any{"target": "a<b>"}, Dependencies: []Resource{{URI: "pkg:golang/example.com/m@v1.0.0", Digest: map[string]string{"goModuleH1": "00"}}}},
			Run:        Run{Builder: Builder{ID: "https://example.com/builder"}},
		},
	}
}

// TestPAE is the example of the specification.
func TestPAE(t *testing.T) {
	if got := string(PAE("http://example.com/HelloWorld", []byte("hello world"))); got != "DSSEv1 29 http://example.com/HelloWorld 11 hello world" {
		t.Error(got)
	}
}

func TestUnsigned(t *testing.T) {
	line, err := Encode(statement(), nil)
	if err != nil || bytes.Count(line, []byte("\n")) != 1 || !bytes.Contains(line, []byte("a<b>")) {
		t.Fatalf("%v: %s", err, line)
	}
	got, err := Decode(append(line, line...))
	if err != nil || len(got) != 2 || got[0].Envelope != nil {
		t.Fatalf("%v: %+v", err, got)
	}
	if d := cmp.Diff(statement(), got[1].Statement); d != "" {
		t.Error(d)
	}
}

func TestSigned(t *testing.T) {
	all := keys(t)
	for name, key := range all {
		private, public := keyPair(t, key)
		signer, err := ParseSigner(private)
		if err != nil {
			t.Fatal(err)
		}
		verifier, err := ParseVerifier(public)
		if err != nil {
			t.Fatal(err)
		}
		line, err := Encode(statement(), signer)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Encode(statement(), signer); err != nil || !bytes.Equal(line, again) {
			t.Errorf("%s: %v: two signatures of one text differ", name, err)
		}
		got, err := Decode(line)
		if err != nil || len(got) != 1 || got[0].Envelope == nil {
			t.Fatalf("%s: %v: %+v", name, err, got)
		}
		if d := cmp.Diff(statement(), got[0].Statement); d != "" {
			t.Error(d)
		}
		env := got[0].Envelope
		if err := env.Verify(verifier); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for what, bad := range map[string]Envelope{
			"payload":   {env.PayloadType, append([]byte(" "), env.Payload...), env.Signatures},
			"type":      {env.PayloadType + "x", env.Payload, env.Signatures},
			"signature": {env.PayloadType, env.Payload, []Signature{{env.Signatures[0].KeyID, append([]byte{1}, env.Signatures[0].Sig[1:]...)}}},
			"none":      {env.PayloadType, env.Payload, nil},
		} {
			if err := bad.Verify(verifier); !errors.Is(err, ErrSignature) {
				t.Errorf("%s: another %s is not refused: %v", name, what, err)
			}
		}
		for other, key := range all {
			_, public := keyPair(t, key)
			if v, err := ParseVerifier(public); err != nil || (env.Verify(v) == nil) != (other == name) {
				t.Errorf("%s is verified with the key of %s: %v", name, other, err)
			}
		}
	}
}

func TestKeysThatAreNone(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private, public := keyPair(t, weak)
	for _, b := range [][]byte{nil, []byte("x"), public, private, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})} {
		if _, err := ParseSigner(b); err == nil {
			t.Errorf("taken for a private key: %.40q", b)
		}
		if _, err := ParseVerifier(b); err == nil {
			t.Errorf("taken for a public key: %.40q", b)
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	for in, want := range map[string]string{
		"{": "line 1", "\n[]": "line 2", "{}": "want https://in-toto.io", `{"payload":"e30=","payloadType":"x","signatures":[{"sig":""}]}`: `holds "x"`,
		`{"payload":"e30=","payloadType":"x","signatures":[]}`:        "0 signatures",
		`{"payload":"%","payloadType":"x","signatures":[{"sig":""}]}`: "payload",
	} {
		if _, err := Decode([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", in, err, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	private, _ := keyPair(f, keys(f)["ed25519"])
	signer, err := ParseSigner(private)
	if err != nil {
		f.Fatal(err)
	}
	for _, by := range []*Signer{nil, signer} {
		line, err := Encode(statement(), by)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		lines, err := Decode(in)
		if err != nil {
			return
		}
		for _, l := range lines {
			if l.Envelope == nil {
				continue
			}
			b, err := json.Marshal(l.Envelope)
			if err != nil {
				t.Fatal(err)
			}
			again, err := ParseEnvelope(b)
			if err != nil || !bytes.Equal(again.Payload, l.Payload) {
				t.Errorf("%v: %s", err, b)
			}
		}
	})
}
