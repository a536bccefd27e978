package pack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/sync/errgroup"
)

// buildImage makes a program's image. Its layers are files in dir.
func buildImage(ctx context.Context, in In, dir string) (v1.Image, error) {
	if err := errors.Join(in.check(), in.OCI.check()); err != nil {
		return nil, err
	}
	parts, err := imageParts(in)
	if err != nil {
		return nil, err
	}
	layers := make([]*layer, len(parts))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, p := range parts {
		g.Go(func() (err error) {
			if layers[i], err = p.layer(gctx, dir, i, in.time(), in.Memo); err != nil {
				return fmt.Errorf("layer %s: %w", p.name, err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var adds []mutate.Addendum
	for i, p := range parts {
		adds = append(adds, mutate.Addendum{Layer: layers[i], History: v1.History{
			Created: v1.Time{Time: in.time()}, CreatedBy: "graft: " + p.name, Comment: p.content(),
		}})
	}
	return assemble(in, adds, parts[0].t.has(bundlePath))
}

// assemble makes configuration and manifest.
func assemble(in In, adds []mutate.Addendum, certificates bool) (v1.Image, error) {
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
		Labels:     labels(in),
		Env:        environment(in.OCI.Env, certificates),
		StopSignal: in.OCI.StopSignal,
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
	img, ok := mutate.Annotations(img, labels(in)).(v1.Image)
	if !ok {
		return nil, errors.New("annotations made something else of the image")
	}
	return img, nil
}

// labels are the annotations of the OCI image specification that the manifest knows, and the
// manifest's own, which win.
func labels(in In) map[string]string {
	out := map[string]string{}
	for name, v := range map[string]string{
		"title": in.Meta.Name, "version": in.Meta.Version, "description": in.Meta.Description,
		"authors": in.Meta.Maintainer, "url": in.Meta.Homepage, "licenses": in.Meta.License,
	} {
		if v != "" {
			out["org.opencontainers.image."+name] = v
		}
	}
	maps.Copy(out, in.OCI.Labels)
	return out
}

// environment is what the program sees. UTC is known to Go and to the C library without any
// file; the files are there for whoever sets another TZ.
func environment(own map[string]string, certificates bool) []string {
	env := map[string]string{"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC"}
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
