// Package rpm finds the files in a package of rpm: behind the lead, the signature and the
// header, as "RPM v4 package format" has them, stands a compressed cpio archive. Headers are
// skipped; nothing in them is believed. Package stamp reads what is in the archive.
package rpm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/graft-build/graft/internal/format/decompress"
)

// Magic begins every package.
const Magic = "\xed\xab\xee\xdb"

const (
	leadSize    = 96
	headerMagic = "\x8e\xad\xe8\x01"
	// rpm itself takes no more (HEADER_TAGS_MAX, HEADER_DATA_MAX of lib/header.c).
	maxTags = 0xffff
	maxData = 0x0fffffff
)

// Payload returns the cpio archive of a package, decompressed: gzip, xz or zstd, or as it is.
// Close releases memory and does not close r.
func Payload(name string, r io.Reader) (io.ReadCloser, error) {
	lead := make([]byte, leadSize)
	if _, err := io.ReadFull(r, lead); err != nil {
		return nil, wrap(name, "lead", err)
	}
	if string(lead[:4]) != Magic {
		return nil, fmt.Errorf("read rpm %s: it does not begin as an rpm does", name)
	}
	n, err := skipHeader(r)
	if err != nil {
		return nil, wrap(name, "signature", err)
	}
	// The signature, unlike the header, is padded.
	if _, err := io.CopyN(io.Discard, r, -n&7); err != nil {
		return nil, wrap(name, "signature", err)
	}
	if _, err := skipHeader(r); err != nil {
		return nil, wrap(name, "header", err)
	}
	return decompress.Open(name, r)
}

// skipHeader reads over a header structure and returns its size.
func skipHeader(r io.Reader) (int64, error) {
	var intro [16]byte
	if _, err := io.ReadFull(r, intro[:]); err != nil {
		return 0, err
	}
	if string(intro[:4]) != headerMagic {
		return 0, errors.New("it does not begin as a header does")
	}
	tags, data := int64(binary.BigEndian.Uint32(intro[8:])), int64(binary.BigEndian.Uint32(intro[12:]))
	if tags > maxTags || data > maxData {
		return 0, fmt.Errorf("%d tags and %d bytes are too many", tags, data)
	}
	n, err := io.CopyN(io.Discard, r, 16*tags+data)
	return n + int64(len(intro)), err
}

func wrap(name, part string, err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read rpm %s: %s: %w", name, part, err)
}
