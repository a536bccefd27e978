package pe

import (
	"fmt"
	"math"
)

// imports reads the import directory. Its stated size is not asked: like Windows' loader,
// this goes on to the descriptor of zeros.
func (im *image) imports() ([]Import, error) {
	dir := im.directory(dirImport)
	if dir.rva == 0 {
		return nil, nil
	}
	var out []Import
	for i := uint32(0); ; i++ {
		var b [20]byte
		if err := im.entry(b[:], dir.rva, i); err != nil {
			return nil, err
		}
		lookup, name, address := le.Uint32(b[0:]), le.Uint32(b[12:]), le.Uint32(b[16:])
		if name == 0 || address == 0 {
			return out, nil
		}
		if len(out) == maxDLLs {
			return nil, fmt.Errorf("more than %d DLLs", maxDLLs)
		}
		if lookup == 0 {
			lookup = address // some linkers leave out the lookup table
		}
		imp, err := im.importOf(name, lookup)
		if err != nil {
			return nil, err
		}
		out = append(out, imp)
	}
}

// delayed reads the delay-import directory. Its first word says whether addresses are
// relative; Visual C++ 6 wrote absolute ones.
func (im *image) delayed() ([]Import, error) {
	dir := im.directory(dirDelay)
	if dir.rva == 0 {
		return nil, nil
	}
	var out []Import
	for i := uint32(0); ; i++ {
		var b [32]byte
		if err := im.entry(b[:], dir.rva, i); err != nil {
			return nil, err
		}
		if le.Uint32(b[4:]) == 0 {
			return out, nil
		}
		if len(out) == maxDLLs {
			return nil, fmt.Errorf("more than %d DLLs", maxDLLs)
		}
		name, lookup := le.Uint32(b[4:]), le.Uint32(b[16:])
		if le.Uint32(b[0:])&1 == 0 {
			if im.wide {
				return nil, fmt.Errorf("absolute addresses in a 64-bit file")
			}
			name, lookup = name-uint32(im.base), lookup-uint32(im.base)
		}
		imp, err := im.importOf(name, lookup)
		if err != nil {
			return nil, err
		}
		out = append(out, imp)
	}
}

// entry reads the i-th record of a table.
func (im *image) entry(b []byte, rva, i uint32) error {
	at := uint64(rva) + uint64(i)*uint64(len(b))
	if at > math.MaxUint32 {
		return fmt.Errorf("table at 0x%x leaves the address space", rva)
	}
	return im.read(b, uint32(at))
}

func (im *image) importOf(name, lookup uint32) (Import, error) {
	dll, err := im.dllName(name)
	if err != nil {
		return Import{}, err
	}
	imp := Import{DLL: dll}
	width := 4
	if im.wide {
		width = 8
	}
	for i := uint32(0); ; i++ {
		var b [8]byte
		if err := im.entry(b[:width], lookup, i); err != nil {
			return Import{}, fmt.Errorf("%s: %w", dll, err)
		}
		thunk := le.Uint64(b[:])
		if thunk == 0 {
			return imp, nil
		}
		s, err := im.thunk(thunk)
		if err != nil {
			return Import{}, fmt.Errorf("%s: %w", dll, err)
		}
		imp.Symbols = append(imp.Symbols, s)
	}
}

// thunk reads one imported symbol: an ordinal, or the address of a hint and a name.
func (im *image) thunk(v uint64) (Symbol, error) {
	if err := im.symbol(); err != nil {
		return Symbol{}, err
	}
	flag := uint64(1) << 31
	if im.wide {
		flag = 1 << 63
	}
	if v&flag != 0 {
		if v&^flag > math.MaxUint16 {
			return Symbol{}, fmt.Errorf("import 0x%x is no ordinal", v)
		}
		return Symbol{Ordinal: uint16(v)}, nil
	}
	if v > math.MaxInt32-2 {
		return Symbol{}, fmt.Errorf("import 0x%x is no address", v)
	}
	var hint [2]byte
	if err := im.read(hint[:], uint32(v)); err != nil {
		return Symbol{}, err
	}
	name, err := im.name(uint32(v) + 2)
	if err == nil && name == "" {
		err = fmt.Errorf("import at 0x%x has an empty name", v)
	}
	return Symbol{Name: name, Ordinal: le.Uint16(hint[:])}, err
}
