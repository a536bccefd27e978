package pe

import (
	"fmt"
	"strconv"
	"strings"
)

// exports reads the export table.
func (im *image) exports() (name string, out []Export, err error) {
	dir := im.directory(dirExport)
	if dir.rva == 0 {
		return "", nil, nil
	}
	var b [40]byte
	if err := im.read(b[:], dir.rva); err != nil {
		return "", nil, err
	}
	if rva := le.Uint32(b[12:]); rva != 0 {
		if name, err = im.name(rva); err != nil {
			return "", nil, err
		}
	}
	t := exportTable{
		image: im, dir: dir, base: le.Uint32(b[16:]), count: le.Uint32(b[20:]), addresses: le.Uint32(b[28:]),
	}
	if t.count > 1<<16 {
		return "", nil, fmt.Errorf("%d exports, more than ordinals can number", t.count)
	}
	t.named = make([]bool, t.count)
	if err := t.byName(le.Uint32(b[24:]), le.Uint32(b[32:]), le.Uint32(b[36:])); err != nil {
		return "", nil, err
	}
	if err := t.byOrdinal(); err != nil {
		return "", nil, err
	}
	return name, t.out, nil
}

type exportTable struct {
	*image
	dir       directory
	base      uint32 // the first ordinal
	count     uint32 // of addresses
	addresses uint32
	named     []bool
	out       []Export
}

func (t *exportTable) byName(count, names, ordinals uint32) error {
	for i := uint32(0); i < count; i++ {
		if err := t.symbol(); err != nil {
			return err
		}
		var b [4]byte
		if err := t.entry(b[:2], ordinals, i); err != nil {
			return err
		}
		index := uint32(le.Uint16(b[:]))
		if index >= t.count {
			return fmt.Errorf("name %d of %d is of export %d of %d", i, count, index, t.count)
		}
		if err := t.entry(b[:], names, i); err != nil {
			return err
		}
		name, err := t.name(le.Uint32(b[:]))
		if err != nil {
			return err
		}
		t.named[index] = true
		if err := t.add(index, name); err != nil {
			return err
		}
	}
	return nil
}

func (t *exportTable) byOrdinal() error {
	for i := uint32(0); i < t.count; i++ {
		if t.named[i] {
			continue
		}
		if err := t.symbol(); err != nil {
			return err
		}
		if err := t.add(i, ""); err != nil {
			return err
		}
	}
	return nil
}

// add appends an export. An address within the export directory is that of a forwarder's
// text; a zero one is a gap in the ordinals.
func (t *exportTable) add(index uint32, name string) error {
	var b [4]byte
	if err := t.entry(b[:], t.addresses, index); err != nil {
		return err
	}
	rva := le.Uint32(b[:])
	if rva == 0 {
		return nil
	}
	e := Export{Name: name, Ordinal: t.base + index}
	if rva >= t.dir.rva && rva-t.dir.rva < t.dir.size {
		text, err := t.name(rva)
		if err != nil {
			return err
		}
		if e.Forward, err = parseForward(text); err != nil {
			return err
		}
	}
	t.out = append(t.out, e)
	return nil
}

// parseForward reads "NTDLL.RtlAllocateHeap" or "WS2_32.#12".
func parseForward(s string) (*Forward, error) {
	i := strings.LastIndexByte(s, '.')
	if i <= 0 || i == len(s)-1 {
		return nil, fmt.Errorf("forwarder %.80q names no DLL and symbol", s)
	}
	f := &Forward{DLL: s[:i], Symbol: Symbol{Name: s[i+1:]}}
	if !strings.Contains(f.DLL, ".") {
		f.DLL += ".dll"
	}
	if n, ok := strings.CutPrefix(f.Symbol.Name, "#"); ok {
		ordinal, err := strconv.ParseUint(n, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("forwarder %.80q has no ordinal", s)
		}
		f.Symbol = Symbol{Ordinal: uint16(ordinal)}
	}
	return f, checkDLLName(f.DLL)
}
