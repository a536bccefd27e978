package store

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/graft-build/graft/digest"
)

// A record's file is one line, "graft record sha256:…", and the content. The digest covers
// kind, key and content, so that neither a damaged nor a misplaced file is believed.
const recordPrefix = "graft record "

func recordSum(kind string, key digest.Digest, b []byte) string {
	return digest.NewKey("record/1").Add("kind", kind).AddDigest("key", key).AddDigest("content", digest.Of(b)).Digest().String()
}

func (s *Store) recordPath(kind string, key digest.Digest) string {
	h := key.Hex()
	return filepath.Join(s.dir, "records", kind, h[:2], h)
}

// Record returns the result that PutRecord kept for a key. A damaged one counts as absent.
func (s *Store) Record(kind string, key digest.Digest) ([]byte, bool) {
	if checkKind(kind) != nil || checkDigest(key) != nil {
		return nil, false
	}
	path := s.recordPath(kind, key)
	if fi, ok := s.use(path); !ok || !fi.Mode().IsRegular() {
		return nil, false
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, false
	}
	head, b, ok := bytes.Cut(raw, []byte("\n"))
	if !ok || string(head) != recordPrefix+recordSum(kind, key, b) {
		return nil, false
	}
	return b, true
}

// PutRecord keeps b as the result for key, the digest of everything that it depends on. It
// replaces what was there.
func (s *Store) PutRecord(kind string, key digest.Digest, b []byte) error {
	if err := checkKind(kind); err != nil {
		return err
	}
	if err := checkDigest(key); err != nil {
		return fmt.Errorf("store record %s: %w", kind, err)
	}
	path := s.recordPath(kind, key)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("store record %s: %w", kind, err)
	}
	content := append([]byte(recordPrefix+recordSum(kind, key, b)+"\n"), b...)
	if err := s.writeFile(filepath.Join(s.dir, "tmp"), path, content); err != nil {
		return fmt.Errorf("store record %s: %w", kind, err)
	}
	return nil
}
