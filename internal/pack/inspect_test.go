//go:build linux

package pack

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/graft-build/graft/internal/format/rpm"
	"github.com/graft-build/graft/internal/stamp"
)

// TestInspected finds the program again in every format that holds programs.
func TestInspected(t *testing.T) {
	in := static(t, fixture(t))
	for _, tt := range []struct {
		packer     Packer
		kind, path string
	}{
		{Deb{}, "deb", "usr/bin/hello"},
		{RPM{}, "rpm", "usr/bin/hello"},
		{APK{}, "apk", "usr/bin/hello"},
		{ArchLinux{}, "archlinux", "usr/bin/hello"},
		{OCI{}, "oci", "usr/bin/hello"},
		{Docker{}, "docker", "usr/bin/hello"},
	} {
		kind, found, err := stamp.Read(t.Context(), writePacked(t, tt.packer, in))
		if err != nil || kind != tt.kind || len(found) != 1 || found[0].Path != tt.path || found[0].Go == "" {
			t.Errorf("%s: %s, %+v, %v", tt.packer.Kind(), kind, found, err)
		}
	}
}

// TestRPMPayload compares with rpm2cpio.
func TestRPMPayload(t *testing.T) {
	name := writePacked(t, RPM{}, served(t))
	if _, err := exec.LookPath("rpm2cpio"); err != nil {
		t.Skip("no rpm2cpio here")
	}
	// Its status tells whether the size is that of a tag which not every package has.
	want, _ := exec.Command("rpm2cpio", name).Output()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := rpm.Payload(name, f)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || len(got) == 0 || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v; rpm2cpio has %d", len(got), err, len(want))
	}
}
