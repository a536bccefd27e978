package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/graft-build/graft/digest"
)

// Partial is a blob that is arriving. What was written survives Close, and the process, so
// that a later one goes on from there; it is trusted only after Commit verified the whole.
// Only one Partial of a digest is open at a time, across processes. It is not safe for use
// by several goroutines.
type Partial struct {
	s      *Store
	d      digest.Digest
	f      *os.File
	h      hash.Hash
	offset int64
	unlock func()
}

// Partial opens the download of d, and waits while another process has it open. The blob
// may have arrived in that time: ask Blob again.
func (s *Store) Partial(ctx context.Context, d digest.Digest) (*Partial, error) {
	if err := checkDigest(d); err != nil {
		return nil, fmt.Errorf("open partial blob: %w", err)
	}
	path := filepath.Join(s.dir, "partial", d.Hex())
	unlock, err := s.lock(ctx, path+".lock", true)
	if err != nil {
		return nil, fmt.Errorf("open partial blob %s: %w", d.Short(), err)
	}
	p := &Partial{s: s, d: d, h: sha256.New(), unlock: unlock}
	if err := p.open(path); err != nil {
		unlock()
		return nil, fmt.Errorf("open partial blob %s: %w", d.Short(), err)
	}
	return p, nil
}

// open reads what an earlier attempt left, so that the checksum covers the whole.
func (p *Partial) open(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	n, err := io.Copy(p.h, f)
	if err != nil {
		f.Close()
		return err
	}
	p.f, p.offset = f, n
	return nil
}

// Offset returns how many bytes are there.
func (p *Partial) Offset() int64 { return p.offset }

// Write appends b.
func (p *Partial) Write(b []byte) (int, error) {
	n, err := p.s.tap(p.f).Write(b)
	p.h.Write(b[:n])
	p.offset += int64(n)
	return n, pathError("write", p.f.Name(), err)
}

// Reset drops what is there.
func (p *Partial) Reset() error {
	if err := p.f.Truncate(0); err != nil {
		return err
	}
	if _, err := p.f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	p.h.Reset()
	p.offset = 0
	return nil
}

// Commit verifies the whole and makes it the blob. size is its length, -1 when not known.
// After a *MismatchError nothing is kept and writing may begin anew. Close is still
// needed.
func (p *Partial) Commit(size int64) (path string, err error) {
	err = nil
	if got := digest.Sum(p.h); size >= 0 && p.offset != size {
		err = &MismatchError{Want: p.d, WantSize: size, GotSize: p.offset}
	} else if got != p.d {
		err = &MismatchError{Want: p.d, Got: got, WantSize: size, GotSize: p.offset}
	}
	if err != nil {
		if e := p.Reset(); e != nil {
			return "", e
		}
		return "", err
	}
	path, err = p.s.publish(p.f, p.d)
	if err != nil {
		return "", fmt.Errorf("store blob %s: %w", p.d.Short(), err)
	}
	return path, nil
}

// Close releases the download. An empty one leaves nothing.
func (p *Partial) Close() error {
	err := p.f.Close()
	if p.offset == 0 {
		os.Remove(p.f.Name())
	}
	p.unlock()
	return err
}
