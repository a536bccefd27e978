package layout

import (
	"encoding/json"
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Image is the image of a descriptor, for the functions of go-containerregistry. Layers are
// read from the archive when they are used.
func (a *Archive) Image(d v1.Descriptor) (v1.Image, error) {
	parts, err := a.Parts(d)
	if err != nil {
		return nil, err
	}
	manifest, err := a.Read(d.Digest)
	if err != nil {
		return nil, err
	}
	config, err := a.Read(parts[1].Digest)
	if err != nil {
		return nil, err
	}
	return partial.CompressedToImage(image{a, manifest, config})
}

// Index is the index that Top describes.
func (a *Archive) Index() (v1.ImageIndex, error) {
	if !a.Top.MediaType.IsIndex() {
		return nil, fmt.Errorf("read image layout: %s is no index but %q", a.Top.Digest, a.Top.MediaType)
	}
	raw, err := a.Read(a.Top.Digest)
	if err != nil {
		return nil, err
	}
	i := index{a: a, raw: raw}
	if err := json.Unmarshal(raw, &i.manifest); err != nil {
		return nil, fmt.Errorf("read image layout: index %s: %w", a.Top.Digest, err)
	}
	return i, nil
}

// image is a partial.CompressedImageCore.
type image struct {
	a                *Archive
	manifest, config []byte
}

func (i image) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }
func (i image) RawManifest() ([]byte, error)        { return i.manifest, nil }
func (i image) RawConfigFile() ([]byte, error)      { return i.config, nil }

func (i image) LayerByDigest(h v1.Hash) (partial.CompressedLayer, error) {
	b, err := i.a.Blob(h)
	if err != nil {
		return nil, err
	}
	return layer{b}, nil
}

// layer is a partial.CompressedLayer.
type layer struct{ b Blob }

func (l layer) Digest() (v1.Hash, error)            { return l.b.Digest, nil }
func (l layer) Size() (int64, error)                { return l.b.Size, nil }
func (l layer) Compressed() (io.ReadCloser, error)  { return l.b.Open() }
func (l layer) MediaType() (types.MediaType, error) { return types.OCILayer, nil }

// index is a v1.ImageIndex.
type index struct {
	a        *Archive
	raw      []byte
	manifest v1.IndexManifest
}

func (i index) MediaType() (types.MediaType, error)       { return i.a.Top.MediaType, nil }
func (i index) Digest() (v1.Hash, error)                  { return i.a.Top.Digest, nil }
func (i index) Size() (int64, error)                      { return int64(len(i.raw)), nil }
func (i index) RawManifest() ([]byte, error)              { return i.raw, nil }
func (i index) IndexManifest() (*v1.IndexManifest, error) { return i.manifest.DeepCopy(), nil }
func (i index) ImageIndex(h v1.Hash) (v1.ImageIndex, error) {
	return nil, fmt.Errorf("read image layout: %s is no index", h)
}

func (i index) Image(h v1.Hash) (v1.Image, error) {
	for _, d := range i.manifest.Manifests {
		if d.Digest == h {
			return i.a.Image(d)
		}
	}
	return nil, fmt.Errorf("read image layout: the index lacks %s", h)
}
