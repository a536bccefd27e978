package stamp

import (
	"bytes"
	"encoding/binary"
	"io"
	"runtime/debug"
	"strings"
)

// Program is what is known of one program.
type Program struct {
	Path  string           // in its archive, "" for a file that is the program itself
	Stamp *Stamp           // nil when graft did not make it
	Go    string           // version of Go: "go1.26.8"
	Build *debug.BuildInfo // what the go command wrote into it; nil when there is nothing
}

// What the Go linker writes: the header of the version, and around the text about modules
// two constants of package cmd/go/internal/modload.
var (
	goHeader = []byte("\xff Go buildinf:")
	modStart = []byte("\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6")
	modEnd   = []byte("\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2")
)

const (
	window   = 1 << 20 // what one find may extend to, in bytes
	maxFinds = 64      // places of one program that look like a find
)

// scan looks for a stamp and Go's build information in a program, in one pass and constant
// memory. It does not follow the file's structure, so that none can mislead it.
func scan(r io.Reader) (Program, error) {
	var p Program
	finds := 0
	buf := make([]byte, 0, 2*window)
	for {
		n, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		end := err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !end {
			return p, err
		}
		most := len(buf) - window
		if end {
			most = len(buf)
		}
		p.look(buf, most, &finds)
		if end {
			return p, nil
		}
		buf = buf[:copy(buf, buf[most:])]
	}
}

// look takes what begins in the first most bytes of b.
func (p *Program) look(b []byte, most int, finds *int) {
	each(b, most, []byte(magic), finds, func(at []byte) {
		if s, err := decode(at); err == nil {
			p.Stamp = s
		}
	})
	each(b, most, goHeader, finds, func(at []byte) {
		if v := goVersion(at); v != "" {
			p.Go = v
		}
	})
	each(b, most, modStart, finds, func(at []byte) {
		text, _, ok := bytes.Cut(at[len(modStart):min(len(at), window)], modEnd)
		if !ok {
			return
		}
		if info, err := debug.ParseBuildInfo(string(text)); err == nil && info.Path != "" {
			p.Build = info
		}
	})
}

// each calls f with what follows each place of a pattern.
func each(b []byte, most int, pattern []byte, finds *int, f func(at []byte)) {
	for i := 0; *finds < maxFinds; {
		k := bytes.Index(b[i:], pattern)
		if k < 0 || i+k >= most {
			return
		}
		*finds++
		f(b[i+k:])
		i += k + len(pattern)
	}
}

// goVersion reads the version that follows the header of a program of Go 1.18 or later:
// 32 bytes of header, of which the flag 2 at 15 says that strings are in line, then length
// and text.
func goVersion(at []byte) string {
	if len(at) < 40 || at[15]&2 == 0 {
		return ""
	}
	n, k := binary.Uvarint(at[32:])
	if k <= 0 || n > 200 || uint64(len(at)) < 32+uint64(k)+n {
		return ""
	}
	v := string(at[32+k : 32+k+int(n)])
	if !strings.HasPrefix(v, "go1") && !strings.HasPrefix(v, "devel") || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return v
}

// isProgram says whether a file begins as a program of some system does.
func isProgram(head []byte) bool {
	for _, m := range []string{
		"\x7fELF", "MZ", "\x00asm",
		"\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe", // Mach-O
	} {
		if bytes.HasPrefix(head, []byte(m)) {
			return true
		}
	}
	return false
}
