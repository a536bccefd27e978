package bundle

import (
	stdelf "debug/elf"

	"github.com/graft-build/graft/internal/format/elf"
)

// part is an appended segment.
type part struct {
	off, addr uint64
	b         []byte
}

// placed is something in a part.
type placed struct{ off, addr, size uint64 }

// after returns an empty part behind an offset and an address, the two congruent as mapping wants it.
func after(off, addr, align uint64) part {
	off = roundUp(off, 16)
	return part{off: off, addr: roundUp(addr, align) + off%align}
}

// place adds b, aligned to 16 bytes.
func (p *part) place(b []byte) placed {
	n := roundUp(uint64(len(p.b)), 16)
	p.b = append(p.b, make([]byte, n-uint64(len(p.b)))...)
	return p.append(b)
}

// append adds b right behind what is there.
func (p *part) append(b []byte) placed {
	at := uint64(len(p.b))
	p.b = append(p.b, b...)
	return placed{p.off + at, p.addr + at, uint64(len(b))}
}

// set writes over what was placed.
func (p *part) set(at placed, b []byte) { copy(p.b[at.addr-p.addr:], b) }

func (p *part) prog(flags stdelf.ProgFlag, align uint64) elf.Prog {
	n := uint64(len(p.b))
	return elf.Prog{
		Type: stdelf.PT_LOAD, Flags: flags, Align: align,
		Off: p.off, Vaddr: p.addr, Paddr: p.addr, Filesz: n, Memsz: n,
	}
}

func roundUp(n, to uint64) uint64 { return (n + to - 1) / to * to }

// config is what stub.c reads behind its code; see struct config there.
type config struct {
	self, entry, phdr, phnum, rpath, strtab uint64
}

func (c config) encode(f *elf.File, l Layout) []byte {
	e := encoder{f: f}
	for _, v := range []uint64{c.self, c.entry, c.phdr, c.phnum, c.rpath, c.strtab, uint64(len(l.Libraries) + 1)} {
		e.word(v)
	}
	return append(e.b, l.Libraries+"\x00"+l.Loader+"\x00"...)
}

// encoder writes numbers as the file's class and byte order have them.
type encoder struct {
	f *elf.File
	b []byte
}

func (e *encoder) u32(v uint64) {
	e.b = append(e.b, 0, 0, 0, 0)
	e.f.Order.PutUint32(e.b[len(e.b)-4:], uint32(v))
}

func (e *encoder) word(v uint64) {
	if !e.f.Is64() {
		e.u32(v)
		return
	}
	e.b = append(e.b, 0, 0, 0, 0, 0, 0, 0, 0)
	e.f.Order.PutUint64(e.b[len(e.b)-8:], v)
}

func progSize(f *elf.File) int {
	if f.Is64() {
		return 56
	}
	return 32
}

func encodeProgs(f *elf.File, progs []elf.Prog) []byte {
	e := encoder{f: f}
	for _, p := range progs {
		e.u32(uint64(p.Type))
		if f.Is64() {
			e.u32(uint64(p.Flags))
		}
		for _, v := range []uint64{p.Off, p.Vaddr, p.Paddr, p.Filesz, p.Memsz} {
			e.word(v)
		}
		if !f.Is64() {
			e.u32(uint64(p.Flags))
		}
		e.word(p.Align)
	}
	return e.b
}
