package debian

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// testKeys are made once, for making keys is slow.
var testKeys = sync.OnceValue(func() map[string]*openpgp.Entity {
	out := map[string]*openpgp.Entity{}
	for _, name := range []string{"archive", "security", "stranger", "short"} {
		c := &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return now.AddDate(-2, 0, 0) }}
		if name == "short" {
			c.KeyLifetimeSecs = 3600 * 24 * 400
		}
		e, err := openpgp.NewEntity(name, "", name+"@example.com", c)
		if err != nil {
			panic(err)
		}
		out[name] = e
	}
	return out
})

func testPins() []pin {
	k := testKeys()
	fp := func(name string) string { return hex.EncodeToString(k[name].PrimaryKey.Fingerprint) }
	return []pin{{fp("archive"), Archive}, {fp("short"), Archive}, {fp("security"), Security}}
}

// keyringOf is a binary keyring.
func keyringOf(t testing.TB, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, n := range names {
		if err := testKeys()[n].Serialize(&b); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func clearSign(t testing.TB, text string, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	config := &packet.Config{DefaultHash: crypto.SHA256, Time: func() time.Time { return now.Add(-time.Hour) }}
	var keys []*packet.PrivateKey
	for _, n := range names {
		keys = append(keys, testKeys()[n].PrivateKey)
	}
	w, err := clearsign.EncodeMulti(&b, keys, config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
