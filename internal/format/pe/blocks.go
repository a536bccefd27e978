package pe

import (
	"fmt"
	"io"
)

const (
	blockSize  = 16 << 10
	blockCount = 16
)

// blocks reads a file in blocks and keeps a few of them: a table of names is read by
// thousands of small pieces that lie close together.
type blocks struct {
	r     io.ReaderAt
	size  int64
	cache [blockCount]struct {
		number int64 // counted from 1; 0 is an empty place
		data   []byte
	}
}

// block returns what one block has from an offset on, at least one byte. The slice is valid
// until the next call.
func (f *blocks) block(offset int64) ([]byte, error) {
	if offset < 0 || offset >= f.size {
		return nil, fmt.Errorf("offset 0x%x is behind the end of the file", offset)
	}
	number := offset/blockSize + 1
	place := &f.cache[number%blockCount]
	if place.number != number {
		start := (number - 1) * blockSize
		if place.data == nil {
			place.data = make([]byte, 0, min(blockSize, f.size))
		}
		place.number = 0
		place.data = place.data[:min(blockSize, f.size-start)]
		if n, err := f.r.ReadAt(place.data, start); n < len(place.data) {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		place.number = number
	}
	return place.data[offset%blockSize:], nil
}

// read fills b from an offset on.
func (f *blocks) read(b []byte, offset int64) error {
	for len(b) > 0 {
		have, err := f.block(offset)
		if err != nil {
			return err
		}
		n := copy(b, have)
		b, offset = b[n:], offset+int64(n)
	}
	return nil
}
