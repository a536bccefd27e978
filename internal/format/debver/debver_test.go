package debver

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	good := map[string]string{
		"1": "1", "0:1": "1", "1:2.3-4": "2.3", "2.36-9+deb12u14": "2.36",
		"1.2-3-4": "1.2-3", "1:2:3-4": "2:3", "0~": "0~", "2147483647:1": "1", "1.0~rc1-~1": "1.0~rc1",
	}
	for s, upstream := range good {
		v, err := Parse(s)
		if err != nil {
			t.Errorf("Parse(%q): %v", s, err)
			continue
		}
		if v.Upstream() != upstream || v.String() != s {
			t.Errorf("Parse(%q): upstream %q, text %q", s, v.Upstream(), v)
		}
	}
	for _, s := range bad {
		if v, err := Parse(s); err == nil {
			t.Errorf("Parse(%q) = %+v, want an error", s, v)
		}
	}
}

var bad = []string{
	"", ":", "1:", ":1", "-1:1", "a:1", "1-", "-1", "0:-1", "a", "a1", "~1", "1_2", "1-2_3", "1 2", "1é",
	"1-2:3", "2147483648:1", "99999999999999999999999999:1", "1\n", "1\x00", "1/2", strings.Repeat("1", 2000),
}

func TestCompare(t *testing.T) {
	// Each list is in ascending order.
	for _, list := range [][]string{
		{"1.0~~", "1.0~~a", "1.0~", "1.0", "1.0-0.1", "1.0-1", "1.0a", "1.0+", "1.0.1", "1.1", "1.10", "1:0"},
		{"1.2-1", "1.2-a~", "1.2-a", "1.2-a1", "1.2-a+", "1.2-b", "1.2-+"},
		{"1+git20230101000000000000000000000001", "1+git20230101000000000000000000000002"},
	} {
		for i := range list {
			for j := range list {
				a, b := must(t, list[i]), must(t, list[j])
				if got := sign(a.Compare(b)); got != sign(i-j) {
					t.Errorf("Compare(%s, %s) = %d, want %d", a, b, got, sign(i-j))
				}
			}
		}
	}
	for _, p := range [][2]string{{"1.0", "1.00"}, {"0:1", "1"}, {"1", "1-0"}, {"1.01-001", "1.1-1"}} {
		if must(t, p[0]).Compare(must(t, p[1])) != 0 {
			t.Errorf("%s and %s should be equal", p[0], p[1])
		}
	}
}

func TestOp(t *testing.T) {
	a, b := must(t, "1"), must(t, "2")
	for op, want := range map[Op][3]bool{ // 1 op 2, 1 op 1, 2 op 1
		None: {true, true, true}, Less: {true, false, false}, AtMost: {true, true, false},
		Equal: {false, true, false}, AtLeast: {false, true, true}, Greater: {false, false, true}, "?": {},
	} {
		if got := [3]bool{op.Holds(a, b), op.Holds(a, a), op.Holds(b, a)}; got != want {
			t.Errorf("%q: %v, want %v", op, got, want)
		}
	}
}

// TestDpkg asks dpkg --compare-versions whether it agrees, on a few thousand pairs, from
// one shell so that it stays quick.
func TestDpkg(t *testing.T) {
	if testing.Short() {
		t.Skip("2500 processes are too many for short tests")
	}
	shell, err := exec.LookPath("bash")
	if _, err2 := exec.LookPath("dpkg"); err != nil || err2 != nil {
		t.Skip("dpkg or bash is not on this machine")
	}
	r := rand.New(rand.NewPCG(1, 2))
	pairs := make([][2]string, 0, 2500)
	for len(pairs) < cap(pairs) {
		a := random(r)
		b := random(r)
		if r.IntN(3) == 0 { // a close relative
			b = strings.Replace(a, "1", string("0123~+.a"[r.IntN(8)]), 1)
		}
		if !valid(a) || !valid(b) {
			continue
		}
		pairs = append(pairs, [2]string{a, b})
	}
	words := map[int]string{-1: "lt", 0: "eq", 1: "gt"}
	var in bytes.Buffer
	for _, p := range pairs {
		got := words[sign(must(t, p[0]).Compare(must(t, p[1])))]
		fmt.Fprintf(&in, "dpkg --compare-versions '%s' %s '%s' || echo '%[1]s %[2]s %[3]s'\n", p[0], got, p[1])
	}
	cmd := exec.Command(shell)
	in.WriteString("true\n")
	cmd.Stdin = &in
	out, err := cmd.CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("dpkg denies (%v):\n%s", err, out)
	}
}

// TestDpkgValid compares what is refused with dpkg --validate-version.
func TestDpkgValid(t *testing.T) {
	dpkg, err := exec.LookPath("dpkg")
	if err != nil {
		t.Skip("dpkg is not on this machine")
	}
	r := rand.New(rand.NewPCG(3, 4))
	words := append([]string(nil), bad...)
	for range 400 {
		words = append(words, random(r))
	}
	for _, w := range words {
		if strings.ContainsAny(w, "\x00\n") || len(w) > maxLength || strings.HasPrefix(w, "-") {
			continue // not to be passed as an argument, or bounded by us alone
		}
		want := exec.Command(dpkg, "--validate-version", w).Run() == nil
		if got := valid(w); got != want {
			t.Errorf("Parse(%q): valid %v, dpkg says %v", w, got, want)
		}
	}
}

func FuzzCompare(f *testing.F) {
	for _, s := range append([]string{"1:2.3~rc1-4+b1", "1.0", "1.00-0"}, bad...) {
		f.Add(s, "1.0-1", "2")
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		x, errA := Parse(a)
		y, errB := Parse(b)
		z, errC := Parse(c)
		if errA != nil || errB != nil || errC != nil {
			return
		}
		if x.Compare(x) != 0 || sign(x.Compare(y)) != -sign(y.Compare(x)) {
			t.Fatalf("no order: %q %q", a, b)
		}
		if x.Compare(y) <= 0 && y.Compare(z) <= 0 && x.Compare(z) > 0 {
			t.Fatalf("not transitive: %q %q %q", a, b, c)
		}
	})
}

func random(r *rand.Rand) string {
	const chars = "0011223459aAbz~~..++--:_"
	var b strings.Builder
	if r.IntN(6) == 0 {
		fmt.Fprintf(&b, "%d:", r.IntN(3))
	}
	b.WriteByte("0123456789"[r.IntN(10)])
	for range r.IntN(12) {
		n := len(chars)
		if r.IntN(20) != 0 {
			n -= 2 // an underscore or a colon only now and then
		}
		b.WriteByte(chars[r.IntN(n)])
	}
	return b.String()
}

func valid(s string) bool { _, err := Parse(s); return err == nil }

func must(t *testing.T, s string) Version {
	t.Helper()
	v, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
