package debian

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// maxSignatures bounds the signatures of one file; Debian's have three.
const maxSignatures = 32

// SignatureError is an index that bears no signature that makes it believable.
type SignatureError struct {
	What    string // the file, with its address
	Unknown bool   // no key of Debian's has signed it: it may be another distribution's, or a login page
	Reason  string
}

func (e *SignatureError) Error() string {
	return fmt.Sprintf("verify signature of %s: %s", e.What, e.Reason)
}

// keyring is the keys that may sign the indexes of one archive.
type keyring = openpgp.EntityList

// verify checks the clear-signed file (InRelease) and returns the text that the signatures
// cover. At least one signature must be good, and none of a pinned key may be bad.
// An error is a *SignatureError.
func verify(what string, signed []byte, keys keyring, now time.Time) ([]byte, error) {
	fail := func(unknown bool, format string, args ...any) error {
		return &SignatureError{What: what, Unknown: unknown, Reason: fmt.Sprintf(format, args...)}
	}
	block, err := decodeSigned(signed)
	if err != nil {
		return nil, fail(errors.Is(err, errUnsigned), "%v", err)
	}
	sigs, err := splitSignatures(block.ArmoredSignature.Body)
	if err != nil {
		return nil, fail(false, "%v", err)
	}
	good := false
	var unusable []string
	for _, s := range sigs {
		err := s.check(keys, block.Bytes, now)
		switch {
		case err == nil:
			good = true
		case errors.Is(err, pgperrors.ErrUnknownIssuer):
		case errors.Is(err, pgperrors.ErrKeyExpired), errors.Is(err, pgperrors.ErrSignatureExpired),
			errors.Is(err, pgperrors.ErrSignatureOlderThanKey), errors.Is(err, pgperrors.ErrKeyRevoked):
			unusable = append(unusable, fmt.Sprintf("key %016X: %v", s.issuer, err))
		default:
			return nil, fail(false, "signature of key %016X is bad: %v", s.issuer, err)
		}
	}
	switch {
	case good:
		return block.Plaintext, nil
	case len(unusable) > 0:
		return nil, fail(false, "no signature is valid: %s", strings.Join(unusable, "; "))
	}
	names := make([]string, len(sigs))
	for i, s := range sigs {
		names[i] = fmt.Sprintf("%016X", s.issuer)
	}
	return nil, fail(true, "signed by none of the keys of Debian that graft knows, but by %s", strings.Join(names, ", "))
}

var errUnsigned = errors.New("it is not signed")

// decodeSigned finds the one clear-signed message that the file consists of. Text around it
// would be unsigned, so there may be none.
func decodeSigned(signed []byte) (*clearsign.Block, error) {
	if !bytes.HasPrefix(signed, []byte("-----BEGIN PGP SIGNED MESSAGE-----")) {
		return nil, errUnsigned
	}
	block, rest := clearsign.Decode(signed)
	if block == nil {
		return nil, errors.New("it is no complete signed message")
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("there is unsigned text behind the signature")
	}
	return block, nil
}

// signature is one signature packet.
type signature struct {
	issuer uint64
	packet []byte
}

// splitSignatures takes the packets apart, for each is checked on its own.
func splitSignatures(body io.Reader) ([]signature, error) {
	var out []signature
	r := packet.NewReader(body)
	for {
		p, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("the signature is damaged: %w", err)
		}
		s, ok := p.(*packet.Signature)
		if !ok || s.IssuerKeyId == nil {
			return nil, errors.New("the signature is damaged")
		}
		if s.Hash != crypto.SHA256 && s.Hash != crypto.SHA384 && s.Hash != crypto.SHA512 {
			return nil, fmt.Errorf("signature of key %016X uses the hash %v", *s.IssuerKeyId, s.Hash)
		}
		if len(out) == maxSignatures {
			return nil, fmt.Errorf("more than %d signatures", maxSignatures)
		}
		var b bytes.Buffer
		if err := s.Serialize(&b); err != nil {
			return nil, fmt.Errorf("the signature is damaged: %w", err)
		}
		out = append(out, signature{issuer: *s.IssuerKeyId, packet: b.Bytes()})
	}
	if len(out) == 0 {
		return nil, errors.New("it has no signature")
	}
	return out, nil
}

func (s signature) check(keys keyring, text []byte, now time.Time) error {
	config := &packet.Config{Time: func() time.Time { return now }}
	_, err := openpgp.CheckDetachedSignature(keys, bytes.NewReader(text), bytes.NewReader(s.packet), config)
	return err
}
