package pack

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/graft-build/graft/digest"
)

type memoMap map[string][]byte

func (m memoMap) Record(kind string, key digest.Digest) ([]byte, bool) {
	b, ok := m[kind+key.Hex()]
	return b, ok
}

func (m memoMap) PutRecord(kind string, key digest.Digest, b []byte) error {
	m[kind+key.Hex()] = b
	return nil
}

// blocksOf compresses parts with a cut before each; every second one is kept.
func blocksOf(t *testing.T, raw bool, memo Memo, parts ...[]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	c := newBlocks(nil, memo)
	c.raw = raw
	for range 2 { // the first stream leaves no trace in the second
		c.begin(&out, false)
		out.Reset()
		oneStream(t, c, parts...)
	}
	return out.Bytes()
}

func oneStream(t *testing.T, c *blocks, parts ...[]byte) {
	t.Helper()
	defer c.wait()
	for i, p := range parts {
		if err := c.cut(i%2 == 1); err != nil {
			t.Fatal(err)
		}
		for chunk := range bytes.Lines(p) {
			if n, err := c.Write(chunk); n != len(chunk) || err != nil {
				t.Fatal(n, err)
			}
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestBlocks(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	noise := make([]byte, 5*blockSize/2)
	random.Read(noise)
	exact := bytes.Repeat([]byte("0123456789abcde\n"), blockSize/16)
	for _, parts := range [][][]byte{
		{}, {nil}, {[]byte("a\n")}, {exact}, {exact, exact}, {noise, exact, noise[:7], noise}, {nil, exact, nil},
	} {
		want := bytes.Join(parts, nil)
		for _, raw := range []bool{false, true} {
			memo := memoMap{}
			first := blocksOf(t, raw, memo, parts...)
			if again := blocksOf(t, raw, memo, parts...); !bytes.Equal(first, again) {
				t.Error("other bytes with a memo")
			}
			if without := blocksOf(t, raw, nil, parts...); !bytes.Equal(first, without) {
				t.Error("other bytes without a memo")
			}
			in := bytes.NewReader(first)
			var r io.Reader = flate.NewReader(in)
			if !raw {
				gz, err := gzip.NewReader(in)
				if err != nil {
					t.Fatal(err)
				}
				r = gz
			}
			got, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(got, want) || in.Len() > 0 {
				t.Errorf("%d bytes, want %d; %d left; %v", len(got), len(want), in.Len(), err)
			}
		}
	}
}

func TestBlocksFullDisk(t *testing.T) {
	full := errors.New("full")
	c := newBlocks(writerFunc(func([]byte) (int, error) { return 0, full }), nil)
	defer c.wait()
	_, err := c.Write(make([]byte, 20*blockSize))
	if err = errors.Join(err, c.Close()); !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
