// Package bundle makes a dynamically linked Linux program independent of the system it
// runs on: started from any place, it takes the dynamic loader, the C library and all
// others from a folder that lies beside it. It feeds pack's tar.gz.
//
// The kernel knows a loader by an absolute path only (PT_INTERP), and the ways around it
// cost the user something: a launcher that runs "ld.so program" makes /proc/self/exe, and
// so os.Executable, name the loader; a launcher that runs a second file makes it name the
// launcher; the host's own loader and C library are too old on one system and absent on
// the next. So the program itself is changed, in the one place that matters: the loader's
// name is taken from the program headers that the kernel reads, and the entry point becomes
// a few kilobytes of appended code (stub/stub.c) that maps the loader from beside the
// program and enters it as the kernel would have. One process, one file, no environment
// variable that children inherit; /proc/self/exe, argv[0], build information and debugger
// see the program itself.
//
// The loader reads other program headers than the kernel does, the ones that the linker
// wrote, with two parts appended (the stub, a copy of the dynamic section with a DT_RPATH).
// DT_RPATH and not DT_RUNPATH: it is looked at before LD_LIBRARY_PATH and counts for the
// libraries' own needs too.
package bundle

import (
	stdelf "debug/elf"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/graft-build/graft/internal/format/elf"
)

// Layout says where the libraries are.
type Layout struct {
	Libraries string // folder of the libraries, relative to the program's: "../lib/name"
	Loader    string // the dynamic loader's file name in that folder
}

// Relocate returns the program with the loader and the libraries of l in place of the
// system's. The program must be dynamically linked, for one of the processors that
// Supports knows. r must stay usable until the image is written.
func Relocate(r io.ReaderAt, size int64, l Layout) (*Image, error) {
	f, err := elf.Parse(r, size)
	if err != nil {
		return nil, fmt.Errorf("relocate program: %w", err)
	}
	if err := check(f, l); err != nil {
		return nil, fmt.Errorf("relocate program: %w", err)
	}
	w, err := newRewriter(f, uint64(size), l)
	if err != nil {
		return nil, fmt.Errorf("relocate program: %w", err)
	}
	img, err := w.image(r, size)
	if err != nil {
		return nil, fmt.Errorf("relocate program: %w", err)
	}
	return img, nil
}

// Supports says whether there is start code for a processor.
func Supports(m stdelf.Machine) bool { return stubs[m] != nil }

//go:embed stub/amd64.bin
var stubAMD64 []byte

//go:embed stub/arm64.bin
var stubARM64 []byte

//go:embed stub/arm.bin
var stubARM []byte

//go:embed stub/riscv64.bin
var stubRISCV64 []byte

var stubs = map[stdelf.Machine][]byte{
	stdelf.EM_X86_64:  stubAMD64,
	stdelf.EM_AARCH64: stubARM64,
	stdelf.EM_ARM:     stubARM,
	stdelf.EM_RISCV:   stubRISCV64,
}

func check(f *elf.File, l Layout) error {
	switch {
	case f.Type != stdelf.ET_EXEC && f.Type != stdelf.ET_DYN:
		return fmt.Errorf("type %v is no program", f.Type)
	case f.Interp == "" || len(f.Dynamic) == 0:
		return errors.New("it is not dynamically linked")
	case !Supports(f.Machine), f.Order != binary.LittleEndian, f.Is64() == (f.Machine == stdelf.EM_ARM):
		return fmt.Errorf("no start code for %v (%v)", f.Machine, f.Class)
	case l.Libraries == "" || strings.ContainsAny(l.Libraries, ":$\x00"), strings.HasPrefix(l.Libraries, "/"):
		return fmt.Errorf("bad folder of libraries %q", l.Libraries)
	case l.Loader == "" || strings.ContainsAny(l.Loader, "/\x00"):
		return fmt.Errorf("bad name of a loader %q", l.Loader)
	}
	return nil
}
