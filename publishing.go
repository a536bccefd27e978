package graft

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/graft-build/graft/internal/bom"
	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/pack"
	"github.com/graft-build/graft/internal/pack/layout"
	"github.com/graft-build/graft/internal/publish"
	"github.com/graft-build/graft/target"
)

// Published is what a registry has after Publish or Image.Push.
type Published struct {
	Repository string          `json:"repository"` // "registry.example.com/team/app"
	Tags       []string        `json:"tags"`
	Digest     string          `json:"digest"` // of the image, or of the index of several
	Platforms  []ImagePlatform `json:"platforms"`
	File       string          `json:"file"`       // that was pushed
	BytesSent  int64           `json:"bytesSent"`  // in requests
	BytesTotal int64           `json:"bytesTotal"` // of the whole image or index
	Layers     PublishedLayers `json:"layers"`
}

// PublishedLayers counts layers by what was done for them.
type PublishedLayers struct {
	Sent    int `json:"sent"`
	Mounted int `json:"mounted"` // the registry took them from another of its repositories
	Present int `json:"present"` // the repository had them
}

// ImagePlatform is an image of an index, or the only one.
type ImagePlatform struct {
	Platform string `json:"platform"` // "linux/arm/v7"
	Digest   string `json:"digest"`
}

// Publish builds what the request asks for, and an image of every target that can have one,
// unless all of it is up to date, and pushes the image, or the index of several, to
// oci://HOST/NAME:TAG. Without any tag it gets the version as its tag. Credentials come from
// Docker's configuration, by Config.Env. A registry that refuses them is a
// *publish.DeniedError; the tags are then as they were.
func (p *Project) Publish(ctx context.Context, req Request, to string, tags ...string) (*Published, error) {
	ref, err := p.destination(to, tags)
	if err != nil {
		return nil, err
	}
	req.Images = true
	s, err := p.session(ctx, req)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(s.plan.targets, func(t target.Target) bool { return slices.Contains(s.plan.formats[t.Name], "oci") }) {
		return nil, &UsageError{"images are for Linux, and no target is: name one with --target"}
	}
	res, err := p.Build(ctx, req)
	if err != nil {
		return nil, err
	}
	img, err := p.imageOf(res, s.plan.out)
	if err != nil {
		return nil, err
	}
	img.version = (pack.Meta{Version: s.plan.m.Version}).Tag()
	return img.push(ctx, ref, tags)
}

// Image is a container image in a file, an OCI image layout: of one platform, or an index of
// several.
type Image struct {
	Path      string
	Digest    string // of the image or the index
	Platforms []ImagePlatform

	project   *Project
	version   string
	referrers []publish.Referrer // bills of materials of its images
}

// Image builds the image of the project's application with a list of plugins, folders or
// package@version, beside those of the manifest, and writes it to the folder out. Targets
// are those of the manifest unless some are named; each must be Linux.
func (p *Project) Image(ctx context.Context, out string, plugins []string, targets ...string) (*Image, error) {
	req := Request{With: plugins, Targets: targets, Formats: []string{"oci"}, Out: out}
	s, err := p.session(ctx, req)
	if err != nil {
		return nil, err
	}
	res, err := p.Build(ctx, req)
	if err != nil {
		return nil, err
	}
	img, err := p.imageOf(res, s.plan.out)
	if err == nil {
		img.version = (pack.Meta{Version: s.plan.m.Version}).Tag()
	}
	return img, err
}

// Push is Publish for an image that is there.
func (i *Image) Push(ctx context.Context, to string, tags ...string) (*Published, error) {
	ref, err := i.project.destination(to, tags)
	if err != nil {
		return nil, err
	}
	return i.push(ctx, ref, tags)
}

// destination reads where an image goes before anything is built.
func (p *Project) destination(to string, tags []string) (publish.Reference, error) {
	ref, err := publish.ParseReference(to)
	for _, tag := range tags {
		if err == nil {
			err = publish.CheckTag(tag)
		}
	}
	if err == nil && p.cfg.Offline {
		err = errors.New("a push needs the network: leave --offline out")
	}
	if err != nil {
		return ref, &UsageError{err.Error()}
	}
	return ref, nil
}

// imageOf finds the index among artifacts, or the only image.
func (p *Project) imageOf(res *Result, dir string) (*Image, error) {
	at := -1
	for i, a := range res.Artifacts {
		if a.Kind == (pack.OCIIndex{}).Kind() || at < 0 && a.Kind == (pack.OCI{}).Kind() {
			at = i
		}
	}
	if at < 0 {
		return nil, &UsageError{"images are for Linux, and no target is"}
	}
	img := &Image{Path: filepath.Join(dir, res.Artifacts[at].File), project: p}
	return img, img.open(func(a *layout.Archive) error {
		images, err := a.Images()
		if err != nil {
			return err
		}
		img.Digest = a.Top.Digest.String()
		for _, d := range images {
			one := ImagePlatform{Digest: d.Digest.String()}
			if d.Platform != nil {
				one.Platform = d.Platform.String()
			}
			img.Platforms = append(img.Platforms, one)
		}
		img.referrers, err = billsOf(res, dir)
		return err
	})
}

// mediaTypes are those of bills of materials, by the kind of the artifact.
var mediaTypes = map[string]string{"cyclonedx": "application/vnd.cyclonedx+json", "spdx": "application/spdx+json"}

// billsOf are the bills of materials of images, each about the image that is in its file.
func billsOf(res *Result, dir string) ([]publish.Referrer, error) {
	var out []publish.Referrer
	for _, a := range res.Artifacts {
		if a.Kind != (pack.OCI{}).Kind() {
			continue
		}
		one := &Image{Path: filepath.Join(dir, a.File)}
		var top v1.Descriptor
		if err := one.open(func(l *layout.Archive) error { top = l.Top; return nil }); err != nil {
			return nil, err
		}
		for _, b := range res.Artifacts {
			f, ok := bom.FormatOf(b.Kind)
			if !ok || b.File != a.File+f.Suffix {
				continue
			}
			text, err := os.ReadFile(filepath.Join(dir, b.File))
			if err != nil {
				return nil, err
			}
			out = append(out, publish.Referrer{Subject: top, MediaType: mediaTypes[b.Kind], Name: b.File, Content: text})
		}
	}
	return out, nil
}

// open gives f the image's file.
func (i *Image) open(f func(*layout.Archive) error) error {
	file, err := os.Open(i.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	fi, err := file.Stat()
	if err != nil {
		return err
	}
	a, err := layout.Open(file, fi.Size())
	if err != nil {
		return fmt.Errorf("%s: %w", i.Path, err)
	}
	return f(a)
}

func (i *Image) push(ctx context.Context, ref publish.Reference, tags []string) (*Published, error) {
	p := i.project
	tags = publish.Tags(append([]string{ref.Tag}, tags...)...)
	if len(tags) == 0 {
		tags = []string{i.version}
	}
	out := &Published{Repository: ref.Host + "/" + ref.Name, Tags: tags, File: i.Path, Platforms: i.Platforms, Digest: i.Digest}
	pusher := publish.Pusher{Transport: p.transport(), Env: p.cfg.Env, Events: p.cfg.Events, Memo: p.store, Referrers: i.referrers}
	err := i.open(func(a *layout.Archive) error {
		if got := a.Top.Digest.String(); got != i.Digest {
			return fmt.Errorf("push %s: it was changed meanwhile", i.Path)
		}
		return p.stage("push", "", func() (string, error) {
			done, err := pusher.Push(ctx, a, ref, tags)
			if err != nil {
				return "", err
			}
			out.BytesSent, out.BytesTotal = done.Sent, done.Total
			out.Layers = PublishedLayers(done.Layers)
			return fmt.Sprintf("%s, %.1f of %.1f MB sent", strings.Join(tags, ", "), float64(done.Sent)/1e6, float64(done.Total)/1e6), nil
		})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// transport is the way to a registry. Registries answer the end of an upload only when they
// have stored and checked it, which takes longer than downloads may be silent.
func (p *Project) transport() http.RoundTripper {
	client := p.cfg.HTTP
	if client == nil {
		client = fetch.NewClient()
	}
	if client.Transport == nil {
		return http.DefaultTransport
	}
	if t, ok := client.Transport.(*http.Transport); ok && p.cfg.HTTP == nil {
		t.ResponseHeaderTimeout = 5 * time.Minute
	}
	return client.Transport
}
