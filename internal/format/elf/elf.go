// Package elf reads what the dynamic loader reads of an ELF file: program headers, the
// dynamic section, symbol versions and dynamic symbols. It feeds closure and pack.
//
// Like the loader it goes by program headers and trusts no section header, so a file
// without sections reads the same. debug/elf is not meant for hostile input; this reader
// is: every offset, size and count is checked against the file and against a limit before
// anything is allocated or followed, and nothing is followed twice.
package elf

import (
	"bytes"
	stdelf "debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Limits of what is read. Real files stay far below them.
const (
	maxProgs    = 1024
	maxDynamic  = 1 << 16
	maxVersions = 1 << 16 // version records of one file, needed and defined
	maxString   = 4096    // a name or a path
	maxText     = 4 << 20 // all names of one file, symbols aside
	maxSymbols  = 1 << 22
	maxStrings  = 64 << 20 // the string table, when symbols are read
)

// ErrNotELF says that the content is not an ELF file at all.
var ErrNotELF = errors.New("not an ELF file")

// Prog is one program header.
type Prog struct {
	Type   stdelf.ProgType
	Flags  stdelf.ProgFlag
	Off    uint64
	Vaddr  uint64
	Paddr  uint64
	Filesz uint64
	Memsz  uint64
	Align  uint64
}

// Dyn is one entry of the dynamic section; the terminating DT_NULL is left out.
type Dyn struct {
	Tag   stdelf.DynTag
	Value uint64
}

// Version is one symbol version that a file needs from a library.
type Version struct {
	Library string // as in DT_NEEDED
	Name    string // "GLIBC_2.34"
	Weak    bool   // the loader does not insist on it
	index   uint16 // as DT_VERSYM refers to it
}

// File is the loader's view of an ELF file.
type File struct {
	Class   stdelf.Class
	Order   binary.ByteOrder
	Type    stdelf.Type
	Machine stdelf.Machine
	Flags   uint32
	Entry   uint64
	Phoff   uint64
	Shoff   uint64
	Shnum   int
	Progs   []Prog

	Interp    string // path of the dynamic loader, "" without
	DynamicAt uint64 // address of the dynamic section
	Dynamic   []Dyn
	Soname    string
	Rpath     string
	Runpath   string
	Needed    []string  // DT_NEEDED in order
	Requires  []Version // in the file's order
	Defines   []string  // symbol versions defined, without the base one

	r        io.ReaderAt
	size     int64
	strings  span              // the string table
	text     int               // bytes of names so far
	versions map[uint16]string // names of versions by index, needed and defined
}

// span is a part of the file.
type span struct{ off, size uint64 }

// Parse reads an ELF file of the given size. The error wraps ErrNotELF when the content is
// something else. r must stay usable for Symbols.
func Parse(r io.ReaderAt, size int64) (*File, error) {
	f := &File{r: r, size: size, versions: map[uint16]string{}}
	steps := []func() error{f.header, f.progs, f.interp, f.dynamic, f.names, f.needs, f.definitions}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, fmt.Errorf("read ELF: %w", err)
		}
	}
	return f, nil
}

// Is64 says whether addresses are 64 bits wide.
func (f *File) Is64() bool { return f.Class == stdelf.ELFCLASS64 }

// PIE says whether the file is loaded at an address of the system's choice.
func (f *File) PIE() bool { return f.Type == stdelf.ET_DYN }

// Tag returns the value of the first entry of that tag in the dynamic section.
func (f *File) Tag(t stdelf.DynTag) (uint64, bool) {
	for _, d := range f.Dynamic {
		if d.Tag == t {
			return d.Value, true
		}
	}
	return 0, false
}

// Offset returns where in the file the n bytes at an address are.
func (f *File) Offset(addr, n uint64) (uint64, error) {
	for _, p := range f.Progs {
		if p.Type != stdelf.PT_LOAD || addr < p.Vaddr || addr-p.Vaddr > p.Filesz || n > p.Filesz-(addr-p.Vaddr) {
			continue
		}
		return p.Off + (addr - p.Vaddr), nil // progs checked that the segment lies in the file
	}
	return 0, fmt.Errorf("address %#x (%d bytes) is in no loaded part of the file", addr, n)
}

// Matches says whether the loader would take o as a library of f: same class, byte order and processor.
func (f *File) Matches(o *File) bool {
	return f.Class == o.Class && f.Order == o.Order && f.Machine == o.Machine
}

func (f *File) header() error {
	ident, err := f.read(0, stdelf.EI_NIDENT)
	if err != nil || !bytes.HasPrefix(ident, []byte(stdelf.ELFMAG)) {
		return ErrNotELF
	}
	f.Class = stdelf.Class(ident[stdelf.EI_CLASS])
	switch stdelf.Data(ident[stdelf.EI_DATA]) {
	case stdelf.ELFDATA2LSB:
		f.Order = binary.LittleEndian
	case stdelf.ELFDATA2MSB:
		f.Order = binary.BigEndian
	default:
		return fmt.Errorf("unknown byte order %d", ident[stdelf.EI_DATA])
	}
	var size uint64
	switch f.Class {
	case stdelf.ELFCLASS32:
		size = 52
	case stdelf.ELFCLASS64:
		size = 64
	default:
		return fmt.Errorf("unknown class %d", ident[stdelf.EI_CLASS])
	}
	b, err := f.read(0, size)
	if err != nil {
		return err
	}
	d := f.decode(b[stdelf.EI_NIDENT:])
	f.Type, f.Machine = stdelf.Type(d.half()), stdelf.Machine(d.half())
	d.u32() // version
	f.Entry, f.Phoff, f.Shoff = d.word(), d.word(), d.word()
	f.Flags = d.u32()
	d.half() // header size
	phentsize, phnum, shentsize, shnum := d.half(), d.half(), d.half(), d.half()
	if phnum > 0 && uint64(phentsize) != f.progSize() {
		return fmt.Errorf("program headers of %d bytes", phentsize)
	}
	if phnum > maxProgs {
		return fmt.Errorf("%d program headers; at most %d are read", phnum, maxProgs)
	}
	f.Progs = make([]Prog, phnum)
	if uint64(shentsize) == f.sectionSize() && f.Shoff != 0 {
		f.Shnum = int(shnum)
	}
	return nil
}

func (f *File) progSize() uint64 {
	if f.Is64() {
		return 56
	}
	return 32
}

func (f *File) sectionSize() uint64 {
	if f.Is64() {
		return 64
	}
	return 40
}

func (f *File) progs() error {
	if len(f.Progs) == 0 {
		return nil
	}
	b, err := f.read(f.Phoff, f.progSize()*uint64(len(f.Progs)))
	if err != nil {
		return fmt.Errorf("program headers: %w", err)
	}
	d := f.decode(b)
	for i := range f.Progs {
		p := &f.Progs[i]
		p.Type = stdelf.ProgType(d.u32())
		if f.Is64() {
			p.Flags = stdelf.ProgFlag(d.u32())
		}
		p.Off, p.Vaddr, p.Paddr, p.Filesz, p.Memsz = d.word(), d.word(), d.word(), d.word(), d.word()
		if !f.Is64() {
			p.Flags = stdelf.ProgFlag(d.u32())
		}
		p.Align = d.word()
		if p.Type != stdelf.PT_LOAD {
			continue
		}
		if p.Off > uint64(f.size) || p.Filesz > uint64(f.size)-p.Off {
			return fmt.Errorf("program header %d: the segment ends behind the file's end", i)
		}
		if p.Filesz > p.Memsz || p.Vaddr+p.Memsz < p.Vaddr {
			return fmt.Errorf("program header %d: impossible size", i)
		}
	}
	return nil
}

func (f *File) interp() error {
	for _, p := range f.Progs {
		if p.Type != stdelf.PT_INTERP {
			continue
		}
		if p.Filesz > maxString {
			return fmt.Errorf("loader's name of %d bytes", p.Filesz)
		}
		b, err := f.read(p.Off, p.Filesz)
		if err != nil {
			return fmt.Errorf("loader's name: %w", err)
		}
		name, _, ok := bytes.Cut(b, []byte{0})
		if !ok {
			return errors.New("loader's name has no end")
		}
		f.Interp = string(name)
		return nil
	}
	return nil
}

// read returns n bytes of the file. Callers bound n.
func (f *File) read(off, n uint64) ([]byte, error) {
	if off > uint64(f.size) || n > uint64(f.size)-off {
		return nil, fmt.Errorf("%d bytes at %#x: %w", n, off, io.ErrUnexpectedEOF)
	}
	b := make([]byte, n)
	if _, err := f.r.ReadAt(b, int64(off)); err != nil && (err != io.EOF || n > 0) {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return b, nil
}

// decoder takes numbers off the front of b, which its makers know to be long enough.
type decoder struct {
	b     []byte
	order binary.ByteOrder
	wide  bool
}

func (f *File) decode(b []byte) *decoder { return &decoder{b: b, order: f.Order, wide: f.Is64()} }

func (d *decoder) half() uint16 {
	v := d.order.Uint16(d.b)
	d.b = d.b[2:]
	return v
}

func (d *decoder) u32() uint32 {
	v := d.order.Uint32(d.b)
	d.b = d.b[4:]
	return v
}

func (d *decoder) word() uint64 {
	if !d.wide {
		return uint64(d.u32())
	}
	v := d.order.Uint64(d.b)
	d.b = d.b[8:]
	return v
}
