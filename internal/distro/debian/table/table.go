// Package table is a file of sorted keys and values that is written once and then asked by
// key or prefix without being read as a whole. The Debian repository keeps its parsed
// indexes in such files, so that they are parsed once and never held in memory.
//
// A file is the line "graft table 1", blocks, an index and a trailer. A block is a zstd
// frame (with its checksum) of entries: the number of bytes that the key has in common with
// the one before, the length of the rest and the rest, the length of the value and the
// value; all numbers are unsigned varints. The index is a zstd frame of the blocks' first
// keys and lengths. The trailer is the index's offset and length, 8 bytes each, big-endian.
package table

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

const (
	magic     = "graft table 1\n"
	trailer   = 16
	blockSize = 32 << 10 // of the entries before compression; a block ends with the entry that passes it
	maxEntry  = 8 << 20  // key and value of one entry
	maxBlock  = blockSize + maxEntry + 64
	maxIndex  = 64 << 20
)

// Writer writes a table. It must not be used by several goroutines at once.
type Writer struct {
	out    io.Writer
	enc    *zstd.Encoder
	offset int64
	block  []byte
	first  []byte
	last   []byte
	any    bool
	index  []byte
	packed []byte
}

// NewWriter starts a table on w.
func NewWriter(w io.Writer) (*Writer, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(64<<10), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("write table: %w", err)
	}
	t := &Writer{out: w, enc: enc}
	return t, t.write([]byte(magic))
}

func (w *Writer) write(b []byte) error {
	n, err := w.out.Write(b)
	w.offset += int64(n)
	if err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

// Add appends an entry. Keys come in ascending order of their bytes, each once.
func (w *Writer) Add(key, value string) error {
	if w.any && string(w.last) >= key {
		return fmt.Errorf("write table: key %.80q after %.80q", key, w.last)
	}
	if len(key)+len(value) > maxEntry {
		return fmt.Errorf("write table: entry %.80q is longer than %d bytes", key, maxEntry)
	}
	shared := 0
	if len(w.block) == 0 {
		w.first = append(w.first[:0], key...)
	} else {
		for shared < len(key) && shared < len(w.last) && key[shared] == w.last[shared] {
			shared++
		}
	}
	w.block = binary.AppendUvarint(w.block, uint64(shared))
	w.block = binary.AppendUvarint(w.block, uint64(len(key)-shared))
	w.block = append(w.block, key[shared:]...)
	w.block = binary.AppendUvarint(w.block, uint64(len(value)))
	w.block = append(w.block, value...)
	w.last, w.any = append(w.last[:0], key...), true
	if len(w.block) >= blockSize {
		return w.flush()
	}
	return nil
}

func (w *Writer) flush() error {
	if len(w.block) == 0 {
		return nil
	}
	w.packed = w.enc.EncodeAll(w.block, w.packed[:0])
	w.index = binary.AppendUvarint(w.index, uint64(len(w.first)))
	w.index = append(w.index, w.first...)
	w.index = binary.AppendUvarint(w.index, uint64(len(w.packed)))
	w.block = w.block[:0]
	return w.write(w.packed)
}

// Close writes what remains and the index. It does not close the underlying writer.
func (w *Writer) Close() error {
	defer w.enc.Close()
	if err := w.flush(); err != nil {
		return err
	}
	if len(w.index) > maxIndex {
		return errors.New("write table: index is too long")
	}
	start := w.offset
	if err := w.write(w.enc.EncodeAll(w.index, nil)); err != nil {
		return err
	}
	end := binary.BigEndian.AppendUint64(nil, uint64(start))
	end = binary.BigEndian.AppendUint64(end, uint64(w.offset-start))
	return w.write(end)
}

// block is a block's place in the file.
type block struct {
	first  []byte
	offset int64
	length int
}

// cached is how many unpacked blocks a table keeps.
const cached = 128

// Table is an open table. It must not be used by several goroutines at once.
type Table struct {
	in     io.ReaderAt
	dec    *zstd.Decoder
	blocks []block
	cache  map[int][]byte
	recent []int // keys of cache, the oldest first
}

// New opens the table of size bytes that in holds.
func New(in io.ReaderAt, size int64) (*Table, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(maxIndex), zstd.WithDecoderMaxWindow(maxIndex))
	if err != nil {
		return nil, fmt.Errorf("read table: %w", err)
	}
	t := &Table{in: in, dec: dec, cache: map[int][]byte{}}
	if err := t.open(size); err != nil {
		dec.Close()
		return nil, fmt.Errorf("read table: %w", err)
	}
	return t, nil
}

// Close frees what the table holds. It does not close the underlying reader.
func (t *Table) Close() { t.dec.Close() }

func (t *Table) open(size int64) error {
	if size < int64(len(magic)+trailer) {
		return errors.New("too short")
	}
	head := make([]byte, len(magic))
	end := make([]byte, trailer)
	if _, err := t.in.ReadAt(head, 0); err != nil {
		return err
	}
	if string(head) != magic {
		return errors.New("no table")
	}
	if _, err := t.in.ReadAt(end, size-trailer); err != nil {
		return err
	}
	offset, length := binary.BigEndian.Uint64(end), binary.BigEndian.Uint64(end[8:])
	if length > maxIndex || offset > uint64(size) || offset+length+trailer != uint64(size) {
		return errors.New("damaged trailer")
	}
	index, err := t.unpack(int64(offset), int(length), maxIndex)
	if err != nil {
		return err
	}
	return t.parseIndex(index, int64(offset))
}

func (t *Table) parseIndex(index []byte, end int64) error {
	at := int64(len(magic))
	for len(index) > 0 {
		first, rest, ok := field(index)
		if !ok {
			return errors.New("damaged index")
		}
		length, n := binary.Uvarint(rest)
		if n <= 0 || length == 0 || length > uint64(end-at) {
			return errors.New("damaged index")
		}
		if k := len(t.blocks); k > 0 && bytes.Compare(t.blocks[k-1].first, first) >= 0 {
			return errors.New("damaged index")
		}
		t.blocks = append(t.blocks, block{first: first, offset: at, length: int(length)})
		at += int64(length)
		index = rest[n:]
	}
	if at != end {
		return errors.New("damaged index")
	}
	return nil
}

func (t *Table) unpack(offset int64, length, limit int) ([]byte, error) {
	if length == 0 { // the index of a table without entries
		return nil, nil
	}
	packed := make([]byte, length)
	if _, err := t.in.ReadAt(packed, offset); err != nil {
		return nil, err
	}
	var h zstd.Header
	if err := h.Decode(packed); err != nil {
		return nil, err
	}
	if h.FrameContentSize > uint64(limit) {
		return nil, errors.New("damaged block")
	}
	return t.dec.DecodeAll(packed, nil)
}

// field reads a length and as many bytes.
func field(b []byte) (value, rest []byte, ok bool) {
	n, k := binary.Uvarint(b)
	if k <= 0 || n > uint64(len(b)-k) {
		return nil, nil, false
	}
	return b[k : k+int(n)], b[k+int(n):], true
}

// load returns the entries of a block.
func (t *Table) load(i int) ([]byte, error) {
	if b, ok := t.cache[i]; ok {
		return b, nil
	}
	b, err := t.unpack(t.blocks[i].offset, t.blocks[i].length, maxBlock)
	if err != nil {
		return nil, fmt.Errorf("read table: %w", err)
	}
	if len(t.recent) >= cached {
		delete(t.cache, t.recent[0])
		t.recent = t.recent[1:]
	}
	t.cache[i], t.recent = b, append(t.recent, i)
	return b, nil
}

// find returns the last block whose first key is at most key, or the first block.
func (t *Table) find(key string) int {
	lo, hi := 0, len(t.blocks)
	for lo < hi {
		mid := (lo + hi) / 2
		if string(t.blocks[mid].first) <= key {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return max(lo-1, 0)
}

// Get returns the value of a key.
func (t *Table) Get(key string) (value string, ok bool, err error) {
	err = t.from(key, func(k, v []byte) bool {
		if string(k) == key {
			value, ok = string(v), true
		}
		return false
	})
	return value, ok, err
}

// Scan calls f for each entry whose key begins with prefix, in order, until f returns false.
// key and value are valid during the call only.
func (t *Table) Scan(prefix string, f func(key, value []byte) bool) error {
	return t.from(prefix, func(k, v []byte) bool {
		return bytes.HasPrefix(k, []byte(prefix)) && f(k, v)
	})
}

// from calls f for the entries from key on, until f returns false.
func (t *Table) from(key string, f func(k, v []byte) bool) error {
	var k []byte
	for i := t.find(key); i < len(t.blocks); i++ {
		rest, err := t.load(i)
		if err != nil {
			return err
		}
		k = k[:0]
		for len(rest) > 0 {
			shared, n := binary.Uvarint(rest)
			if n <= 0 || shared > uint64(len(k)) {
				return errors.New("read table: damaged entry")
			}
			tail, after, ok := field(rest[n:])
			if !ok {
				return errors.New("read table: damaged entry")
			}
			v, after, ok := field(after)
			if !ok {
				return errors.New("read table: damaged entry")
			}
			k = append(k[:shared], tail...)
			rest = after
			if string(k) >= key && !f(k, v) {
				return nil
			}
		}
	}
	return nil
}
