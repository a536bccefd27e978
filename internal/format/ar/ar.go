// Package ar reads and writes the common archive format of ar(5), as Debian packages use
// it: deb(5) says that member names are at most 16 characters and that neither the GNU nor
// the BSD extension for longer ones occurs. It feeds internal/format/deb.
package ar

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	magic      = "!<arch>\n"
	headerSize = 60
	trailer    = "`\n"
)

// ErrFormat is a stream that is no archive of this format.
var ErrFormat = errors.New("not an ar archive")

// Header describes one member. Owner, time and mode are not kept: nothing of graft
// depends on them.
type Header struct {
	Name string
	Size int64 // in bytes, 0 to 9,999,999,999
}

// Reader reads the members of an archive one after the other. It holds no more than one
// header in memory.
type Reader struct {
	r    io.Reader
	left int64 // of the current member
	pad  int64 // 1 when a padding byte follows it
	err  error
}

// NewReader checks the archive's signature.
func NewReader(r io.Reader) (*Reader, error) {
	var b [len(magic)]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		if short(err) {
			err = ErrFormat
		}
		return nil, err
	}
	if string(b[:]) != magic {
		return nil, ErrFormat
	}
	return &Reader{r: r}, nil
}

// Next skips what is unread of the current member and returns the next one's header, or
// io.EOF after the last.
func (r *Reader) Next() (Header, error) {
	if r.err != nil {
		return Header{}, r.err
	}
	h, err := r.next()
	r.err = err
	return h, err
}

func (r *Reader) next() (Header, error) {
	if _, err := io.CopyN(io.Discard, r.r, r.left); err != nil {
		return Header{}, truncated(err)
	}
	r.left = 0
	if r.pad > 0 {
		var b [1]byte
		if _, err := io.ReadFull(r.r, b[:]); err != nil {
			// GNU ar writes the padding of the last member as well; old tools did not.
			return Header{}, err
		}
		if b[0] != '\n' {
			return Header{}, fmt.Errorf("%w: padding is %q", ErrFormat, b[0])
		}
		r.pad = 0
	}
	var b [headerSize]byte
	if _, err := io.ReadFull(r.r, b[:]); errors.Is(err, io.EOF) {
		return Header{}, io.EOF
	} else if err != nil {
		return Header{}, truncated(err)
	}
	h, err := parse(b[:])
	if err != nil {
		return Header{}, err
	}
	r.left, r.pad = h.Size, h.Size%2
	return h, nil
}

// Read reads from the current member, until io.EOF at its end.
func (r *Reader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > r.left {
		p = p[:r.left]
	}
	n, err := r.r.Read(p)
	r.left -= int64(n)
	if err == io.EOF {
		err = nil
		if r.left > 0 {
			err = io.ErrUnexpectedEOF
		}
	}
	return n, err
}

func parse(b []byte) (Header, error) {
	if string(b[58:]) != trailer {
		return Header{}, fmt.Errorf("%w: a member's header does not end as one", ErrFormat)
	}
	name, err := parseName(b[:16])
	if err != nil {
		return Header{}, err
	}
	size := bytes.TrimRight(b[48:58], " ")
	n, err := strconv.ParseUint(string(size), 10, 63) // digits only: no sign, no base
	if err != nil {
		return Header{}, fmt.Errorf("%w: member %q: size is %q", ErrFormat, name, size)
	}
	return Header{Name: name, Size: int64(n)}, nil
}

func parseName(b []byte) (string, error) {
	name := strings.TrimRight(string(b), " ")
	// GNU ar ends a name with a slash so that it may hold spaces.
	name = strings.TrimSuffix(name, "/")
	for _, c := range []byte(name) {
		if c <= ' ' || c >= 0x7f || c == '/' {
			return "", fmt.Errorf("%w: member name is %q", ErrFormat, b)
		}
	}
	if name == "" || strings.HasPrefix(name, "#1/") {
		return "", fmt.Errorf("%w: member name is %q", ErrFormat, b)
	}
	return name, nil
}

func short(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

func truncated(err error) error {
	if short(err) {
		return io.ErrUnexpectedEOF
	}
	return err
}
