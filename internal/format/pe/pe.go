// Package pe reads what a Windows program or DLL asks of other DLLs and offers to them: the
// import and delay-import directories, by name and by ordinal, the export table with its
// forwarders, and the DLL names of import libraries. It feeds the closure of Windows
// programs and internal/distro/pacman.
//
// The standard library's debug/pe is not enough: its ImportedLibraries returns nothing and
// its ImportedSymbols skips imports by ordinal. The format is that of Microsoft's "PE Format"
// specification. Every input is held to be hostile: memory is bounded by the limits below
// whatever the file says, and every offset is checked before it is used.
package pe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Machine is the processor that a file is for.
type Machine uint16

const (
	I386  Machine = 0x14c
	AMD64 Machine = 0x8664
	ARM   Machine = 0x1c4
	ARM64 Machine = 0xaa64
)

// GOARCH is Go's name of the machine, "" for one that Go has none for.
func (m Machine) GOARCH() string {
	switch m {
	case I386:
		return "386"
	case AMD64:
		return "amd64"
	case ARM:
		return "arm"
	case ARM64:
		return "arm64"
	}
	return ""
}

func (m Machine) String() string {
	if s := m.GOARCH(); s != "" {
		return s
	}
	return fmt.Sprintf("machine 0x%x", uint16(m))
}

// Subsystem is what Windows starts a program as.
type Subsystem uint16

const (
	Native  Subsystem = 1 // drivers
	GUI     Subsystem = 2
	Console Subsystem = 3
)

// File is what a PE file says of itself.
type File struct {
	Machine   Machine
	Subsystem Subsystem
	Timestamp uint32 // seconds since 1970, or a digest of the content, or 0
	DLL       bool
	Managed   bool // .NET code: its imports are not all of what it needs
	Imports   []Import
	Delayed   []Import // loaded when first called
	Name      string   // the DLL's own name, from its export table
	Exports   []Export // named ones in the table's order, then those with an ordinal alone
}

// Import is one DLL that a file needs, and what it needs of it.
type Import struct {
	DLL     string // as written: names are compared without case
	Symbols []Symbol
}

// Symbol is one imported function or variable, by name or by ordinal.
type Symbol struct {
	Name    string // "" for an import by ordinal
	Ordinal uint16 // with Name: only a hint where to look first
}

func (s Symbol) String() string {
	if s.Name != "" {
		return s.Name
	}
	return fmt.Sprintf("#%d", s.Ordinal)
}

// Export is one function or variable that a DLL offers.
type Export struct {
	Name    string // "" for one without a name
	Ordinal uint32
	Forward *Forward // nil unless another DLL has it
}

// Forward says where a forwarded export really is.
type Forward struct {
	DLL    string // with its ending
	Symbol Symbol
}

// Limits. The largest real tables known have some 60,000 entries (the format's ordinals
// have 16 bits) and C++ names of a few thousand bytes.
const (
	maxSections = 256
	maxDLLs     = 4096
	maxSymbols  = 1 << 20
	maxName     = 1 << 16
	maxNames    = 64 << 20 // bytes of all names together
)

// directories of the optional header
const (
	dirExport = 0
	dirImport = 1
	dirDelay  = 13
	dirCLR    = 14
)

// ErrFormat is the cause of every error about a file that is no PE file at all.
var ErrFormat = errors.New("not a PE file")

// Read reads a PE file's headers, imports and exports. Calls of r.ReadAt never go beyond
// size. A file that contradicts itself is an error.
func Read(r io.ReaderAt, size int64) (*File, error) {
	im, err := open(r, size)
	if err != nil {
		return nil, fmt.Errorf("read PE headers: %w", err)
	}
	f := &File{
		Machine: im.machine, Subsystem: im.subsystem, Timestamp: im.timestamp,
		DLL: im.characteristics&0x2000 != 0, Managed: im.directory(dirCLR).size != 0,
	}
	if f.Imports, err = im.imports(); err != nil {
		return nil, fmt.Errorf("read PE imports: %w", err)
	}
	if f.Delayed, err = im.delayed(); err != nil {
		return nil, fmt.Errorf("read PE delay imports: %w", err)
	}
	if f.Name, f.Exports, err = im.exports(); err != nil {
		return nil, fmt.Errorf("read PE exports: %w", err)
	}
	return f, nil
}

// DLLs returns the names of all DLLs that the file needs, the delay-loaded and those it
// forwards exports to included, as first written, each once whatever its case.
func (f *File) DLLs() []string {
	var out []string
	seen := make(map[string]bool)
	add := func(name string) {
		if k := strings.ToLower(name); !seen[k] {
			seen[k] = true
			out = append(out, name)
		}
	}
	for _, list := range [][]Import{f.Imports, f.Delayed} {
		for _, i := range list {
			add(i.DLL)
		}
	}
	for _, e := range f.Exports {
		if e.Forward != nil {
			add(e.Forward.DLL)
		}
	}
	return out
}

var le = binary.LittleEndian
