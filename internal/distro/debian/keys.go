package debian

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/distro/mirror"
	"github.com/graft-build/graft/internal/format/deb"
	"github.com/graft-build/graft/internal/format/deb822"
	"github.com/graft-build/graft/internal/format/decompress"
)

// keys are the keys that indexes are verified with: the host's, and when it has none or
// lacks those that signed, the archive's own. It does not matter who hands a keyring over,
// for only keys with a pinned fingerprint are taken from it.
type keys struct {
	config Config
	suite  Suite // the one that has the keyring's package
	own    []byte
}

// verify returns the signed text of an InRelease file.
func (k *keys) verify(ctx context.Context, s Suite, from string, signed []byte) ([]byte, error) {
	if len(k.config.Trusted) > 0 {
		trusted, err := readTrusted(k.config.Trusted)
		if err != nil {
			return nil, err
		}
		return verify(from, signed, trusted, k.config.Now)
	}
	var unknown error
	host, hostErr := readKeyring(k.config.Keyring, k.config.pins, s.Kind)
	if hostErr != nil && len(k.config.Keyring) > 0 {
		k.config.Events.Send(event.Note{Text: "the keyring of this machine is of no use: " + hostErr.Error()})
	}
	if hostErr == nil {
		text, err := verify(from, signed, host, k.config.Now)
		var sig *SignatureError
		if !errors.As(err, &sig) || !sig.Unknown || len(host) == k.pinned(s.Kind) {
			return text, err
		}
		unknown = err
	}
	if k.own == nil {
		var err error
		if k.own, err = k.fetch(ctx); err != nil && unknown != nil {
			return nil, unknown
		}
		if err != nil {
			return nil, fmt.Errorf("find the keys of Debian, which this machine does not have: %w", err)
		}
	}
	own, err := readKeyring(k.own, k.config.pins, s.Kind)
	if err != nil {
		return nil, err
	}
	return verify(from, signed, own, k.config.Now)
}

func (k *keys) pinned(kind Kind) int {
	n := 0
	for _, p := range k.config.pins {
		if p.kind == kind {
			n++
		}
	}
	return n
}

// fetch gets the keyring from the archive's package of it, found through an index that
// nothing vouches for yet.
func (k *keys) fetch(ctx context.Context) ([]byte, error) {
	id := digest.NewKey("debian-keyring/1")
	for _, p := range k.config.pins {
		id.Add("pin", p.fingerprint, string(p.kind))
	}
	if b, ok := k.config.Store.Record("debian-keyring", id.Digest()); ok {
		return b, nil
	}
	var errs []error
	for _, base := range k.config.Mirrors.bases(k.suite) {
		b, err := k.fromArchive(ctx, base)
		if err == nil {
			_, err = readKeyring(b, k.config.pins, Archive)
		}
		if err == nil {
			k.config.Events.Send(event.Note{Text: "keys of Debian taken from the archive's package " + keyringPackage + ", by their pinned fingerprints"})
			return b, k.config.Store.PutRecord("debian-keyring", id.Digest(), b)
		}
		if errs = append(errs, err); ctx.Err() != nil {
			break
		}
	}
	return nil, &addressesError{suite: k.suite.ID, errs: errs}
}

func (k *keys) fromArchive(ctx context.Context, base string) ([]byte, error) {
	signed, from, err := k.config.Fetcher.Get(ctx, mirror.Join([]string{base}, "dists/"+k.suite.ID+"/InRelease"), maxRelease)
	if err != nil {
		return nil, err
	}
	block, err := decodeSigned(signed)
	if err != nil {
		return nil, &SignatureError{What: from, Unknown: true, Reason: err.Error()}
	}
	release, err := parseRelease(block.Plaintext)
	if err != nil {
		return nil, err
	}
	dir := component + "/binary-" + k.config.Arch + "/Packages"
	f, ok := release.best(dir+".xz", dir+".gz")
	if !ok {
		return nil, &ReleaseError{Suite: k.suite.ID, From: from, Reason: "it has no packages for " + k.config.Arch}
	}
	o := &openSuite{Suite: k.suite, release: release, bases: []string{base}}
	path, err := k.config.Fetcher.One(ctx, o.item(f))
	if err != nil {
		return nil, err
	}
	rec, err := findInIndex(path, keyringPackage)
	if err != nil {
		return nil, err
	}
	rec.RepoID = k.suite.ID
	item, err := (&Repository{config: k.config, suites: []*openSuite{o}}).packageItem(rec.Package)
	if err != nil {
		return nil, err
	}
	if path, err = k.config.Fetcher.One(ctx, item); err != nil {
		return nil, err
	}
	return keyringIn(path)
}

// findInIndex reads a compressed Packages file up to one package.
func findInIndex(path, name string) (record, error) {
	f, err := os.Open(path)
	if err != nil {
		return record{}, err
	}
	defer f.Close()
	d, err := decompress.Open("Packages.xz", f)
	if err != nil {
		return record{}, err
	}
	defer d.Close()
	in := deb822.NewReader(d).Only(indexFields...)
	for {
		p, err := in.Next()
		if err == io.EOF {
			return record{}, fmt.Errorf("there is no package %s", name)
		}
		if err != nil {
			return record{}, fmt.Errorf("parse package index: %w", err)
		}
		if p.Get("Package") == name {
			return parseRecord(p)
		}
	}
}

// keyringIn returns the keyring file of a package.
func keyringIn(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	pkg, err := deb.Open(keyringPackage, f)
	if err != nil {
		return nil, err
	}
	defer pkg.Close()
	tr := tar.NewReader(io.LimitReader(pkg.Data(), 64<<20))
	for {
		h, err := tr.Next()
		if err == io.EOF {
			return nil, fmt.Errorf("package %s has no %s", keyringPackage, HostKeyring)
		}
		if err != nil {
			return nil, fmt.Errorf("read package %s: %w", keyringPackage, err)
		}
		// trixie has the file under the ending .pgp and a link to it under the old name.
		name := strings.TrimPrefix(h.Name, "./")
		if h.Typeflag == tar.TypeReg && (name == HostKeyring || name == strings.TrimSuffix(HostKeyring, ".gpg")+".pgp") {
			return io.ReadAll(io.LimitReader(tr, maxKeyring+1))
		}
	}
}
