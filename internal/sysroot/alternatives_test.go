package sysroot

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/graft-build/graft/internal/format/deb/debtest"
)

// Links that scripts would make are there, the one of the highest priority; a package's own
// file stays, and nothing is linked to that is not there.
func TestAlternatives(t *testing.T) {
	s := open(t)
	pkg := func(name, prio string) Input {
		lib := "/usr/lib/" + triplet + "/"
		return put(t, s, debtest.Package{
			Name: name, Arch: "armhf",
			Control: map[string]string{"postinst": "update-alternatives --install " + lib + "libb.so b " + lib + name + "/libb.so " + prio +
				" --slave /usr/include/new/b.h h /usr/include/" + name + ".h --slave /lib/" + triplet + "/libgone.so g " + lib + "gone.so" +
				" --slave /usr/include/own.h o /usr/include/" + name + ".h --slave /usr/bin/b bb /usr/include/" + name + ".h\n"},
			Files: []debtest.File{
				{Name: "usr/lib/" + triplet + "/" + name + "/libb.so", Content: name}, {Name: "usr/include/" + name + ".h", Content: name},
				{Name: "usr/include/own.h", Content: "own"},
			},
		})
	}
	root, err := Build(t.Context(), s, armhf, []Input{pkg("low", "10"), pkg("high", "100"), pkg("other", "100")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"usr/lib/" + triplet + "/libb.so": "high", "usr/include/new/b.h": "high", "usr/include/own.h": "own",
		"usr/lib/" + triplet + "/libgone.so": "", "usr/bin/b": "",
	} {
		if b, _ := os.ReadFile(filepath.Join(root.Dir, name)); string(b) != want {
			t.Errorf("%s: %q, want %q", name, b, want)
		}
	}
}
