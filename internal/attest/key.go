package attest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
)

// Signer signs with a private key: Ed25519, or ECDSA with SHA-256. The same text has the
// same signature (RFC 8032, RFC 6979). It may be used by several goroutines at once.
type Signer struct {
	key crypto.Signer
	id  string
}

// Verifier checks signatures of one public key.
type Verifier struct{ key crypto.PublicKey }

// ParseSigner reads a private key, PEM in PKCS #8 or SEC 1 form, as
// "openssl genpkey -algorithm ed25519" writes it. One with a passphrase is refused.
func ParseSigner(b []byte) (*Signer, error) {
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, errors.New("read private key: it is no PEM file")
	}
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, fmt.Errorf("read private key: it is a %q; want a PRIVATE KEY without a passphrase", block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("read private key: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("read private key: a %T can't sign", key)
	}
	if err := known(signer.Public()); err != nil {
		return nil, fmt.Errorf("read private key: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		return nil, fmt.Errorf("read private key: %w", err)
	}
	sum := sha256.Sum256(der)
	return &Signer{signer, hex.EncodeToString(sum[:])}, nil
}

// ID is the SHA-256 of the public key (its SubjectPublicKeyInfo), a hint for those who have several.
func (s *Signer) ID() string { return s.id }

// Sign puts a text into an envelope.
func (s *Signer) Sign(payloadType string, payload []byte) (*Envelope, error) {
	text := PAE(payloadType, payload)
	var sig []byte
	var err error
	if _, ok := s.key.(ed25519.PrivateKey); ok {
		sig, err = s.key.Sign(nil, text, crypto.Hash(0))
	} else {
		sum := sha256.Sum256(text)
		sig, err = s.key.Sign(nil, sum[:], crypto.SHA256) // without a source of chance by RFC 6979
	}
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return &Envelope{PayloadType: payloadType, Payload: payload, Signatures: []Signature{{s.id, sig}}}, nil
}

// ParseVerifier reads a public key, PEM, as "openssl pkey -pubout" writes it.
func ParseVerifier(b []byte) (*Verifier, error) {
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errors.New("read public key: it is no PEM file with a PUBLIC KEY")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err == nil {
		err = known(key)
	}
	if err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	return &Verifier{key}, nil
}

func known(key crypto.PublicKey) error {
	switch key.(type) {
	case ed25519.PublicKey, *ecdsa.PublicKey:
		return nil
	}
	return fmt.Errorf("a %T is neither Ed25519 nor ECDSA", key)
}

func (v *Verifier) verify(text, sig []byte) bool {
	switch key := v.key.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(key, text, sig)
	case *ecdsa.PublicKey:
		sum := sha256.Sum256(text)
		return ecdsa.VerifyASN1(key, sum[:], sig)
	}
	return false
}
