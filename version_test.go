package graft

import (
	"testing"

	"github.com/graft-build/graft/manifest"
)

// TestVersion: graft's own package has the version that graft says.
func TestVersion(t *testing.T) {
	m, err := readManifest(manifest.FileName, manifest.FileName)
	if err != nil || "v"+m.Version != Version() {
		t.Errorf("graft.yaml has version %s, %v; graft is %s", m.Version, err, Version())
	}
}
