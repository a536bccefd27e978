package cpio

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// member is one member as text, padded.
func member(name, data string) string {
	s := fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00", 1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name)+1, 0, name)
	s += strings.Repeat("\x00", int(padding(int64(len(s)))))
	return s + data + strings.Repeat("\x00", int(padding(int64(len(data)))))
}

func list(r io.Reader) (out string, err error) {
	c := NewReader(r)
	for {
		h, err := c.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		b, err := io.ReadAll(c)
		if err != nil {
			return out, err
		}
		if int64(len(b)) != h.Size {
			return out, fmt.Errorf("%s: %d bytes, want %d", h.Name, len(b), h.Size)
		}
		out += fmt.Sprintf("%s %o %s;", h.Name, h.Mode, b)
	}
}

func TestReader(t *testing.T) {
	end := member(trailer, "")
	good := member("./a", "one") + member("bb", "") + member("c", "four") + end
	if got, err := list(strings.NewReader(good)); got != "./a 100644 one;bb 100644 ;c 100644 four;" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	for n := range len(good) - len(end) + 100 {
		if _, err := list(strings.NewReader(good[:n])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
	for name, text := range map[string]string{
		"magic":         strings.Replace(good, "070701", "070707", 1),
		"negative size": strings.Replace(good, "00000003", "-0000003", 1),
		"no name":       strings.Replace(good, "00000004", "00000000", 1),
		"long name":     strings.Replace(good, "00000004", "00001001", 1),
	} {
		if _, err := list(strings.NewReader(text)); err == nil || errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOfCpio reads what cpio itself wrote.
func TestOfCpio(t *testing.T) {
	if _, err := exec.LookPath("cpio"); err != nil {
		t.Skip("no cpio here")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"a": "1", "long name": strings.Repeat("x", 5000)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, format := range []string{"newc", "crc"} {
		cmd := exec.Command("cpio", "-o", "--quiet", "-H", format)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader("a\nlong name\n")
		archive, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		got, err := list(bytes.NewReader(archive))
		if want := "a 100600 1;long name 100600 " + strings.Repeat("x", 5000) + ";"; err != nil || got != want {
			t.Errorf("%s: got %.200q, %v", format, got, err)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(member("./a", "one") + member(trailer, "")))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := list(bytes.NewReader(b)); len(got) > 2*len(b)+100 {
			t.Errorf("%d bytes of %d, %v", len(got), len(b), err)
		}
	})
}
