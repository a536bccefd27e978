package pe

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var sampleImports = []Import{
	{DLL: "KERNEL32.dll", Symbols: []Symbol{{Name: "Sleep", Ordinal: 3}, {Name: "ExitProcess"}}},
	{DLL: "ws2_32.dll", Symbols: []Symbol{{Ordinal: 111}, {Name: "WSAStartup"}, {Ordinal: 65535}}},
}

var sampleDelayed = []Import{{DLL: "late.dll", Symbols: []Symbol{{Name: "late"}, {Ordinal: 9}}}}

func sample(wide bool) *builder {
	b := (&builder{wide: wide}).imports(sampleImports...).delayed(1, 0, sampleDelayed...)
	return b.exports("me.dll", 5, []string{"alloc", "plain", "wsa"}, []string{"NTDLL.RtlAllocateHeap", "", "WS2_32.#12"}, 2)
}

func read(b []byte) (*File, error) { return Read(bytes.NewReader(b), int64(len(b))) }

func TestRead(t *testing.T) {
	for _, wide := range []bool{true, false} {
		f, err := read(sample(wide).bytes())
		if err != nil {
			t.Fatalf("wide %v: %v", wide, err)
		}
		want := &File{
			Machine: I386, Subsystem: Console, Timestamp: 1700000000, DLL: true, Imports: sampleImports, Delayed: sampleDelayed, Name: "me.dll",
			Exports: []Export{
				{Name: "alloc", Ordinal: 5, Forward: &Forward{DLL: "NTDLL.dll", Symbol: Symbol{Name: "RtlAllocateHeap"}}},
				{Name: "plain", Ordinal: 6},
				{Name: "wsa", Ordinal: 7, Forward: &Forward{DLL: "WS2_32.dll", Symbol: Symbol{Ordinal: 12}}},
				{Ordinal: 10},
			},
		}
		if wide {
			want.Machine = AMD64
		}
		if d := cmp.Diff(want, f); d != "" {
			t.Errorf("wide %v: %s", wide, d)
		}
		if got := strings.Join(f.DLLs(), " "); got != "KERNEL32.dll ws2_32.dll late.dll NTDLL.dll" {
			t.Errorf("DLLs: %s", got)
		}
	}
}

func TestReadDelayedAbsolute(t *testing.T) {
	f, err := read((&builder{}).delayed(0, 0x400000, sampleDelayed...).bytes())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(sampleDelayed, f.Delayed); d != "" {
		t.Error(d)
	}
	if _, err := read((&builder{wide: true}).delayed(0, 0x400000, sampleDelayed...).bytes()); err == nil {
		t.Error("absolute addresses in a 64-bit file: accepted")
	}
}

func TestReadEmpty(t *testing.T) {
	f, err := read((&builder{wide: true}).bytes())
	if err != nil || len(f.Imports)+len(f.Delayed)+len(f.Exports) != 0 {
		t.Errorf("a file without directories: %+v, %v", f, err)
	}
}

func TestReadRefuses(t *testing.T) {
	whole := sample(true).bytes()
	for name, b := range map[string][]byte{
		"nothing": nil, "text": []byte("#!/bin/sh\n" + strings.Repeat("x", 100)), "a DOS program": append([]byte("MZ"), make([]byte, 200)...),
	} {
		if _, err := read(b); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v, want ErrFormat", name, err)
		}
	}
	for n := 0; n < len(whole)-0x200; n += 7 {
		if _, err := read(whole[:n]); err == nil {
			t.Errorf("cut to %d of %d bytes: accepted", n, len(whole))
		}
	}
	// A table that reads itself as its own end never comes, and one name used a million times.
	loop := &builder{wide: true}
	name := loop.put("a.dll")
	thunk := uint64(loop.put(uint16(0), strings.Repeat("n", 5000)))
	table := loop.here()
	for i := 0; i < 20000; i++ {
		loop.put(thunk)
	}
	loop.put(uint64(0))
	at := loop.put([]uint32{table, 0, 0, name, table, 0, 0, 0, 0, 0})
	loop.dirs[dirImport] = directory{at, 40}
	if _, err := read(loop.bytes()); err == nil || !strings.Contains(err.Error(), "names together") {
		t.Errorf("a name of 5,000 bytes used 20,000 times: %v", err)
	}
	for what, change := range map[string]func(*builder){
		"a DLL with a path":        func(b *builder) { b.imports(Import{DLL: `..\evil.dll`}) },
		"a DLL without a name":     func(b *builder) { b.imports(Import{DLL: ""}) },
		"a DLL with a control":     func(b *builder) { b.imports(Import{DLL: "a\x01.dll"}) },
		"an import table nowhere":  func(b *builder) { b.dirs[dirImport] = directory{0x80000000, 40} },
		"a delay table nowhere":    func(b *builder) { b.dirs[dirDelay] = directory{0xfffffff0, 40} },
		"an export table nowhere":  func(b *builder) { b.dirs[dirExport] = directory{0xffff0000, 40} },
		"a table without an end":   func(b *builder) { b.dirs[dirImport] = directory{b.put(bytes.Repeat([]byte{1}, 20)), 20} },
		"a forwarder without DLL":  func(b *builder) { b.exports("x.dll", 1, []string{"a"}, []string{"nodot"}, 0) },
		"a forwarder with no name": func(b *builder) { b.exports("x.dll", 1, []string{"a"}, []string{"x."}, 0) },
		"a forwarder by no number": func(b *builder) { b.exports("x.dll", 1, []string{"a"}, []string{"x.#70000"}, 0) },
		"too many exports": func(b *builder) {
			b.dirs[dirExport] = directory{b.put([]uint32{0, 0, 0, 0, 1, 1 << 17, 0, 0x1000, 0, 0}), 40}
		},
		"a name of no export": func(b *builder) {
			at := b.put(uint16(9), uint16(0))
			b.dirs[dirExport] = directory{b.put([]uint32{0, 0, 0, 0, 1, 1, 1, 0x1000, 0x1000, at}), 40}
		},
	} {
		b := &builder{wide: true}
		change(b)
		if f, err := read(b.bytes()); err == nil {
			t.Errorf("%s: accepted: %+v", what, f)
		}
	}
}

func TestMachine(t *testing.T) {
	for m, want := range map[Machine]string{AMD64: "amd64", ARM64: "arm64", I386: "386", ARM: "arm", 0x5032: "machine 0x5032"} {
		if m.String() != want {
			t.Errorf("%s, want %s", m, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(sample(true).bytes())
	f.Add(sample(false).bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := read(b)
		if err != nil {
			return
		}
		for _, name := range file.DLLs() {
			if name == "" || strings.ContainsAny(name, `/\`) {
				t.Fatalf("accepted the DLL %q", name)
			}
		}
	})
}
