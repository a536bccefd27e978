package licence

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSPDX: every identifier that is given out is in the list of the CycloneDX schema, which is SPDX's.
func TestSPDX(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "schema", "spdx.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Enum []string }
	if err := json.Unmarshal(b, &list); err != nil || len(list.Enum) < 400 {
		t.Fatalf("%v: %d identifiers", err, len(list.Enum))
	}
	for name, id := range identifiers() {
		if !slices.Contains(list.Enum, id) {
			t.Errorf("%s: %s is no SPDX identifier", name, id)
		}
	}
	for name, want := range map[string]string{"Expat": "MIT", "GPL-2+": "GPL-2.0-or-later", "BSD-3-clause": "BSD-3-Clause", "MIT": "MIT", "public-domain": "", "CommonsClause": ""} {
		if got, ok := SPDX(name); got != want || ok != (want != "") {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
