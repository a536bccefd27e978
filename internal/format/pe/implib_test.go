package pe

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func arFile(members ...[]byte) []byte {
	out := []byte(archiveMagic)
	out = append(out, fmt.Sprintf("%-48s%-10d`\n", "/", 4)...)
	out = append(out, 0, 0, 0, 0)
	for i, m := range members {
		out = append(out, fmt.Sprintf("%-48s%-10d`\n", fmt.Sprintf("m%d.o/", i), len(m))...)
		out = append(out, m...)
		if len(m)%2 == 1 {
			out = append(out, '\n')
		}
	}
	return out
}

func shortImport(symbol, dll string) []byte {
	var b bytes.Buffer
	text := symbol + "\x00" + dll + "\x00"
	for _, v := range []any{uint16(0), uint16(0xffff), uint16(0), AMD64, uint32(0), uint32(len(text)), uint16(0), uint16(4)} {
		binary.Write(&b, le, v)
	}
	b.WriteString(text)
	return b.Bytes()
}

// coffObject makes an object of sections given as name and content.
func coffObject(sections ...string) []byte {
	var head, body bytes.Buffer
	n := len(sections) / 2
	binary.Write(&head, le, AMD64)
	binary.Write(&head, le, uint16(n))
	head.Write(make([]byte, 16))
	for i := 0; i < n; i++ {
		var name [8]byte
		copy(name[:], sections[2*i])
		content := sections[2*i+1]
		head.Write(name[:])
		for _, v := range []uint32{0, 0, uint32(len(content)), uint32(20 + 40*n + body.Len()), 0, 0, 0, 0} {
			binary.Write(&head, le, v)
		}
		body.WriteString(content)
	}
	return append(head.Bytes(), body.Bytes()...)
}

func readLib(b []byte) (*Library, error) { return ReadLibrary(bytes.NewReader(b), int64(len(b))) }

func TestReadLibrary(t *testing.T) {
	descriptor := strings.Repeat("\x00", 20)
	for name, c := range map[string]struct {
		in   []byte
		want *Library
	}{
		"short form":     {arFile(shortImport("foo", "libfoo-2.dll"), shortImport("bar", "libfoo-2.dll")), &Library{Machine: AMD64, DLLs: []string{"libfoo-2.dll"}}},
		"two DLLs":       {arFile(shortImport("b", "b.dll"), shortImport("a", "a.dll")), &Library{Machine: AMD64, DLLs: []string{"a.dll", "b.dll"}}},
		"LLVM's long":    {arFile(coffObject(".idata$2", descriptor, ".idata$6", "zlib1.dll\x00"), shortImport("x", "zlib1.dll")), &Library{Machine: AMD64, DLLs: []string{"zlib1.dll"}}},
		"GNU's long":     {arFile(coffObject(".idata$4", "\x00\x00\x00\x00", ".idata$7", "liblzo2.dll\x00\x00"), coffObject(".text", "\xff", ".idata$7", "\x00\x00\x00\x00", ".idata$6", "AAfoo.isra.0\x00")), &Library{Machine: AMD64, DLLs: []string{"liblzo2.dll"}}},
		"static":         {arFile(coffObject(".text", "\xc3"), coffObject(".text", "")), &Library{Machine: AMD64, Static: 1}},
		"no objects":     {arFile([]byte("hello, this is text and no object")), &Library{}},
		"static and DLL": {arFile(coffObject(".text", "\xc3"), shortImport("x", "x.dll")), &Library{Machine: AMD64, Static: 1, DLLs: []string{"x.dll"}}},
	} {
		got, err := readLib(c.in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestReadLibraryRefuses(t *testing.T) {
	good := arFile(shortImport("foo", "foo.dll"))
	lying := bytes.Replace(good, []byte(fmt.Sprintf("%-10d", 4)), []byte("99999     "), 1)
	for name, b := range map[string][]byte{
		"nothing": nil, "text": []byte("hello"), "cut": good[:len(good)-3], "a lying size": lying,
		"a negative size": bytes.Replace(good, []byte(fmt.Sprintf("%-10d", 4)), []byte("-4        "), 1),
		"a path":          arFile(shortImport("foo", "../foo.dll")), "one name": arFile(shortImport("foo", "")[:24]),
		"a lying section": arFile(coffObject(".idata$7", "x.dll\x00")[:62]),
	} {
		if lib, err := readLib(b); err == nil {
			t.Errorf("%s: accepted: %+v", name, lib)
		}
	}
}

func FuzzReadLibrary(f *testing.F) {
	f.Add(arFile(shortImport("foo", "foo.dll"), coffObject(".idata$2", "xx", ".idata$6", "zlib1.dll\x00")))
	f.Add(arFile(coffObject(".idata$7", "liblzo2.dll\x00"), coffObject(".text", "x")))
	f.Fuzz(func(t *testing.T, b []byte) {
		lib, err := readLib(b)
		if err != nil {
			return
		}
		for _, d := range lib.DLLs {
			if strings.ContainsAny(d, `/\`) {
				t.Fatalf("accepted the DLL %q", d)
			}
		}
	})
}
