package deb822

import (
	"os/exec"
	"strings"
	"testing"
)

func TestParseRelations(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "",
		" , ,":                    "",
		"a":                       "a",
		"a,b|c ,":                 "a, b | c",
		"a(>=1)":                  "a (>= 1)",
		"a ( >= 1:2-3 )|b":        "a (>= 1:2-3) | b",
		"a (< 1), b (> 2)":        "a (<= 1), b (>= 2)",
		"python3:any (<< 3.12)":   "python3:any (<< 3.12)",
		"a [arm64 armhf]":         "a [arm64 armhf]",
		"a (= 1) [!amd64] <!x y>": "a (= 1) [!amd64] <!x y>",
		"a <x> <y>":               "a <x> <y>",
		"a\n (>= 1)\n| b":         "a (>= 1) | b",
		"libstdc++6, 0ad, x.y+z-": "libstdc++6, 0ad, x.y+z-",
	} {
		got, err := ParseRelations(in)
		if err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		if text(got) != want {
			t.Errorf("%q reads as %q, want %q", in, text(got), want)
		}
	}
	for _, in := range []string{
		"|", "a |", "| a", "a b", "a (>= 1", "a (1)", "a (>= )", "a (=> 1)", "a (>= 1) (<< 2)", "a [", "a []",
		"a <>", "a <x", "a [amd64] (>= 1)", "a <x> [amd64]", "-a", "+a", "a:", "a:b:c", "é", "a (>= 1_)",
		"a_b", "a\x00", strings.Repeat("a|", MaxRelations+1) + "a", strings.Repeat("a", 300),
	} {
		if got, err := ParseRelations(in); err == nil {
			t.Errorf("%.40q reads as %.80q, want an error", in, text(got))
		}
	}
}

func TestFor(t *testing.T) {
	for in, want := range map[string]bool{
		"a": true, "a [armhf]": true, "a [amd64]": false, "a [amd64 armhf]": true, "a [!amd64]": true,
		"a [!armhf !amd64]": false, "a [any]": true, "a [linux-any]": true, "a [any-armhf]": true, "a [!any-armhf]": false,
		"a [kfreebsd-any]": false, "a [amd64 !arm64]": true, "a [!armhf any]": false,
	} {
		alts, err := ParseRelations(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := alts[0][0].For("armhf"); got != want {
			t.Errorf("%q for armhf: %v", in, got)
		}
	}
}

// TestDpkgDeps compares the canonical form with that of dpkg's own Perl library.
func TestDpkgDeps(t *testing.T) {
	const script = `use Dpkg::Deps; while (<STDIN>) { chomp; my $d = deps_parse($_, reduce_arch => 0, build_dep => 1); print defined $d ? $d->output() : "bad", "\n"; }`
	if exec.Command("perl", "-MDpkg::Deps", "-e1").Run() != nil {
		t.Skip("perl with Dpkg::Deps is not on this machine")
	}
	lines := []string{
		"a, b | c (>= 1:2.3-4~x)", "python3:any (>= 3.10.8-0~), python3:any (<< 3.12)", "a(<<1)", "a (< 1) , b",
		"a [armhf !arm64]", "a [!armhf !arm64] <!nocheck>", "a <x !y> <z>", "fonts-dejavu-core | ttf-bitstream-vera | fonts-liberation",
		"a b", "a (>= 1", "a (>> 1)|b [any-arm]", "libc6-dev | libc-dev, ", "debconf (>= 0.5) | debconf-2.0",
	}
	cmd := exec.Command("perl", "-e", script)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Split(strings.TrimSpace(string(out)), "\n")
	for i, line := range lines {
		got := "bad"
		if alts, err := ParseRelations(line); err == nil {
			got = text(alts)
		}
		if i >= len(said) || got != said[i] {
			t.Errorf("%q reads as %q, dpkg says %q", line, got, said[min(i, len(said)-1)])
		}
	}
}

func FuzzParseRelations(f *testing.F) {
	f.Add("a, b | c (>= 1:2.3-4~x) [arm64] <!p>")
	f.Add("python3:any (<< 3.12), a(<1)")
	f.Fuzz(func(t *testing.T, in string) {
		alts, err := ParseRelations(in)
		if err != nil {
			return
		}
		again, err := ParseRelations(text(alts))
		if err != nil || text(again) != text(alts) {
			t.Fatalf("%q reads as %q, that as %q, %v", in, text(alts), text(again), err)
		}
	})
}

func text(alts []Alternatives) string {
	s := make([]string, len(alts))
	for i, a := range alts {
		s[i] = a.String()
	}
	return strings.Join(s, ", ")
}
