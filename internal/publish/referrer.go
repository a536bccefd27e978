package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/graft-build/graft/internal/pack/layout"
)

// Referrer is a document about an image, such as a bill of materials. The registry lists it
// among the image's referrers; one that does not know these gets the tag of the same purpose
// (OCI distribution specification v1.1, "Listing Referrers" and "Referrers Tag Schema").
type Referrer struct {
	Subject   v1.Descriptor // the image's manifest
	MediaType string        // "application/vnd.cyclonedx+json"
	Name      string        // of the file
	Content   []byte
}

// emptyConfig is the configuration of what is no image (image specification v1.1, "Guidance
// for an Empty Descriptor").
var emptyConfig = layout.Bytes([]byte("{}"))

const emptyType = "application/vnd.oci.empty.v1+json"

// document is a Referrer as the client library pushes it: a partial.CompressedImageCore.
type document struct {
	manifest  []byte
	content   layout.Blob
	mediaType types.MediaType
}

// referrerManifest is the manifest of an artifact that is about another.
type referrerManifest struct {
	SchemaVersion int             `json:"schemaVersion"`
	MediaType     types.MediaType `json:"mediaType"`
	ArtifactType  string          `json:"artifactType"`
	Config        v1.Descriptor   `json:"config"`
	Layers        []v1.Descriptor `json:"layers"`
	Subject       v1.Descriptor   `json:"subject"`
}

// document makes the manifest. The same document about the same image is the same manifest.
func (r Referrer) document() (document, error) {
	content := layout.Bytes(r.Content)
	b, err := json.Marshal(referrerManifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: r.MediaType,
		Config: v1.Descriptor{MediaType: emptyType, Size: emptyConfig.Size, Digest: emptyConfig.Digest},
		Layers: []v1.Descriptor{{
			MediaType: types.MediaType(r.MediaType), Size: content.Size, Digest: content.Digest,
			Annotations: map[string]string{"org.opencontainers.image.title": r.Name},
		}},
		Subject: v1.Descriptor{MediaType: r.Subject.MediaType, Size: r.Subject.Size, Digest: r.Subject.Digest},
	})
	return document{b, content, types.MediaType(r.MediaType)}, err
}

func (d document) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }
func (d document) RawManifest() ([]byte, error)        { return d.manifest, nil }
func (d document) RawConfigFile() ([]byte, error)      { return []byte("{}"), nil }

func (d document) LayerByDigest(h v1.Hash) (partial.CompressedLayer, error) {
	if h != d.content.Digest {
		return nil, fmt.Errorf("the document lacks %s", h)
	}
	return part(d), nil
}

// part is the document's only layer.
type part document

func (p part) Digest() (v1.Hash, error)            { return p.content.Digest, nil }
func (p part) Size() (int64, error)                { return p.content.Size, nil }
func (p part) Compressed() (io.ReadCloser, error)  { return p.content.Open() }
func (p part) MediaType() (types.MediaType, error) { return p.mediaType, nil }

// attach pushes the documents that the repository lacks.
func (p *push) attach(ctx context.Context, pusher *remote.Pusher, list []Referrer, options []remote.Option) error {
	for _, r := range list {
		d, err := r.document()
		if err != nil {
			return err
		}
		h, _, err := v1.SHA256(bytes.NewReader(d.manifest))
		if err != nil {
			return err
		}
		ref := p.repo.Digest(h.String())
		_, err = remote.Head(ref, options...)
		var answer *transport.Error
		switch {
		case err == nil:
			continue
		case !errors.As(err, &answer) || answer.StatusCode != http.StatusNotFound:
			return err
		}
		img, err := partial.CompressedToImage(d)
		if err != nil {
			return err
		}
		if err := pusher.Push(ctx, ref, img); err != nil {
			return err
		}
	}
	return nil
}
