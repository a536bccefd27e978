package layout

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Limits of what a reader takes into memory or counts.
const (
	maxManifest = 4 << 20 // what registries accept
	maxEntries  = 1 << 14
)

// Archive is an opened file. Its methods may be called by several goroutines at once, as
// long as the reader that it was opened on stays open.
type Archive struct {
	// Top describes the image or the index that the file is about.
	Top   v1.Descriptor
	blobs map[v1.Hash]*io.SectionReader
}

// Open reads the table of contents of a layout that has one image or one index.
func Open(r io.ReaderAt, size int64) (*Archive, error) {
	a := &Archive{blobs: map[v1.Hash]*io.SectionReader{}}
	index, err := a.scan(r, size)
	if err != nil {
		return nil, fmt.Errorf("read image layout: %w", err)
	}
	var m v1.IndexManifest
	if err := json.Unmarshal(index, &m); err != nil {
		return nil, fmt.Errorf("read image layout: index.json: %w", err)
	}
	if len(m.Manifests) != 1 {
		return nil, fmt.Errorf("read image layout: index.json names %d images, want one image or one index", len(m.Manifests))
	}
	a.Top = m.Manifests[0]
	return a, nil
}

// scan notes where each blob is and returns index.json.
func (a *Archive) scan(r io.ReaderAt, size int64) (index []byte, err error) {
	at := io.NewSectionReader(r, 0, size)
	in := tar.NewReader(at) // reads headers alone: between Next and Read, at is where the content begins
	for n := 0; ; n++ {
		hdr, err := in.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if n >= maxEntries {
			return nil, fmt.Errorf("more than %d entries", maxEntries)
		}
		if hdr.Typeflag != tar.TypeReg {
			continue
		}
		begin, err := at.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		if hdr.Size > size-begin {
			return nil, io.ErrUnexpectedEOF
		}
		content := io.NewSectionReader(r, begin, hdr.Size)
		if hdr.Name == "index.json" {
			if index, err = small(content); err != nil {
				return nil, fmt.Errorf("index.json: %w", err)
			}
		} else if h, ok := hashOf(hdr.Name); ok {
			a.blobs[h] = content
		}
	}
	if index == nil {
		return nil, errors.New("there is no index.json in it")
	}
	return index, nil
}

// hashOf is the digest that a blob's path states.
func hashOf(name string) (v1.Hash, bool) {
	const folder = "blobs/sha256/"
	if len(name) != len(folder)+64 || name[:len(folder)] != folder {
		return v1.Hash{}, false
	}
	h, err := v1.NewHash("sha256:" + name[len(folder):])
	return h, err == nil
}

func small(r *io.SectionReader) ([]byte, error) {
	if r.Size() > maxManifest {
		return nil, fmt.Errorf("it is larger than %d bytes", maxManifest)
	}
	return io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
}

// Blob finds a blob. Its content is not checked against its digest.
func (a *Archive) Blob(h v1.Hash) (Blob, error) {
	r, ok := a.blobs[h]
	if !ok {
		return Blob{}, fmt.Errorf("read image layout: it lacks %s", h)
	}
	return Blob{Digest: h, Size: r.Size(), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(r, 0, r.Size())), nil
	}}, nil
}

// Read returns a small blob, checked.
func (a *Archive) Read(h v1.Hash) ([]byte, error) {
	r, ok := a.blobs[h]
	if !ok {
		return nil, fmt.Errorf("read image layout: it lacks %s", h)
	}
	b, err := small(r)
	if err != nil {
		return nil, fmt.Errorf("read image layout: %s: %w", h, err)
	}
	if got, _, _ := v1.SHA256(bytes.NewReader(b)); got != h {
		return nil, fmt.Errorf("read image layout: %s has another content", h)
	}
	return b, nil
}

// Images are the manifests that the file is about: Top itself, or those of the index that
// Top is, in its order.
func (a *Archive) Images() ([]v1.Descriptor, error) {
	if !a.Top.MediaType.IsIndex() {
		return []v1.Descriptor{a.Top}, nil
	}
	b, err := a.Read(a.Top.Digest)
	if err != nil {
		return nil, err
	}
	var m v1.IndexManifest
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("read image layout: index %s: %w", a.Top.Digest, err)
	}
	return m.Manifests, nil
}

// Parts are the blobs of an image: manifest, configuration and layers.
func (a *Archive) Parts(image v1.Descriptor) ([]Blob, error) {
	if image.MediaType != types.OCIManifestSchema1 {
		return nil, fmt.Errorf("read image layout: %s is no image but %q", image.Digest, image.MediaType)
	}
	raw, err := a.Read(image.Digest)
	if err != nil {
		return nil, err
	}
	var m v1.Manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("read image layout: manifest %s: %w", image.Digest, err)
	}
	parts := []Blob{Bytes(raw)}
	for _, d := range append([]v1.Descriptor{m.Config}, m.Layers...) {
		b, err := a.Blob(d.Digest)
		if err != nil {
			return nil, err
		}
		if b.Size != d.Size {
			return nil, fmt.Errorf("read image layout: %s has %d bytes, not %d", d.Digest, b.Size, d.Size)
		}
		parts = append(parts, b)
	}
	return parts, nil
}
