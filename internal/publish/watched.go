package publish

import (
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/graft-build/graft/event"
)

// Embedded under its own name an index would hide its method ImageIndex.
type index = v1.ImageIndex

var _ v1.ImageIndex = watchedIndex{}

// watchedIndex and watchedImage are what they hold, with watched layers.
type watchedIndex struct {
	index
	p *push
}

func (i watchedIndex) Image(h v1.Hash) (v1.Image, error) {
	img, err := i.index.Image(h)
	if err != nil {
		return nil, err
	}
	return watchedImage{img, i.p}, nil
}

type watchedImage struct {
	v1.Image
	p *push
}

func (i watchedImage) Layers() ([]v1.Layer, error) {
	layers, err := i.Image.Layers()
	if err != nil {
		return nil, err
	}
	for n, l := range layers {
		if layers[n], err = i.p.watch(l); err != nil {
			return nil, err
		}
	}
	return layers, nil
}

// ConfigLayer is how remote gets the configuration, which is sent as layers are.
func (i watchedImage) ConfigLayer() (v1.Layer, error) { return partial.ConfigLayer(i.Image) }

// watch makes a layer tell when it is sent, and where the registry has it.
func (p *push) watch(l v1.Layer) (v1.Layer, error) {
	h, err := l.Digest()
	if err != nil {
		return nil, err
	}
	size, err := l.Size()
	if err != nil {
		return nil, err
	}
	w := watchedLayer{l, p, h, size}
	if from, ok := p.source(h); ok {
		return &remote.MountableLayer{Layer: w, Reference: from}, nil
	}
	return w, nil
}

// watchedLayer reports its progress. Only a layer that is sent is opened.
type watchedLayer struct {
	v1.Layer
	p    *push
	h    v1.Hash
	size int64
}

func (l watchedLayer) Compressed() (io.ReadCloser, error) {
	r, err := l.Layer.Compressed()
	if err != nil {
		return nil, err
	}
	l.p.mu.Lock()
	l.p.opened[l.h] = true
	l.p.mu.Unlock()
	return &sending{ReadCloser: r, l: l}, nil
}

// sending is a layer on its way.
type sending struct {
	io.ReadCloser
	l     watchedLayer
	done  int64
	ended bool
}

func (s *sending) Read(b []byte) (int, error) {
	n, err := s.ReadCloser.Read(b)
	s.done += int64(n)
	s.tell(err == io.EOF)
	return n, err
}

func (s *sending) Close() error {
	s.tell(true)
	return s.ReadCloser.Close()
}

func (s *sending) tell(end bool) {
	if s.ended {
		return
	}
	s.ended = end
	s.l.p.events.Send(event.Bytes{ID: s.l.h.String(), Label: s.l.h.Hex[:12], Up: true, Done: s.done, Total: s.l.size, End: end})
}
