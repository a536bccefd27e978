package pack

import (
	"bytes"
	"io"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"

	"github.com/graft-build/graft/digest"
)

// Memo keeps small results from one run to the next. A store is one.
type Memo interface {
	Record(kind string, key digest.Digest) ([]byte, bool)
	PutRecord(kind string, key digest.Digest, b []byte) error
}

const (
	gzipLevel = 6 // of what is compressed in one piece
	// The program is compressed in every build, libraries only once. Together they take 1 %
	// more than at level 6, and packing after an edit half the time.
	fastLevel  = 3
	smallLevel = 8
	blockSize  = 1 << 20 // of what one processor compresses at a time
)

// blocks compresses a stream in blocks, on all processors. Each block is a gzip member of its
// own, and members in a row are one gzip file (RFC 1952, 2.2). A raw stream is without gzip's
// headers, for zip archives: its blocks end at a byte, so they are one stream as well (RFC
// 1951). Where blocks end depends on the stream and on the calls of cut alone, so the same
// comes out everywhere.
type blocks struct {
	w       io.Writer
	raw     bool
	memo    Memo // may be nil
	keep    bool // blocks come from the memo, or go there
	buf     []byte
	pending []*block
	idle    chan compressor // as many as processors
	spare   chan []byte     // buffers that are free again
	some    bool            // a block was emitted
}

// compressor is what one processor compresses with, by level. Each takes a megabyte.
type compressor map[int]deflater

// deflater is what compress/gzip and compress/flate have in common.
type deflater interface {
	io.WriteCloser
	Flush() error
	Reset(w io.Writer)
}

func (c compressor) level(n int, raw bool) (d deflater, err error) {
	if c[n] != nil {
		return c[n], nil
	}
	if raw {
		d, err = flate.NewWriter(io.Discard, n)
	} else {
		d, err = gzip.NewWriterLevel(io.Discard, n)
	}
	if err != nil {
		return nil, err
	}
	c[n] = d
	return d, nil
}

type block struct {
	done chan struct{}
	b    []byte
	err  error
}

func newBlocks(w io.Writer, memo Memo) *blocks {
	n := runtime.GOMAXPROCS(0)
	c := &blocks{w: w, memo: memo, idle: make(chan compressor, n), spare: make(chan []byte, 4*n)}
	for range n {
		c.idle <- compressor{}
	}
	return c
}

// begin makes the next stream. The one before was closed.
func (c *blocks) begin(w io.Writer, keep bool) {
	c.w, c.keep, c.some, c.buf = w, keep, false, nil
}

// Write takes a part of the stream.
func (c *blocks) Write(p []byte) (int, error) {
	for n := len(p); ; {
		if c.buf == nil {
			c.buf = c.buffer()
		}
		room := min(blockSize-len(c.buf), len(p))
		c.buf = append(c.buf, p[:room]...)
		if p = p[room:]; len(c.buf) < blockSize {
			return n, nil
		}
		if err := c.emit(); err != nil {
			return 0, err
		}
	}
}

// cut ends a block. With keep the next ones, up to the next cut, are of a file that is likely
// to be the same the next time, and are not compressed again then.
func (c *blocks) cut(keep bool) error {
	var err error
	if len(c.buf) > 0 {
		err = c.emit()
	}
	c.keep = keep
	return err
}

// emit gives the block to a processor, and writes those that are ready when many wait.
func (c *blocks) emit() error {
	b := &block{done: make(chan struct{})}
	content, keep := c.buf, c.keep
	c.buf, c.some = nil, true
	c.pending = append(c.pending, b)
	go func() {
		defer close(b.done)
		b.b, b.err = c.compress(content, keep)
		select {
		case c.spare <- content[:0]:
		default:
		}
	}()
	return c.drain(2 * cap(c.idle))
}

// buffer is an empty one that holds a block.
func (c *blocks) buffer() []byte {
	select {
	case b := <-c.spare:
		return b
	default:
		return make([]byte, 0, blockSize)
	}
}

// drain writes blocks until at most some are left.
func (c *blocks) drain(left int) error {
	for len(c.pending) > left {
		b := c.pending[0]
		<-b.done
		if b.err != nil {
			return b.err
		}
		c.pending = c.pending[1:]
		if _, err := c.w.Write(b.b); err != nil {
			return err
		}
	}
	return nil
}

// Close writes what is left.
func (c *blocks) Close() error {
	if len(c.buf) > 0 || !c.some {
		if err := c.emit(); err != nil {
			return err
		}
	}
	if err := c.drain(0); err != nil || !c.raw {
		return err
	}
	_, err := c.w.Write(lastBlock)
	return err
}

// lastBlock is a block of nothing that says that it is the last one.
var lastBlock = []byte{0x03, 0x00}

// wait waits for what is under way, after an error.
func (c *blocks) wait() {
	for _, b := range c.pending {
		<-b.done
	}
}

func (c *blocks) compress(content []byte, keep bool) ([]byte, error) {
	memo := c.memo
	if !keep {
		memo = nil
	}
	var key digest.Digest
	kind := "gzip"
	if c.raw {
		kind = "deflate"
	}
	if memo != nil {
		key = digest.NewKey(kind+"/1").Add("level", strconv.Itoa(smallLevel)).Add("library", gzipVersion()).AddDigest("content", digest.Of(content)).Digest()
		if b, ok := memo.Record(kind, key); ok {
			return b, nil
		}
	}
	with := <-c.idle
	defer func() { c.idle <- with }()
	level := fastLevel
	if keep {
		level = smallLevel
	}
	gz, err := with.level(level, c.raw)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.Grow(len(content)/2 + 64)
	gz.Reset(&out)
	if _, err := gz.Write(content); err != nil {
		return nil, err
	}
	end := gz.Close
	if c.raw {
		end = gz.Flush
	}
	if err := end(); err != nil {
		return nil, err
	}
	if memo != nil {
		_ = memo.PutRecord(kind, key, out.Bytes()) // without the record it is compressed again
	}
	return out.Bytes(), nil
}

// gzipVersion is the version of the library that compresses: another one may write other bytes.
var gzipVersion = sync.OnceValue(func() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == "github.com/klauspost/compress" {
				return d.Version
			}
		}
	}
	return ""
})
