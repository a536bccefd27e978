package pack

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
)

// layer is a compressed layer in a file: images of any size take little memory.
type layer struct {
	path           string
	digest, diffID v1.Hash
	size           int64
}

// writeLayer writes a tree as a layer into a file of dir.
func writeLayer(ctx context.Context, dir, name string, t *tree, at time.Time) (*layer, error) {
	l := &layer{path: filepath.Join(dir, name)}
	f, err := os.Create(l.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	packed, plain := sha256.New(), sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(f, packed), 1<<16)
	err = compress(out, func(w io.Writer) error { return t.write(ctx, io.MultiWriter(w, plain), at) })
	if err != nil {
		return nil, err
	}
	if err := out.Flush(); err != nil {
		return nil, err
	}
	l.digest, l.diffID = toHash(packed), toHash(plain)
	if l.size, err = f.Seek(0, io.SeekCurrent); err != nil {
		return nil, err
	}
	return l, f.Close()
}

func toHash(h hash.Hash) v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(h.Sum(nil))}
}

// Digest, DiffID, Compressed, Uncompressed, Size and MediaType make it a v1.Layer.
func (l *layer) Digest() (v1.Hash, error)            { return l.digest, nil }
func (l *layer) DiffID() (v1.Hash, error)            { return l.diffID, nil }
func (l *layer) Compressed() (io.ReadCloser, error)  { return os.Open(l.path) }
func (l *layer) Size() (int64, error)                { return l.size, nil }
func (l *layer) MediaType() (types.MediaType, error) { return types.OCILayer, nil }
func (l *layer) Uncompressed() (io.ReadCloser, error) {
	f, err := os.Open(l.path)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		f.Close()
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{z, f}, nil
}
