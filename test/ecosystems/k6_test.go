package ecosystems

import (
	"strings"
	"testing"
)

func TestK6(t *testing.T) {
	full(t, "all of k6")
	w := newWorld(t, map[string]string{".": "k6", "my-extension": "k6-greet"})
	w.follow(t, "k6")
	k6 := w.program(t, "k6")
	got := output(t, k6, "run", "--quiet", "--no-usage-report", "--log-output=stdout", "--log-format=raw", w.dir+"/script.js")
	for _, want := range []string{"hello USER 0\n", "hello USER 1\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("k6 run lacks %q:\n%s", want, got)
		}
	}
	if got := output(t, k6, "version"); !strings.Contains(got, "example.com/xk6-greet") || !strings.Contains(got, "k6/x/greet [js]") {
		t.Errorf("k6 version:\n%s", got)
	}
}
