package publish

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/pack/layout"
)

// library is a layer that all images of these tests share; others are programs.
var library, _ = random.Layer(200_000, types.OCILayer)

// archive is an index of two images: the library and a program each.
func archive(t testing.TB, program string) *layout.Archive {
	t.Helper()
	m := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	l := layout.Layout{Blobs: []layout.Blob{{}}}
	for _, arch := range []string{"amd64", "arm64"} {
		img, err := mutate.AppendLayers(empty(), library, layer(t, program+arch))
		if err == nil {
			img, err = mutate.ConfigFile(img, configOf(t, img, arch))
		}
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := img.RawManifest()
		config, _ := img.RawConfigFile()
		l.Blobs = append(l.Blobs, layout.Bytes(raw), layout.Bytes(config))
		layers, _ := img.Layers()
		for _, one := range layers {
			r, _ := one.Compressed()
			b, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			l.Blobs = append(l.Blobs, layout.Bytes(b))
		}
		h, n, _ := v1.SHA256(bytes.NewReader(raw))
		m.Manifests = append(m.Manifests, v1.Descriptor{
			MediaType: types.OCIManifestSchema1, Digest: h, Size: n, Platform: &v1.Platform{OS: "linux", Architecture: arch},
		})
	}
	raw, _ := json.Marshal(m)
	l.Blobs[0] = layout.Bytes(raw)
	l.Top = v1.Descriptor{MediaType: types.OCIImageIndex, Digest: l.Blobs[0].Digest, Size: l.Blobs[0].Size}
	var b bytes.Buffer
	if err := l.Write(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	a, err := layout.Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// layer has one file.
func layer(t testing.TB, text string) v1.Layer {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	w.WriteHeader(&tar.Header{Name: "program", Mode: 0o755, Size: int64(len(text))})
	io.WriteString(w, text)
	w.Close()
	z.Close()
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil }, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func configOf(t testing.TB, img v1.Image, arch string) *v1.ConfigFile {
	t.Helper()
	c, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	c = c.DeepCopy()
	c.OS, c.Architecture = "linux", arch
	return c
}

func empty() v1.Image {
	img, _ := random.Image(0, 0)
	return mutate.ConfigMediaType(mutate.MediaType(img, types.OCIManifestSchema1), types.OCIConfigJSON)
}

// serve starts a registry behind a handler that may answer first.
func serve(t *testing.T, first func(w http.ResponseWriter, r *http.Request) bool) (host string) {
	t.Helper()
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if first == nil || !first(w, r) {
			inner.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func reference(t *testing.T, s string) Reference {
	t.Helper()
	r, err := ParseReference(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// memo is a Memo in memory.
type memo struct{ sync.Map }

func (m *memo) Record(kind string, key digest.Digest) ([]byte, bool) {
	b, ok := m.Load(kind + key.String())
	if !ok {
		return nil, false
	}
	return b.([]byte), true
}

func (m *memo) PutRecord(kind string, key digest.Digest, b []byte) error {
	m.Store(kind+key.String(), b)
	return nil
}

func pusher() Pusher {
	return Pusher{Transport: http.DefaultTransport, Memo: &memo{}, Wait: time.Millisecond}
}

// TestPush pushes, again, edited, to another tag and to another repository.
func TestPush(t *testing.T) {
	host := serve(t, nil)
	p := pusher()
	var mu sync.Mutex
	shown := map[string]event.Bytes{}
	p.Events = func(e event.Event) {
		if b, ok := e.(event.Bytes); ok {
			mu.Lock()
			defer mu.Unlock()
			shown[b.ID] = b
		}
	}
	ref := reference(t, "oci://"+host+"/team/app")
	a := archive(t, "first ")
	for _, tt := range []struct {
		what string
		a    *layout.Archive
		to   Reference
		tags []string
		want Layers
	}{
		{"first", a, ref, []string{"1.0", "latest"}, Layers{Sent: 3}},
		{"again", a, ref, []string{"1.0", "latest"}, Layers{Present: 3}},
		{"another tag", a, ref, []string{"stable"}, Layers{Present: 3}},
		{"edited", archive(t, "second "), ref, []string{"latest"}, Layers{Sent: 2, Present: 1}},
		{"elsewhere", a, reference(t, "oci://"+host+"/other"), []string{"1"}, Layers{Mounted: 3}},
	} {
		done, err := p.Push(t.Context(), tt.a, tt.to, tt.tags)
		if err != nil {
			t.Fatalf("%s: %v", tt.what, err)
		}
		// The registry of these tests has one place for the blobs of all repositories.
		if tt.what == "elsewhere" && done.Layers == (Layers{Present: 3}) {
			tt.want = done.Layers
		}
		if done.Layers != tt.want || done.Digest != tt.a.Top.Digest || len(done.Platforms) != 2 || done.Platforms[1].Name != "linux/arm64" {
			t.Errorf("%s: %+v, want %+v", tt.what, done, tt.want)
		}
		if tt.what == "first" && (done.Sent < 200_000 || done.Sent > done.Total+5000) || tt.what != "first" && done.Sent > 10_000 {
			t.Errorf("%s: %d of %d bytes are sent", tt.what, done.Sent, done.Total)
		}
		for _, tag := range tt.tags {
			pull(t, tt.to.Host+"/"+tt.to.Name+":"+tag, tt.a.Top.Digest)
		}
	}
	h, _ := library.Digest()
	size, _ := library.Size()
	if b := shown[h.String()]; !b.Up || !b.End || b.Done != size || b.Total != size || len(shown) != 5 {
		t.Errorf("progress: %+v of %d layers", b, len(shown))
	}
}

// pull takes an index from a registry and checks all of it.
func pull(t *testing.T, from string, want v1.Hash) {
	t.Helper()
	ref, err := name.ParseReference(from)
	if err != nil {
		t.Fatal(err)
	}
	i, err := remote.Index(ref)
	if err != nil {
		t.Fatal(err)
	}
	if h, err := i.Digest(); err != nil || h != want {
		t.Errorf("%s is %s, %v; want %s", from, h, err, want)
	}
	if err := validate.Index(i); err != nil {
		t.Errorf("%s: %v", from, err)
	}
}

// TestRetry has a registry that is overloaded at first, and one that stays so.
func TestRetry(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]int{}
	calm := false
	host := serve(t, func(w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		key, _, _ := strings.Cut(r.Method+r.URL.Path, "/uploads/") // each upload has a name of its own
		if asked[key]++; asked[key] <= 1 && !calm {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return false
	})
	a := archive(t, "first ")
	if _, err := pusher().Push(t.Context(), a, reference(t, "oci://"+host+"/app"), []string{"1"}); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	calm = true
	mu.Unlock()
	pull(t, host+"/app:1", a.Top.Digest)
	host = serve(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut || !strings.Contains(r.URL.Path, "/manifests/") {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	_, err := pusher().Push(t.Context(), a, reference(t, "oci://"+host+"/app"), []string{"1"})
	var failed *Error
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "503") {
		t.Errorf("got %v", err)
	}
}

// TestInterrupted ends a push while a layer is on its way: no manifest gets to the registry.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var manifests []string
	host := serve(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPatch {
			cancel()
		}
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") {
			mu.Lock()
			manifests = append(manifests, r.URL.Path)
			mu.Unlock()
		}
		return false
	})
	_, err := pusher().Push(ctx, archive(t, "first "), reference(t, "oci://"+host+"/app"), []string{"1"})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(manifests) > 0 {
		t.Errorf("manifests of an interrupted push: %q", manifests)
	}
}

// TestOrder: a manifest comes after all that it names, tags last.
func TestOrder(t *testing.T) {
	var mu sync.Mutex
	var puts []string
	host := serve(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			mu.Lock()
			defer mu.Unlock()
			_, what, _ := strings.Cut(r.URL.Path, "/v2/app/")
			puts = append(puts, strings.Split(what, "/")[0]+" "+what[strings.LastIndexByte(what, '/')+1:])
		}
		return false
	})
	a := archive(t, "first ")
	if _, err := pusher().Push(t.Context(), a, reference(t, "oci://"+host+"/app"), []string{"1", "2"}); err != nil {
		t.Fatal(err)
	}
	n := len(puts)
	if want := []string{"manifests " + a.Top.Digest.String(), "manifests 1", "manifests 2"}; n != 10 || !slices.Equal(puts[n-3:], want) {
		t.Errorf("got %q", puts)
	}
}

func TestPlain(t *testing.T) {
	ok := roundTripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
	})
	for url, want := range map[string]bool{
		"http://127.0.0.1:5000/v2/": true, "http://localhost/v2/": true, "http://[::1]:1/v2/": true, "https://10.0.0.1/v2/": true,
		"http://10.0.0.1:5000/v2/": false, "http://registry.local/v2/": false, "http://localhost.example.com/": false, "http://127.0.0.1.example.com/": false,
	} {
		req, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = (&wire{next: ok}).RoundTrip(req)
		var plain *PlainError
		if errors.As(err, &plain) == want {
			t.Errorf("%s: %v", url, err)
		}
		if _, err := (&wire{next: ok, plain: true}).RoundTrip(req); err != nil {
			t.Errorf("%s, allowed: %v", url, err)
		}
	}
	// The library asks private addresses over http by itself; the refusal has to get through it.
	p := pusher()
	p.Transport = roundTripper(func(r *http.Request) (*http.Response, error) { return nil, errors.New("no TLS here") })
	_, err := p.Push(t.Context(), archive(t, "first "), reference(t, "oci://10.0.0.1:5000/app"), []string{"1"})
	var plain *PlainError
	if !errors.As(err, &plain) {
		t.Errorf("got %v", err)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestReferrers: a registry lists the bill of materials among the image's referrers, or has it
// under the tag that stands in for the list; a second push sends nothing of it.
func TestReferrers(t *testing.T) {
	for _, api := range []bool{true, false} {
		server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(api)))
		t.Cleanup(server.Close)
		host := strings.TrimPrefix(server.URL, "http://")
		a := archive(t, "first ")
		images, err := a.Images()
		if err != nil {
			t.Fatal(err)
		}
		p := pusher()
		p.Referrers = []Referrer{{Subject: images[1], MediaType: "application/vnd.cyclonedx+json", Name: "app.cdx.json", Content: []byte(`{"bomFormat": "CycloneDX"}`)}}
		for range 2 {
			if _, err := p.Push(t.Context(), a, reference(t, "oci://"+host+"/app"), []string{"1"}); err != nil {
				t.Fatal(err)
			}
		}
		repo, err := name.NewRepository(host+"/app", name.Insecure)
		if err != nil {
			t.Fatal(err)
		}
		index, err := remote.Referrers(repo.Digest(images[1].Digest.String()))
		if err != nil {
			t.Fatal(err)
		}
		list, err := index.IndexManifest()
		if err != nil || len(list.Manifests) != 1 {
			t.Fatalf("referrers API %v: %v: %+v", api, err, list)
		}
		img, err := remote.Image(repo.Digest(list.Manifests[0].Digest.String()))
		if err != nil {
			t.Fatal(err)
		}
		if raw, err := img.RawManifest(); err != nil || !strings.Contains(string(raw), `"artifactType":"application/vnd.cyclonedx+json"`) {
			t.Errorf("%v: %s", err, raw) // this registry's list has the configuration's type instead
		}
		m, err := img.Manifest()
		if err != nil || m.Subject == nil || m.Subject.Digest != images[1].Digest || len(m.Layers) != 1 {
			t.Fatalf("%v: %+v", err, m)
		}
		layer, err := remote.Layer(repo.Digest(m.Layers[0].Digest.String()))
		if err != nil {
			t.Fatal(err)
		}
		r, err := layer.Compressed()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil || string(b) != string(p.Referrers[0].Content) {
			t.Errorf("%v: %s", err, b)
		}
	}
}
