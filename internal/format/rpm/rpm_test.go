package rpm

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// header is a header structure of some tags and bytes of data.
func header(tags, data byte) string {
	return headerMagic + "\x00\x00\x00\x00\x00\x00\x00" + string(rune(tags)) + "\x00\x00\x00" + string(rune(data)) + strings.Repeat("t", 16*int(tags)+int(data))
}

// made is a package with a payload.
func made(payload string) string {
	return Magic + strings.Repeat("\x00", leadSize-4) + header(2, 5) + "\x00\x00\x00" + header(1, 3) + payload
}

func read(s string) (string, error) {
	r, err := Payload("x.rpm", strings.NewReader(s))
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(r)
	return string(b), errors.Join(err, r.Close())
}

func TestPayload(t *testing.T) {
	var z bytes.Buffer
	w, err := zstd.NewWriter(&z)
	if err == nil {
		_, err = io.WriteString(w, "content")
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	for name, payload := range map[string]string{"plain": "content", "zstd": z.String()} {
		if got, err := read(made(payload)); got != "content" || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	whole := made("")
	for n := range whole {
		if _, err := read(whole[:n]); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
	for name, text := range map[string]string{
		"lead": "x" + whole[1:], "signature": strings.Replace(whole, headerMagic, "abcd", 1),
		"many tags": strings.Replace(whole, "\x00\x00\x00\x02", "\x00\x01\x00\x00", 1),
		"much data": strings.Replace(whole, "\x00\x00\x00\x05", "\x10\x00\x00\x00", 1),
	} {
		if _, err := read(text); err == nil || errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzPayload(f *testing.F) {
	f.Add(made("content"))
	f.Fuzz(func(t *testing.T, s string) {
		r, err := Payload("x.rpm", strings.NewReader(s))
		if err != nil {
			return
		}
		defer r.Close()
		if _, err := io.Copy(io.Discard, io.LimitReader(r, 1<<20)); err != nil {
			return
		}
	})
}
