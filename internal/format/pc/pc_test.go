package pc

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	const text = `# a comment
prefix=/usr
exec_prefix = ${prefix}
libdir=${exec_prefix}/lib   # another
odd="quoted \" value"
late=${later}
later=x
prefix=/opt

Name: Foo
Description: Does \# things \
   over lines
Version: 1.2.3 beta
URL: https://example.com/$x$${y}
License: MIT
Requires: a >= 1.0, b c = 2 d<3
Requires.private: e != 4,,f
Requires.internal: g
Conflicts: h
Provides: i = 1
Libs: -L${libdir} -lfoo -Wl,-rpath,"${libdir}/a b"
LIBS.PRIVATE: -lm
Cflags: -I${prefix}/include -isystem /sys -DX='a b' -D Y
CFlags.private: -DSTATIC
Unknown: x
`
	f, err := Parse(text, []Var{{"pcfiledir", "/here"}})
	if err != nil {
		t.Fatal(err)
	}
	want := &File{
		Name: "Foo", Description: "Does # things over lines", Version: "1.2.3", URL: "https://example.com/$x$", License: "MIT",
		Vars: []Var{
			{"exec_prefix", "/usr"}, {"libdir", "/usr/lib"}, {"odd", `quoted " value`}, {"late", ""}, {"later", "x"}, {"prefix", "/opt"},
		},
		Requires:        []Dep{{"a", GreaterEqual, "1.0"}, {Name: "b"}, {"c", Equal, "2"}, {"d", Less, "3"}},
		RequiresPrivate: []Dep{{"e", NotEqual, "4"}, {Name: "f"}, {Name: "g"}},
		Conflicts:       []Dep{{Name: "h"}},
		Provides:        []Dep{{"i", Equal, "1"}},
		Libs:            []Flag{{Type: 'L', Data: "/usr/lib"}, {Type: 'l', Data: "foo"}, {Data: "-Wl,-rpath,/usr/lib/a b"}},
		LibsPrivate:     []Flag{{Type: 'l', Data: "m"}},
		Cflags: []Flag{
			{Type: 'I', Data: "/opt/include"}, {Data: "-isystem", Args: []string{"/sys"}}, {Type: 'D', Data: "X=a b"}, {Type: 'D'}, {Data: "Y"},
		},
		CflagsPrivate: []Flag{{Type: 'D', Data: "STATIC"}},
	}
	if diff := cmp.Diff(want, f); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestGlobals(t *testing.T) {
	f, err := Parse("prefix=/usr\nLibs: -L${prefix}/lib -L${pcfiledir}\n", []Var{{"pcfiledir", "/here"}, {"prefix", "/a"}, {"prefix", "/b"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []Flag{{Type: 'L', Data: "/b/lib"}, {Type: 'L', Data: "/here"}}
	if diff := cmp.Diff(want, f.Libs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLines(t *testing.T) {
	tests := []struct {
		text string
		want []string
	}{
		{"", nil},
		{"a", []string{"a"}},
		{"a\nb\r\nc\rd\n", []string{"a", "b", "c", "d"}},
		{"a\\\n  b\\\r\n\tc", []string{"abc"}},
		{`a\b\\c\#d#e`, []string{`a\b\\c#d`}},
		{"a\\", []string{"a"}},
		{"#only\n\n", []string{"", ""}},
	}
	for _, tt := range tests {
		l := lines{text: tt.text}
		var got []string
		for l.next() {
			got = append(got, l.line)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, diff)
		}
	}
}

func TestErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"size", strings.Repeat("x", MaxFile+1), "file has more than"},
		{"lines", strings.Repeat("\n", maxItems+2), "more than 20000 lines"},
		{"quote", "Name: x\nLibs: 'a\n", "line 2: Libs: quote without its end"},
		{"brace", "a=1\n\nb=${a\n", `line 3: b: "${" without "}"`},
		{"doubling", doubling(40), "value too long"},
		{"words", "Libs: " + strings.Repeat("a ", maxItems+1), "more than 20000 words"},
		{"sum", "a=" + strings.Repeat("x", 200<<10) + "\n" + strings.Repeat("b=${a}\n", 100), "value too long"},
	}
	for _, tt := range tests {
		if _, err := Parse(tt.text, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// doubling is a file whose last value is 2^n long.
func doubling(n int) string {
	var b strings.Builder
	b.WriteString("v0=x\n")
	for i := 1; i <= n; i++ {
		p := "v" + strings.Repeat("i", i-1)
		if i == 1 {
			p = "v0"
		}
		b.WriteString("v" + strings.Repeat("i", i) + "=${" + p + "}${" + p + "}\n")
	}
	return b.String()
}

func TestCompare(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"1", "1", 0}, {"", "", 0}, {"1.0", "1.0.0", -1}, {"1.10", "1.9", 1}, {"1.0a", "1.0", 1}, {"1.0~rc1", "1.0", -1},
		{"1.0~", "1.0~rc", -1}, {"2.0", "10", -1}, {"1.001", "1.1", 0}, {"a", "1", -1}, {"1.a", "1.1", -1}, {"A", "a", 0},
		{"1..0", "1.0", 0}, {"1_0", "1.0", 0}, {"", "1", -1}, {"1.", "1", 0}, {"99999999999999999999", "100000000000000000000", -1},
	}
	sign := func(n int) int {
		switch {
		case n < 0:
			return -1
		case n > 0:
			return 1
		}
		return 0
	}
	for _, tt := range tests {
		if got := sign(Compare(tt.a, tt.b)); got != tt.want {
			t.Errorf("Compare(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if got := sign(Compare(tt.b, tt.a)); got != -tt.want {
			t.Errorf("Compare(%q, %q) = %d, want %d", tt.b, tt.a, got, -tt.want)
		}
	}
}

func TestMet(t *testing.T) {
	for _, tt := range []struct {
		dep  string
		v    string
		want bool
	}{
		{"x", "0", true}, {"x >= 1", "1", true}, {"x >= 1", "0.9", false}, {"x > 1", "1", false}, {"x > 1", "1.1", true},
		{"x < 1", "0.9", true}, {"x <= 1", "1", true}, {"x = 1", "1.0", false}, {"x != 1", "2", true}, {"x == 1", "5", true},
	} {
		d := ParseDeps(tt.dep)
		if len(d) != 1 || d[0].Met(tt.v) != tt.want {
			t.Errorf("%s with %s: %v", tt.dep, tt.v, d)
		}
	}
}

func TestQuote(t *testing.T) {
	for _, s := range []string{"", "a b", `a\b`, `"q"`, "it's", "$x", "-DX=\"a\"", "a*b?c", "tab\there", "ü"} {
		words, err := Words(Quote(s))
		if s == "" {
			continue
		}
		if err != nil || len(words) != 1 || words[0] != s {
			t.Errorf("%q was quoted %q and read %q, %v", s, Quote(s), words, err)
		}
	}
}

func TestFlagsGroups(t *testing.T) {
	got := Flags(strings.Fields("-la -Wl,--start-group -lb -lc -Wl,--end-group -ld -Wl,--start-group -le -include"))
	want := []Flag{
		{Type: 'l', Data: "a"}, {Data: groupStart, Args: []string{"-lb", "-lc", groupEnd}}, {Type: 'l', Data: "d"},
		{Data: groupStart, Args: []string{"-le", "-include"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// pkgconf orders versions the same way.
func TestComparePkgconf(t *testing.T) {
	if _, err := exec.LookPath("pkgconf"); err != nil {
		t.Skip("no pkgconf")
	}
	out, err := exec.Command("pkgconf", "--version").Output()
	if err != nil {
		t.Skip(err)
	}
	have := strings.TrimSpace(string(out))
	for _, v := range []string{"0", "1", "1.8", "1.8.0", "1.8.1", "1.8.1a", "1.8.1~", "1.8.1.0", "1.9", "01.08.01", "1.8.99", "9", "a", "1.8.x", "", "1.8.1-2"} {
		err := exec.Command("pkgconf", "--atleast-pkgconfig-version="+v).Run()
		if v == "" {
			continue
		}
		if got, want := Compare(have, v) >= 0, err == nil; got != want {
			t.Errorf("%s >= %s: %v, pkgconf says %v", have, v, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("prefix=/usr\nName: x\nLibs: -L${prefix}/lib -lx\nRequires: a >= 1, b\n")
	f.Add("a='${b}'\\\n#\nCflags: -isystem \"x y\" -I$${a}")
	f.Add(doubling(20))
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Parse(text, []Var{{"pcfiledir", "/x"}})
		if err != nil {
			return
		}
		n := 0
		for _, v := range file.Vars {
			if len(v.Value) > MaxValue {
				t.Errorf("%s has %d bytes", v.Name, len(v.Value))
			}
			n += len(v.Value)
		}
		if n > maxSum {
			t.Errorf("all values have %d bytes", n)
		}
		for _, list := range [][]Flag{file.Libs, file.LibsPrivate, file.Cflags, file.CflagsPrivate} {
			for _, fl := range list {
				// What is printed can be read again.
				words, err := Words(fl.String())
				if diff := cmp.Diff(fl.Words(), words); err != nil || diff != "" && strings.Join(fl.Words(), "") != "" && !hasEmpty(fl.Words()) {
					t.Errorf("%q is read as %q, %v", fl.Words(), words, err)
				}
			}
		}
	})
}

func hasEmpty(words []string) bool {
	for _, w := range words {
		if w == "" {
			return true
		}
	}
	return false
}

func FuzzCompare(f *testing.F) {
	f.Add("1.0~rc1", "1.0a")
	f.Fuzz(func(t *testing.T, a, b string) {
		if Compare(a, a) != 0 {
			t.Errorf("%q differs from itself", a)
		}
		x, y := Compare(a, b), Compare(b, a)
		if x > 0 != (y < 0) && !(x == 0 && y == 0) {
			t.Errorf("Compare(%q, %q) = %d, the other way round %d", a, b, x, y)
		}
	})
}
