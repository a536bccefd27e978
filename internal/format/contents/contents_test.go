package contents

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func read(text string) ([]string, error) {
	var out []string
	err := Read(strings.NewReader(text), func(path, list []byte) error {
		s := string(path) + ":"
		Packages(list, func(name []byte) { s += " " + string(name) })
		out = append(out, s)
		return nil
	})
	return out, err
}

func TestRead(t *testing.T) {
	const table = "bin/sh   \t shells/dash\n" +
		"./usr/share/a name with  spaces.txt    doc/a,contrib/libs/b,c\n\n" +
		"/usr/lib/x.so libs/x,,/,\r\n" +
		"last libs/l"
	want := []string{"bin/sh: dash", "usr/share/a name with  spaces.txt: a b c", "usr/lib/x.so: x", "last: l"}
	for name, text := range map[string]string{
		"plain":    table,
		"preamble": "This file maps files to packages.\n\n  No table yet, FILE LOCATION is below\n\nFILE    \t   LOCATION\n" + table,
	} {
		got, err := read(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no package": "usr/bin/a\n",
		"no path":    "  libs/a\n",
		"end space":  "usr/bin/a \n",
		"root":       "/ libs/a\n",
		"long":       "a " + strings.Repeat("libs/a,", MaxLine/7+1) + "\n",
	} {
		if got, err := read(text); err == nil {
			t.Errorf("%s: %.80q", name, got)
		}
	}
	long := strings.Repeat("p", 300<<10)
	if got, err := read(long + " libs/a\n" + "b libs/b\n"); err != nil || len(got) != 2 || got[0] != long+": a" {
		t.Errorf("a line longer than the buffer: %v", err)
	}
	stop := errors.New("enough")
	if err := Read(strings.NewReader("a b\nc d\n"), func(_, _ []byte) error { return stop }); err != stop {
		t.Errorf("the caller's error became %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("FILE LOCATION\nbin/sh shells/dash,libs/b\n")
	f.Add("a b c\nx\n")
	f.Fuzz(func(t *testing.T, text string) {
		var again strings.Builder
		lines, err := read(text)
		if err != nil {
			return
		}
		Read(strings.NewReader(text), func(path, list []byte) error {
			if strings.ContainsRune(string(list), ' ') || len(path) == 0 {
				t.Fatalf("%q: path %q, list %q", text, path, list)
			}
			fmt.Fprintf(&again, "/%s %s\n", path, list)
			return nil
		})
		second, err := read(again.String())
		if err != nil || !cmp.Equal(lines, second) {
			t.Fatalf("%q reads as %q, again as %q, %v", text, lines, second, err)
		}
	})
}
