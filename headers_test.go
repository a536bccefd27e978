package graft

import (
	"context"
	"strings"
	"testing"

	"github.com/graft-build/graft/internal/resolve"
)

// headerList is a repository that knows headers alone.
type headerList struct {
	repository
	has  map[string][]string
	near []string
}

func (h headerList) Find(_ context.Context, n resolve.Need) ([]resolve.Candidate, error) {
	var out []resolve.Candidate
	for _, p := range h.has[n.Name] {
		out = append(out, resolve.Candidate{Package: resolve.Package{Name: p}})
	}
	return out, nil
}

func (h headerList) Similar(context.Context, resolve.Need) ([]string, error) { return h.near, nil }

func TestWhoHas(t *testing.T) {
	repo := headerList{has: map[string][]string{"pcap.h": {"libpcap-dev", "libpcap2-dev"}}, near: []string{"header:freetype2/ft2build.h"}}
	for name, want := range map[string]string{
		"pcap.h":     "pcap.h is in libpcap-dev, libpcap2-dev: put it into graft.yaml, packages: {debian: {build: [libpcap-dev]}}",
		"ft2build.h": "there is header:freetype2/ft2build.h, which needs a pkg-config line",
	} {
		if got := whoHas(t.Context(), repo, name, "debian"); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := whoHas(t.Context(), headerList{}, "x.h", "debian"); got != "no package of the distribution has x.h" {
		t.Error(got)
	}
	if m := missingHeader.FindStringSubmatch("a.c:1:10: fatal error: 'a/b.h' file not found\n"); len(m) != 2 || m[1] != "a/b.h" {
		t.Errorf("got %q", m)
	}
}
