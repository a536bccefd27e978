package debian

import "testing"

func TestMeets(t *testing.T) {
	for _, tt := range []struct {
		dependency, name, version string
		want                      bool
	}{
		{"libc6 (>= 2.34)", "libc6", "2.36-9", true},
		{"libc6 (>= 2.34)", "libc6", "2.31-1", false},
		{"libc6 (>= 2.34)", "libc", "1", true},
		{"libb (= 1:1.0-1) | libc", "libb", "1:1.0-2", false},
		{"libb (>= 3) | libb (<< 2)", "libb", "1", true},
		{"a (", "a", "1", false},
		{"a", "a", "", false},
	} {
		if got := Meets(tt.dependency, tt.name, tt.version); got != tt.want {
			t.Errorf("%s %s for %q: got %v", tt.name, tt.version, tt.dependency, got)
		}
	}
}
