package debian

import (
	"strings"
	"testing"
	"time"
)

const goodRelease = `Codename: bookworm
Date: Sat, 11 Jul 2026 10:16:37 UTC
Valid-Until: Sat,  1 Aug 2026 10:16:37 UTC
Acquire-By-Hash: yes
Architectures: all amd64 armhf
MD5Sum:
 d41d8cd98f00b204e9800998ecf8427e 0 main/x
SHA256:
 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855        0 main/Contents-armhf
 f61f27bd17de546264aa58f40f3aafaac7021e0ef69c17f6b1b4cd7664a037ec       20 main/Contents-armhf.gz
`

func TestParseRelease(t *testing.T) {
	r, err := parseRelease([]byte(goodRelease))
	if err != nil {
		t.Fatal(err)
	}
	if r.codename != "bookworm" || !r.byHash || !r.has("armhf") || r.has("arm") || len(r.files) != 2 ||
		!r.date.Equal(time.Date(2026, 7, 11, 10, 16, 37, 0, time.UTC)) || !r.validUntil.Equal(time.Date(2026, 8, 1, 10, 16, 37, 0, time.UTC)) {
		t.Errorf("read %+v", r)
	}
	if f, ok := r.best("main/Contents-armhf.xz", "main/Contents-armhf.gz"); !ok || f.size != 20 || f.path != "main/Contents-armhf.gz" {
		t.Errorf("best is %+v", f)
	}
	if _, ok := r.best("main/other"); ok {
		t.Error("a file that is not there was found")
	}
	replace := func(old, new string) string { return strings.Replace(goodRelease, old, new, 1) }
	for name, text := range map[string]string{
		"empty":          "",
		"no date":        replace("Date", "Dat"),
		"local date":     replace("37 UTC", "37 +0200"),
		"bad until":      replace("Sat,  1", "Someday,  1"),
		"no list":        replace("SHA256", "SHA1"),
		"short digest":   replace("e3b0", "e3b"),
		"capital digest": replace("e3b0", "E3B0"),
		"negative size":  replace("20 main", "-20 main"),
		"huge size":      replace("20 main", "99999999999 main"),
		"no size":        replace("20 main", "x main"),
		"outside":        replace("20 main/", "20 ../main/"),
		"absolute":       replace("20 main/", "20 /main/"),
		"two words":      replace("20 main/", "20 ma in/"),
		"two paragraphs": goodRelease + "\nCodename: x\n",
		"twice":          goodRelease + "Codename: x\n",
		"control":        replace("Codename", "Code\x00name"),
	} {
		if r, err := parseRelease([]byte(text)); err == nil {
			t.Errorf("%s: read %+v", name, r)
		}
	}
}

func FuzzParseRelease(f *testing.F) {
	f.Add(goodRelease)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parseRelease([]byte(text))
		if err != nil {
			return
		}
		for p, file := range r.files {
			if !safePath(p) || file.path != p || file.size < 0 {
				t.Errorf("file %+v", file)
			}
		}
	})
}

func FuzzVerify(f *testing.F) {
	f.Add(clearSign(f, goodRelease, "archive"))
	f.Add(clearSign(f, "x\n- y\n", "stranger", "security"))
	keys, err := readKeyring(keyringOf(f, "archive"), testPins(), Archive)
	if err != nil {
		f.Fatal(err)
	}
	good := map[string]bool{strings.TrimRight(goodRelease, "\n"): true}
	f.Fuzz(func(t *testing.T, signed []byte) {
		if text, err := verify("x", signed, keys, now); err == nil && !good[strings.TrimRight(string(text), "\n")] {
			t.Errorf("a signature was forged for %q", text)
		}
	})
}

func FuzzReadKeyring(f *testing.F) {
	f.Add(keyringOf(f, "archive", "stranger"))
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, err := readKeyring(b, testPins(), Archive)
		if err == nil && len(keys) == 0 {
			t.Error("a keyring without keys")
		}
		readTrusted(b)
	})
}
