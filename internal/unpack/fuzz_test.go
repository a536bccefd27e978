package unpack

import (
	"archive/tar"
	"testing"
)

// FuzzTar unpacks any bytes: whatever they say, nothing outside the folder changes and no
// link leads there. The check is in inspect.
func FuzzTar(f *testing.F) {
	f.Add(pack(f, dir("a/"), file("a/b", "x"), symlink("a/c", "/a/b"), hard("d", "a/b")))
	f.Add(pack(f, symlink("a", "."), symlink("b", "a/.."), file("b/x", "y")))
	f.Add(pack(f, symlink("a", "../secret"), entry{tar.TypeFifo, "p", "", 0o777}))
	f.Add(pack(f, file("../secret", "x"), hard("x", "../secret"), file("/abs", "")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		lim := Limits{Entries: 100, Bytes: 1 << 20, FileBytes: 1 << 20}
		extract(t, raw, lim, Options{SkipSpecial: true})
	})
}

// FuzzNames makes the interesting part dense: names and link texts of a small alphabet.
func FuzzNames(f *testing.F) {
	f.Add("a", "b", "a/..", "c", "../../x", byte(0))
	f.Add("here", ".", "out", "here/..", "out/f", byte(5))
	f.Fuzz(func(t *testing.T, n1, t1, n2, t2, n3 string, kinds byte) {
		kind := func(k byte, name, text string) entry {
			switch k & 3 {
			case 0:
				return symlink(name, text)
			case 1:
				return file(name, text)
			case 2:
				return hard(name, text)
			}
			return dir(name)
		}
		raw, err := tryPack(kind(kinds, n1, t1), kind(kinds>>2, n2, t2), file(n3, "x"))
		if err != nil {
			return
		}
		extract(t, raw, Limits{}, Options{Strip: int(kinds>>4) & 1})
	})
}
