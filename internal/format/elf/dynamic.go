package elf

import (
	"bytes"
	stdelf "debug/elf"
	"errors"
	"fmt"
)

func (f *File) dynamic() error {
	for _, p := range f.Progs {
		if p.Type != stdelf.PT_DYNAMIC {
			continue
		}
		f.DynamicAt = p.Vaddr
		entry := uint64(8)
		if f.Is64() {
			entry = 16
		}
		// The loader reads it in memory and up to DT_NULL. A file that holds nothing of it
		// (split off debugging information) has no loadable content at all.
		if p.Filesz == 0 {
			return nil
		}
		if p.Filesz > maxDynamic*entry {
			return fmt.Errorf("dynamic section of %d bytes", p.Filesz)
		}
		b, err := f.read(p.Off, p.Filesz)
		if err != nil {
			return fmt.Errorf("dynamic section: %w", err)
		}
		for d := f.decode(b); uint64(len(d.b)) >= entry; {
			// Tags are signed words; of 32 bits they are kept as the constants of debug/elf, unsigned.
			tag, value := stdelf.DynTag(d.word()), d.word()
			if tag == stdelf.DT_NULL {
				break
			}
			f.Dynamic = append(f.Dynamic, Dyn{tag, value})
		}
		return nil
	}
	return nil
}

// names resolves the strings that the dynamic section refers to.
func (f *File) names() error {
	at, ok := f.Tag(stdelf.DT_STRTAB)
	if !ok {
		return nil
	}
	size, ok := f.Tag(stdelf.DT_STRSZ)
	if !ok {
		return errors.New("string table without a size")
	}
	off, err := f.Offset(at, size)
	if err != nil {
		return fmt.Errorf("string table: %w", err)
	}
	f.strings = span{off, size}
	for _, d := range f.Dynamic {
		var to *string
		switch d.Tag {
		case stdelf.DT_NEEDED:
			f.Needed = append(f.Needed, "")
			to = &f.Needed[len(f.Needed)-1]
		case stdelf.DT_SONAME:
			to = &f.Soname
		case stdelf.DT_RPATH:
			to = &f.Rpath
		case stdelf.DT_RUNPATH:
			to = &f.Runpath
		default:
			continue
		}
		if *to, err = f.str(d.Value); err != nil {
			return fmt.Errorf("%v: %w", d.Tag, err)
		}
	}
	return nil
}

// str returns the string at an offset of the string table.
func (f *File) str(at uint64) (string, error) {
	if at >= f.strings.size {
		return "", fmt.Errorf("string %#x is behind the string table's end", at)
	}
	b, err := f.read(f.strings.off+at, min(f.strings.size-at, maxString))
	if err != nil {
		return "", err
	}
	s, _, ok := bytes.Cut(b, []byte{0})
	if !ok {
		return "", fmt.Errorf("string %#x has no end, or is longer than %d bytes", at, maxString)
	}
	if f.text += len(s); f.text > maxText {
		return "", fmt.Errorf("names of more than %d bytes in all", maxText)
	}
	return string(s), nil
}

// Strings returns the whole string table, for a copy of it.
func (f *File) Strings() ([]byte, error) {
	if f.strings.size > maxStrings {
		return nil, fmt.Errorf("read ELF: string table of %d bytes", f.strings.size)
	}
	return f.read(f.strings.off, f.strings.size)
}
