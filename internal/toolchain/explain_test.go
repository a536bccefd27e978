package toolchain

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExplain(t *testing.T) {
	tests := []struct {
		output string
		want   []string // beginnings
	}{
		{"", nil},
		{"main.go:3: syntax error", nil},
		{"ld.lld: error: undefined symbol: lib_fn(std::__cxx11::basic_string<char> const&)\n>>> referenced by a.cc\nld.lld: error: undefined symbol: std::__cxx11::basic_string<char>::f()", []string{"C++ was compiled for GNU's C++ library"}},
		{"main.go:3:11: fatal error: 'nope.h' file not found\n  3 | #include", []string{"no package in the sysroot has the header nope.h;"}},
		{"error: unable to find dynamic system library 'nope' using strategy 'paths_first'. searched paths:", []string{"no package in the sysroot has a library for -lnope;"}},
		{"Package 'a', required by 'b', not found\nPackage 'c' not found", []string{"no package in the sysroot has a.pc;", "no package in the sysroot has c.pc;"}},
		{"ld.lld: error: undefined symbol: __isoc23_strtol@GLIBC_2.38\n", []string{"a library needs __isoc23_strtol@GLIBC_2.38,"}},
		{"ld.lld: error: undefined symbol: __isoc23_strtol\n>>> referenced by x.c", []string{"__isoc23_strtol came with a newer C library"}},
		{"error: libc of the specified target requires dynamic linking", []string{"glibc is linked dynamically only"}},
	}
	for _, tt := range tests {
		var got []string
		for i, h := range Explain(tt.output) {
			if i < len(tt.want) && strings.HasPrefix(h, tt.want[i]) {
				h = tt.want[i]
			}
			got = append(got, h)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.output, diff)
		}
	}
	if n := len(Explain(strings.Repeat("fatal error: 'x.h' file not found\n", 1000))); n != 1 {
		t.Errorf("one error repeated gives %d hints", n)
	}
}
