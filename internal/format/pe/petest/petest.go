// Package petest makes small Windows DLLs, for the tests of packages that read them.
package petest

import (
	"bytes"
	"encoding/binary"
)

// DLL is a 64-bit DLL of nothing but tables.
type DLL struct {
	Name    string
	Machine uint16 // 0: AMD64
	Imports []Import
	Delayed []Import // loaded at the first call
	Exports []Export
}

// Import is what is imported of a DLL: names, or ordinals for those that are "".
type Import struct {
	DLL   string
	Names []string
}

// Export is one exported name; Forward is "DLL.name" when another DLL has it.
type Export struct {
	Name, Forward string
}

const (
	rva      = 0x1000
	optional = 112 + 16*8
)

type builder struct {
	data []byte
	dirs [16][2]uint32
}

var le = binary.LittleEndian

func (b *builder) here() uint32 { return rva + uint32(len(b.data)) }

func (b *builder) text(s string) uint32 {
	at := b.here()
	b.data = append(append(b.data, s...), 0)
	return at
}

func (b *builder) words(v ...uint32) uint32 {
	at := b.here()
	for _, x := range v {
		b.data = le.AppendUint32(b.data, x)
	}
	return at
}

// lookup writes the table of what is imported of one DLL.
func (b *builder) lookup(names []string) uint32 {
	var thunks []uint64
	for i, n := range names {
		if n == "" {
			thunks = append(thunks, uint64(i+1)|1<<63)
			continue
		}
		at := b.here()
		b.data = append(b.data, 0, 0) // the hint
		b.text(n)
		thunks = append(thunks, uint64(at))
	}
	at := b.here()
	for _, t := range append(thunks, 0) {
		b.data = le.AppendUint64(b.data, t)
	}
	return at
}

// Bytes is the file.
func (d DLL) Bytes() []byte {
	b := &builder{}
	var table []uint32
	for _, i := range d.Imports {
		at := b.lookup(i.Names)
		table = append(table, at, 0, 0, b.text(i.DLL), at)
	}
	if table != nil {
		b.dirs[1] = [2]uint32{b.words(append(table, 0, 0, 0, 0, 0)...), 20}
	}
	table = nil
	for _, i := range d.Delayed {
		at := b.lookup(i.Names)
		table = append(table, 1, b.text(i.DLL), 0, at, at, 0, 0, 0)
	}
	if table != nil {
		b.dirs[13] = [2]uint32{b.words(append(table, make([]uint32, 8)...)...), 32}
	}
	if len(d.Exports) > 0 {
		d.exports(b)
	}
	return d.file(b)
}

func (d DLL) exports(b *builder) {
	start, n := b.here(), uint32(len(d.Exports))
	const header = 40
	addresses := start + header
	names := addresses + 4*n
	ordinals := names + 4*n
	texts := ordinals + 2*n
	var text []byte
	put := func(s string) uint32 {
		at := texts + uint32(len(text))
		text = append(append(text, s...), 0)
		return at
	}
	name := put(d.Name)
	var addr, named []uint32
	for _, e := range d.Exports {
		named = append(named, put(e.Name))
		if e.Forward != "" {
			addr = append(addr, put(e.Forward))
		} else {
			addr = append(addr, 0x9000)
		}
	}
	b.words(0, 0, 0, name, 1, n, n, addresses, names, ordinals)
	b.words(addr...)
	b.words(named...)
	for i := range d.Exports {
		b.data = le.AppendUint16(b.data, uint16(i))
	}
	b.data = append(b.data, text...)
	b.dirs[0] = [2]uint32{start, b.here() - start}
}

func (d DLL) file(b *builder) []byte {
	var out bytes.Buffer
	put := func(v ...any) {
		for _, x := range v {
			binary.Write(&out, le, x)
		}
	}
	machine := d.Machine
	if machine == 0 {
		machine = 0x8664
	}
	dos := make([]byte, 64)
	copy(dos, "MZ")
	dos[60] = 64
	raw := (len(b.data) + 0x1ff) &^ 0x1ff
	put(dos, []byte("PE\x00\x00"), machine, uint16(1), make([]byte, 12), uint16(optional), uint16(0x2002))
	put(uint16(0x20b), make([]byte, 22), uint64(0x140000000), uint32(0x1000), uint32(0x200), make([]byte, 20), uint32(0x200), uint32(0), uint16(3), uint16(0))
	put(make([]byte, 36), uint32(16), b.dirs[:])
	put([]byte(".rdata\x00\x00"), uint32(len(b.data)), uint32(rva), uint32(raw), uint32(0x400), make([]byte, 16))
	put(make([]byte, 0x400-out.Len()), b.data, make([]byte, raw-len(b.data)))
	return out.Bytes()
}
