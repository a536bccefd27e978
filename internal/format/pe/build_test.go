package pe

import (
	"bytes"
	"encoding/binary"
)

// builder lays out a small PE file for tests: headers, and one section at 0x1000.
type builder struct {
	wide bool
	data []byte // of the section
	dirs [16]directory
}

const builderRVA = 0x1000

func (b *builder) here() uint32 { return builderRVA + uint32(len(b.data)) }

func (b *builder) put(v ...any) uint32 {
	at := b.here()
	for _, x := range v {
		switch x := x.(type) {
		case string:
			b.data = append(append(b.data, x...), 0)
		default:
			var buf bytes.Buffer
			binary.Write(&buf, le, x)
			b.data = append(b.data, buf.Bytes()...)
		}
	}
	return at
}

// thunks writes a lookup table.
func (b *builder) thunks(symbols []Symbol) uint32 {
	var values []uint64
	for _, s := range symbols {
		v := uint64(s.Ordinal) | 1<<63
		if !b.wide {
			v = uint64(s.Ordinal) | 1<<31
		}
		if s.Name != "" {
			v = uint64(b.put(s.Ordinal, s.Name))
		}
		values = append(values, v)
	}
	at := b.here()
	for _, v := range append(values, 0) {
		if b.wide {
			b.put(v)
		} else {
			b.put(uint32(v))
		}
	}
	return at
}

func (b *builder) imports(list ...Import) *builder {
	var descriptors []uint32
	for _, i := range list {
		name, table := b.put(i.DLL), b.thunks(i.Symbols)
		descriptors = append(descriptors, table, 0, 0, name, table)
	}
	at := b.put(append(descriptors, 0, 0, 0, 0, 0))
	b.dirs[dirImport] = directory{at, 1}
	return b
}

func (b *builder) delayed(attributes, base uint32, list ...Import) *builder {
	var descriptors []uint32
	for _, i := range list {
		name, table := b.put(i.DLL), b.thunks(i.Symbols)
		descriptors = append(descriptors, attributes, base+name, 0, 0, base+table, 0, 0, 0)
	}
	at := b.put(append(descriptors, make([]uint32, 8)...))
	b.dirs[dirDelay] = directory{at, 1}
	return b
}

// exports writes an export table of the DLL dll; forward[i] != "" makes name i a forwarder.
func (b *builder) exports(dll string, base uint32, names, forward []string, gaps int) *builder {
	at := b.here()
	const header = 40
	n := uint32(len(names))
	count := n + uint32(gaps) + 1 // one without a name behind the gaps
	addresses := at + header
	nameTable := addresses + 4*count
	ordinals := nameTable + 4*n
	text := ordinals + 2*n
	var strings []byte
	str := func(s string) uint32 {
		p := text + uint32(len(strings))
		strings = append(append(strings, s...), 0)
		return p
	}
	dllAt := str(dll)
	var addr, nameRVA []uint32
	var ord []uint16
	for i, name := range names {
		nameRVA = append(nameRVA, str(name))
		ord = append(ord, uint16(i))
		if forward[i] != "" {
			addr = append(addr, str(forward[i]))
		} else {
			addr = append(addr, 0x9000)
		}
	}
	for i := 0; i < gaps; i++ {
		addr = append(addr, 0)
	}
	addr = append(addr, 0x9100)
	b.put([]uint32{0, 0, 0, dllAt, base, count, n, addresses, nameTable, ordinals}, addr, nameRVA, ord)
	b.data = append(b.data, strings...)
	b.dirs[dirExport] = directory{at, b.here() - at}
	return b
}

func (b *builder) bytes() []byte {
	var out bytes.Buffer
	w := func(v ...any) {
		for _, x := range v {
			binary.Write(&out, le, x)
		}
	}
	dos := make([]byte, 64)
	copy(dos, "MZ")
	dos[60] = 64
	machine, optional := I386, uint16(96+8*16)
	if b.wide {
		machine, optional = AMD64, 112+8*16
	}
	w(dos, []byte("PE\x00\x00"), machine, uint16(1), uint32(1700000000), uint32(0), uint32(0), optional, uint16(0x2002))
	if b.wide {
		w(uint16(0x20b), make([]byte, 22), uint64(0x140000000))
	} else {
		w(uint16(0x10b), make([]byte, 26), uint32(0x400000))
	}
	w(uint32(0x1000), uint32(0x200), make([]byte, 20), uint32(0x200), uint32(0), Console, uint16(0))
	if b.wide {
		w(make([]byte, 36))
	} else {
		w(make([]byte, 20))
	}
	w(uint32(16), b.dirs[:])
	raw := (len(b.data) + 0x1ff) &^ 0x1ff
	w([]byte(".rdata\x00\x00"), uint32(len(b.data)+0x100), uint32(builderRVA), uint32(raw), uint32(0x400), make([]byte, 16))
	w(make([]byte, 0x400-out.Len()), b.data, make([]byte, raw-len(b.data)))
	return out.Bytes()
}
