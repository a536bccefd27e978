// Package digest is the identity of everything that graft stores, fetches or compares:
// the SHA-256 of its bytes. The text form is that of OCI descriptors, "sha256:" and 64
// lower-case hexadecimal digits.
package digest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
)

// Digest is a SHA-256. The zero value means "none". Digests are comparable.
type Digest [sha256.Size]byte

const prefix = "sha256:"

// Of returns the digest of b.
func Of(b []byte) Digest { return sha256.Sum256(b) }

// OfString returns the digest of s.
func OfString(s string) Digest { return Of([]byte(s)) }

// FromReader reads r to its end and returns the digest of what it read and its length in bytes.
func FromReader(r io.Reader) (Digest, int64, error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	return Sum(h), n, err
}

// OfFile returns the digest of a file's content and its length in bytes.
func OfFile(name string) (Digest, int64, error) {
	f, err := os.Open(name)
	if err != nil {
		return Digest{}, 0, err
	}
	defer f.Close()
	return FromReader(f)
}

// NewHash starts a running hash whose digest Sum returns.
func NewHash() hash.Hash { return sha256.New() }

// Sum returns the digest that a running sha256 hash has come to.
func Sum(h hash.Hash) Digest {
	var d Digest
	h.Sum(d[:0])
	return d
}

// Parse reads "sha256:<hex>" or the bare 64 hexadecimal digits that Debian indexes use.
func Parse(s string) (Digest, error) {
	var d Digest
	h := s
	if len(s) > len(prefix) && s[:len(prefix)] == prefix {
		h = s[len(prefix):]
	}
	if len(h) != hex.EncodedLen(len(d)) {
		return d, fmt.Errorf("parse digest %q: want sha256: and 64 hexadecimal digits", s)
	}
	for _, c := range []byte(h) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return d, fmt.Errorf("parse digest %q: want lower-case hexadecimal digits", s)
		}
	}
	hex.Decode(d[:], []byte(h))
	return d, nil
}

// IsZero says whether d is no digest at all.
func (d Digest) IsZero() bool { return d == Digest{} }

// Hex returns the 64 hexadecimal digits.
func (d Digest) Hex() string { return hex.EncodeToString(d[:]) }

// Short returns the first 12 hexadecimal digits, for messages and folder names that
// a person reads; never for identity.
func (d Digest) Short() string { return d.Hex()[:12] }

// String returns "sha256:<hex>", or "" for the zero digest.
func (d Digest) String() string {
	if d.IsZero() {
		return ""
	}
	return prefix + d.Hex()
}

// MarshalText and UnmarshalText give JSON and YAML the String form.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText accepts what Parse accepts, and "" for the zero digest.
func (d *Digest) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = Digest{}
		return nil
	}
	v, err := Parse(string(b))
	if err != nil {
		return err
	}
	*d = v
	return nil
}
