//go:build linux

package pack

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/graft-build/graft/internal/pack/layout"
	"github.com/graft-build/graft/target"
)

// TestIndex packs for several platforms and joins the images.
func TestIndex(t *testing.T) {
	in := fixture(t)
	var jobs []Job
	for _, name := range []string{"linux/amd64", "linux/arm64", "rpi4", "linux/riscv64"} {
		one := in
		var err error
		if one.Target, err = target.Parse(name); err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, Job{Packer: OCI{}, In: one})
	}
	all := in
	all.Target.Name = "linux/amd64,linux/arm64,rpi4,linux/riscv64"
	dist := Dist{Dir: t.TempDir(), Jobs: 2}
	made, err := dist.Write(t.Context(), append(jobs, Job{Packer: OCIIndex{}, In: all, Of: []int{0, 1, 2, 3}}))
	if err != nil {
		t.Fatal(err)
	}
	if a := made[4]; a.Kind != "oci-index" || a.File != "hello-1.2.0-oci.tar" || a.Target != all.Target.Name {
		t.Errorf("got %+v", a)
	}
	b, err := os.ReadFile(filepath.Join(dist.Dir, made[4].File))
	if err != nil {
		t.Fatal(err)
	}
	a, err := layout.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	index, err := a.Index()
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
	images, err := a.Images()
	if err != nil {
		t.Fatal(err)
	}
	var platforms []string
	for _, d := range images {
		platforms = append(platforms, d.Platform.String())
		img, err := index.Image(d.Digest)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := img.ConfigFile(); err != nil || c.Platform().String() != d.Platform.String() {
			t.Errorf("the configuration of %s says %s, %v", d.Platform, c.Platform(), err)
		}
	}
	if got := strings.Join(platforms, " "); got != "linux/amd64 linux/arm64 linux/arm/v7 linux/riscv64" {
		t.Errorf("platforms %s", got)
	}
	if a.Top.Annotations[layout.RefName] != "1.2.0" {
		t.Errorf("annotations %v", a.Top.Annotations)
	}
	if _, err := dist.Write(t.Context(), append(jobs, Job{Packer: OCIIndex{}, In: all, Of: []int{0, 0}})); err == nil || !strings.Contains(err.Error(), "two images are for linux/amd64") {
		t.Errorf("one platform twice: %v", err)
	}
	if _, err := dist.Write(t.Context(), append(jobs, Job{Packer: Deb{}, In: all, Of: []int{0}})); err == nil || !strings.Contains(err.Error(), "not made of others") {
		t.Errorf("a deb of images: %v", err)
	}
}
