package elf

import (
	"bufio"
	stdelf "debug/elf"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Symbol is one dynamic symbol.
type Symbol struct {
	Name    string
	Version string // "" when it has none
	Defined bool   // the file has it; else it wants it from a library
	Copied  bool   // a variable of a library that the loader copies into the file; Defined too
	Weak    bool
}

// Symbols returns the dynamic symbols that have a name and that other files can see, in
// the file's order.
func (f *File) Symbols() ([]Symbol, error) {
	syms, err := f.symbols()
	if err != nil {
		return nil, fmt.Errorf("read ELF: symbols: %w", err)
	}
	return syms, nil
}

func (f *File) symbols() ([]Symbol, error) {
	at, ok := f.Tag(stdelf.DT_SYMTAB)
	if !ok {
		return nil, nil
	}
	n, err := f.symbolCount(at)
	if err != nil || n == 0 {
		return nil, err
	}
	size := uint64(16)
	if f.Is64() {
		size = 24
	}
	table, err := f.array(at, n, size)
	if err != nil {
		return nil, err
	}
	b, err := f.Strings()
	if err != nil {
		return nil, err
	}
	names := string(b) // symbols share it
	var versions []byte
	if at, ok := f.Tag(stdelf.DT_VERSYM); ok {
		if versions, err = f.array(at, n, 2); err != nil {
			return nil, fmt.Errorf("versions: %w", err)
		}
	}
	copied, err := f.copied()
	if err != nil {
		return nil, err
	}
	var out []Symbol
	total := 0
	for i := uint64(1); i < n; i++ {
		name, info, section := f.symbol(table[i*size:])
		bind := stdelf.ST_BIND(info)
		if bind == stdelf.STB_LOCAL {
			continue
		}
		if uint64(name) >= uint64(len(names)) {
			return nil, fmt.Errorf("symbol %d: its name is behind the string table's end", i)
		}
		text, _, ok := strings.Cut(names[name:min(uint64(len(names)), uint64(name)+maxSymbolName)], "\x00")
		if !ok {
			return nil, fmt.Errorf("symbol %d: its name has no end", i)
		}
		if total += len(text); total > maxSymbolText {
			return nil, fmt.Errorf("names of more than %d bytes in all", maxSymbolText)
		}
		if text == "" {
			continue
		}
		s := Symbol{Name: text, Defined: section != stdelf.SHN_UNDEF, Copied: copied[i], Weak: bind == stdelf.STB_WEAK}
		if versions != nil {
			s.Version = f.versions[f.Order.Uint16(versions[2*i:])&indexMask]
		}
		out = append(out, s)
	}
	return out, nil
}

// C++ makes long names, and names may share their ends.
const (
	maxSymbolName = 1 << 16
	maxSymbolText = 4 * maxStrings
)

func (f *File) symbol(b []byte) (name uint32, info byte, section stdelf.SectionIndex) {
	name = f.Order.Uint32(b)
	if f.Is64() {
		return name, b[4], stdelf.SectionIndex(f.Order.Uint16(b[6:]))
	}
	return name, b[12], stdelf.SectionIndex(f.Order.Uint16(b[14:]))
}

// array returns n records at an address.
func (f *File) array(at, n, size uint64) ([]byte, error) {
	if n > maxSymbols {
		return nil, fmt.Errorf("%d symbols; at most %d are read", n, maxSymbols)
	}
	off, err := f.Offset(at, n*size)
	if err != nil {
		return nil, err
	}
	return f.read(off, n*size)
}

// symbolCount finds out how many symbols there are, which no dynamic tag says: the hash
// tables know of the defined ones, the section header of all.
func (f *File) symbolCount(symtab uint64) (uint64, error) {
	if n, ok := f.sectionCount(symtab); ok {
		return n, nil
	}
	if at, ok := f.Tag(stdelf.DT_HASH); ok && !f.wideHash() {
		b, err := f.array(at, 2, 4)
		if err != nil {
			return 0, fmt.Errorf("hash table: %w", err)
		}
		return uint64(f.Order.Uint32(b[4:])), nil
	}
	if at, ok := f.Tag(stdelf.DT_GNU_HASH); ok {
		n, err := f.gnuHashCount(at)
		if err != nil {
			return 0, fmt.Errorf("hash table: %w", err)
		}
		return n, nil
	}
	return 0, nil
}

// wideHash says whether DT_HASH has 64-bit entries, as on two old processors.
func (f *File) wideHash() bool {
	return f.Is64() && (f.Machine == stdelf.EM_S390 || f.Machine == stdelf.EM_ALPHA)
}

// sectionCount looks for the section header of the dynamic symbol table.
func (f *File) sectionCount(symtab uint64) (uint64, bool) {
	size := f.sectionSize()
	b, err := f.read(f.Shoff, uint64(f.Shnum)*size)
	if err != nil {
		return 0, false
	}
	for ; uint64(len(b)) >= size; b = b[size:] {
		s := f.section(b)
		if s.Type == stdelf.SHT_DYNSYM && s.Addr == symtab && s.Entsize != 0 {
			return s.Size / s.Entsize, true
		}
	}
	return 0, false
}

// gnuHashCount follows the chain of the last bucket to its end.
func (f *File) gnuHashCount(at uint64) (uint64, error) {
	b, err := f.array(at, 4, 4)
	if err != nil {
		return 0, err
	}
	d := f.decode(b)
	buckets, first, bloom := uint64(d.u32()), uint64(d.u32()), uint64(d.u32())
	word := uint64(4)
	if f.Is64() {
		word = 8
	}
	if buckets > maxSymbols || bloom > maxSymbols {
		return 0, errors.New("impossible size")
	}
	table := at + 16 + bloom*word
	b, err = f.array(table, buckets, 4)
	if err != nil {
		return 0, err
	}
	var last uint64
	for d := f.decode(b); len(d.b) > 0; {
		last = max(last, uint64(d.u32()))
	}
	if last < first {
		return first, nil
	}
	off, err := f.Offset(table+buckets*4+(last-first)*4, 4)
	if err != nil {
		return 0, err
	}
	// The last bucket's chain ends at an odd value.
	rest := io.NewSectionReader(f.r, int64(off), f.size-int64(off))
	for r := bufio.NewReader(rest); last < maxSymbols; last++ {
		var b [4]byte
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return 0, fmt.Errorf("no end: %w", err)
		}
		if f.Order.Uint32(b[:])&1 != 0 {
			return last + 1, nil
		}
	}
	return 0, errors.New("no end")
}
