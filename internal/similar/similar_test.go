package similar

import "testing"

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"rpi4", "rpi44", 1}, {"kitten", "sitting", 3}, {"cairo", "ciaro", 2}} {
		if got, back := Distance(tt.a, tt.b), Distance(tt.b, tt.a); got != tt.want || back != tt.want {
			t.Errorf("Distance(%q, %q) = %d, the other way %d, want %d", tt.a, tt.b, got, back, tt.want)
		}
	}
}
