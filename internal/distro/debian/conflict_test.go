package debian

import (
	"testing"

	"github.com/graft-build/graft/internal/format/debver"
	"github.com/graft-build/graft/internal/resolve"
)

func TestExcludes(t *testing.T) {
	v, err := debver.Parse("2.0-1")
	if err != nil {
		t.Fatal(err)
	}
	b := record{Package: resolve.Package{Name: "b", Version: "2.0-1"}, version: v, provides: "virtual, numbered (= 3)"}
	for conflicts, want := range map[string]bool{
		"":                false,
		"a, c":            false,
		"a, b":            true,
		"b (<< 2)":        false,
		"b (>= 2)":        true,
		"virtual":         true,
		"virtual (>= 1)":  false,
		"numbered (>= 3)": true,
		"numbered (<< 3)": false,
		"b (":             false,
	} {
		a := record{Package: resolve.Package{Name: "a"}, conflicts: conflicts}
		if got := excludes(a, b); got != want {
			t.Errorf("%q: %v", conflicts, got)
		}
	}
	if excludes(record{Package: resolve.Package{Name: "b"}, conflicts: "b"}, b) {
		t.Error("it excludes itself")
	}
}
