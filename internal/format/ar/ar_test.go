package ar

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
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

type member struct{ Name, Content string }

func read(r io.Reader) ([]member, error) {
	ar, err := NewReader(r)
	if err != nil {
		return nil, err
	}
	var out []member
	for {
		h, err := ar.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		b, err := io.ReadAll(ar)
		if err != nil {
			return out, err
		}
		if int64(len(b)) != h.Size {
			return out, fmt.Errorf("%d bytes of %d", len(b), h.Size)
		}
		out = append(out, member{h.Name, string(b)})
	}
}

func write(t testing.TB, members []member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b)
	for _, m := range members {
		if err := w.WriteHeader(Header{Name: m.Name, Size: int64(len(m.Content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, m.Content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var sample = []member{{"debian-binary", "2.0\n"}, {"empty", ""}, {"odd", "123"}, {"fifteen-letters", "x"}, {"last", "odd"}}

func TestRoundTrip(t *testing.T) {
	raw := write(t, sample)
	for _, r := range []io.Reader{bytes.NewReader(raw), iotest.OneByteReader(bytes.NewReader(raw)), iotest.DataErrReader(bytes.NewReader(raw)), bytes.NewReader(raw[:len(raw)-1])} {
		got, err := read(r)
		if diff := cmp.Diff(sample, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
	}
	if got, err := read(bytes.NewReader(write(t, nil))); len(got) > 0 || err != nil {
		t.Errorf("no members: %v, %v", got, err)
	}
}

func TestSkip(t *testing.T) {
	r, err := NewReader(bytes.NewReader(write(t, sample)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
		r.Read(make([]byte, 1))
	}
	if len(names) != len(sample) {
		t.Errorf("members %v", names)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
}

func TestHeaders(t *testing.T) {
	header := func(name, size, end string) string {
		return magic + fmt.Sprintf("%-16s%-12s%-6s%-6s%-8s%-10s%s", name, "0", "0", "0", "100644", size, end)
	}
	for _, tt := range []struct {
		name, raw string
		want      error
	}{
		{"empty stream", "", ErrFormat},
		{"another format", "!<thin>\n", ErrFormat},
		{"signature cut", "!<arc", ErrFormat},
		{"nothing else", magic, nil},
		{"spaces", header("a", "0", trailer), nil},
		{"slash", header("a/", "0", trailer), nil},
		{"negative size", header("a", "-1", trailer), ErrFormat},
		{"signed size", header("a", "+1", trailer), ErrFormat},
		{"no size", header("a", "", trailer), ErrFormat},
		{"hexadecimal size", header("a", "0x10", trailer), ErrFormat},
		{"space in the size", header("a", "1 2", trailer), ErrFormat},
		{"bad end", header("a", "0", "\n`"), ErrFormat},
		{"GNU table", header("//", "0", trailer), ErrFormat},
		{"GNU symbols", header("/", "0", trailer), ErrFormat},
		{"GNU long name", header("/12", "0", trailer), ErrFormat},
		{"BSD long name", header("#1/4", "4", trailer) + "name", ErrFormat},
		{"no name", header("", "0", trailer), ErrFormat},
		{"path", header("../a", "0", trailer), ErrFormat},
		{"control character", header("a\x00b", "0", trailer), ErrFormat},
		{"header cut", header("a", "0", trailer)[:40], io.ErrUnexpectedEOF},
		{"content cut", header("a", "9999999999", trailer) + "x", io.ErrUnexpectedEOF},
		{"bad padding", header("a", "1", trailer) + "xy", ErrFormat},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := read(strings.NewReader(tt.raw))
			if !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

func TestWriterRefuses(t *testing.T) {
	for _, h := range []Header{{"seventeen-letters", 1}, {"", 1}, {"a b", 1}, {"a/b", 1}, {"a", -1}, {"a", maxSize + 1}, {"#1/3", 3}} {
		if err := NewWriter(io.Discard).WriteHeader(h); err == nil {
			t.Errorf("%+v was written", h)
		}
	}
	w := NewWriter(io.Discard)
	if err := w.WriteHeader(Header{"a", 2}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("123")); err == nil {
		t.Error("too much was written")
	}
	if err := w.WriteHeader(Header{"b", 2}); err == nil {
		t.Error("a member was begun before the last was complete")
	}
}

// TestOracle compares with ar(1), in both directions.
func TestOracle(t *testing.T) {
	if _, err := exec.LookPath("ar"); err != nil {
		t.Skip("ar is not installed")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ours"), write(t, sample), 0o644); err != nil {
		t.Fatal(err)
	}
	ar := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("ar", args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("ar %v: %v: %s", args, err, out)
		}
		return string(out)
	}
	if got := ar("t", "ours"); got != "debian-binary\nempty\nodd\nfifteen-letters\nlast\n" {
		t.Errorf("ar t: %q", got)
	}
	if got := ar("p", "ours", "odd"); got != "123" {
		t.Errorf("ar p: %q", got)
	}
	ar("x", "ours")
	ar("qcS", "theirs", "debian-binary", "empty", "odd", "fifteen-letters", "last")
	f, err := os.Open(filepath.Join(dir, "theirs"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := read(f)
	if diff := cmp.Diff(sample, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// FuzzReader reads any bytes. What was read whole comes back the same when it is written
// and read again.
func FuzzReader(f *testing.F) {
	f.Add(write(f, sample))
	f.Add([]byte(magic))
	f.Add([]byte(magic + "a/              0           0     0     100644  -1        `\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := read(bytes.NewReader(raw))
		if err != nil {
			return
		}
		again, err := read(bytes.NewReader(write(t, got)))
		if diff := cmp.Diff(got, again); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}
