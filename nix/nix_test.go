// Package nix tests what the flake's library states of graft's own tables. Its tests with Nix
// are in test/nix.
package nix

import (
	"maps"
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/target"
)

// TestAliases: locks.nix knows the other names of the targets.
func TestAliases(t *testing.T) {
	text, err := os.ReadFile("locks.nix")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile(`(?s)aliases = \{(.*?)\};`).FindSubmatch(text)
	if block == nil {
		t.Fatal("locks.nix has no aliases")
	}
	got := map[string]string{}
	for _, m := range regexp.MustCompile(`"?([\w/-]+)"? = "([^"]+)";`).FindAllSubmatch(block[1], -1) {
		got[string(m[1])] = string(m[2])
	}
	want := map[string]string{}
	for _, p := range target.All() {
		for _, a := range p.Aliases {
			want[a] = p.Name
		}
	}
	if !maps.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}
