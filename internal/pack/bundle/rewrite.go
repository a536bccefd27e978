package bundle

import (
	stdelf "debug/elf"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/graft-build/graft/internal/format/elf"
)

// rewriter holds what is appended to a program: two segments, one with the code and all
// that is only read, one with the dynamic section, which the loader writes to.
type rewriter struct {
	f      *elf.File
	layout Layout
	align  uint64

	text, data part
	strtab     uint64 // address of the linker's string table
	names      placed // the new string table
	dynamic    placed
	table      placed // the program headers that the kernel reads
	entry      uint64
}

// newRewriter lays everything out. The order of the steps is that in which addresses become known.
func newRewriter(f *elf.File, size uint64, l Layout) (*rewriter, error) {
	end, align, err := extent(f)
	if err != nil {
		return nil, err
	}
	w := &rewriter{f: f, layout: l, align: align, text: after(size, end, align)}
	room := make([]byte, (len(f.Progs)+2)*progSize(f))
	forLoader, forKernel := w.text.place(room), w.text.place(room)
	names, rpath, err := w.stringTable()
	if err != nil {
		return nil, err
	}
	w.names = w.text.place(names)
	w.entry = w.text.place(stubs[f.Machine]).addr
	c := config{entry: f.Entry, phdr: forLoader.addr, strtab: w.names.addr}
	conf := w.text.append(c.encode(f, l)) // its size does not depend on what it says

	w.data = after(w.text.off+uint64(len(w.text.b)), w.text.addr+uint64(len(w.text.b)), align)
	dynamic, rpathAt := w.dynamicSection(rpath)
	w.dynamic = w.data.place(dynamic)

	progs := w.progs()
	seen := slices.DeleteFunc(slices.Clone(progs), hidden)
	forKernel.size = uint64(len(seen) * progSize(f))
	locate(progs, forLoader)
	locate(seen, forKernel)
	w.text.set(forLoader, encodeProgs(f, progs))
	w.text.set(forKernel, encodeProgs(f, seen))
	w.table = forKernel

	c.self, c.phnum, c.rpath = conf.addr, uint64(len(progs)), w.dynamic.addr+rpathAt
	w.text.set(conf, c.encode(f, l))
	return w, nil
}

// extent returns where the program ends in memory, and what its segments are aligned to.
func extent(f *elf.File) (end, align uint64, err error) {
	align = 0x1000
	for _, p := range f.Progs {
		if p.Type != stdelf.PT_LOAD {
			continue
		}
		end = max(end, p.Vaddr+p.Memsz)
		align = max(align, p.Align)
	}
	limit := uint64(1) << 47
	if !f.Is64() {
		limit = 1 << 31
	}
	if align > 1<<24 || align&(align-1) != 0 || end == 0 || end > limit {
		return 0, 0, fmt.Errorf("impossible program headers: end %#x, alignment %#x", end, align)
	}
	return end, align, nil
}

// stringTable returns the linker's string table with the library path at its end, and where that is.
func (w *rewriter) stringTable() (names []byte, rpath uint64, err error) {
	at, ok := w.f.Tag(stdelf.DT_STRTAB)
	if !ok {
		return nil, 0, errors.New("no string table")
	}
	w.strtab = at
	if names, err = w.f.Strings(); err != nil {
		return nil, 0, err
	}
	rpath = uint64(len(names))
	return append(append(names, "$ORIGIN/"+w.layout.Libraries...), 0), rpath, nil
}

// dynamicSection returns the program's dynamic section with the new string table and library
// path, and the offset in it of the path's value.
func (w *rewriter) dynamicSection(rpath uint64) (b []byte, rpathAt uint64) {
	e := encoder{f: w.f}
	for _, d := range w.f.Dynamic {
		switch d.Tag {
		case stdelf.DT_RPATH, stdelf.DT_RUNPATH:
			continue
		case stdelf.DT_STRTAB:
			d.Value = w.names.addr
		case stdelf.DT_STRSZ:
			d.Value = w.names.size
		}
		e.word(uint64(d.Tag))
		e.word(d.Value)
	}
	e.word(uint64(stdelf.DT_RPATH))
	rpathAt = uint64(len(e.b))
	e.word(rpath)
	e.word(uint64(stdelf.DT_NULL))
	e.word(0)
	return e.b, rpathAt
}

// progs returns the program headers for the loader: the linker's, the dynamic section
// moved, the appended segments behind the last of the loaded ones, which are in order of address.
func (w *rewriter) progs() []elf.Prog {
	last := 0
	progs := slices.Clone(w.f.Progs)
	for i := range progs {
		switch p := &progs[i]; p.Type {
		case stdelf.PT_LOAD:
			last = i
		case stdelf.PT_DYNAMIC:
			p.Off, p.Vaddr, p.Paddr = w.dynamic.off, w.dynamic.addr, w.dynamic.addr
			p.Filesz, p.Memsz = w.dynamic.size, w.dynamic.size
		}
	}
	return slices.Insert(progs, last+1,
		w.text.prog(stdelf.PF_R|stdelf.PF_X, w.align), w.data.prog(stdelf.PF_R|stdelf.PF_W, w.align))
}

// hidden says what the kernel must not see: the loader's name, and the promise that all code
// of a program without a loader has landing pads (PT_GNU_PROPERTY on arm64).
func hidden(p elf.Prog) bool {
	return p.Type == stdelf.PT_INTERP || p.Type == stdelf.PT_GNU_PROPERTY
}

// locate states where a table of program headers is, in the table itself.
func locate(progs []elf.Prog, at placed) {
	for i := range progs {
		if p := &progs[i]; p.Type == stdelf.PT_PHDR {
			p.Off, p.Vaddr, p.Paddr, p.Filesz, p.Memsz = at.off, at.addr, at.addr, at.size, at.size
		}
	}
}

// image puts the file together.
func (w *rewriter) image(r io.ReaderAt, size int64) (*Image, error) {
	img := &Image{src: r, srcSize: size}
	img.header(w.f, w.entry, w.table)
	sections, err := w.f.Sections()
	if err != nil {
		return nil, err
	}
	for _, s := range sections {
		switch {
		case s.Type == stdelf.SHT_DYNAMIC && s.Addr == w.f.DynamicAt:
			img.section(w.f, s, w.dynamic)
		case s.Type == stdelf.SHT_STRTAB && s.Addr == w.strtab:
			img.section(w.f, s, w.names)
		}
	}
	img.append(w.text)
	img.append(w.data)
	return img, nil
}
