package pe

import (
	"bytes"
	"fmt"
	"io"
	"math"
)

// image is an opened PE file: its headers, and its content by relative virtual address.
type image struct {
	file            *blocks
	machine         Machine
	timestamp       uint32
	characteristics uint16
	subsystem       Subsystem
	wide            bool   // PE32+: thunks of 64 bits
	base            uint64 // preferred load address
	headers         uint32 // bytes of the file that are mapped before the first section
	dirs            []directory
	sections        []section

	symbols int   // imports and exports read so far
	names   int64 // bytes of names read so far
}

type directory struct{ rva, size uint32 }

type section struct {
	rva     uint32
	virtual uint32 // bytes in memory; what the file has not is zero
	offset  uint32
	raw     uint32 // bytes in the file
}

func open(r io.ReaderAt, size int64) (*image, error) {
	im := &image{file: &blocks{r: r, size: size}}
	var dos [64]byte
	if err := im.file.read(dos[:], 0); err != nil || dos[0] != 'M' || dos[1] != 'Z' {
		return nil, ErrFormat
	}
	at := int64(le.Uint32(dos[60:]))
	var coff [24]byte
	if err := im.file.read(coff[:], at); err != nil || string(coff[:4]) != "PE\x00\x00" {
		return nil, ErrFormat
	}
	im.machine = Machine(le.Uint16(coff[4:]))
	im.timestamp = le.Uint32(coff[8:])
	im.characteristics = le.Uint16(coff[22:])
	optional := make([]byte, le.Uint16(coff[20:]))
	if err := im.file.read(optional, at+24); err != nil {
		return nil, fmt.Errorf("optional header: %w", err)
	}
	if err := im.optional(optional); err != nil {
		return nil, err
	}
	return im, im.sectionTable(int(le.Uint16(coff[6:])), at+24+int64(len(optional)))
}

// optional reads the optional header, which in an image is not optional.
func (im *image) optional(b []byte) error {
	if len(b) < 2 {
		return fmt.Errorf("no optional header: an object file, not an image")
	}
	fixed := 0 // where the count of directories is
	switch magic := le.Uint16(b); magic {
	case 0x10b:
		fixed = 92
	case 0x20b:
		im.wide, fixed = true, 108
	default:
		return fmt.Errorf("optional header of unknown kind 0x%x", magic)
	}
	if len(b) < fixed+4 {
		return fmt.Errorf("optional header of %d bytes is too short", len(b))
	}
	if im.wide {
		im.base = le.Uint64(b[24:])
	} else {
		im.base = uint64(le.Uint32(b[28:]))
	}
	im.headers = le.Uint32(b[60:])
	im.subsystem = Subsystem(le.Uint16(b[68:]))
	n := int64(le.Uint32(b[fixed:]))
	if n > int64(len(b)-fixed-4)/8 {
		return fmt.Errorf("optional header of %d bytes can't hold %d directories", len(b), n)
	}
	for i := 0; i < int(n); i++ {
		at := fixed + 4 + 8*i
		im.dirs = append(im.dirs, directory{le.Uint32(b[at:]), le.Uint32(b[at+4:])})
	}
	return nil
}

func (im *image) sectionTable(n int, at int64) error {
	if n > maxSections {
		return fmt.Errorf("%d sections, more than %d", n, maxSections)
	}
	b := make([]byte, 40*n)
	if err := im.file.read(b, at); err != nil {
		return fmt.Errorf("section table: %w", err)
	}
	for ; len(b) > 0; b = b[40:] {
		s := section{virtual: le.Uint32(b[8:]), rva: le.Uint32(b[12:]), raw: le.Uint32(b[16:]), offset: le.Uint32(b[20:])}
		if s.virtual == 0 {
			s.virtual = s.raw // as linkers of old wrote it
		}
		if uint64(s.rva)+uint64(s.virtual) > math.MaxUint32 {
			return fmt.Errorf("section at 0x%x of 0x%x bytes leaves the address space", s.rva, s.virtual)
		}
		if s.raw != 0 && int64(s.offset)+int64(s.raw) > im.file.size {
			return fmt.Errorf("section at 0x%x ends behind the end of the file", s.rva)
		}
		im.sections = append(im.sections, s)
	}
	return nil
}

func (im *image) directory(i int) directory {
	if i >= len(im.dirs) || im.dirs[i].rva == 0 {
		return directory{}
	}
	return im.dirs[i]
}

// run returns how many bytes follow rva in its section or in the headers, where in the file
// they are, and how many of them the file has.
func (im *image) run(rva uint32) (length, offset, inFile int64, ok bool) {
	for _, s := range im.sections {
		if rva < s.rva || rva-s.rva >= max(s.virtual, s.raw) {
			continue
		}
		into := int64(rva - s.rva)
		return int64(max(s.virtual, s.raw)) - into, int64(s.offset) + into, max(int64(s.raw)-into, 0), true
	}
	if end := min(int64(im.headers), im.file.size); int64(rva) < end {
		return end - int64(rva), int64(rva), end - int64(rva), true
	}
	return 0, 0, 0, false
}

// read fills b from rva on.
func (im *image) read(b []byte, rva uint32) error {
	length, offset, inFile, ok := im.run(rva)
	if !ok || int64(len(b)) > length {
		return fmt.Errorf("address 0x%x and %d bytes are in no section", rva, len(b))
	}
	n := min(int64(len(b)), inFile)
	clear(b[n:])
	return im.file.read(b[:n], offset)
}

// name reads the NUL-terminated string at rva. It counts towards the limit of all names.
func (im *image) name(rva uint32) (string, error) {
	length, offset, inFile, ok := im.run(rva)
	if !ok {
		return "", fmt.Errorf("name at 0x%x is in no section", rva)
	}
	var out []byte
	for int64(len(out)) < inFile && len(out) <= maxName {
		b, err := im.file.block(offset + int64(len(out)))
		if err != nil {
			return "", err
		}
		b = b[:min(int64(len(b)), inFile-int64(len(out)))]
		if i := bytes.IndexByte(b, 0); i >= 0 {
			return im.take(append(out, b[:i]...))
		}
		out = append(out, b...)
	}
	if inFile < length && len(out) <= maxName { // the zeros that the file has not end it
		return im.take(out)
	}
	return "", fmt.Errorf("name at 0x%x has no end", rva)
}

func (im *image) take(b []byte) (string, error) {
	if len(b) > maxName {
		return "", fmt.Errorf("a name has %d bytes, more than %d", len(b), maxName)
	}
	if im.names += int64(len(b)) + 1; im.names > maxNames {
		return "", fmt.Errorf("all names together have more than %d bytes", maxNames)
	}
	return string(b), nil
}

// dllName reads a DLL's name, which is a plain file name in ASCII.
func (im *image) dllName(rva uint32) (string, error) {
	s, err := im.name(rva)
	if err != nil {
		return "", err
	}
	return s, checkDLLName(s)
}

func checkDLLName(s string) error {
	if s == "" || len(s) > 255 || s == "." || s == ".." {
		return fmt.Errorf("%.80q is no name of a DLL", s)
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= 0x7f || bytes.IndexByte([]byte(`/\:*?"<>|`), c) >= 0 {
			return fmt.Errorf("%.80q is no name of a DLL", s)
		}
	}
	return nil
}

// symbol counts one import or export.
func (im *image) symbol() error {
	if im.symbols++; im.symbols > maxSymbols {
		return fmt.Errorf("more than %d imports and exports", maxSymbols)
	}
	return nil
}
