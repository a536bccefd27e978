package shim

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitResponse(t *testing.T) {
	tests := []struct {
		text string
		want []string
	}{
		{"", nil},
		{"a b\nc\r\n\td", []string{"a", "b", "c", "d"}},
		{`"a b" 'c "d"' e\ f`, []string{"a b", `c "d"`, "e f"}},
		{`"a\"b" "c\\d" 'e\'f'`, []string{`a"b`, `c\d`, `e'f`}},
		{`"" ''`, []string{"", ""}},
		{`x"y"z`, []string{"xyz"}},
		{`a\`, []string{`a\`}},
		{`"open`, []string{"open"}},
		{"# no comment", []string{"#", "no", "comment"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, splitResponse(tt.text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, diff)
		}
	}
}

// What the Go linker writes is what comes out.
func TestGoResponse(t *testing.T) {
	args := []string{"-o", `C:\dir with space\a.exe`, `"quoted"`, "back\\slash", "plain", "-Wl,-T,x"}
	var b strings.Builder
	for _, a := range args {
		fmt.Fprintf(&b, "%q\n", a)
	}
	if diff := cmp.Diff(args, splitResponse(b.String())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestExpandResponses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("one", "-c @two 'a b'")
	write("two", "-O2\n")
	write("self", "@self @self")
	write("big", strings.Repeat("x", maxResponse+1))
	tests := []struct {
		args, want []string
		err        string
	}{
		{args: []string{"a", "@"}, want: []string{"a", "@"}},
		{args: []string{"x", "@one", "y"}, want: []string{"x", "-c", "-O2", "a b", "y"}},
		{args: []string{"@" + filepath.Join(dir, "two")}, want: []string{"-O2"}},
		{args: []string{"@missing"}, want: []string{"@missing"}},
		{args: []string{"@self"}, err: "more than 16"},
		{args: []string{"@big"}, err: "more than"},
		{args: []string{"@" + dir}, err: "read response file"},
	}
	for _, tt := range tests {
		got, err := expandResponses(tt.args, dir)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q: error %v, want %q", tt.args, err, tt.err)
			}
			continue
		}
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%q: %v (-want +got):\n%s", tt.args, err, diff)
		}
	}
}

func FuzzResponse(f *testing.F) {
	f.Add(`"a b" 'c' \d`)
	f.Fuzz(func(t *testing.T, text string) {
		args := splitResponse(text)
		for _, a := range args {
			if len(a) > len(text) {
				t.Errorf("%q has the longer argument %q", text, a)
			}
		}
		if got := readLikeZig(responseFile(args)); !slices.Equal(got, args) {
			t.Errorf("%q was written and read as %q", args, got)
		}
	})
}

// readLikeZig reads a response file by zig's rules, as far as responseFile uses them.
func readLikeZig(s string) []string {
	var out []string
	for s != "" {
		s = strings.TrimPrefix(strings.TrimPrefix(s, "\n"), `"`)
		var b strings.Builder
		slashes := 0
	word:
		for i := 0; i < len(s); i++ {
			switch s[i] {
			case '\\':
				slashes++
				continue
			case '"':
				b.WriteString(strings.Repeat(`\`, slashes/2))
				if slashes%2 == 0 {
					out, s = append(out, b.String()), strings.TrimPrefix(s[i+1:], "\n")
					break word
				}
			default:
				b.WriteString(strings.Repeat(`\`, slashes))
			}
			slashes = 0
			b.WriteByte(s[i])
		}
	}
	return out
}

// The rules above are those of zig itself.
func TestZigReadsResponse(t *testing.T) {
	zig := os.Getenv("GRAFT_ZIG")
	if zig == "" {
		t.Skip("GRAFT_ZIG names no zig")
	}
	dir := t.TempDir()
	args := []string{"-E", "-P", "-x", "c", `-DA="x y"`, `-DB=\\`, `-DC=\"`, "-DD=it's", "-DE=#no", "input.c"}
	if err := os.WriteFile(filepath.Join(dir, "input.c"), []byte("A B C D E\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "args"), []byte(responseFile(args)), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		cmd := exec.Command(zig, append([]string{"cc"}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "ZIG_GLOBAL_CACHE_DIR="+dir, "ZIG_LOCAL_CACHE_DIR="+dir)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	if diff := cmp.Diff(run(args...), run("@args")); diff != "" {
		t.Errorf("(-arguments +file):\n%s", diff)
	}
}
