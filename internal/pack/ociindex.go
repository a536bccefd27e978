package pack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/graft-build/graft/internal/pack/layout"
)

// OCIIndex packs one layout with the images of several platforms, made of the files of OCI.
type OCIIndex struct{}

// Kind returns "oci-index".
func (OCIIndex) Kind() string { return "oci-index" }

// FileName returns image-server-1.0.0-oci.tar.
func (OCIIndex) FileName(in In) string { return in.Meta.Name + "-" + in.Meta.Version + "-oci.tar" }

// Pack refuses: an index is joined, of files.
func (OCIIndex) Pack(context.Context, In, io.Writer) error {
	return errors.New("pack oci index: it has no images")
}

// Join writes the index of the images in files, which OCI wrote, each for another platform.
func (OCIIndex) Join(ctx context.Context, in In, files []string, w io.Writer) error {
	if err := joinImages(ctx, in, files, w); err != nil {
		return fmt.Errorf("pack oci index of %s: %w", in.Meta.Name, err)
	}
	return nil
}

func joinImages(ctx context.Context, in In, files []string, w io.Writer) error {
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Annotations: labels(in)}
	l := layout.Layout{Time: in.time(), Blobs: []layout.Blob{{}}} // the first place is the index's own
	seen := map[string]bool{}
	for _, name := range files {
		f, size, err := openRegular(name)
		if err != nil {
			return err
		}
		defer f.Close() // at the end: blobs are read from it
		one, blobs, err := imageIn(f, size)
		if err != nil {
			return err
		}
		if platform := one.Platform.String(); seen[platform] {
			return fmt.Errorf("two images are for %s", platform)
		} else {
			seen[platform] = true
		}
		one.Annotations = nil
		index.Manifests = append(index.Manifests, one)
		l.Blobs = append(l.Blobs, blobs...)
	}
	raw, err := json.Marshal(index)
	if err != nil {
		return err
	}
	l.Blobs[0] = layout.Bytes(raw)
	l.Top = v1.Descriptor{
		MediaType: types.OCIImageIndex, Size: l.Blobs[0].Size, Digest: l.Blobs[0].Digest, Annotations: reference(in.Meta),
	}
	return l.Write(ctx, w)
}

// imageIn is the one image of a layout that OCI wrote.
func imageIn(f *os.File, size int64) (v1.Descriptor, []layout.Blob, error) {
	a, err := layout.Open(f, size)
	if err != nil {
		return v1.Descriptor{}, nil, err
	}
	if a.Top.Platform == nil {
		return v1.Descriptor{}, nil, fmt.Errorf("%s does not say its platform", a.Top.Digest)
	}
	blobs, err := a.Parts(a.Top)
	return a.Top, blobs, err
}
