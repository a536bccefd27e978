package ecosystems

import (
	"os"
	"strings"
	"testing"
)

// page is the text that promises what is tested here.
const page = "../../docs/ecosystems.md"

// follow runs the graft lines of a section of the page, in their order.
func (w world) follow(t *testing.T, section string) {
	t.Helper()
	lines := sections(t)[section]
	if len(lines) == 0 {
		t.Fatalf("%s has no graft lines under %q", page, section)
	}
	for _, l := range lines {
		w.must(t, strings.Fields(l)[1:]...)
	}
}

// sections are the graft lines of the page's code, by heading.
func sections(t *testing.T) map[string][]string {
	t.Helper()
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	var section string
	code := false
	for line := range strings.Lines(string(b)) {
		line = strings.TrimRight(line, "\n")
		switch heading, ok := strings.CutPrefix(line, "## "); {
		case strings.HasPrefix(line, "```"):
			code = !code
		case ok && !code:
			section = heading
		case code && strings.HasPrefix(line, "graft "):
			out[section] = append(out[section], line)
		}
	}
	return out
}

// followed are the sections that tests here run.
var followed = []string{"Caddy", "Caddy for a Raspberry Pi", "CoreDNS", "OpenTelemetry collector", "k6"}

func TestPageIsFollowed(t *testing.T) {
	have := sections(t)
	for _, s := range followed {
		if len(have[s]) == 0 {
			t.Errorf("%s: no graft lines under %q", page, s)
		}
		delete(have, s)
	}
	for s := range have {
		t.Errorf("%s: no test follows the lines under %q", page, s)
	}
}
