package table

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func build(t testing.TB, keys []string, value func(string) string) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if err := w.Add(k, value(k)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func open(t testing.TB, b []byte) *Table {
	t.Helper()
	tab, err := New(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tab.Close)
	return tab
}

func upper(s string) string { return strings.ToUpper(s) }

func TestTable(t *testing.T) {
	var keys []string
	for i := range 30000 {
		keys = append(keys, fmt.Sprintf("usr/include/%d/%d.h", i%7, i))
	}
	slices.Sort(keys)
	b := build(t, keys, upper)
	if other := build(t, keys, upper); !bytes.Equal(b, other) {
		t.Error("two writings differ")
	}
	tab := open(t, b)
	if len(tab.blocks) <= cached/8 {
		t.Fatalf("only %d blocks", len(tab.blocks))
	}
	for _, k := range keys {
		if v, ok, err := tab.Get(k); err != nil || !ok || v != upper(k) {
			t.Fatalf("Get(%q) = %q, %v, %v", k, v, ok, err)
		}
	}
	for _, k := range []string{"", "a", "usr/include/3/", "usr/include/3/3.hh", "zz"} {
		if v, ok, err := tab.Get(k); err != nil || ok {
			t.Errorf("Get(%q) = %q, %v, %v", k, v, ok, err)
		}
	}
	for _, prefix := range []string{"", "usr/include/3/", "usr/include/6/29", "none"} {
		var got, want []string
		for _, k := range keys {
			if strings.HasPrefix(k, prefix) {
				want = append(want, k)
			}
		}
		err := tab.Scan(prefix, func(k, v []byte) bool {
			if string(v) != upper(string(k)) {
				t.Errorf("Scan: %q has %q", k, v)
			}
			got = append(got, string(k))
			return true
		})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("Scan(%q): %d keys, want %d, %v", prefix, len(got), len(want), err)
		}
	}
	n := 0
	tab.Scan("", func(_, _ []byte) bool { n++; return n < 3 })
	if n != 3 {
		t.Errorf("Scan went on to %d", n)
	}
}

func TestEmpty(t *testing.T) {
	tab := open(t, build(t, nil, upper))
	if _, ok, err := tab.Get("a"); ok || err != nil {
		t.Errorf("Get of an empty table: %v, %v", ok, err)
	}
	tab = open(t, build(t, []string{""}, func(string) string { return "nothing" }))
	if v, ok, err := tab.Get(""); v != "nothing" || !ok || err != nil {
		t.Errorf("Get of the empty key: %q, %v, %v", v, ok, err)
	}
}

func TestAddRefuses(t *testing.T) {
	w, err := NewWriter(&bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Add("b", ""); err != nil {
		t.Fatal(err)
	}
	if w.Add("b", "") == nil || w.Add("a", "") == nil || w.Add("c", strings.Repeat("x", maxEntry)) == nil {
		t.Error("a repeated, a smaller or a huge entry was taken")
	}
}

// TestDamage flips each byte: what is read then is right, absent or an error.
func TestDamage(t *testing.T) {
	var keys []string
	for i := range 300 {
		keys = append(keys, fmt.Sprintf("key %03d", i))
	}
	b := build(t, keys, upper)
	for i := range b {
		bad := bytes.Clone(b)
		bad[i] ^= 0x20
		tab, err := New(bytes.NewReader(bad), int64(len(bad)))
		if err != nil {
			continue
		}
		if v, ok, err := tab.Get("key 100"); err == nil && (!ok || v != "KEY 100") {
			t.Errorf("byte %d changed: %q, %v", i, v, ok)
		}
		tab.Close()
	}
	for n := range len(b) {
		if tab, err := New(bytes.NewReader(b[:n]), int64(n)); err == nil {
			tab.Close()
			t.Errorf("opened with %d of %d bytes", n, len(b))
		}
	}
}

func FuzzNew(f *testing.F) {
	f.Add(build(f, []string{"a", "ab", "b"}, upper))
	f.Fuzz(func(t *testing.T, b []byte) {
		tab, err := New(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		defer tab.Close()
		tab.Scan("", func(_, _ []byte) bool { return true })
		tab.Get("ab")
	})
}
