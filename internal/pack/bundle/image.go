package bundle

import (
	"bytes"
	stdelf "debug/elf"
	"fmt"
	"io"

	"github.com/graft-build/graft/internal/format/elf"
)

// Image is a changed file: the original's bytes with some overwritten and some appended.
type Image struct {
	src     io.ReaderAt
	srcSize int64
	edits   []edit
	tail    []byte
}

type edit struct {
	at int64
	b  []byte
}

// Size is the image's length in bytes.
func (m *Image) Size() int64 { return m.srcSize + int64(len(m.tail)) }

// ReadAt reads from the image; it may be called by several goroutines at once if the
// original's ReadAt may.
func (m *Image) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fmt.Errorf("read at %d", off)
	}
	if off < m.srcSize {
		n, err = m.src.ReadAt(p[:min(int64(len(p)), m.srcSize-off)], off)
		for _, e := range m.edits {
			overlay(p[:n], off, e.b, e.at)
		}
		if err != nil && (err != io.EOF || off+int64(n) < m.srcSize) {
			return n, err
		}
	}
	if n < len(p) {
		more, err := bytes.NewReader(m.tail).ReadAt(p[n:], off+int64(n)-m.srcSize)
		return n + more, err
	}
	return n, nil
}

// overlay copies the part of b, which is at bOff, that falls onto p, which is at off.
func overlay(p []byte, off int64, b []byte, bOff int64) {
	if bOff < off {
		if off-bOff >= int64(len(b)) {
			return
		}
		b, bOff = b[off-bOff:], off
	}
	if bOff-off < int64(len(p)) {
		copy(p[bOff-off:], b)
	}
}

// Reader returns the whole image.
func (m *Image) Reader() io.Reader { return io.NewSectionReader(m, 0, m.Size()) }

// header states the new entry point and program headers.
func (m *Image) header(f *elf.File, entry uint64, table placed) {
	count := make([]byte, 2)
	f.Order.PutUint16(count, uint16(int(table.size)/progSize(f)))
	at, countAt := encoder{f: f}, int64(56)
	at.word(entry)
	at.word(table.off)
	if !f.Is64() {
		countAt = 44
	}
	m.edits = append(m.edits, edit{24, at.b}, edit{countAt, count})
}

// section states where a section has gone.
func (m *Image) section(f *elf.File, s elf.Section, to placed) {
	e, skip := encoder{f: f}, uint64(16) // name, type and flags come before
	if !f.Is64() {
		skip = 12
	}
	e.word(to.addr)
	e.word(to.off)
	e.word(to.size)
	m.edits = append(m.edits, edit{int64(s.At + skip), e.b})
}

// append adds a part at the offset it was made for.
func (m *Image) append(p part) {
	m.tail = append(m.tail, make([]byte, int64(p.off)-m.Size())...)
	m.tail = append(m.tail, p.b...)
}

// WithoutRunpath returns a library without search paths of its own. In a bundle they would
// lead to libraries of the host, made for another C library, and hide the program's path.
func WithoutRunpath(r io.ReaderAt, size int64) (*Image, error) {
	f, err := elf.Parse(r, size)
	if err != nil {
		return nil, fmt.Errorf("remove library path: %w", err)
	}
	m := &Image{src: r, srcSize: size}
	if f.Rpath == "" && f.Runpath == "" {
		return m, nil
	}
	e := encoder{f: f}
	for _, d := range f.Dynamic {
		if d.Tag != stdelf.DT_RPATH && d.Tag != stdelf.DT_RUNPATH {
			e.word(uint64(d.Tag))
			e.word(d.Value)
		}
	}
	kept := len(e.b)
	for _, d := range f.Dynamic {
		e.word(uint64(d.Tag))
		e.word(d.Value)
	}
	clear(e.b[kept:]) // DT_NULL in place of those that are gone
	for _, p := range f.Progs {
		if p.Type == stdelf.PT_DYNAMIC {
			m.edits = append(m.edits, edit{int64(p.Off), e.b[:len(e.b)-kept]})
			break
		}
	}
	return m, nil
}
