package ldscript

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	file := func(names ...string) []File {
		var out []File
		for _, n := range names {
			out = append(out, File{Name: n})
		}
		return out
	}
	for _, tt := range []struct {
		in   string
		want []Command
		out  string
	}{
		{
			"/* GNU ld script */\nOUTPUT_FORMAT(elf32-littlearm)\nGROUP(/usr/lib/arm-linux-gnueabihf/libbsd.so.0.11.7 AS_NEEDED(-lmd))\n",
			[]Command{{true, []File{{"/usr/lib/arm-linux-gnueabihf/libbsd.so.0.11.7", false}, {"-lmd", true}}}},
			"GROUP ( /usr/lib/arm-linux-gnueabihf/libbsd.so.0.11.7 AS_NEEDED ( -lmd ) )\n",
		},
		{"INPUT(libncurses.so.6 -ltinfo)", []Command{{false, file("libncurses.so.6", "-ltinfo")}}, "INPUT ( libncurses.so.6 -ltinfo )\n"},
		{"INPUT ( AS_NEEDED ( a,b ) c AS_NEEDED(d) );GROUP(\"x y\", AS_NEEDED())",
			[]Command{{false, []File{{"a", true}, {"b", true}, {"c", false}, {"d", true}}}, {true, file("x y")}},
			"INPUT ( AS_NEEDED ( a b ) c AS_NEEDED ( d ) )\nGROUP ( \"x y\" )\n"},
		{"GROUP/* c */(a/* c */b)", []Command{{true, file("a", "b")}}, "GROUP ( a b )\n"},
		{"INPUT(=/lib/a.so $SYSROOT/b)", []Command{{false, file("=/lib/a.so", "$SYSROOT/b")}}, "INPUT ( =/lib/a.so $SYSROOT/b )\n"},
		{"OUTPUT_FORMAT(\"elf32\", \"elf32\", \"elf32\") INPUT(a)", []Command{{false, file("a")}}, "INPUT ( a )\n"},
		{`INPUT("AS_NEEDED")`, []Command{{false, file("AS_NEEDED")}}, "INPUT ( \"AS_NEEDED\" )\n"},
	} {
		got, err := Parse([]byte(tt.in))
		if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
			t.Errorf("%q: %v\n%s", tt.in, err, diff)
		}
		if out := string(Encode(got)); out != tt.out {
			t.Errorf("%q is written as %q, want %q", tt.in, out, tt.out)
		}
	}
	for _, in := range []string{
		"", "\x7fELF\x01\x01", "hello", "OUTPUT_FORMAT(elf32-littlearm)", "GROUP", "GROUP (", "GROUP ( a", "GROUP ( a ( b ) )",
		"GROUP ( AS_NEEDED ( AS_NEEDED ( a ) ) )", "/* GROUP ( a )", "GROUP ( \"a )", "GROUP ( \"\" )", "SECTIONS { }", "GROUP ( a\x00 )",
		"GROUP ( a ; b )", strings.Repeat(" ", MaxSize) + "INPUT(a)",
	} {
		if got, err := Parse([]byte(in)); !errors.Is(err, ErrFormat) {
			t.Errorf("%.40q: %v, %v", in, got, err)
		}
	}
}

// TestOracle has GNU ld read what Encode writes: it finds libraries beside the script.
func TestOracle(t *testing.T) {
	if _, err := exec.LookPath("ld"); err != nil {
		t.Skip("ld is not installed")
	}
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command("ld", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("ld %v: %v: %s", args, err, out)
		}
	}
	write := func(name string, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("empty", nil)
	run("-r", "-b", "binary", "-o", "a.o", "empty")
	run("-shared", "-soname", "liba.so.1", "-o", "liba.so.1", "a.o")
	write("libx.so", Encode([]Command{{Group: true, Files: []File{{"liba.so.1", false}, {"-lno", true}}}}))
	run("-shared", "-soname", "libno.so.1", "-o", "libno.so", "a.o")
	cmd := exec.Command("ld", "-shared", "-o", "out", "a.o", "-L.", "-lx")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ld: %v: %s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "out"))
	if err != nil || !strings.Contains(string(b), "liba.so.1") || strings.Contains(string(b), "libno.so.1") {
		t.Errorf("NEEDED is wrong, %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("/* c */ OUTPUT_FORMAT(x) GROUP ( /usr/lib/liba.so.0 AS_NEEDED ( \"b c\", -lmd ) );INPUT(a)"))
	f.Add([]byte("INPUT(/*"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Parse(b)
		if err != nil {
			return
		}
		again, err := Parse(Encode(got))
		if diff := cmp.Diff(got, again); diff != "" || err != nil {
			t.Errorf("%q: %v\n%s", Encode(got), err, diff)
		}
	})
}
