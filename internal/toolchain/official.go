package toolchain

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/jedisct1/go-minisign"

	"github.com/graft-build/graft/internal/fetch"
)

const (
	maxIndex     = 8 << 20
	maxSignature = 16 << 10
)

// indexEntry is one archive in index.json.
type indexEntry struct {
	Tarball string `json:"tarball"`
	Shasum  string `json:"shasum"`
	Size    string `json:"size"`
}

// official fetches the signed archive of the release and unpacks it.
//
//  1. index.json names the archive of this host and its checksum, which must be the pinned one.
//  2. The archive is fetched and verified by the pinned checksum.
//  3. Its .minisig must be a signature of zig's key over the archive, and its trusted comment,
//     which the key signs too, must name the archive: an older archive has a valid signature.
func (c *ZigConfig) official(ctx context.Context, pin Pin, dir string) error {
	blob, known := c.Store.Blob(pin.Archive.SHA256)
	if !known {
		var err error
		if blob, err = c.fetchArchive(ctx, pin); err != nil {
			return err
		}
	}
	if pin.Archive.SHA256.IsZero() {
		return fmt.Errorf("no digest is pinned for %s", pin.Archive.Name)
	}
	return c.unpackArchive(ctx, pin.Archive.Name, blob, dir)
}

func (c *ZigConfig) fetchArchive(ctx context.Context, pin Pin) (string, error) {
	if c.Fetcher.Offline {
		return "", &fetch.OfflineError{Missing: []string{pin.Archive.Name}}
	}
	entry, err := c.index(ctx, pin)
	if err != nil {
		return "", err
	}
	if entry.Shasum != pin.Archive.SHA256.Hex() {
		return "", &ContentError{What: "the checksum of " + pin.Archive.Name + " in index.json", Want: pin.Archive.SHA256.Hex(), Got: entry.Shasum}
	}
	var urls []string
	for _, base := range c.Official {
		urls = append(urls, join(base, c.Release.Version, pin.Archive.Name))
	}
	if entry.Tarball != "" && path.Base(entry.Tarball) == pin.Archive.Name {
		urls = append(urls, entry.Tarball)
	}
	sigs := make([]string, len(urls))
	for i, u := range urls {
		sigs[i] = u + ".minisig"
	}
	// The signature first: it is small, and without it the archive is of no use.
	sig, _, err := c.Fetcher.Get(ctx, sigs, maxSignature)
	if err != nil {
		return "", err
	}
	blob, err := c.Fetcher.One(ctx, fetch.Item{Name: pin.Archive.Name, URLs: urls, Size: pin.Archive.Size, SHA256: pin.Archive.SHA256})
	if err != nil {
		return "", err
	}
	return blob, checkSignature(c.Key, string(sig), pin.Archive.Name, blob)
}

func join(base string, parts ...string) string {
	return strings.TrimRight(base, "/") + "/" + strings.Join(parts, "/")
}

// index returns the entry of the host's archive.
func (c *ZigConfig) index(ctx context.Context, pin Pin) (indexEntry, error) {
	var urls []string
	for _, base := range c.Official {
		urls = append(urls, join(base, "index.json"))
	}
	b, from, err := c.Fetcher.Get(ctx, urls, maxIndex)
	if err != nil {
		return indexEntry{}, err
	}
	e, err := parseIndex(b, c.Release.Version, pin.Key)
	if err != nil {
		return indexEntry{}, fmt.Errorf("read %s: %w", from, err)
	}
	return e, nil
}

func parseIndex(b []byte, version, key string) (indexEntry, error) {
	var versions map[string]json.RawMessage
	if err := json.Unmarshal(b, &versions); err != nil {
		return indexEntry{}, err
	}
	raw, ok := versions[version]
	if !ok {
		return indexEntry{}, fmt.Errorf("it has no version %s", version)
	}
	var hosts map[string]json.RawMessage
	if err := json.Unmarshal(raw, &hosts); err != nil {
		return indexEntry{}, fmt.Errorf("version %s: %w", version, err)
	}
	raw, ok = hosts[key]
	if !ok {
		return indexEntry{}, fmt.Errorf("version %s has no archive for %s", version, key)
	}
	var e indexEntry
	if err := json.Unmarshal(raw, &e); err != nil {
		return indexEntry{}, fmt.Errorf("version %s, %s: %w", version, key, err)
	}
	return e, nil
}

// checkSignature verifies a minisign signature over a file that must be called name.
func checkSignature(key, sig, name, file string) error {
	bad := func(got string) error {
		return &ContentError{What: "the signature of " + name, Want: "one of zig's key over this file", Got: got}
	}
	public, err := minisign.NewPublicKey(key)
	if err != nil {
		return fmt.Errorf("read public key: %w", err)
	}
	signature, err := minisign.DecodeSignature(sig)
	if err != nil {
		return bad(fmt.Sprintf("no signature: %v", err))
	}
	fi, err := os.Stat(file)
	if err != nil {
		return err
	}
	if fi.Size() > 512<<20 {
		return fmt.Errorf("verify %s: %d bytes are too many", name, fi.Size())
	}
	if ok, err := public.VerifyFromFile(file, signature); err != nil || !ok {
		return bad(fmt.Sprint(err))
	}
	comment := strings.TrimPrefix(signature.TrustedComment, "trusted comment: ")
	for _, field := range strings.Fields(comment) {
		if f, ok := strings.CutPrefix(field, "file:"); ok {
			if f == name {
				return nil
			}
			return bad("one over " + f)
		}
	}
	return bad("one that names no file")
}
