package debian

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/ProtonMail/go-crypto/openpgp"
)

// HostKeyring is where Debian hosts keep the archive's keys.
const HostKeyring = "usr/share/keyrings/debian-archive-keyring.gpg"

// keyringPackage is the package that has the same file.
const keyringPackage = "debian-archive-keyring"

const maxKeyring = 4 << 20

// CheckKeyring says whether Config.Trusted can be b.
func CheckKeyring(b []byte) error {
	_, err := readTrusted(b)
	return err
}

// readTrusted reads a keyring of the user's, armored or binary, whose keys need no pin.
func readTrusted(b []byte) (keyring, error) {
	if len(b) > maxKeyring {
		return nil, fmt.Errorf("read keyring: longer than %d bytes", maxKeyring)
	}
	read := openpgp.ReadKeyRing
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("-----BEGIN")) {
		read = openpgp.ReadArmoredKeyRing
	}
	all, err := read(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("read keyring: %w", err)
	}
	if len(all) == 0 {
		return nil, errors.New("read keyring: it has no keys")
	}
	return all, nil
}

// readKeyring reads a binary keyring and keeps the keys that are pinned for an archive.
// That it holds others is usual: hosts trust more than graft needs. Keys that the OpenPGP
// library cannot read are passed over.
func readKeyring(b []byte, pins []pin, kind Kind) (keyring, error) {
	if len(b) > maxKeyring {
		return nil, fmt.Errorf("read keyring: longer than %d bytes", maxKeyring)
	}
	all, err := openpgp.ReadKeyRing(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("read keyring: %w", err)
	}
	var out keyring
	for _, e := range all {
		if pinned(pins, e.PrimaryKey.Fingerprint, kind) {
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("read keyring: none of its keys is one of Debian's that graft knows for the %s", kind)
	}
	return out, nil
}
