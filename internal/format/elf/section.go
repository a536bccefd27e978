package elf

import (
	stdelf "debug/elf"
	"fmt"
)

// Section is a section header, as far as a rewriter wants it.
type Section struct {
	At      uint64 // where the header is in the file
	Type    stdelf.SectionType
	Addr    uint64
	Off     uint64
	Size    uint64
	Entsize uint64
}

// Sections returns the section headers. The loader does not look at them, so what they say
// is not checked.
func (f *File) Sections() ([]Section, error) {
	size := f.sectionSize()
	b, err := f.read(f.Shoff, uint64(f.Shnum)*size)
	if err != nil {
		return nil, fmt.Errorf("read ELF: section headers: %w", err)
	}
	out := make([]Section, f.Shnum)
	for i := range out {
		out[i] = f.section(b[uint64(i)*size:])
		out[i].At = f.Shoff + uint64(i)*size
	}
	return out, nil
}

func (f *File) section(b []byte) Section {
	d := f.decode(b)
	d.u32() // name
	s := Section{Type: stdelf.SectionType(d.u32())}
	d.word() // flags
	s.Addr, s.Off, s.Size = d.word(), d.word(), d.word()
	d.u32()  // link
	d.u32()  // info
	d.word() // alignment
	s.Entsize = d.word()
	return s
}
