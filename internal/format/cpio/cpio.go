// Package cpio reads archives in the "new ASCII" format of cpio(5), with and without checksums,
// which is what an rpm holds. Package stamp looks for programs in them.
package cpio

import (
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Header is what an archive says of a member.
type Header struct {
	Name string // as it stands there: rpm begins names with "./"
	Mode uint32 // type and permissions, as in stat(2)
	Size int64  // bytes
}

// Regular says whether the member is a file.
func (h Header) Regular() bool { return h.Mode&0o170000 == 0o100000 }

const (
	headerSize = 110
	maxName    = 4096
	trailer    = "TRAILER!!!"
)

// Reader reads one archive from front to end; it keeps one header.
type Reader struct {
	r    io.Reader
	left int64 // bytes of the member that were not read
	pad  int64 // bytes after it
}

// NewReader reads an archive from r.
func NewReader(r io.Reader) *Reader { return &Reader{r: r} }

// Next goes to the next member; after the last it returns io.EOF. An archive without its
// end is io.ErrUnexpectedEOF.
func (r *Reader) Next() (Header, error) {
	if err := r.skip(r.left + r.pad); err != nil {
		return Header{}, err
	}
	r.left, r.pad = 0, 0
	var raw [headerSize]byte
	if _, err := io.ReadFull(r.r, raw[:]); err != nil {
		return Header{}, cut(err)
	}
	if magic := string(raw[:6]); magic != "070701" && magic != "070702" {
		return Header{}, fmt.Errorf("read cpio archive: a member begins with %q, want 070701 or 070702", magic)
	}
	var field [13]int64
	for i := range field {
		n, err := strconv.ParseUint(string(raw[6+8*i:14+8*i]), 16, 32)
		if err != nil {
			return Header{}, fmt.Errorf("read cpio archive: field %d of a member: %w", i, err)
		}
		field[i] = int64(n)
	}
	length := field[11]
	if length < 1 || length > maxName {
		return Header{}, fmt.Errorf("read cpio archive: a name of %d bytes", length)
	}
	name := make([]byte, length+padding(headerSize+length))
	if _, err := io.ReadFull(r.r, name); err != nil {
		return Header{}, cut(err)
	}
	h := Header{Name: string(name[:length-1]), Mode: uint32(field[1]), Size: field[6]}
	if h.Name == trailer {
		return Header{}, io.EOF
	}
	r.left, r.pad = h.Size, padding(h.Size)
	return h, nil
}

// Read reads the content of the member that Next returned.
func (r *Reader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.r.Read(p[:min(int64(len(p)), r.left)])
	if r.left -= int64(n); r.left > 0 || n == 0 {
		err = cut(err)
	} else if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

func (r *Reader) skip(n int64) error {
	_, err := io.CopyN(io.Discard, r.r, n)
	return cut(err)
}

func padding(n int64) int64 { return -n & 3 }

// cut makes of an end within the archive an error.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
