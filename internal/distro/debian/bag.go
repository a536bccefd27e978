package debian

import (
	"bytes"
	"io"
	"slices"

	"github.com/graft-build/graft/internal/distro/debian/table"
)

// bag collects the entries of a table in any order. There are half a million of them, so it
// keeps their bytes in chunks: a string for each would double the memory that graft needs.
type bag struct {
	chunks [][]byte
	items  []item
}

// item is the place of a key with its value behind it.
type item struct {
	chunk, at, key, value uint32
}

const chunkSize = 1 << 20

// add copies an entry. A key that was added before wins.
func (b *bag) add(value []byte, key ...[]byte) {
	n := len(value)
	for _, k := range key {
		n += len(k)
	}
	last := len(b.chunks) - 1
	if last < 0 || cap(b.chunks[last])-len(b.chunks[last]) < n {
		b.chunks = append(b.chunks, make([]byte, 0, max(chunkSize, n)))
		last++
	}
	c := b.chunks[last]
	at := len(c)
	for _, k := range key {
		c = append(c, k...)
	}
	keyLen := len(c) - at
	b.chunks[last] = append(c, value...)
	b.items = append(b.items, item{uint32(last), uint32(at), uint32(keyLen), uint32(len(value))})
}

func (b *bag) key(i item) []byte   { return b.chunks[i.chunk][i.at : i.at+i.key] }
func (b *bag) value(i item) []byte { return b.chunks[i.chunk][i.at+i.key : i.at+i.key+i.value] }

// write writes the table of all entries.
func (b *bag) write(out io.Writer) error {
	slices.SortStableFunc(b.items, func(x, y item) int { return bytes.Compare(b.key(x), b.key(y)) })
	w, err := table.NewWriter(out)
	if err != nil {
		return err
	}
	for n, i := range b.items {
		if n > 0 && bytes.Equal(b.key(i), b.key(b.items[n-1])) {
			continue
		}
		if err := w.Add(string(b.key(i)), string(b.value(i))); err != nil {
			return err
		}
	}
	return w.Close()
}
