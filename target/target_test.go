package target

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct{ in, name, platform, arch string }{
		{"linux/amd64", "linux/amd64", "linux/amd64", "amd64"},
		{"rpi4", "rpi4", "linux/arm/v7", "armhf"},
		{"rpi3", "rpi4", "linux/arm/v7", "armhf"},
		{"linux/amd64/musl", "linux/amd64/musl", "linux/amd64", ""},
		{"freebsd/amd64", "freebsd/amd64", "freebsd/amd64", ""},
	} {
		got, err := Parse(tt.in)
		if err != nil || got.Name != tt.name || got.Platform.String() != tt.platform || got.Arch != tt.arch {
			t.Errorf("Parse(%q) = %s %s %s, %v", tt.in, got.Name, got.Platform, got.Arch, err)
		}
	}
}

func TestParseUnknown(t *testing.T) {
	for in, want := range map[string][]string{
		"linux/amd46":  {"linux/amd64"},
		"rpi44":        {"rpi4"},
		"beos/ppc":     nil,
		"":             nil,
		"../../etc":    nil,
		"linux/arm/v6": {"linux/arm/v7"},
	} {
		_, err := Parse(in)
		var unknown *UnknownError
		if !errors.As(err, &unknown) {
			t.Errorf("Parse(%q): %v, want an *UnknownError", in, err)
			continue
		}
		got := slices.Sorted(slices.Values(unknown.Close))
		if d := cmp.Diff(slices.Sorted(slices.Values(want)), got); in != "" && d != "" {
			t.Errorf("Parse(%q): %s", in, d)
		}
	}
}

// TestKnownToGo holds the table to what the go command can build.
func TestKnownToGo(t *testing.T) {
	out, err := exec.Command("go", "tool", "dist", "list").Output()
	if err != nil {
		t.Skip("go tool dist list does not run: ", err)
	}
	known := strings.Fields(string(out))
	for name := range pureGo {
		if !slices.Contains(known, name) {
			t.Errorf("%s: not a port of this Go", name)
		}
	}
	for _, p := range All() {
		if port := p.GOOS() + "/" + p.GOARCH(); !slices.Contains(known, port) {
			t.Errorf("%s: %s is not a port of this Go", p.Name, port)
		}
	}
}

func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range All() {
		for _, n := range append([]string{p.Name}, p.Aliases...) {
			if seen[n] {
				t.Errorf("%s: named twice", n)
			}
			seen[n] = true
		}
		if (p.Repo == "") != (p.Arch == "") {
			t.Errorf("%s: repository %q with architecture %q", p.Name, p.Repo, p.Arch)
		}
		if len(p.Formats) == 0 {
			t.Errorf("%s: no default format", p.Name)
		}
	}
}
