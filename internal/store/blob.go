package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/graft-build/graft/digest"
)

// MismatchError is content that is not what was asked for. Nothing of it is kept.
type MismatchError struct {
	Want, Got         digest.Digest // Got is zero when the size was already wrong
	WantSize, GotSize int64         // -1 when unknown
}

func (e *MismatchError) Error() string {
	switch {
	case e.Got.IsZero() && e.GotSize < 0:
		return fmt.Sprintf("wrong size: want %d bytes, there are more", e.WantSize)
	case e.Got.IsZero():
		return fmt.Sprintf("wrong size: want %d bytes, have %d", e.WantSize, e.GotSize)
	}
	return fmt.Sprintf("wrong checksum: want %s, have %s", e.Want, e.Got)
}

func (s *Store) blobPath(d digest.Digest) string {
	h := d.Hex()
	return filepath.Join(s.dir, "blobs", "sha256", h[:2], h)
}

// Blob returns the path of the blob d, if the store has it. Its content was verified when
// it arrived; the file is read-only.
func (s *Store) Blob(d digest.Digest) (path string, ok bool) {
	path = s.blobPath(d)
	fi, ok := s.use(path)
	if !ok || !fi.Mode().IsRegular() {
		return "", false
	}
	return path, true
}

// PutBlob reads r to its end and keeps what it read as the blob d. size is the length in
// bytes, or -1 when it is not known. Content of another digest or length is a
// *MismatchError, found at the latest one byte after size. When the store has the blob
// already r is not read.
func (s *Store) PutBlob(d digest.Digest, size int64, r io.Reader) (path string, err error) {
	if err := checkDigest(d); err != nil {
		return "", fmt.Errorf("store blob: %w", err)
	}
	if path, ok := s.Blob(d); ok {
		return path, nil
	}
	path, err = s.putBlob(r, func(h hash.Hash, n int64) (digest.Digest, error) {
		got := digest.Sum(h)
		if size >= 0 && n != size {
			return got, &MismatchError{Want: d, WantSize: size, GotSize: n}
		}
		if got != d {
			return got, &MismatchError{Want: d, Got: got, WantSize: size, GotSize: n}
		}
		return got, nil
	}, size)
	if err != nil {
		return "", fmt.Errorf("store blob %s: %w", d.Short(), err)
	}
	return path, nil
}

// AddBlob keeps what it reads from r under the digest that it has, at most limit bytes. It
// is for content that was verified in another way, by a signature or another checksum.
func (s *Store) AddBlob(r io.Reader, limit int64) (d digest.Digest, path string, err error) {
	path, err = s.putBlob(r, func(h hash.Hash, n int64) (digest.Digest, error) {
		d = digest.Sum(h)
		if n > limit {
			return d, fmt.Errorf("more than %d bytes", limit)
		}
		return d, nil
	}, limit)
	if err != nil {
		return digest.Digest{}, "", fmt.Errorf("store blob: %w", err)
	}
	return d, path, nil
}

// PutBytes is AddBlob of b.
func (s *Store) PutBytes(b []byte) (d digest.Digest, path string, err error) {
	return s.AddBlob(bytes.NewReader(b), int64(len(b)))
}

// putBlob writes r into a temporary file and renames it to the place of the digest that
// accept returns. It reads one byte more than limit at most, when limit is not negative.
func (s *Store) putBlob(r io.Reader, accept func(hash.Hash, int64) (digest.Digest, error), limit int64) (string, error) {
	tmp, done, err := s.scratch("blob")
	if err != nil {
		return "", err
	}
	defer done()
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if limit >= 0 {
		r = io.LimitReader(r, limit+1)
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(s.tap(f), h), r)
	if err != nil {
		return "", pathError("write", tmp, err)
	}
	d, err := accept(h, n)
	if err != nil {
		return "", err
	}
	return s.publish(f, d)
}

// publish makes a finished file of content d the blob of that digest, and closes it.
func (s *Store) publish(f *os.File, d digest.Digest) (string, error) {
	// The content must be on the disk before its name is: after a power cut a blob of
	// zeros would be trusted.
	if err := f.Sync(); err != nil {
		return "", err
	}
	if err := f.Chmod(0o444); err != nil {
		return "", err
	}
	if err := f.Close(); err != nil {
		return "", err
	}
	path := s.blobPath(d)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	if err := rename(f.Name(), path); err != nil {
		// Windows refuses when somebody reads the same blob, which is then as good.
		if _, ok := s.Blob(d); ok {
			return path, nil
		}
		return "", err
	}
	return path, nil
}

// IsMismatch says whether err is content that is not what was asked for.
func IsMismatch(err error) bool {
	var m *MismatchError
	return errors.As(err, &m)
}
