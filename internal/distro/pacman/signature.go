package pacman

import (
	"bytes"
	"crypto"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// packagers holds the public keys of pins, as the package msys2-keyring has them.
//
//go:embed packagers.asc
var packagers []byte

// pins are the primary keys that may sign MSYS2's databases and packages: what the package
// msys2-keyring trusts today, without its master keys, which only sign keys. Alexey Pavlov's
// AD351C50AE085775EB59333B5F92EFC1A47D45A1 is left out: it is a DSA key, and all packages of
// the environments that graft knows were built by MSYS2's own machines since 2021.
var pins = []string{
	"5f944b027f7fe2091985aa2efa11531aa0aa7f57", // Christoph Reiter, MSYS2 development key: databases and automatic builds
	"87771331b3f1ff5263856a6d974c8be49078f532", // David Macek, until October 2024
}

const (
	maxKeyring   = 4 << 20
	maxSignature = 64 << 10
	// maxSkew is how far ahead of this host's clock a signature may have been made.
	maxSkew = 24 * time.Hour
)

// SignatureError is a file that no packager's signature makes believable.
type SignatureError struct {
	What    string // the file, with its address
	Unknown bool   // only keys that are not pinned signed it, or none did
	Reason  string
}

func (e *SignatureError) Error() string {
	return fmt.Sprintf("verify signature of %s: %s", e.What, e.Reason)
}

// Keyring is the keys that may sign. It is not changed once made.
type Keyring struct{ keys openpgp.EntityList }

// NewKeyring returns the keyring of the built-in keys and of those pinned ones that further
// keyrings hold, binary or armored, such as a newer msys2.gpg. Other keys in them are passed
// over: a host may trust more than graft needs.
func NewKeyring(more ...[]byte) (*Keyring, error) {
	return newKeyring(pins, append(more, packagers))
}

func newKeyring(pins []string, sources [][]byte) (*Keyring, error) {
	k := &Keyring{}
	for _, b := range sources {
		entities, err := readKeys(b)
		if err != nil {
			return nil, fmt.Errorf("read keyring: %w", err)
		}
		for _, e := range entities {
			if slices.Contains(pins, hex.EncodeToString(e.PrimaryKey.Fingerprint)) {
				k.keys = append(k.keys, e)
			}
		}
	}
	if len(k.keys) == 0 {
		return nil, errors.New("read keyring: it holds none of MSYS2's packager keys that graft knows")
	}
	return k, nil
}

// CheckKeyring says whether Config.Trusted can be b.
func CheckKeyring(b []byte) error {
	_, err := trusted(b)
	return err
}

// trusted returns the keyring of all keys in b.
func trusted(b []byte) (*Keyring, error) {
	entities, err := readKeys(b)
	if err != nil {
		return nil, fmt.Errorf("read keyring: %w", err)
	}
	if len(entities) == 0 {
		return nil, errors.New("read keyring: it holds no key")
	}
	return &Keyring{keys: entities}, nil
}

// fingerprints lists the primary keys, sorted, each once.
func (k *Keyring) fingerprints() []string {
	var out []string
	for _, e := range k.keys {
		out = append(out, hex.EncodeToString(e.PrimaryKey.Fingerprint))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// readKeys reads a keyring, binary or armored. MSYS2's has one armored block a key. Keys
// that the OpenPGP library cannot read are passed over, as long as it reads one.
func readKeys(b []byte) (openpgp.EntityList, error) {
	const begin = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
	if len(b) > maxKeyring {
		return nil, fmt.Errorf("longer than %d bytes", maxKeyring)
	}
	parts := bytes.Split(b, []byte(begin))
	if len(parts) == 1 {
		return openpgp.ReadKeyRing(bytes.NewReader(b))
	}
	var out openpgp.EntityList
	var last error
	for _, p := range parts[1:] {
		list, err := openpgp.ReadArmoredKeyRing(io.MultiReader(strings.NewReader(begin), bytes.NewReader(p)))
		if err != nil {
			last = err
			continue
		}
		out = append(out, list...)
	}
	if len(out) == 0 {
		return nil, last
	}
	return out, nil
}

// Signer is who signed a file, and when.
type Signer struct {
	Fingerprint string // of the primary key, lower-case hexadecimal
	Name        string
	Time        time.Time
}

// Verify checks a detached signature, binary or armored, of what content reads. Exactly one
// of the signatures in it must be of a pinned key, and that one must be good. The key must
// have been valid when it signed; with fresh it must be valid now as well, for a database is
// signed anew with each change. Errors about the signature are of type *SignatureError.
func (k *Keyring) Verify(what string, content io.Reader, sig []byte, now time.Time, fresh bool) (Signer, error) {
	fail := func(unknown bool, format string, args ...any) (Signer, error) {
		return Signer{}, &SignatureError{What: what, Unknown: unknown, Reason: fmt.Sprintf(format, args...)}
	}
	found, others, err := k.find(sig)
	if err != nil {
		return fail(false, "%v", err)
	}
	switch {
	case len(found) == 0:
		return fail(true, "signed by none of MSYS2's packagers that graft knows, but by %s", strings.Join(others, ", "))
	case len(found) > 1:
		return fail(false, "it bears %d signatures of packagers, want one", len(found))
	}
	s := found[0]
	if s.CreationTime.After(now.Add(maxSkew)) {
		return fail(false, "it was made on %s, which is yet to come", s.CreationTime.UTC().Format(time.DateOnly))
	}
	at := s.CreationTime
	if fresh {
		at = now
		if s.CreationTime.After(now) {
			at = s.CreationTime
		}
	}
	var raw bytes.Buffer
	if err := s.Serialize(&raw); err != nil {
		return fail(false, "the signature is damaged: %v", err)
	}
	read := &readErrors{r: content}
	config := &packet.Config{Time: func() time.Time { return at }}
	entity, err := openpgp.CheckDetachedSignature(k.keys, read, &raw, config)
	switch {
	case read.err != nil:
		return Signer{}, fmt.Errorf("verify signature of %s: %w", what, read.err)
	case errors.Is(err, pgperrors.ErrKeyExpired), errors.Is(err, pgperrors.ErrKeyRevoked), errors.Is(err, pgperrors.ErrSignatureExpired):
		return fail(false, "key %016X: %v", *s.IssuerKeyId, err)
	case err != nil:
		return fail(false, "the signature of key %016X is bad: %v", *s.IssuerKeyId, err)
	}
	out := Signer{Fingerprint: hex.EncodeToString(entity.PrimaryKey.Fingerprint), Time: s.CreationTime.UTC()}
	if id := entity.PrimaryIdentity(); id != nil {
		out.Name = id.Name
	}
	return out, nil
}

// find splits a file of signatures into those of pinned keys and the names of the others.
func (k *Keyring) find(sig []byte) (found []*packet.Signature, others []string, err error) {
	const maxCount = 16
	if len(sig) > maxSignature {
		return nil, nil, fmt.Errorf("the signature is longer than %d bytes", maxSignature)
	}
	var body io.Reader = bytes.NewReader(sig)
	if bytes.HasPrefix(bytes.TrimSpace(sig), []byte("-----BEGIN")) {
		block, err := armor.Decode(body)
		if err != nil {
			return nil, nil, fmt.Errorf("the signature is damaged: %v", err)
		}
		body = block.Body
	}
	packets := packet.NewReader(body)
	for {
		p, err := packets.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("the signature is damaged: %v", err)
		}
		s, ok := p.(*packet.Signature)
		if !ok || s.IssuerKeyId == nil || s.SigType != packet.SigTypeBinary {
			return nil, nil, errors.New("it is no signature of a file")
		}
		if s.Hash != crypto.SHA256 && s.Hash != crypto.SHA384 && s.Hash != crypto.SHA512 {
			return nil, nil, fmt.Errorf("the signature of key %016X uses the hash %v", *s.IssuerKeyId, s.Hash)
		}
		if len(found)+len(others) == maxCount {
			return nil, nil, fmt.Errorf("more than %d signatures", maxCount)
		}
		if len(k.keys.KeysByIdUsage(*s.IssuerKeyId, packet.KeyFlagSign)) > 0 {
			found = append(found, s)
		} else {
			others = append(others, fmt.Sprintf("%016X", *s.IssuerKeyId))
		}
	}
	if len(found)+len(others) == 0 {
		return nil, nil, errors.New("it holds no signature")
	}
	return found, others, nil
}

// readErrors keeps the error of reading the signed content apart from those of the signature.
type readErrors struct {
	r   io.Reader
	err error
}

func (r *readErrors) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}
