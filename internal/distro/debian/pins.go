package debian

import (
	"encoding/hex"
	"slices"
)

// pin is the primary key that an archive's index may be signed with. The fingerprints are
// those that https://ftp-master.debian.org/keys.html and the package
// debian-archive-keyring state.
type pin struct {
	fingerprint string
	kind        Kind
}

var pins = []pin{
	// Debian Archive Automatic Signing Key (11/bullseye), signs beside its successors until 2029
	{"1f89983e0081fde018f3cc9673a4f27b8dd47936", Archive},
	// Debian Security Archive Automatic Signing Key (11/bullseye)
	{"ac530d520f2f3269f5e98313a48449044aad5c5d", Security},
	// Debian Stable Release Key (11/bullseye)
	{"a4285295fc7b1a81600062a9605c66f00d6c9793", Archive},
	// Debian Archive Automatic Signing Key (12/bookworm)
	{"b8b80b5b623eab6ad8775c45b7c5d7d6350947f8", Archive},
	// Debian Security Archive Automatic Signing Key (12/bookworm)
	{"05ab90340c0c5e797f44a8c8254cf3b5aec0a8f0", Security},
	// Debian Stable Release Key (12/bookworm)
	{"4d64fec119c2029067d6e791f8d2585b8783d481", Archive},
	// Debian Archive Automatic Signing Key (13/trixie)
	{"04b54c3cdca79751b16bc6b5225629df75b188bd", Archive},
	// Debian Security Archive Automatic Signing Key (13/trixie)
	{"5e04a1e3223a19a20706e20f9904613d4cce68c6", Security},
	// Debian Stable Release Key (13/trixie)
	{"41587f7db8c774bccf131416762f67a0b2c39de4", Archive},
}

// pinned says whether a key may sign the indexes of an archive.
func pinned(list []pin, fingerprint []byte, kind Kind) bool {
	return slices.Contains(list, pin{hex.EncodeToString(fingerprint), kind})
}
