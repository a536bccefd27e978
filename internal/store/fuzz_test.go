package store

import (
	"bytes"
	"os"
	"testing"

	"github.com/graft-build/graft/digest"
)

// FuzzRecord puts any bytes where a record should be: only what PutRecord wrote is believed.
func FuzzRecord(f *testing.F) {
	s := open(f)
	key := digest.OfString("key")
	path := s.recordPath("kind", key)
	if err := s.PutRecord("kind", key, []byte("content")); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(recordPrefix))
	f.Fuzz(func(t *testing.T, b []byte) {
		os.Remove(path)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		got, ok := s.Record("kind", key)
		if want := append([]byte(recordPrefix+recordSum("kind", key, got)+"\n"), got...); ok && !bytes.Equal(want, b) {
			t.Errorf("believed %q", b)
		}
	})
}
