package pack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// OCI packs a container image without any base: the run closure's packages in one layer,
// the program in another. One file serves everyone: it is an OCI image layout, for skopeo,
// podman and containerd, and has the manifest.json that "docker load" reads.
type OCI struct{}

// OCIOptions is the image's configuration.
type OCIOptions struct {
	Ports []int
	Env   map[string]string
	Args  []string // default arguments
	User  string   // "uid" or "uid:gid"; default 65532:65532
}

// defaultUser is the user that the image's /etc/passwd has beside root.
const defaultUser = "65532:65532"

// Kind returns "oci".
func (OCI) Kind() string { return "oci" }

// FileName returns image-server-1.0.0-linux-amd64.oci.tar.
func (OCI) FileName(in In) string { return in.stem() + ".oci.tar" }

// Pack writes the image.
func (OCI) Pack(ctx context.Context, in In, w io.Writer) error {
	if err := packOCI(ctx, in, w); err != nil {
		return fmt.Errorf("pack oci of %s for %s: %w", in.Meta.Name, in.Target.Name, err)
	}
	return nil
}

func packOCI(ctx context.Context, in In, w io.Writer) error {
	if err := errors.Join(in.check(), in.OCI.check()); err != nil {
		return err
	}
	dir, remove, err := in.scratch()
	if err != nil {
		return err
	}
	defer remove()
	system, err := systemTree(in)
	if err != nil {
		return err
	}
	program, err := programTree(in)
	if err != nil {
		return err
	}
	var adds []mutate.Addendum
	for _, part := range []struct {
		name string
		t    *tree
	}{{"system", system}, {"program", program}} {
		l, err := writeLayer(ctx, dir, part.name, part.t, in.time())
		if err != nil {
			return fmt.Errorf("layer of the %s: %w", part.name, err)
		}
		adds = append(adds, mutate.Addendum{Layer: l, History: v1.History{
			Created: v1.Time{Time: in.time()}, CreatedBy: "graft", Comment: part.name,
		}})
	}
	img, err := image(in, adds, system.has(bundlePath))
	if err != nil {
		return err
	}
	return writeImage(ctx, in, img, w)
}

func (o OCIOptions) check() error {
	for _, p := range o.Ports {
		if p < 1 || p > 65535 {
			return fmt.Errorf("port %d: want 1 to 65535", p)
		}
	}
	for name := range o.Env {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			return fmt.Errorf("environment variable %q: bad name", name)
		}
	}
	if o.User != "" && !regexp.MustCompile(`^[0-9]{1,10}(:[0-9]{1,10})?$`).MatchString(o.User) {
		return fmt.Errorf("user %q: want uid or uid:gid, in numbers", o.User)
	}
	return nil
}

// image assembles configuration and manifest.
func image(in In, adds []mutate.Addendum, certificates bool) (v1.Image, error) {
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err := mutate.Append(img, adds...)
	if err != nil {
		return nil, err
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	p := in.Target.Platform
	file.OS, file.Architecture, file.Variant = p.OS, p.Arch, p.Variant
	file.Created = v1.Time{Time: in.time()}
	file.Config = v1.Config{
		User:       or(in.OCI.User, defaultUser),
		Entrypoint: []string{"/usr/bin/" + in.Meta.Name},
		Cmd:        in.OCI.Args,
		WorkingDir: home,
		Labels:     labels(in.Meta),
		Env:        environment(in.OCI.Env, certificates),
	}
	for _, port := range in.OCI.Ports {
		if file.Config.ExposedPorts == nil {
			file.Config.ExposedPorts = map[string]struct{}{}
		}
		file.Config.ExposedPorts[strconv.Itoa(port)+"/tcp"] = struct{}{}
	}
	if img, err = mutate.ConfigFile(img, file); err != nil {
		return nil, err
	}
	img, ok := mutate.Annotations(img, labels(in.Meta)).(v1.Image)
	if !ok {
		return nil, errors.New("annotations made something else of the image")
	}
	return img, nil
}

// labels are the annotations of the OCI image specification that the manifest knows.
func labels(m Meta) map[string]string {
	out := map[string]string{}
	for name, v := range map[string]string{
		"title": m.Name, "version": m.Version, "description": m.Description,
		"authors": m.Maintainer, "url": m.Homepage, "licenses": m.License,
	} {
		if v != "" {
			out["org.opencontainers.image."+name] = v
		}
	}
	return out
}

func environment(own map[string]string, certificates bool) []string {
	env := map[string]string{"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	if certificates {
		env["SSL_CERT_FILE"] = "/" + bundlePath
	}
	maps.Copy(env, own)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		out = append(out, name+"="+env[name])
	}
	return out
}

// writeImage writes layout and manifest.json as one tar.
func writeImage(ctx context.Context, in In, img v1.Image, w io.Writer) error {
	t := newTree()
	t.bytes("oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`))
	manifest, err := img.RawManifest()
	if err != nil {
		return err
	}
	config, err := img.RawConfigFile()
	if err != nil {
		return err
	}
	blob := func(b []byte) (v1.Hash, error) {
		h, _, err := v1.SHA256(bytes.NewReader(b))
		t.bytes(blobPath(h), b)
		return h, err
	}
	manifestHash, err := blob(manifest)
	if err != nil {
		return err
	}
	configHash, err := blob(config)
	if err != nil {
		return err
	}
	layers, err := img.Layers()
	if err != nil {
		return err
	}
	var layerPaths []string
	for _, l := range layers {
		h, err := l.Digest()
		if err != nil {
			return err
		}
		file, ok := l.(*layer)
		if !ok {
			return errors.New("a layer is not the one that was added")
		}
		t.file(blobPath(h), file.path, 0o644)
		layerPaths = append(layerPaths, blobPath(h))
	}
	p := in.Target.Platform
	tag := in.Meta.Name + ":" + strings.NewReplacer("+", "_", "~", "_").Replace(in.Meta.Version)
	index := v1.IndexManifest{
		SchemaVersion: 2, MediaType: types.OCIImageIndex,
		Manifests: []v1.Descriptor{{
			MediaType: types.OCIManifestSchema1, Size: int64(len(manifest)), Digest: manifestHash,
			Platform: &v1.Platform{OS: p.OS, Architecture: p.Arch, Variant: p.Variant},
			Annotations: map[string]string{
				"io.containerd.image.name":          "docker.io/library/" + strings.ToLower(tag),
				"org.opencontainers.image.ref.name": strings.TrimPrefix(tag[len(in.Meta.Name):], ":"),
			},
		}},
	}
	docker := []map[string]any{{"Config": blobPath(configHash), "RepoTags": []string{strings.ToLower(tag)}, "Layers": layerPaths}}
	for name, v := range map[string]any{"index.json": index, "manifest.json": docker} {
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		t.bytes(name, b)
	}
	return t.write(ctx, w, in.time())
}

func blobPath(h v1.Hash) string { return path.Join("blobs", h.Algorithm, h.Hex) }
