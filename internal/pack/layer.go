package pack

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"

	"github.com/graft-build/graft/digest"
)

// layer is a compressed layer in a file: images of any size take little memory.
type layer struct {
	path           string
	digest, diffID v1.Hash
	size           int64
}

// maxKept bounds the layers that a Memo keeps: one is in memory while it is read.
const maxKept = 64 << 20

// layer writes a part as the layer of a number into a file of dir. Layers of packages are
// the same in the next image: memo keeps them.
func (p part) layer(ctx context.Context, dir string, number int, at time.Time, memo Memo) (*layer, error) {
	file := filepath.Join(dir, strconv.Itoa(number))
	key, ok := p.key(at)
	if !ok || memo == nil {
		return writeLayer(ctx, file, p.t, at)
	}
	if b, ok := memo.Record("layer", key); ok && len(b) > sha256.Size {
		return keptLayer(file, b)
	}
	l, err := writeLayer(ctx, file, p.t, at)
	if err != nil || l.size > maxKept {
		return l, err
	}
	diffID, err := hex.DecodeString(l.diffID.Hex)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(file)
	if err == nil {
		_ = memo.PutRecord("layer", key, append(diffID, b...)) // without the record it is compressed again
	}
	return l, err
}

// key is the digest of everything that decides a layer's bytes. Files count by the digest of
// the package they are from, so that none has to be read.
func (p part) key(at time.Time) (digest.Digest, bool) {
	k := digest.NewKey("layer/1").Add("level", strconv.Itoa(gzipLevel)).Add("library", gzipVersion()).Add("time", at.Format(time.RFC3339))
	for _, pkg := range p.packages {
		if pkg.SHA256.IsZero() {
			return digest.Digest{}, false
		}
		k.Add("package", pkg.Package).AddDigest("content", pkg.SHA256)
	}
	for _, name := range slices.Sorted(maps.Keys(p.t.entries)) {
		e := p.t.entries[name]
		k.Add("entry", name, strconv.FormatInt(e.mode, 8), strconv.FormatBool(e.dir), e.link, strconv.Itoa(e.uid))
		switch {
		case e.open == nil:
		case e.source == "":
			d, err := e.digest()
			if err != nil {
				return digest.Digest{}, false
			}
			k.AddDigest("bytes", d)
		default:
			from, ok := p.origin(e.source)
			if !ok {
				return digest.Digest{}, false
			}
			k.Add("file", from...)
		}
	}
	return k.Digest(), true
}

// origin is the package that a file is from and its name there.
func (p part) origin(file string) ([]string, bool) {
	for _, pkg := range p.packages {
		if rest, ok := strings.CutPrefix(file, pkg.Dir+string(filepath.Separator)); ok {
			return []string{pkg.Package, filepath.ToSlash(rest)}, true
		}
	}
	return nil, false
}

// digest is that of a file's content.
func (e entry) digest() (digest.Digest, error) {
	c, err := e.open()
	if err != nil {
		return digest.Digest{}, err
	}
	defer c.close()
	h := sha256.New()
	_, err = io.Copy(h, c)
	return digest.Sum(h), err
}

// keptLayer is the layer that a Memo kept, in a file again.
func keptLayer(file string, b []byte) (*layer, error) {
	diffID, b := b[:sha256.Size], b[sha256.Size:]
	h, n, err := v1.SHA256(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	l := &layer{path: file, digest: h, size: n, diffID: v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(diffID)}}
	return l, os.WriteFile(file, b, 0o600)
}

// writeLayer writes a tree as a layer into a file.
func writeLayer(ctx context.Context, file string, t *tree, at time.Time) (*layer, error) {
	l := &layer{path: file}
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
		return nil, fmt.Errorf("uncompress layer %s: %w", l.digest, err)
	}
	return struct {
		io.Reader
		io.Closer
	}{z, f}, nil
}
