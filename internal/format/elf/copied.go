package elf

import (
	"bufio"
	stdelf "debug/elf"
	"fmt"
	"io"
)

// copies are the relocation types by which a program gets a copy of a library's variable.
var copies = map[stdelf.Machine]uint32{
	stdelf.EM_386: 5, stdelf.EM_X86_64: 5, stdelf.EM_ARM: 20, stdelf.EM_AARCH64: 1024, stdelf.EM_RISCV: 4,
	stdelf.EM_PPC64: 19, stdelf.EM_S390: 9, stdelf.EM_LOONGARCH: 4,
}

// copied returns the indexes of the symbols that have a copy relocation: the file has room
// for them, and a library has what they are.
func (f *File) copied() (map[uint64]bool, error) {
	kind, known := copies[f.Machine]
	if !known {
		return nil, nil
	}
	out := map[uint64]bool{}
	word := uint64(4)
	if f.Is64() {
		word = 8
	}
	for _, t := range []struct {
		at, size stdelf.DynTag
		words    uint64
	}{{stdelf.DT_RELA, stdelf.DT_RELASZ, 3}, {stdelf.DT_REL, stdelf.DT_RELSZ, 2}} {
		at, ok := f.Tag(t.at)
		size, _ := f.Tag(t.size)
		if !ok || size == 0 {
			continue
		}
		off, err := f.Offset(at, size)
		if err != nil {
			return nil, fmt.Errorf("relocations: %w", err)
		}
		// A position independent program has many; they pass one by one.
		r := bufio.NewReaderSize(io.NewSectionReader(f.r, int64(off), int64(size)), 1<<16)
		rec := make([]byte, t.words*word)
		for range size / uint64(len(rec)) {
			if _, err := io.ReadFull(r, rec); err != nil {
				return nil, fmt.Errorf("relocations: %w", err)
			}
			d := f.decode(rec)
			d.word() // where
			sym, typ := f.relocation(d.word())
			if typ != kind {
				continue
			}
			if out[sym] = true; len(out) > maxVersions {
				return nil, fmt.Errorf("relocations: more than %d variables are copied", maxVersions)
			}
		}
	}
	return out, nil
}

// relocation takes r_info apart.
func (f *File) relocation(info uint64) (symbol uint64, kind uint32) {
	if f.Is64() {
		return info >> 32, uint32(info)
	}
	return info >> 8, uint32(info & 0xff)
}
