package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/graft-build/graft"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/fetch"
)

// recording is what a build downloaded and how it compiled.
type recording struct {
	Requests []request
	Build    event.Command
	Stages   []string

	mu sync.Mutex
}

// request is a file that was downloaded whole.
type request struct {
	URL   string
	Bytes int64
}

// record builds as graft build does, in this process, and writes a recording. It is what
// bench starts itself for: a process of its own has a peak of memory of its own.
func record(ctx context.Context, file, command string, args []string) error {
	if len(args) != 8 {
		return fmt.Errorf("record: unexpected arguments %q", args)
	}
	req := graft.Request{Targets: args[3:4], Formats: args[5:6], Out: args[7]}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	req.Dir = dir
	r := &recording{}
	client := fetch.NewClient()
	client.Transport = listener{client.Transport, r}
	p, err := graft.Open(args[1], graft.Config{Env: os.Environ(), Events: r.event, HTTP: client, Executable: command})
	if err != nil {
		return err
	}
	if _, err := p.Build(ctx, req); err != nil {
		return err
	}
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o644)
}

func (r *recording) event(e event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e := e.(type) {
	case event.Command:
		if len(e.Argv) > 1 && e.Argv[1] == "build" && !e.End {
			r.Build = e
		}
	case event.Stage:
		if e.Done && e.Took >= 100*time.Millisecond {
			r.Stages = append(r.Stages, fmt.Sprintf("%s %s (%.1f s)", e.Name, e.Detail, e.Took.Seconds()))
		}
	}
}

// listener counts what goes through a transport.
type listener struct {
	http.RoundTripper
	r *recording
}

func (l listener) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := l.RoundTripper.RoundTrip(req)
	if err == nil && res.StatusCode == http.StatusOK && req.Method == http.MethodGet {
		res.Body = &counted{ReadCloser: res.Body, url: req.URL.String(), r: l.r}
	}
	return res, err
}

type counted struct {
	io.ReadCloser
	url string
	r   *recording
	n   int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n += int64(n)
	if errors.Is(err, io.EOF) {
		c.r.add(c.url, c.n)
	}
	return n, err
}

func (r *recording) add(url string, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.Requests, request{url, n}) {
		r.Requests = append(r.Requests, request{url, n})
	}
}
