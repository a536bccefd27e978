package detect

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"github.com/graft-build/graft/internal/format/ar"
	"github.com/graft-build/graft/target"
)

// object is what kind of system an object file is for.
type object struct{ format, arch string }

func (o object) String() string { return o.format + " for " + o.arch }

var elfArch = map[elf.Machine]string{
	elf.EM_X86_64: "amd64", elf.EM_386: "386", elf.EM_AARCH64: "arm64", elf.EM_ARM: "arm", elf.EM_RISCV: "riscv64",
	elf.EM_PPC64: "ppc64", elf.EM_S390: "s390x", elf.EM_MIPS: "mips", elf.EM_LOONGARCH: "loong64",
}

var coffArch = map[uint16]string{0x8664: "amd64", 0x14c: "386", 0xaa64: "arm64", 0x1c4: "arm"}

var machoArch = map[uint32]string{0x01000007: "amd64", 0x0100000c: "arm64", 7: "386", 12: "arm"}

// misfit says why the linker cannot take a file for a target; "" when it can, or when that is
// for the linker to say.
func (b prebuilt) misfit(t target.Target) string {
	o, ok := b.object()
	want := object{"ELF", t.GOARCH()}
	if t.GOOS() == "windows" {
		want.format = "COFF"
	}
	if !ok || o == want {
		return ""
	}
	return fmt.Sprintf("%s was compiled elsewhere, as %s; %s needs %s: the module has no file for this target, so build it from source or exclude the target with a build constraint", b.name, o, t.Name, want)
}

// object reads the first object of a file or archive.
func (b prebuilt) object() (object, bool) {
	fi, err := os.Stat(b.file)
	if err != nil || !fi.Mode().IsRegular() {
		return object{}, false
	}
	f, err := os.Open(b.file)
	if err != nil {
		return object{}, false
	}
	defer f.Close()
	head := make([]byte, 64)
	n, _ := io.ReadFull(f, head)
	if !bytes.HasPrefix(head[:n], []byte("!<arch>\n")) {
		return identify(head[:n])
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return object{}, false
	}
	return identifyArchive(f)
}

// maxMembers bounds the members of an archive that are looked at for an object.
const maxMembers = 64

func identifyArchive(r io.Reader) (object, bool) {
	a, err := ar.NewReader(r)
	if err != nil {
		return object{}, false
	}
	head := make([]byte, 64)
	for range maxMembers {
		if _, err := a.Next(); err != nil {
			return object{}, false
		}
		n, _ := io.ReadFull(a, head)
		if o, ok := identify(head[:n]); ok {
			return o, true
		}
	}
	return object{}, false
}

// identify looks at the first bytes of an object file.
func identify(b []byte) (object, bool) {
	if len(b) < 20 {
		return object{}, false
	}
	le := binary.LittleEndian
	switch {
	case bytes.HasPrefix(b, []byte(elf.ELFMAG)):
		order := binary.ByteOrder(le)
		if b[elf.EI_DATA] == byte(elf.ELFDATA2MSB) {
			order = binary.BigEndian
		}
		return known("ELF", elfArch[elf.Machine(order.Uint16(b[18:]))])
	case le.Uint32(b) == 0xfeedfacf, le.Uint32(b) == 0xfeedface:
		return known("Mach-O", machoArch[le.Uint32(b[4:])])
	case coffArch[le.Uint16(b)] != "" && le.Uint16(b[2:]) < 1000:
		return object{"COFF", coffArch[le.Uint16(b)]}, true
	}
	return object{}, false
}

func known(format, arch string) (object, bool) {
	if arch == "" {
		arch = "another processor"
	}
	return object{format, arch}, true
}
