package pacman

import (
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// ordered lists pairs of which the first is the older one.
var ordered = [][2]string{
	{"1.0", "1.0.1"}, {"1.0a", "1.0b"}, {"1.0b", "1.0beta"}, {"1.0beta", "1.0p"}, {"1.0p", "1.0pre"},
	{"1.0pre", "1.0rc"}, {"1.0rc", "1.0"}, {"1.0", "1.0.a"}, {"1.0.a", "1.0.1"}, {"1", "1.0"},
	{"1.0", "1.1"}, {"1.1", "1.1.1"}, {"1.1.1", "1.2"}, {"1.2", "2.0"}, {"2.0", "3.0.0"},
	{"1.5.b", "1.5.1"}, {"1.5-1", "1.5-2"}, {"1.5-1", "1.6"}, {"1.0.", "1.0..0"}, {"4.34", "1:4.34"},
	{"1:1.0", "2:0.1"}, {"1.0~1", "1.0~2"}, {"9", "10"}, {"1.9", "1.10"}, {"1.0", "1.0+r1"},
}

var equal = [][2]string{
	{"1.5", "1.5"}, {"1.5-1", "1.5"}, {"1.0", "1_0"}, {"0:1.0", "1.0"}, {"001.01", "1.1"},
	{":1.0", "0:1.0"}, {"", ""},
}

func TestCompare(t *testing.T) {
	check := func(a, b string, want int) {
		t.Helper()
		if got := Arch.Compare(a, b); got != want {
			t.Errorf("Compare(%q, %q) = %d, want %d", a, b, got, want)
		}
	}
	for _, p := range ordered {
		check(p[0], p[1], -1)
		check(p[1], p[0], 1)
	}
	for _, p := range equal {
		check(p[0], p[1], 0)
		check(p[1], p[0], 0)
	}
}

func TestCompareMSYS2(t *testing.T) {
	// MSYS2 writes 1~4.4.0-1 for Arch's 1:4.4.0-1.
	if got := MSYS2.Compare("1~4.4.0-1", "5.1-1"); got != 1 {
		t.Errorf("with MSYS2's epoch: %d, want 1", got)
	}
	if got := Arch.Compare("1~4.4.0-1", "5.1-1"); got != -1 {
		t.Errorf("with Arch's rules: %d, want -1", got)
	}
	if got := MSYS2.Upstream("1~4.4.0-1"); got != "4.4.0" {
		t.Errorf("Upstream = %q", got)
	}
}

// TestCompareOracle compares with alpm_pkg_vercmp, the function behind pacman's vercmp, over
// thousands of pairs. Debian ships the library without the program.
func TestCompareOracle(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 to call libalpm with")
	}
	libs, _ := filepath.Glob("/usr/lib/*/libalpm.so.1[0-9]")
	if len(libs) == 0 {
		t.Skip("no libalpm on this machine (apt-get install pacman-package-manager)")
	}
	pairs := append(append([][2]string{}, ordered...), equal...)
	rnd := rand.New(rand.NewSource(1))
	for len(pairs) < 20000 {
		a := randomVersion(rnd)
		b := randomVersion(rnd)
		if rnd.Intn(2) == 0 {
			b = mutate(rnd, a)
		}
		pairs = append(pairs, [2]string{a, b})
	}
	var in strings.Builder
	for _, p := range pairs {
		fmt.Fprintf(&in, "%s\t%s\n", p[0], p[1])
	}
	cmd := exec.Command(python, "-c", `import ctypes, sys
f = ctypes.CDLL(sys.argv[1]).alpm_pkg_vercmp
for line in sys.stdin:
    a, b = line.rstrip("\n").split("\t")
    print(f(a.encode(), b.encode()))`, libs[0])
	cmd.Stdin = strings.NewReader(in.String())
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("call libalpm: %v", err)
	}
	for i, line := range strings.Fields(string(out)) {
		want, err := strconv.Atoi(line)
		if err != nil || i >= len(pairs) {
			t.Fatalf("libalpm said %q for pair %d", line, i)
		}
		if got := Arch.Compare(pairs[i][0], pairs[i][1]); got != sign(want) {
			t.Errorf("Compare(%q, %q) = %d, vercmp says %d", pairs[i][0], pairs[i][1], got, want)
		}
	}
}

func randomVersion(r *rand.Rand) string {
	words := []string{"0", "1", "2", "10", "09", "1.0", "a", "b", "rc", "alpha", "beta", "pre", "r123", "git", "20240101"}
	seps := []string{".", "-", "_", "+", "~", ":", "", "..", ".+"}
	var sb strings.Builder
	if r.Intn(6) == 0 {
		fmt.Fprintf(&sb, "%d:", r.Intn(3))
	}
	for i, n := 0, 1+r.Intn(5); i < n; i++ {
		if i > 0 {
			sb.WriteString(seps[r.Intn(len(seps))])
		}
		sb.WriteString(words[r.Intn(len(words))])
	}
	return sb.String()
}

func mutate(r *rand.Rand, s string) string {
	const alphabet = "0123456789abcz.-_+~:"
	b := []byte(s)
	c := alphabet[r.Intn(len(alphabet))]
	switch i := r.Intn(len(b)); r.Intn(3) {
	case 0:
		b[i] = c
	case 1:
		b = append(b[:i], b[i+1:]...)
	default:
		b = append(b[:i], append([]byte{c}, b[i:]...)...)
	}
	return string(b)
}

func FuzzCompare(f *testing.F) {
	for _, p := range append(append([][2]string{}, ordered...), equal...) {
		f.Add(p[0], p[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, r := range []Rules{Arch, MSYS2} {
			if r.Compare(a, a) != 0 {
				t.Fatalf("Compare(%q, itself) is not 0", a)
			}
			x, y := r.Compare(a, b), r.Compare(b, a)
			if x < -1 || x > 1 {
				t.Fatalf("Compare(%q, %q) = %d", a, b, x)
			}
			_ = y // vercmp itself is not antisymmetric: "1.0." against "1.0a"
		}
	})
}
