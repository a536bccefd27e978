package elf

import (
	stdelf "debug/elf"
	"errors"
	"fmt"
	"slices"
)

// Layouts of version records, the same for 32 and 64 bits.
const (
	needSize    = 16 // Elf_Verneed
	needAuxSize = 16 // Elf_Vernaux
	defSize     = 20 // Elf_Verdef
	defAuxSize  = 8  // Elf_Verdaux

	flagBase = 1 // VER_FLG_BASE: the file itself
	flagWeak = 2 // VER_FLG_WEAK

	indexMask = 0x7fff // of DT_VERSYM entries; the bit above hides a symbol
)

// needs reads DT_VERNEED.
func (f *File) needs() error {
	at, ok := f.Tag(stdelf.DT_VERNEED)
	if !ok {
		return nil
	}
	count, _ := f.Tag(stdelf.DT_VERNEEDNUM)
	err := f.chain(at, count, needSize, func(d *decoder, rec uint64) (next uint32, err error) {
		d.half() // version of the record
		n := d.half()
		library, err := f.str(uint64(d.u32()))
		if err != nil {
			return 0, err
		}
		aux := d.u32()
		next = d.u32()
		return next, f.chain(rec+uint64(aux), uint64(n), needAuxSize, func(d *decoder, _ uint64) (uint32, error) {
			d.u32() // hash
			flags, index := d.half(), d.half()
			name, err := f.str(uint64(d.u32()))
			if err != nil {
				return 0, err
			}
			if len(f.Requires) >= maxVersions {
				return 0, errTooMany
			}
			f.Requires = append(f.Requires, Version{library, name, flags&flagWeak != 0, index & indexMask})
			f.versions[index&indexMask] = name
			return d.u32(), nil
		})
	})
	if err != nil {
		return fmt.Errorf("needed versions: %w", err)
	}
	return nil
}

// definitions reads DT_VERDEF.
func (f *File) definitions() error {
	at, ok := f.Tag(stdelf.DT_VERDEF)
	if !ok {
		return nil
	}
	count, _ := f.Tag(stdelf.DT_VERDEFNUM)
	err := f.chain(at, count, defSize, func(d *decoder, rec uint64) (next uint32, err error) {
		d.half() // version of the record
		flags, index, n := d.half(), d.half(), d.half()
		d.u32() // hash
		aux := d.u32()
		next = d.u32()
		if flags&flagBase != 0 || n == 0 {
			return next, nil
		}
		// The first name is the version's own; the others are those it inherits from.
		return next, f.chain(rec+uint64(aux), 1, defAuxSize, func(d *decoder, _ uint64) (uint32, error) {
			name, err := f.str(uint64(d.u32()))
			if err != nil {
				return 0, err
			}
			if len(f.Defines) >= maxVersions {
				return 0, errTooMany
			}
			f.Defines = append(f.Defines, name)
			f.versions[index&indexMask] = name
			return 0, nil
		})
	})
	if err != nil {
		return fmt.Errorf("defined versions: %w", err)
	}
	return nil
}

var errTooMany = fmt.Errorf("more than %d versions", maxVersions)

// chain follows count records of size bytes from an address on; each tells how far the
// next one is. It always moves forward by at least one record, so it ends.
func (f *File) chain(at, count, size uint64, visit func(d *decoder, at uint64) (next uint32, err error)) error {
	if count > maxVersions {
		return errTooMany
	}
	for ; count > 0; count-- {
		off, err := f.Offset(at, size)
		if err != nil {
			return err
		}
		b, err := f.read(off, size)
		if err != nil {
			return err
		}
		next, err := visit(f.decode(b), at)
		if err != nil {
			return err
		}
		if next == 0 {
			return nil
		}
		if uint64(next) < size {
			return errors.New("version records overlap")
		}
		at += uint64(next)
	}
	return nil
}

// HasVersion says whether the file defines a symbol version.
func (f *File) HasVersion(name string) bool { return slices.Contains(f.Defines, name) }
