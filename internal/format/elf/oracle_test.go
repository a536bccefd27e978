package elf

import (
	"bytes"
	stdelf "debug/elf"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// sample returns up to n ELF files of this machine, always the same ones.
func sample(t *testing.T, n int) []string {
	var all []string
	for _, dir := range []string{"/usr/lib", "/usr/bin"} {
		filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return nil
			}
			if strings.Contains(path, ".so") || dir == "/usr/bin" {
				all = append(all, path)
			}
			return nil
		})
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var out []string
	for _, path := range all {
		f, err := os.Open(path)
		if err != nil {
			continue
		}
		var magic [4]byte
		f.Read(magic[:])
		f.Close()
		if string(magic[:]) == stdelf.ELFMAG {
			out = append(out, path)
		}
		if len(out) == n {
			break
		}
	}
	return out
}

var (
	entry   = regexp.MustCompile(`\((NEEDED|SONAME|RPATH|RUNPATH)\)\s+[^\[]*\[(.*)\]$`)
	interp  = regexp.MustCompile(`\[Requesting program interpreter: (.*)\]`)
	library = regexp.MustCompile(`Version: \d+  File: (\S+)  Cnt:`)
	needed  = regexp.MustCompile(`Name: (\S+)  Flags: (.*?)  Version: \d+`)
	defined = regexp.MustCompile(`Rev: \d+  Flags: (.*?)  Index: \d+  Cnt: \d+  Name: (\S+)`)
)

// TestReadelf compares what is read with what readelf prints.
func TestReadelf(t *testing.T) {
	readelf, err := exec.LookPath("readelf")
	if err != nil {
		t.Skip("no readelf here")
	}
	files := sample(t, 300)
	if len(files) == 0 {
		t.Skip("no ELF files here")
	}
	for _, path := range files {
		cmd := exec.Command(readelf, "-dlVW", path)
		cmd.Env = []string{"LC_ALL=C"}
		said, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		var want, got []string
		section, lib := "", ""
		for line := range strings.Lines(string(said)) {
			line = strings.TrimRight(line, "\n")
			if strings.HasPrefix(line, "Version ") {
				section = line
			}
			if m := entry.FindStringSubmatch(line); m != nil {
				want = append(want, m[1]+" "+m[2])
			} else if m := interp.FindStringSubmatch(line); m != nil {
				want = append(want, "INTERP "+m[1])
			} else if m := library.FindStringSubmatch(line); m != nil {
				lib = m[1]
			} else if m := needed.FindStringSubmatch(line); m != nil {
				want = append(want, fmt.Sprint("NEED ", lib, " ", m[1], " ", strings.Contains(m[2], "WEAK")))
			} else if m := defined.FindStringSubmatch(line); m != nil && strings.HasPrefix(section, "Version def") && !strings.Contains(m[1], "BASE") {
				want = append(want, "DEFINE "+m[2])
			}
		}
		f, err := parseFile(t, path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		add := func(kind string, values ...string) {
			for _, v := range values {
				if v != "" {
					got = append(got, kind+" "+v)
				}
			}
		}
		add("INTERP", f.Interp)
		add("NEEDED", f.Needed...)
		add("SONAME", f.Soname)
		add("RPATH", f.Rpath)
		add("RUNPATH", f.Runpath)
		add("DEFINE", f.Defines...)
		for _, v := range f.Requires {
			add("NEED", fmt.Sprint(v.Library, " ", v.Name, " ", v.Weak))
		}
		slices.Sort(want)
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: readelf (-) and this reader (+):\n%s", path, d)
		}
	}
	t.Logf("%d files", len(files))
}

// TestSymbolsOfStandardLibrary compares symbols with debug/elf, which goes by sections.
func TestSymbolsOfStandardLibrary(t *testing.T) {
	files := sample(t, 120)
	if len(files) == 0 {
		t.Skip("no ELF files here")
	}
	for _, path := range files {
		o, err := stdelf.Open(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		var want []Symbol
		syms, _ := o.DynamicSymbols()
		for _, s := range syms {
			if b := stdelf.ST_BIND(s.Info); b != stdelf.STB_LOCAL && s.Name != "" {
				want = append(want, Symbol{Name: s.Name, Version: s.Version, Defined: s.Section != stdelf.SHN_UNDEF, Weak: b == stdelf.STB_WEAK})
			}
		}
		o.Close()
		for _, sections := range []bool{true, false} {
			f, err := parseFile(t, path)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			if !sections {
				f.Shnum = 0
			}
			got, err := f.Symbols()
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			if _, sysv := f.Tag(stdelf.DT_HASH); !sections && !sysv {
				want = slices.DeleteFunc(slices.Clone(want), func(s Symbol) bool { return !s.Defined })
				got = slices.DeleteFunc(got, func(s Symbol) bool { return !s.Defined })
			}
			if d := cmp.Diff(want, got, cmpopts.IgnoreFields(Symbol{}, "Copied")); d != "" {
				t.Errorf("%s (sections: %v): debug/elf (-) and this reader (+):\n%.2000s", path, sections, d)
			}
		}
	}
}

// TestCopied compares the variables that programs get copies of with what readelf lists.
func TestCopied(t *testing.T) {
	readelf, err := exec.LookPath("readelf")
	if err != nil {
		t.Skip("no readelf here")
	}
	copies := regexp.MustCompile(`_COPY\s+\S+\s+([^@\s]+)(?:@+(\S+))? \+`)
	found := 0
	for _, path := range sample(t, 120) {
		cmd := exec.Command(readelf, "-rW", path)
		cmd.Env = []string{"LC_ALL=C"}
		said, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		var want, got []string
		for _, m := range copies.FindAllStringSubmatch(string(said), -1) {
			want = append(want, m[1]+" "+m[2])
		}
		f, err := parseFile(t, path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		symbols, err := f.Symbols()
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		for _, s := range symbols {
			if s.Copied {
				got = append(got, s.Name+" "+s.Version)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: readelf (-) and this reader (+):\n%s", path, d)
		}
		found += len(got)
	}
	if found == 0 {
		t.Skip("no program of the sample has a copy")
	}
}

func parseFile(t *testing.T, path string) (*File, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return Parse(bytes.NewReader(b), int64(len(b)))
}
