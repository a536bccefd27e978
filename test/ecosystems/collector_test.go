package ecosystems

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// builder is ocb, of the version of the components.
const builder = "go.opentelemetry.io/collector/cmd/builder@v0.145.0"

// TestCollector compares with what the real ocb builds of the same manifest.
func TestCollector(t *testing.T) {
	full(t, "an OpenTelemetry collector, twice,")
	w := newWorld(t, map[string]string{".": "otel"})
	w.follow(t, "OpenTelemetry collector")
	bin := t.TempDir()
	install := exec.CommandContext(t.Context(), "go", "install", builder)
	install.Env = append(environ(), "GOBIN="+bin, "CGO_ENABLED=0")
	install.Dir = bin
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ocb := exec.CommandContext(t.Context(), filepath.Join(bin, "builder"), "--config", "builder-config.yaml")
	ocb.Dir, ocb.Env = w.dir, append(environ(), "CGO_ENABLED=0")
	if out, err := ocb.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ours, theirs := w.program(t, "otelcol-few"), filepath.Join(w.dir, "out", "otelcol-few")
	for _, args := range [][]string{{"components"}, {"--version"}} {
		got, want := sorted(output(t, append([]string{ours}, args...)...)), sorted(output(t, append([]string{theirs}, args...)...))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s differs from what ocb built (-want +got):\n%s", args, diff)
		}
	}
	w.artifact(t, "zip", "windows/amd64")
}

// sorted has the providers, which the collector prints in an order that changes from one
// start to the next, in order of their lines.
func sorted(text string) string {
	before, providers, _ := strings.Cut(text, "\nproviders:\n")
	lines := strings.Split(providers, "\n")
	slices.Sort(lines)
	return before + "\nproviders:\n" + strings.Join(lines, "\n")
}
