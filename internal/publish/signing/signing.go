// Package signing signs what publish writes into folders with an OpenPGP key of the user:
// Release files of apt repositories and lists of checksums. gpg, gpgv and sqv take what it
// writes.
package signing

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// maxKey bounds a key file; one with hundreds of signatures by others stays below it.
const maxKey = 4 << 20

// Key is a secret key that signs. It may be used by several goroutines at once.
type Key struct {
	entity *openpgp.Entity
	public []byte // binary
}

// ErrPassphrase is a key that its passphrase, or the lack of one, does not open.
var ErrPassphrase = errors.New("the secret key is protected by a passphrase")

// Read reads one secret key, armored or binary, as gpg --export-secret-keys and
// --export-secret-subkeys write it. A passphrase that the key does not need is not used.
func Read(b, passphrase []byte) (*Key, error) {
	k, err := read(b, passphrase)
	if err != nil {
		return nil, fmt.Errorf("read signing key: %w", err)
	}
	return k, nil
}

func read(b, passphrase []byte) (*Key, error) {
	if len(b) > maxKey {
		return nil, fmt.Errorf("longer than %d bytes", maxKey)
	}
	b, err := unarmor(b)
	if err != nil {
		return nil, err
	}
	all, err := openpgp.ReadKeyRing(bytes.NewReader(b))
	switch {
	case err != nil:
		return nil, fmt.Errorf("it is no OpenPGP key: %w", err)
	case len(all) != 1:
		return nil, fmt.Errorf("there are %d keys in it; export the one that signs", len(all))
	case !hasSecret(all[0]):
		return nil, errors.New("it is a public key; gpg --export-secret-keys writes the secret one")
	}
	if err := unlock(all[0], passphrase); err != nil {
		return nil, err
	}
	k := &Key{entity: all[0]}
	k.public, err = publicPart(b)
	return k, err
}

func unarmor(b []byte) ([]byte, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(b), []byte("-----BEGIN")) {
		return b, nil
	}
	block, err := armor.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("the armor is damaged: %w", err)
	}
	if block.Type != openpgp.PrivateKeyType && block.Type != openpgp.PublicKeyType {
		return nil, fmt.Errorf("it is a %s, want a %s", block.Type, openpgp.PrivateKeyType)
	}
	out, err := io.ReadAll(io.LimitReader(block.Body, maxKey))
	if err != nil {
		return nil, fmt.Errorf("the armor is damaged: %w", err)
	}
	return out, nil
}

// privates are the secret parts that are really there: gpg leaves a stand-in where the
// primary key was kept back.
func privates(e *openpgp.Entity) []*packet.PrivateKey {
	var out []*packet.PrivateKey
	add := func(p *packet.PrivateKey) {
		if p != nil && !p.Dummy() {
			out = append(out, p)
		}
	}
	add(e.PrivateKey)
	for _, s := range e.Subkeys {
		add(s.PrivateKey)
	}
	return out
}

func hasSecret(e *openpgp.Entity) bool { return len(privates(e)) > 0 }

func unlock(e *openpgp.Entity, passphrase []byte) error {
	for _, p := range privates(e) {
		if !p.Encrypted {
			continue
		}
		if len(passphrase) == 0 {
			return ErrPassphrase
		}
		if err := p.Decrypt(passphrase); err != nil {
			return fmt.Errorf("%w, which is another than the given one", ErrPassphrase)
		}
	}
	return nil
}

// publicPart is the key without its secrets, packet for packet (RFC 9580, section 5):
// the library would write the user IDs in the order of a map.
func publicPart(b []byte) ([]byte, error) {
	const signature, secretKey, secretSubkey, userID, attribute = 2, 5, 7, 13, 17
	var out bytes.Buffer
	r := packet.NewOpaqueReader(bytes.NewReader(b))
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out.Bytes(), nil
		}
		if err != nil {
			return nil, fmt.Errorf("it is damaged: %w", err)
		}
		switch p.Tag {
		case secretKey, secretSubkey:
			parsed, err := p.Parse()
			if err != nil {
				return nil, fmt.Errorf("it is damaged: %w", err)
			}
			if key, ok := parsed.(*packet.PrivateKey); ok {
				err = key.PublicKey.Serialize(&out)
			}
			if err != nil {
				return nil, err
			}
		case signature, userID, attribute:
			if err := p.Serialize(&out); err != nil {
				return nil, err
			}
		}
	}
}

// Fingerprint is the primary key's, in upper case.
func (k *Key) Fingerprint() string {
	return strings.ToUpper(hex.EncodeToString(k.entity.PrimaryKey.Fingerprint))
}

// Public is the public key, armored.
func (k *Key) Public() ([]byte, error) {
	var b bytes.Buffer
	w, err := armor.Encode(&b, openpgp.PublicKeyType, nil)
	if err == nil {
		_, err = w.Write(k.public)
	}
	if err == nil {
		err = w.Close()
	}
	b.WriteByte('\n')
	return b.Bytes(), err
}

// config makes signatures that depend on nothing but text, key and time where the algorithm
// allows it: RSA and EdDSA do, ECDSA and DSA don't.
func config(at time.Time) *packet.Config {
	plain := false
	return &packet.Config{
		DefaultHash: crypto.SHA512, Time: func() time.Time { return at },
		NonDeterministicSignaturesViaNotation: &plain,
	}
}

// signer is the key, or subkey, that signs at a time.
func (k *Key) signer(at time.Time) (*packet.PrivateKey, error) {
	day := at.UTC().Format(time.DateOnly)
	if k.entity.PrimaryKey.CreationTime.After(at) {
		return nil, fmt.Errorf("key %s was made after %s; nobody would believe the signature", k.Fingerprint(), day)
	}
	key, ok := k.entity.SigningKey(at)
	switch {
	case !ok:
		return nil, fmt.Errorf("key %s has no part that may sign on %s: it is expired, revoked or not for signing", k.Fingerprint(), day)
	case key.PrivateKey == nil || key.PrivateKey.Dummy():
		return nil, fmt.Errorf("key %s: the secret part of %016X, which signs, is not in the file", k.Fingerprint(), key.PublicKey.KeyId)
	}
	return key.PrivateKey, nil
}

// ClearSign signs a text and returns both in one, as InRelease has them.
func (k *Key) ClearSign(text []byte, at time.Time) ([]byte, error) {
	key, err := k.signer(at)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	var b bytes.Buffer
	w, err := clearsign.Encode(&b, key, config(at))
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// Detached signs a text and returns the armored signature.
func (k *Key) Detached(text []byte, at time.Time) ([]byte, error) {
	if _, err := k.signer(at); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	var b bytes.Buffer
	if err := openpgp.ArmoredDetachSign(&b, k.entity, bytes.NewReader(text), config(at)); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// Opened is a clear-signed text.
type Opened struct {
	Text   []byte
	Signer string // identifier of the signing key, 16 digits
	Own    bool   // it is of the key that was asked, and good
}

// Open takes a clear-signed text apart. A signature of k that is not of the text is an
// error; that of another key is not looked at.
func (k *Key) Open(signed []byte) (Opened, error) {
	block, rest := clearsign.Decode(signed)
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return Opened{}, errors.New("it is no clear-signed text")
	}
	body, err := io.ReadAll(io.LimitReader(block.ArmoredSignature.Body, maxKey))
	if err != nil {
		return Opened{}, fmt.Errorf("the signature is damaged: %w", err)
	}
	out := Opened{Text: block.Plaintext}
	p, err := packet.Read(bytes.NewReader(body))
	sig, ok := p.(*packet.Signature)
	if err != nil || !ok || sig.IssuerKeyId == nil {
		return Opened{}, errors.New("the signature is damaged")
	}
	out.Signer = fmt.Sprintf("%016X", *sig.IssuerKeyId)
	if len((openpgp.EntityList{k.entity}).KeysById(*sig.IssuerKeyId)) == 0 {
		return out, nil
	}
	// Valid when it was made: the key may have expired since.
	made := &packet.Config{Time: func() time.Time { return sig.CreationTime }}
	if _, err := openpgp.CheckDetachedSignature(openpgp.EntityList{k.entity}, bytes.NewReader(block.Bytes), bytes.NewReader(body), made); err != nil {
		return Opened{}, fmt.Errorf("it was changed after it was signed: %w", err)
	}
	out.Own = true
	return out, nil
}
