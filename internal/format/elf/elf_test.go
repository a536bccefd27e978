package elf

import (
	"bytes"
	stdelf "debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// image builds a small 64-bit little-endian library: one loaded segment that is the whole file.
type image struct {
	dyn     []uint64 // tag, value, …
	strings string
	need    []byte // version records
	def     []byte
}

const (
	dynAt  = 0x100
	strAt  = 0x400
	needAt = 0x600
	defAt  = 0x700
	total  = 0x800
)

func (m image) bytes() []byte {
	b := make([]byte, total)
	le := binary.LittleEndian
	copy(b, "\x7fELF\x02\x01\x01")
	le.PutUint16(b[16:], uint16(stdelf.ET_DYN))
	le.PutUint16(b[18:], uint16(stdelf.EM_X86_64))
	le.PutUint64(b[32:], 64) // program headers
	le.PutUint16(b[54:], 56)
	le.PutUint16(b[56:], 2)
	prog := func(at int, typ stdelf.ProgType, off, size uint64) {
		le.PutUint32(b[at:], uint32(typ))
		le.PutUint64(b[at+8:], off)
		le.PutUint64(b[at+16:], off)
		le.PutUint64(b[at+32:], size)
		le.PutUint64(b[at+40:], size)
	}
	prog(64, stdelf.PT_LOAD, 0, total)
	prog(64+56, stdelf.PT_DYNAMIC, dynAt, uint64(8*len(m.dyn)+16))
	for i, v := range m.dyn {
		le.PutUint64(b[dynAt+8*i:], v)
	}
	copy(b[strAt:], m.strings)
	copy(b[needAt:], m.need)
	copy(b[defAt:], m.def)
	return b
}

func parse(b []byte) (*File, error) { return Parse(bytes.NewReader(b), int64(len(b))) }

func tag(t stdelf.DynTag, v uint64) []uint64 { return []uint64{uint64(t), v} }

func join(parts ...[]uint64) (all []uint64) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

var strtab = join(tag(stdelf.DT_STRTAB, strAt), tag(stdelf.DT_STRSZ, 0x100))

func records(values ...any) []byte {
	var b bytes.Buffer
	for _, v := range values {
		binary.Write(&b, binary.LittleEndian, v)
	}
	return b.Bytes()
}

// full has one of everything.
func full() image {
	const text = "\x00libc.so.6\x00libme.so\x00$ORIGIN/lib\x00GLIBC_2.34\x00ME_1\x00"
	at := func(s string) uint64 { return uint64(strings.Index(text, s)) }
	return image{
		strings: text,
		dyn: join(tag(stdelf.DT_NEEDED, at("libc")), tag(stdelf.DT_SONAME, at("libme")), tag(stdelf.DT_RUNPATH, at("$")), strtab,
			tag(stdelf.DT_VERNEED, needAt), tag(stdelf.DT_VERNEEDNUM, 1), tag(stdelf.DT_VERDEF, defAt), tag(stdelf.DT_VERDEFNUM, 2)),
		need: records(uint16(1), uint16(1), uint32(at("libc")), uint32(16), uint32(0),
			uint32(0), uint16(flagWeak), uint16(3), uint32(at("GLIBC")), uint32(0)),
		def: records(uint16(1), uint16(flagBase), uint16(1), uint16(1), uint32(0), uint32(20), uint32(28), uint32(at("libme")), uint32(0),
			uint16(1), uint16(0), uint16(2), uint16(1), uint32(0), uint32(20), uint32(0), uint32(at("ME_1")), uint32(0)),
	}
}

func TestParse(t *testing.T) {
	f, err := parse(full().bytes())
	if err != nil {
		t.Fatal(err)
	}
	if f.Soname != "libme.so" || f.Runpath != "$ORIGIN/lib" || len(f.Needed) != 1 || f.Needed[0] != "libc.so.6" {
		t.Errorf("got soname %q, runpath %q, needed %q", f.Soname, f.Runpath, f.Needed)
	}
	if len(f.Requires) != 1 || f.Requires[0] != (Version{"libc.so.6", "GLIBC_2.34", true, 3}) {
		t.Errorf("got requires %v", f.Requires)
	}
	if len(f.Defines) != 1 || !f.HasVersion("ME_1") {
		t.Errorf("got defines %q", f.Defines)
	}
}

func TestParseRefuses(t *testing.T) {
	loop := records(uint16(1), uint16(1), uint32(1), uint32(0), uint32(0))
	good := image{dyn: strtab}.bytes()
	edit := func(f func(b []byte)) []byte {
		b := bytes.Clone(good)
		f(b)
		return b
	}
	tests := []struct {
		name, want string
		in         []byte
	}{
		{"empty", "not an ELF file", nil},
		{"text", "not an ELF file", []byte("#!/bin/sh\necho hello world\n")},
		{"short", "unexpected EOF", good[:20]},
		{"class", "unknown class 7", edit(func(b []byte) { b[4] = 7 })},
		{"byte order", "unknown byte order 9", edit(func(b []byte) { b[5] = 9 })},
		{"headers elsewhere", "program headers: 112 bytes", edit(func(b []byte) { b[39] = 0xff })},
		{"header size", "program headers of 57 bytes", edit(func(b []byte) { b[54] = 57 })},
		{"header count", "65283 program headers", edit(func(b []byte) { b[56], b[57] = 3, 255 })},
		{"truncated", "segment ends behind", good[:total-1]},
		{"segment size", "impossible size", edit(func(b []byte) { b[64+40] = 0; b[64+41] = 0 })},
		{"dynamic size", "dynamic section of", edit(func(b []byte) { b[64+56+37] = 0xff })},
		{"no string size", "without a size", image{dyn: tag(stdelf.DT_STRTAB, strAt)}.bytes()},
		{"strings outside", "string table: address", image{dyn: join(tag(stdelf.DT_STRTAB, strAt), tag(stdelf.DT_STRSZ, 1<<40))}.bytes()},
		{"name outside", "behind the string table", image{dyn: join(tag(stdelf.DT_NEEDED, 0x100), strtab)}.bytes()},
		{"name without end", "has no end", image{strings: strings.Repeat("x", 0x100), dyn: join(tag(stdelf.DT_NEEDED, 0), strtab)}.bytes()},
		{"versions outside", "needed versions: address", image{dyn: join(strtab, tag(stdelf.DT_VERNEED, total), tag(stdelf.DT_VERNEEDNUM, 1))}.bytes()},
		{"too many versions", "more than 65536", image{dyn: join(strtab, tag(stdelf.DT_VERNEED, needAt), tag(stdelf.DT_VERNEEDNUM, 1<<40))}.bytes()},
		{"overlap", "overlap", image{need: append(loop[:12:12], 4, 0, 0, 0), strings: "\x00a\x00",
			dyn: join(strtab, tag(stdelf.DT_VERNEED, needAt), tag(stdelf.DT_VERNEEDNUM, 2))}.bytes()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parse(tt.in)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want %q in it", err, tt.want)
			}
			if strings.HasPrefix(tt.want, "not") != errors.Is(err, ErrNotELF) {
				t.Errorf("%v: wrong kind of error", err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(image{dyn: strtab}.bytes())
	f.Add(full().bytes())
	if exe, err := exec.LookPath("gcc"); err == nil {
		lib := filepath.Join(f.TempDir(), "lib.so")
		cmd := exec.Command(exe, "-shared", "-nostdlib", "-s", "-x", "c", "-", "-o", lib, "-Wl,-soname,libx.so")
		cmd.Stdin = strings.NewReader("int g(void); int f(void) { return g(); }")
		if cmd.Run() == nil {
			b, _ := os.ReadFile(lib)
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parse(b)
		if err != nil {
			return
		}
		e.Symbols()
		e.Sections()
		e.Strings()
		e.Matches(e)
	})
}
