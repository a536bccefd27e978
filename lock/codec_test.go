package lock

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/digest"
)

func example() *Lock {
	sum := digest.OfString("x")
	return &Lock{
		Go: "1.26.8", Zig: &Zig{Version: "0.16.0"},
		Composition: Composition{Key: sum, App: "example.com/app", Plugins: []string{"example.com/z", "example.com/a@v1.0.0"}},
		Asked:       []string{"application .", "plugin ../z", "plugin example.com/a@v1.0.0"},
		Modules:     []Module{{Path: "example.com/z", Replace: "local"}, {Path: "example.com/a", Version: "v1.0.0", Sum: "h1:a="}},
		Sums:        []string{"b v1 h1:b=", "a v1 h1:a=", "a v1 h1:a="},
		ModuleFiles: []ModuleFile{
			{Path: "golang.org/toolchain/@v/v0.0.1-go1.26.8.linux-amd64.zip", Size: 9, SHA256: sum},
			{Path: "github.com/!big/a/@v/v1.0.0.mod", Size: 3, SHA256: sum},
		},
		Repositories: []Repository{{ID: "bookworm", Name: "debian-bookworm", Format: "deb", Suite: "bookworm", Base: "https://example.com/debian", Date: "2026-07-11T10:16:37Z", Index: sum}},
		Targets:      []Target{{Name: "rpi4", Repo: "debian-bookworm", Libc: "2.36", Needs: []string{"pkg-config:cairo"}}, {Name: "linux/amd64"}},
		Packages: []Package{
			{Target: "rpi4", Name: "libz", Version: "1", Arch: "armhf", Repo: "bookworm", Path: "pool/z.deb", Size: 2, SHA256: sum, Run: true},
			{Target: "rpi4", Name: "liba", Version: "1:2~<&>", Arch: "armhf", Repo: "bookworm", Path: "pool/a.deb", Size: 1, SHA256: sum, Build: true, Depends: []string{"libz"}},
		},
	}
}

func TestRoundTrip(t *testing.T) {
	first, err := Encode(example())
	if err != nil {
		t.Fatal(err)
	}
	l, err := Parse(FileName, bytes.NewReader(first))
	if err != nil {
		t.Fatalf("%v\n%s", err, first)
	}
	second, err := Encode(l)
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("%v\n%s", err, cmp.Diff(string(first), string(second)))
	}
	if d := cmp.Diff(example().Composition, l.Composition); d != "" {
		t.Errorf("the order of plugins is the user's: %s", d)
	}
	for _, p := range example().Packages {
		n := 0
		for line := range strings.Lines(string(first)) {
			if strings.Contains(line, `"name":"`+p.Name+`"`) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("package %s stands on %d lines, want 1", p.Name, n)
		}
	}
	if !bytes.Contains(first, []byte("1:2~<&>")) {
		t.Errorf("HTML escapes in:\n%s", first)
	}
}

func TestParseErrors(t *testing.T) {
	good, err := Encode(example())
	if err != nil {
		t.Fatal(err)
	}
	swap := func(old, new string) string {
		if !strings.Contains(string(good), old) {
			t.Fatalf("no %q in the example", old)
		}
		return strings.Replace(string(good), old, new, 1)
	}
	for _, tt := range []struct{ name, in, want string }{
		{"empty", "", "EOF"},
		{"half", string(good[:len(good)/2]), "unexpected EOF"},
		{"syntax", swap(`"modules": [`, `"modules": {`), "graft.lock:12:"},
		{"unknown key", swap(`"go":`, `"gone":`), `unknown field "gone"`},
		{"other version", swap(`"version": 1`, `"version": 99`), "format version 99"},
		{"conflict", "<<<<<<< HEAD\n" + string(good), "graft.lock:1: a merge conflict"},
		{"leaves the archive", swap(`pool/a.deb`, `../a.deb`), "not clean"},
		{"no digest", swap(`,"sha256":"`+digest.OfString("x").String()+`"`, ``), "no SHA-256"},
		{"short digest", swap(digest.OfString("x").String(), `sha256:00`), "parse digest"},
		{"unknown target", swap(`{"target":"rpi4"`, `{"target":"rpi5"`), `"rpi5"`},
		{"module file leaves", swap(`"path":"github.com/!big/a/@v`, `"path":"github.com/../a/@v`), "is not MODULE/@v/"},
		{"module file of another kind", swap(`v1.0.0.mod`, `v1.0.0.info`), "is not MODULE/@v/"},
		{"twice", swap(`"name":"liba"`, `"name":"libz"`), "stands twice"},
		{"tail", string(good) + "{}", "follows"},
	} {
		_, err := Parse(FileName, strings.NewReader(tt.in))
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	good, err := Encode(example())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, in []byte) {
		l, err := Parse("f", bytes.NewReader(in))
		if err != nil {
			return
		}
		first, err := Encode(l)
		if err != nil {
			t.Fatalf("encode what was parsed: %v", err)
		}
		again, err := Parse("f", bytes.NewReader(first))
		if err != nil {
			t.Fatalf("parse what was encoded: %v\n%s", err, first)
		}
		if second, _ := Encode(again); !bytes.Equal(first, second) {
			t.Errorf("not canonical:\n%s\n%s", first, second)
		}
	})
}
