// Package publish takes what pack made to where users get it: images to OCI registries. It
// is the last stage; the facade calls it with artifacts that are built.
package publish

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/pack/layout"
)

// Memo keeps small results from one run to the next. A store is one.
type Memo interface {
	Record(kind string, key digest.Digest) ([]byte, bool)
	PutRecord(kind string, key digest.Digest, b []byte) error
}

// Pusher pushes images to registries.
type Pusher struct {
	Transport http.RoundTripper
	Env       []string // where credentials are looked for
	Events    event.Sink
	Memo      Memo          // remembers where layers were pushed to; nil does not
	Wait      time.Duration // before the first retry; 0 is a second
	Referrers []Referrer    // documents about the images, pushed with them
}

// Pushed says what a registry has now and what it took to bring it there.
type Pushed struct {
	Digest    v1.Hash // of the image or the index
	Platforms []Platform
	Sent      int64 // bytes of requests: layers, configurations, manifests
	Total     int64 // bytes of all that the image or index consists of
	Layers    Layers
}

// Platform is an image for one platform.
type Platform struct {
	Name   string // "linux/arm/v7"
	Digest v1.Hash
}

// Layers counts layers by what was done. Several images may share one, which counts once.
type Layers struct {
	Sent, Mounted, Present int
}

// Push pushes the image or index of a layout and gives it tags. The registry is asked for
// every part first, and gets what it lacks; manifests come after all that they name, and
// tags last, so that whoever interrupts it leaves no tag of something incomplete.
func (p Pusher) Push(ctx context.Context, a *layout.Archive, to Reference, tags []string) (*Pushed, error) {
	repo, err := to.repository()
	if err != nil {
		return nil, err
	}
	out, layers, err := describe(a)
	if err != nil {
		return nil, err
	}
	job := &push{
		referrers: p.Referrers, a: a, repo: repo, memo: p.Memo, events: p.Events, layers: layers, opened: map[v1.Hash]bool{},
		wire: &wire{next: p.Transport, plain: to.Plain},
	}
	keys := &credentials{env: p.Env, events: p.Events}
	if err := job.run(ctx, keys, tags, p.backoff()); err != nil {
		return nil, to.explain(err, keys)
	}
	out.Sent = job.wire.sent.Load()
	out.Layers.Sent = len(job.opened)
	out.Layers.Mounted = int(job.wire.mounted.Load())
	out.Layers.Present = len(job.layers) - out.Layers.Sent - out.Layers.Mounted
	job.remember()
	return out, nil
}

func (p Pusher) backoff() remote.Backoff {
	wait := p.Wait
	if wait == 0 {
		wait = time.Second
	}
	return remote.Backoff{Duration: wait, Factor: 2, Jitter: 0.1, Steps: 4}
}

// describe is what is known before anything is sent, and all layers.
func describe(a *layout.Archive) (*Pushed, map[v1.Hash]bool, error) {
	images, err := a.Images()
	if err != nil {
		return nil, nil, err
	}
	out := &Pushed{Digest: a.Top.Digest}
	if a.Top.MediaType.IsIndex() {
		out.Total = a.Top.Size
	}
	seen, layers := map[v1.Hash]bool{}, map[v1.Hash]bool{}
	for _, d := range images {
		one := Platform{Digest: d.Digest}
		if d.Platform != nil {
			one.Name = d.Platform.String()
		}
		out.Platforms = append(out.Platforms, one)
		parts, err := a.Parts(d)
		if err != nil {
			return nil, nil, err
		}
		for i, b := range parts {
			if !seen[b.Digest] {
				seen[b.Digest] = true
				out.Total += b.Size
			}
			if i > 1 { // after manifest and configuration
				layers[b.Digest] = true
			}
		}
	}
	return out, layers, nil
}

// push is one push under way.
type push struct {
	a      *layout.Archive
	repo   name.Repository
	memo   Memo
	events event.Sink
	wire   *wire
	layers map[v1.Hash]bool // all of them

	referrers []Referrer

	mu     sync.Mutex
	opened map[v1.Hash]bool // those that were sent
}

func (p *push) run(ctx context.Context, keys *credentials, tags []string, wait remote.Backoff) error {
	options := []remote.Option{remote.WithContext(ctx), remote.WithTransport(p.wire), remote.WithAuthFromKeychain(keys),
		remote.WithUserAgent("graft"), remote.WithRetryBackoff(wait)}
	pusher, err := remote.NewPusher(options...)
	if err != nil {
		return err
	}
	var what remote.Taggable
	if p.a.Top.MediaType.IsIndex() {
		all, err := p.a.Index()
		if err != nil {
			return err
		}
		what = watchedIndex{all, p}
	} else {
		img, err := p.a.Image(p.a.Top)
		if err != nil {
			return err
		}
		what = watchedImage{img, p}
	}
	// By digest first: a tag that is there already would end the push before anything is looked at.
	if err := pusher.Push(ctx, p.repo.Digest(p.a.Top.Digest.String()), what); err != nil {
		return err
	}
	if err := p.attach(ctx, pusher, p.referrers, options); err != nil {
		return err
	}
	for _, tag := range tags {
		if err := pusher.Push(ctx, p.repo.Tag(tag), what); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// remember notes that the layers are in this repository: a push to another one of the
// registry lets the registry take them from here.
func (p *push) remember() {
	if p.memo == nil {
		return
	}
	for h := range p.layers {
		_ = p.memo.PutRecord("pushed", p.place(h), []byte(p.repo.RepositoryStr())) // without the record it is sent
	}
}

// source is the repository of this registry that a layer was pushed to before.
func (p *push) source(h v1.Hash) (name.Reference, bool) {
	if p.memo == nil {
		return nil, false
	}
	b, ok := p.memo.Record("pushed", p.place(h))
	if !ok || string(b) == p.repo.RepositoryStr() {
		return nil, false
	}
	from := p.repo.Registry.Repo(strings.Split(string(b), "/")...)
	return from.Digest(h.String()), true
}

func (p *push) place(h v1.Hash) digest.Digest {
	return digest.NewKey("pushed/1").Add("registry", p.repo.RegistryStr()).Add("layer", h.String()).Digest()
}

// Tags returns tags without what is named twice, in the given order.
func Tags(tags ...string) []string {
	var out []string
	for _, t := range tags {
		if t != "" && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}
