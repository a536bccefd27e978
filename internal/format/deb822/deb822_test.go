package deb822

import (
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func readAll(t *testing.T, r *Reader) []Paragraph {
	t.Helper()
	var out []Paragraph
	for {
		p, err := r.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
}

func TestNext(t *testing.T) {
	const text = "\n\nPackage: a\nVersion:1\nDescription: short\n long line \n .\n  indented\n\n \t\nPackage:\tb  \r\nEmpty:\nList:\n x\n y"
	want := []Paragraph{
		{{"Package", "a"}, {"Version", "1"}, {"Description", "short\nlong line\n.\n indented"}},
		{{"Package", "b"}, {"Empty", ""}, {"List", "\nx\ny"}},
	}
	got := readAll(t, NewReader(strings.NewReader(text)))
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got[1].Get("LIST") != "\nx\ny" || got[1].Get("none") != "" {
		t.Error("Get is wrong")
	}
	got = readAll(t, NewReader(strings.NewReader(text)).Only("List", "Version"))
	want = []Paragraph{{{"Version", "1"}}, {{"List", "\nx\ny"}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestComments(t *testing.T) {
	const text = "# one\nA: 1\n# two\n more\n#\n\n# alone\n\nB: 2\n"
	got := readAll(t, NewReader(strings.NewReader(text)).Comments())
	want := []Paragraph{{{"A", "1\nmore"}}, {{"B", "2"}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestNextRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no colon":           "A: 1\nB\n",
		"no name":            ": 1\n",
		"space in name":      "A B: 1\n",
		"dash":               "-A: 1\n",
		"comment":            "#A: 1\n",
		"continuation first": " A: 1\n",
		"twice":              "A: 1\nB: 2\na: 3\n",
		"nul":                "A: 1\x002\n",
		"escape":             "A: \x1b[1m\n",
		"latin name":         "\xe9: 1\n",
		"long":               "A: " + strings.Repeat("x", MaxParagraph) + "\n",
		"many lines":         "A: 1\n" + strings.Repeat(" x\n", MaxParagraph/3),
		"many fields":        strings.Repeat("A:\n", MaxFields+1),
	} {
		r := NewReader(strings.NewReader(text))
		if name == "many fields" {
			r.Only("B")
		}
		var syntax *SyntaxError
		if _, err := r.Next(); !errors.As(err, &syntax) {
			t.Errorf("%s: error %v, want a SyntaxError", name, err)
		}
	}
	many := strings.Builder{}
	for range 3 {
		for i := range 40 {
			many.WriteString("F" + string(rune('A'+i/26)) + string(rune('a'+i%26)) + ": 1\n")
		}
	}
	if _, err := NewReader(strings.NewReader(many.String())).Next(); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("repeated among many: %v", err)
	}
}

// TestDpkgQuery reads the host's package database and compares with what dpkg-query says.
func TestDpkgQuery(t *testing.T) {
	query, err := exec.LookPath("dpkg-query")
	if err != nil {
		t.Skip("dpkg-query is not on this machine")
	}
	names := []string{"Package", "Version", "Architecture", "Depends", "Description"}
	status, err := exec.Command(query, "--status", "dpkg", "libc6", "tzdata", "debconf", "perl-base").Output()
	if err != nil {
		t.Skip("dpkg-query knows no packages")
	}
	got := map[string]string{}
	for _, p := range readAll(t, NewReader(strings.NewReader(string(status)))) {
		for _, n := range names {
			got[p.Get("Package")] += p.Get(n) + "\x01"
		}
	}
	for pkg, want := range got {
		format := "${" + strings.Join(names, "}\x01${") + "}\x01"
		out, err := exec.Command(query, "--show", "--showformat", format, pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		if said := strings.ReplaceAll(string(out), "\n ", "\n"); said != want {
			t.Errorf("%s: read %q, dpkg-query says %q", pkg, want, said)
		}
	}
}

func FuzzNext(f *testing.F) {
	f.Add("Package: a\nVersion: 1\n more\n\nB: 2\n")
	f.Add("A:\n x\n#c\n\r\n\t\nA: \n .\n")
	f.Fuzz(func(t *testing.T, text string) {
		r := NewReader(strings.NewReader(text))
		for {
			p, err := r.Next()
			if err != nil {
				return
			}
			again, err := NewReader(strings.NewReader(p.String())).Next()
			if err != nil {
				t.Fatalf("%q does not read again: %v", p.String(), err)
			}
			if again.String() != p.String() {
				t.Fatalf("%q reads again as %q", p, again)
			}
		}
	})
}
