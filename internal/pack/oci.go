package pack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/graft-build/graft/internal/pack/layout"
)

// OCI packs a container image without any base: the run closure's packages and the program,
// in the layers that groups.go describes. The file is an OCI image layout, for skopeo,
// podman, containerd and "docker load" of Docker 25 and later.
type OCI struct{}

// OCIOptions is the image's configuration.
type OCIOptions struct {
	Ports      []int
	Env        map[string]string
	Args       []string          // default arguments
	User       string            // "uid" or "uid:gid"; default 65532:65532
	Labels     map[string]string // beside those that say what the manifest says
	StopSignal string            // "SIGINT"; default: the runtime's, SIGTERM
}

// defaultUser is the user that the image's /etc/passwd has beside root.
const defaultUser = "65532:65532"

// Kind returns "oci".
func (OCI) Kind() string { return "oci" }

// FileName returns image-server-1.0.0-linux-amd64.oci.tar.
func (OCI) FileName(in In) string { return in.stem() + ".oci.tar" }

// Pack writes the image.
func (OCI) Pack(ctx context.Context, in In, w io.Writer) error {
	if err := packImage(ctx, in, false, w); err != nil {
		return fmt.Errorf("pack oci of %s for %s: %w", in.Meta.Name, in.Target.Name, err)
	}
	return nil
}

// Docker packs the image of OCI for "docker load" of any version: the layout has the
// manifest.json that "docker save" writes, too.
type Docker struct{}

// Kind returns "docker".
func (Docker) Kind() string { return "docker" }

// FileName returns image-server-1.0.0-linux-amd64.docker.tar.
func (Docker) FileName(in In) string { return in.stem() + ".docker.tar" }

// Pack writes the image.
func (Docker) Pack(ctx context.Context, in In, w io.Writer) error {
	if err := packImage(ctx, in, true, w); err != nil {
		return fmt.Errorf("pack docker image of %s for %s: %w", in.Meta.Name, in.Target.Name, err)
	}
	return nil
}

// packImage writes an image as a layout of its own.
func packImage(ctx context.Context, in In, docker bool, w io.Writer) error {
	dir, remove, err := in.scratch()
	if err != nil {
		return err
	}
	defer remove()
	img, err := buildImage(ctx, in, dir)
	if err != nil {
		return err
	}
	blobs, err := blobsOf(img)
	if err != nil {
		return err
	}
	p := in.Target.Platform
	l := layout.Layout{Blobs: blobs, Time: in.time(), Top: v1.Descriptor{
		MediaType: types.OCIManifestSchema1, Size: blobs[0].Size, Digest: blobs[0].Digest,
		Platform:    &v1.Platform{OS: p.OS, Architecture: p.Arch, Variant: p.Variant},
		Annotations: reference(in.Meta),
	}}
	if docker {
		if l.Docker, err = dockerManifest(in.Meta, blobs); err != nil {
			return err
		}
	}
	return l.Write(ctx, w)
}

// blobsOf are an image's manifest, its configuration and its layers, in this order.
func blobsOf(img v1.Image) ([]layout.Blob, error) {
	manifest, err := img.RawManifest()
	if err != nil {
		return nil, err
	}
	config, err := img.RawConfigFile()
	if err != nil {
		return nil, err
	}
	layers, err := img.Layers()
	if err != nil {
		return nil, err
	}
	out := []layout.Blob{layout.Bytes(manifest), layout.Bytes(config)}
	for _, l := range layers {
		file, ok := l.(*layer)
		if !ok {
			return nil, errors.New("a layer is not the one that was added")
		}
		out = append(out, layout.Blob{Digest: file.digest, Size: file.size, Open: file.Compressed})
	}
	return out, nil
}

// Tag is the version as a tag of images, which may not have every character that versions have.
func (m Meta) Tag() string { return strings.NewReplacer("+", "_", "~", "_").Replace(m.Version) }

// repository is the name as a repository of images.
func (m Meta) repository() string {
	return strings.ReplaceAll(strings.ToLower(m.Name), "+", "-")
}

// reference are the annotations by which tools name an image that they take from a layout.
func reference(m Meta) map[string]string {
	return map[string]string{
		"io.containerd.image.name": "docker.io/library/" + m.repository() + ":" + m.Tag(),
		layout.RefName:             m.Tag(),
	}
}

// dockerManifest is manifest.json.
func dockerManifest(m Meta, blobs []layout.Blob) ([]byte, error) {
	entry := struct {
		Config   string
		RepoTags []string
		Layers   []string
	}{Config: layout.Path(blobs[1].Digest), RepoTags: []string{m.repository() + ":" + m.Tag()}}
	for _, b := range blobs[2:] {
		entry.Layers = append(entry.Layers, layout.Path(b.Digest))
	}
	return json.Marshal([]any{entry})
}

var (
	userForm   = regexp.MustCompile(`^[0-9]{1,10}(:[0-9]{1,10})?$`)
	signalForm = regexp.MustCompile(`^(SIG[A-Z0-9]{1,12}([+-][0-9]{1,2})?|[1-9][0-9]?)$`)
)

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
	for name := range o.Labels {
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return fmt.Errorf("label %q: bad name", name)
		}
	}
	if o.User != "" && !userForm.MatchString(o.User) {
		return fmt.Errorf("user %q: want uid or uid:gid, in numbers", o.User)
	}
	if o.StopSignal != "" && !signalForm.MatchString(o.StopSignal) {
		return fmt.Errorf("stop signal %q: want a name such as SIGINT, or a number", o.StopSignal)
	}
	return nil
}
