package licence

import (
	"os"
	"slices"
	"testing"
)

func TestOfText(t *testing.T) {
	own, err := os.ReadFile("../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	if got := OfText(own); len(got) != 1 {
		t.Errorf("of graft's own: %q", got)
	}
	if got := OfText([]byte("All rights reserved. You may not read this.")); len(got) != 0 {
		t.Errorf("of none: %q", got)
	}
}

func TestOfCopyright(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     []string
	}{
		{"machine-readable", "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: x\n\nFiles: *\nCopyright: me\nLicense: Expat\n text\n\nFiles: a\nCopyright: me\nLicense: LGPL-2.1+ or MPL-1.1\n\nFiles: debian/*\nCopyright: you\nLicense: GPL-3+\n\nLicense: Expat\n the text\n", []string{"Expat", "LGPL-2.1+ or MPL-1.1"}},
		{"prose", "It was packaged by me.\nThe text is in `/usr/share/common-licenses/LGPL-2.1'.\n", []string{"LGPL-2.1"}},
		{"nothing", "It is free.\n", nil},
	} {
		if got := OfCopyright([]byte(tt.in)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func FuzzOfCopyright(f *testing.F) {
	f.Add([]byte("Format: x\n\nFiles: *\nLicense: a\n"))
	f.Add([]byte("/usr/share/common-licenses/GPL-2"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if got := OfCopyright(in); !slices.IsSorted(got) {
			t.Errorf("not sorted: %q", got)
		}
	})
}
