package pe

import (
	"bytes"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
)

// Library is what an archive that a linker takes (.dll.a, .lib, .a) consists of.
type Library struct {
	Machine Machine  // of its first member that states one
	DLLs    []string // the DLLs that its import members name, sorted; none for a static library
	Static  int      // members with code or data of their own
}

const (
	archiveMagic   = "!<arch>\n"
	maxMembers     = 1 << 20
	maxDescription = 1 << 12 // bytes of an .idata$7 section with a DLL's name
)

// ReadLibrary reads an ar archive of COFF objects, as GNU dlltool, LLVM and Microsoft's lib
// write them: import members in the short form, or long ones whose .idata$7 (GNU) or
// .idata$6 (LLVM, Microsoft) section holds the DLL's name. Calls of r.ReadAt never go
// beyond size.
func ReadLibrary(r io.ReaderAt, size int64) (*Library, error) {
	f := &blocks{r: r, size: size}
	var magic [len(archiveMagic)]byte
	if err := f.read(magic[:], 0); err != nil || string(magic[:]) != archiveMagic {
		return nil, fmt.Errorf("read library: not an ar archive")
	}
	lib := &Library{}
	dlls := make(map[string]bool)
	at := int64(len(magic))
	for n := 0; at < size; n++ {
		if n == maxMembers {
			return nil, fmt.Errorf("read library: more than %d members", maxMembers)
		}
		m, err := readMember(f, at)
		if err != nil {
			return nil, fmt.Errorf("read library: member at 0x%x: %w", at, err)
		}
		if !m.index {
			if err := lib.add(f, m, dlls); err != nil {
				return nil, fmt.Errorf("read library: member at 0x%x: %w", at, err)
			}
		}
		at = m.start + m.size + m.size&1
	}
	for d := range dlls {
		lib.DLLs = append(lib.DLLs, d)
	}
	sort.Strings(lib.DLLs)
	return lib, nil
}

type archiveMember struct {
	start, size int64
	index       bool // a symbol table or the table of long names
}

func readMember(f *blocks, at int64) (archiveMember, error) {
	var h [60]byte
	if err := f.read(h[:], at); err != nil {
		return archiveMember{}, err
	}
	if h[58] != '`' || h[59] != '\n' {
		return archiveMember{}, fmt.Errorf("no header")
	}
	size, err := strconv.ParseUint(strings.TrimRight(string(h[48:58]), " "), 10, 40)
	if err != nil {
		return archiveMember{}, fmt.Errorf("size %.10q is no number", h[48:58])
	}
	m := archiveMember{start: at + 60, size: int64(size)}
	if m.size > f.size-m.start {
		return archiveMember{}, fmt.Errorf("%d bytes end behind the end of the file", m.size)
	}
	switch name := strings.TrimRight(string(h[:16]), " "); name {
	case "/", "//", "/SYM64/", "/<ECSYMBOLS>/":
		m.index = true
	}
	return m, nil
}

// add looks into one member. What is no COFF object is left alone: linkers do so too.
func (l *Library) add(f *blocks, m archiveMember, dlls map[string]bool) error {
	if m.size < 20 {
		return nil
	}
	var h [20]byte
	if err := f.read(h[:], m.start); err != nil {
		return err
	}
	if le.Uint16(h[0:]) == 0 && le.Uint16(h[2:]) == 0xffff {
		if le.Uint16(h[4:]) != 0 {
			return nil // a big object (-mbig-obj), which import libraries are not made of
		}
		l.machine(Machine(le.Uint16(h[6:])))
		return l.short(f, m, int64(le.Uint32(h[12:])), dlls)
	}
	if Machine(le.Uint16(h[0:])).GOARCH() == "" {
		return nil
	}
	l.machine(Machine(le.Uint16(h[0:])))
	return l.object(f, m, h, dlls)
}

func (l *Library) machine(m Machine) {
	if l.Machine == 0 {
		l.Machine = m
	}
}

// short reads a member of Microsoft's short form: a header, the symbol's name, the DLL's name.
func (l *Library) short(f *blocks, m archiveMember, size int64, dlls map[string]bool) error {
	if size > m.size-20 || size > 4*maxName {
		return fmt.Errorf("import of %d bytes is longer than its member", size)
	}
	b := make([]byte, size)
	if err := f.read(b, m.start+20); err != nil {
		return err
	}
	_, rest, ok := bytes.Cut(b, []byte{0})
	name, _, end := bytes.Cut(rest, []byte{0})
	if !ok || !end {
		return fmt.Errorf("import without two names")
	}
	return addDLL(dlls, string(name))
}

// object looks for a DLL's name in the sections of a long import member, and else counts
// the member as a static one. The name is in .idata$7 of GNU's last member, or in .idata$6
// of the one with LLVM's or Microsoft's descriptor (.idata$2); in GNU's members .idata$6 is
// a symbol's hint and name.
func (l *Library) object(f *blocks, m archiveMember, h [20]byte, dlls map[string]bool) error {
	n := int64(le.Uint16(h[2:]))
	table := 20 + int64(le.Uint16(h[16:]))
	if table+40*n > m.size {
		return fmt.Errorf("%d sections end behind the end of the member", n)
	}
	var descriptor, imports, own bool
	var names [2]string // of .idata$6 and .idata$7
	for i := int64(0); i < n; i++ {
		var s [40]byte
		if err := f.read(s[:], m.start+table+40*i); err != nil {
			return err
		}
		size, at := int64(le.Uint32(s[16:])), int64(le.Uint32(s[20:]))
		kind, ok := strings.CutPrefix(strings.TrimRight(string(s[:8]), "\x00"), ".idata$")
		if !ok {
			own = own || size > 0
			continue
		}
		imports = true
		switch kind {
		case "2":
			descriptor = true
		case "6", "7":
			text, err := dllText(f, m, at, size)
			if err != nil {
				return err
			}
			names[kind[0]-'6'] = text
		}
	}
	if !descriptor {
		names[0] = ""
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		if err := addDLL(dlls, name); err != nil {
			return err
		}
	}
	if own && !imports {
		l.Static++
	}
	return nil
}

// dllText returns a section's content when it is a DLL's name, "" for anything else: an
// address to be relocated, or a hint.
func dllText(f *blocks, m archiveMember, at, size int64) (string, error) {
	if size < 3 || size > maxDescription {
		return "", nil
	}
	if at+size > m.size {
		return "", fmt.Errorf("a section ends behind the end of the member")
	}
	b := make([]byte, size)
	if err := f.read(b, m.start+at); err != nil {
		return "", err
	}
	text, zeros, ok := bytes.Cut(b, []byte{0})
	if !ok || len(bytes.Trim(zeros, "\x00")) > 0 || bytes.IndexByte(text, '.') < 1 || checkDLLName(string(text)) != nil {
		return "", nil
	}
	return string(text), nil
}

func addDLL(dlls map[string]bool, name string) error {
	if err := checkDLLName(name); err != nil {
		return err
	}
	if len(dlls) >= maxDLLs {
		return fmt.Errorf("more than %d DLLs", maxDLLs)
	}
	dlls[name] = true
	return nil
}
