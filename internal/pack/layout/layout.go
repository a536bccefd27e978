// Package layout writes and reads container images in one file: the image layout of the OCI
// image specification (v1.1, image-layout.md) as a tar archive. Pack writes such files,
// package publish reads them again to push them.
package layout

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// RefName is the annotation that names an image in a layout; its value is a tag.
const RefName = "org.opencontainers.image.ref.name"

// Blob is a part of an image: a manifest, a configuration, a layer.
type Blob struct {
	Digest v1.Hash
	Size   int64
	Open   func() (io.ReadCloser, error)
}

// Bytes is a blob of known content.
func Bytes(b []byte) Blob {
	h, n, _ := v1.SHA256(bytes.NewReader(b)) // reading memory does not fail
	return Blob{Digest: h, Size: n, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
}

// Layout is what a file holds: one image, or one index of images, and all its parts.
type Layout struct {
	Top    v1.Descriptor // of the image or the index, with the annotations that name it
	Blobs  []Blob        // Top's own and all that it leads to; the same twice is written once
	Docker []byte        // manifest.json, by which "docker load" of any version finds its way; nil for none
	Time   time.Time     // of every entry
}

// Write writes the archive. The small files come first, so that a reader of a stream knows
// what follows.
func (l Layout) Write(ctx context.Context, w io.Writer) error {
	index, err := json.Marshal(v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{l.Top}})
	if err != nil {
		return err
	}
	out := &writer{ctx: ctx, tar: tar.NewWriter(w), at: l.Time}
	out.small("oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`))
	out.small("index.json", index)
	if l.Docker != nil {
		out.small("manifest.json", l.Docker)
	}
	out.folder("blobs")
	out.folder("blobs/sha256")
	seen := map[v1.Hash]bool{}
	for _, b := range l.Blobs {
		if !seen[b.Digest] {
			seen[b.Digest] = true
			out.blob(b)
		}
	}
	if out.err != nil {
		return out.err
	}
	return out.tar.Close()
}

// Path is a blob's place in the archive.
func Path(h v1.Hash) string { return path.Join("blobs", h.Algorithm, h.Hex) }

// writer writes entries until the first error.
type writer struct {
	ctx context.Context
	tar *tar.Writer
	at  time.Time
	err error
}

func (w *writer) header(h tar.Header) {
	if w.err == nil {
		w.err = w.ctx.Err()
	}
	if w.err == nil {
		h.ModTime = w.at
		w.err = w.tar.WriteHeader(&h)
	}
}

func (w *writer) folder(name string) {
	w.header(tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755})
}

func (w *writer) small(name string, b []byte) {
	w.header(tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(b))})
	if w.err == nil {
		_, w.err = w.tar.Write(b)
	}
}

func (w *writer) blob(b Blob) {
	w.header(tar.Header{Typeflag: tar.TypeReg, Name: Path(b.Digest), Mode: 0o644, Size: b.Size})
	if w.err != nil {
		return
	}
	r, err := b.Open()
	if err != nil {
		w.err = err
		return
	}
	defer r.Close()
	n, err := io.Copy(w.tar, r)
	if err == nil && n != b.Size {
		err = fmt.Errorf("%s has %d bytes, not %d", b.Digest, n, b.Size)
	}
	w.err = err
}
