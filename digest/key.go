package digest

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// Key builds the digest of a list of named inputs: the key of a stage. Each part is
// length-prefixed, so that no two different lists have the same key.
//
// A Key must not be used by several goroutines at once.
type Key struct{ h hash.Hash }

// NewKey starts the key of one stage. The stage's name separates it from all others;
// it carries a version ("sysroot/1") that changes when the stage's output does.
func NewKey(stage string) *Key {
	k := &Key{h: sha256.New()}
	return k.Add("stage", stage)
}

// Add appends named values, in order.
func (k *Key) Add(name string, values ...string) *Key {
	k.part(name)
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(values)))
	k.h.Write(n[:])
	for _, v := range values {
		k.part(v)
	}
	return k
}

// AddDigest appends named digests, in order.
func (k *Key) AddDigest(name string, ds ...Digest) *Key {
	s := make([]string, len(ds))
	for i, d := range ds {
		s[i] = d.String()
	}
	return k.Add(name, s...)
}

// Digest returns the key.
func (k *Key) Digest() Digest { return Sum(k.h) }

func (k *Key) part(s string) {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(s)))
	k.h.Write(n[:])
	k.h.Write([]byte(s))
}
