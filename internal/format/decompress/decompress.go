// Package decompress opens xz, zstd and gzip streams, told apart by their first bytes. It
// serves package archives, their indexes and toolchain tarballs; all of it is hostile
// input, so the memory that a stream may ask for is bounded.
package decompress

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/mikelolasagasti/xz"
)

const (
	// maxDict is what xz -9 uses; a stream that asks for more is refused.
	maxDict = 64 << 20
	// maxWindow is the most that the zstd tool itself accepts unasked.
	maxWindow = 128 << 20
)

var (
	magicXz   = []byte("\xfd7zXZ\x00")
	magicZstd = []byte("\x28\xb5\x2f\xfd")
	magicGzip = []byte("\x1f\x8b\x08")
)

// Open returns the content of r. A stream with none of the known signatures is returned as
// it is. name is only for errors. Close releases memory and does not close r; what the
// stream says about its own integrity is checked when it is read to its end.
func Open(name string, r io.Reader) (io.ReadCloser, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	head, err := br.Peek(len(magicXz))
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("decompress %s: %w", name, err)
	}
	d := &reader{name: name, close: func() {}}
	switch {
	case bytes.HasPrefix(head, magicXz):
		d.r, err = xz.NewReader(br, maxDict)
	case bytes.HasPrefix(head, magicZstd):
		var z *zstd.Decoder
		z, err = zstd.NewReader(br, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err == nil {
			d.r, d.close = z, z.Close
		}
	case bytes.HasPrefix(head, magicGzip):
		d.r, err = gzip.NewReader(br)
	default:
		d.r, err = br, nil
	}
	if err != nil {
		return nil, d.wrap(err)
	}
	return d, nil
}

type reader struct {
	name  string
	r     io.Reader
	close func()
}

func (d *reader) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	if err != nil && err != io.EOF {
		err = d.wrap(err)
	}
	return n, err
}

func (d *reader) Close() error {
	d.close()
	return nil
}

func (d *reader) wrap(err error) error {
	if errors.Is(err, xz.ErrBuf) {
		err = fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err)
	}
	return fmt.Errorf("decompress %s: %w", d.name, err)
}
