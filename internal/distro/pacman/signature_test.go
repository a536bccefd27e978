package pacman

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// shared returns a path below ../shared/testdata, and skips the test when it is not there.
func shared(t testing.TB, elem ...string) string {
	t.Helper()
	dir := os.Getenv("GRAFT_TEST_SHARED")
	if dir == "" {
		_, file, _, _ := runtime.Caller(0)
		dir = filepath.Join(filepath.Dir(file), "../../../../shared")
	}
	p := filepath.Join(append([]string{dir, "testdata"}, elem...)...)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("no %s: set GRAFT_TEST_SHARED to the folder that holds testdata/%s", p, elem[0])
	}
	return p
}

func readShared(t testing.TB, elem ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(shared(t, elem...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// in2024 is shortly after the real databases were signed.
var in2024 = time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)

func TestVerifyReal(t *testing.T) {
	builtin, err := NewKeyring()
	if err != nil {
		t.Fatal(err)
	}
	full, err := newKeyring(pins, [][]byte{readShared(t, "msys2-real", "msys2.gpg")})
	if err != nil || len(full.keys) != len(pins) {
		t.Fatalf("MSYS2's own keyring: %d pinned keys, %v", len(full.keys), err)
	}
	for _, name := range []string{"clang64.db", "mingw64.db"} {
		content := readShared(t, "msys2-real", name)
		sig := readShared(t, "msys2-real", name+".sig")
		for _, k := range []*Keyring{builtin, full} {
			for _, fresh := range []bool{false, true} {
				s, err := k.Verify(name, bytes.NewReader(content), sig, in2024, fresh)
				if err != nil || s.Fingerprint != pins[0] || s.Time.Year() != 2024 || !strings.Contains(s.Name, "Reiter") {
					t.Errorf("%s: %+v, %v", name, s, err)
				}
			}
		}
		for _, at := range []int{0, 1000, len(content) - 1} {
			changed := bytes.Clone(content)
			changed[at] ^= 1
			var se *SignatureError
			if _, err := builtin.Verify(name, bytes.NewReader(changed), sig, in2024, false); !errors.As(err, &se) || se.Unknown {
				t.Errorf("%s with byte %d changed: %v", name, at, err)
			}
		}
		if _, err := builtin.Verify(name, bytes.NewReader(content[:len(content)-1]), sig, in2024, false); err == nil {
			t.Errorf("%s cut by a byte: accepted", name)
		}
		for at := range sig {
			changed := bytes.Clone(sig)
			changed[at] ^= 0x10
			if _, err := builtin.Verify(name, bytes.NewReader(content), changed, in2024, false); err == nil && !unhashed(at) {
				t.Errorf("%s with byte %d of the signature changed: accepted", name, at)
			}
		}
	}
	other := readShared(t, "msys2-real", "mingw64.db.sig")
	if _, err := builtin.Verify("clang64.db", bytes.NewReader(readShared(t, "msys2-real", "clang64.db")), other, in2024, false); err == nil {
		t.Error("another file's signature: accepted")
	}
}

// unhashed says whether a byte of MSYS2's signatures is not signed itself: the length, which
// may be written in several ways, hints about the issuer, and the first two bytes of the hash.
func unhashed(at int) bool { return at < 3 || at >= 38 && at < 54 }

// newKey makes a packager of a test.
func newKey(t testing.TB, when time.Time, life uint32) *openpgp.Entity {
	t.Helper()
	e, err := openpgp.NewEntity("Packager", "", "packager@example.com", &packet.Config{
		Time: func() time.Time { return when }, KeyLifetimeSecs: life, Algorithm: packet.PubKeyAlgoEdDSA,
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// sign signs at a time, whether or not the key was valid then.
func sign(t testing.TB, e *openpgp.Entity, content string, when time.Time) []byte {
	t.Helper()
	s := &packet.Signature{
		Version: 4, SigType: packet.SigTypeBinary, PubKeyAlgo: e.PrimaryKey.PubKeyAlgo, Hash: crypto.SHA256,
		CreationTime: when, IssuerKeyId: &e.PrimaryKey.KeyId, IssuerFingerprint: e.PrimaryKey.Fingerprint,
	}
	h := sha256.New()
	io.WriteString(h, content)
	if err := s.Sign(h, e.PrivateKey, nil); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := s.Serialize(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func keyringOf(entities ...*openpgp.Entity) *Keyring { return &Keyring{keys: entities} }

func TestVerify(t *testing.T) {
	day := 24 * time.Hour
	start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	a, b := newKey(t, start, 0), newKey(t, start, 0)
	short := newKey(t, start, uint32(30*day/time.Second))
	revoked := newKey(t, start, 0)
	if err := revoked.RevokeKey(packet.KeyCompromised, "stolen", &packet.Config{Time: func() time.Time { return start.Add(50 * day) }}); err != nil {
		t.Fatal(err)
	}
	k := keyringOf(a, short, revoked)
	now := start.Add(100 * day)
	const text = "content"
	good := sign(t, a, text, start.Add(10*day))
	for name, c := range map[string]struct {
		sig     []byte
		fresh   bool
		ok      bool
		unknown bool
	}{
		"good":                              {sig: good, ok: true},
		"good, fresh":                       {sig: good, fresh: true, ok: true},
		"an unknown key":                    {sig: sign(t, b, text, start.Add(10*day)), unknown: true},
		"an unknown key beside a known one": {sig: append(sign(t, b, text, start.Add(10*day)), good...), ok: true},
		"two of a known key":                {sig: append(bytes.Clone(good), good...)},
		"other content":                     {sig: sign(t, a, text+"!", start.Add(10*day))},
		"made in the future":                {sig: sign(t, a, text, now.Add(10*day))},
		"made by a clock that is ahead":     {sig: sign(t, a, text, now.Add(time.Hour)), ok: true},
		"the same, fresh":                   {sig: sign(t, a, text, now.Add(time.Hour)), fresh: true, ok: true},
		"a key that expired since":          {sig: sign(t, short, text, start.Add(10*day)), ok: true},
		"a key that expired since, fresh":   {sig: sign(t, short, text, start.Add(10*day)), fresh: true},
		"a key that had expired":            {sig: sign(t, short, text, start.Add(60*day))},
		"a stolen key":                      {sig: sign(t, revoked, text, start.Add(10*day))},
		"nothing":                           {sig: nil},
		"text":                              {sig: []byte("Not Found")},
		"too long":                          {sig: make([]byte, maxSignature+1)},
		"a key instead of a signature":      {sig: packagers},
	} {
		_, err := k.Verify("x.db", strings.NewReader(text), c.sig, now, c.fresh)
		if c.ok {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		var se *SignatureError
		if !errors.As(err, &se) || se.Unknown != c.unknown {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken := io.MultiReader(strings.NewReader(text), &failing{})
	var se *SignatureError
	if _, err := k.Verify("x.db", broken, good, now, false); err == nil || errors.As(err, &se) {
		t.Errorf("content that can't be read: %v", err)
	}
}

type failing struct{}

func (*failing) Read([]byte) (int, error) { return 0, errors.New("no more") }

func TestNewKeyringPins(t *testing.T) {
	stranger := newKey(t, in2024, 0)
	var b bytes.Buffer
	if err := stranger.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	if _, err := newKeyring(pins, [][]byte{b.Bytes()}); err == nil {
		t.Error("a keyring of strangers: accepted")
	}
	k, err := NewKeyring(b.Bytes())
	if err != nil || len(k.keys) != len(pins) {
		t.Errorf("with a stranger: %v", err)
	}
	if _, err := NewKeyring([]byte("-----BEGIN nothing")); err == nil {
		t.Error("a broken keyring: accepted")
	}
}

func FuzzVerify(f *testing.F) {
	e := newKey(f, in2024, 0)
	k := keyringOf(e)
	good := sign(f, e, "content", in2024.Add(time.Hour))
	f.Add("content", good)
	f.Add("other", good)
	f.Fuzz(func(t *testing.T, content string, sig []byte) {
		if _, err := k.Verify("x", strings.NewReader(content), sig, in2024.Add(48*time.Hour), true); err == nil && content != "content" {
			t.Fatalf("accepted %q", content)
		}
	})
}
