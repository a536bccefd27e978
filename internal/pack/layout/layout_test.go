package layout

import (
	"archive/tar"
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// written is a random image as a layout.
func written(t testing.TB) []byte {
	t.Helper()
	img := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	for range 2 {
		layer, err := random.Layer(100, types.OCILayer)
		if err != nil {
			t.Fatal(err)
		}
		if img, err = mutate.AppendLayers(img, layer); err != nil {
			t.Fatal(err)
		}
	}
	raw, _ := img.RawManifest()
	config, _ := img.RawConfigFile()
	l := Layout{Blobs: []Blob{Bytes(raw), Bytes(config)}, Time: time.Unix(0, 0)}
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range append(layers, layers[0]) {
		r, _ := one.Compressed()
		b, _ := io.ReadAll(r)
		l.Blobs = append(l.Blobs, Bytes(b))
	}
	l.Top = v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: l.Blobs[0].Digest, Size: l.Blobs[0].Size}
	var b bytes.Buffer
	if err := l.Write(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(b []byte) (*Archive, error) { return Open(bytes.NewReader(b), int64(len(b))) }

func TestRoundTrip(t *testing.T) {
	b := written(t)
	a, err := open(b)
	if err != nil {
		t.Fatal(err)
	}
	img, err := a.Image(a.Top)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(img); err != nil {
		t.Error(err)
	}
	if n := bytes.Count(b, []byte("blobs/sha256/")); n != 5 { // the folder and four blobs
		t.Errorf("%d entries of blobs", n)
	}
	if _, err := a.Index(); err == nil {
		t.Error("an image is taken for an index")
	}
}

// archive is a tar of some files.
func archive(files ...string) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: files[i], Mode: 0o644, Size: int64(len(files[i+1]))})
		io.WriteString(w, files[i+1])
	}
	w.Close()
	return b.Bytes()
}

func TestRefused(t *testing.T) {
	const zeros = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
	top := `{"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"` + zeros + `"}]}`
	for _, tt := range []struct {
		name, want string
		b          []byte
	}{
		{"empty", "no index.json", nil},
		{"no tar", "read image layout", []byte(strings.Repeat("x", 2000))},
		{"cut off", "unexpected EOF", archive("index.json", strings.Repeat(" ", 4000))[:1000]},
		{"not JSON", "index.json", archive("index.json", "{")},
		{"no image", "names 0 images", archive("index.json", "{}")},
		{"no manifest", "lacks " + zeros, archive("index.json", top)},
		{"other content", "another content", archive("index.json", top, "blobs/sha256/"+zeros[7:], "{}")},
		{"large index", "larger than", archive("index.json", strings.Repeat(" ", maxManifest+1))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, err := open(tt.b)
			if err == nil {
				_, err = a.Image(a.Top)
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(written(f))
	f.Add(archive("index.json", "{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := open(b)
		if err != nil {
			return
		}
		images, err := a.Images()
		if err != nil {
			return
		}
		for _, d := range images {
			if img, err := a.Image(d); err == nil {
				img.ConfigFile()
			}
		}
		a.Index()
	})
}
