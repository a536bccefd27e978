package pacman

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/fetch"
)

// facts are what the files of one package ask of others, whichever repository it is in.
// Lists are sorted, each entry once. They are kept in the store as JSON.
type facts struct {
	DLLs    []string `json:"dlls,omitempty"`    // imported, lower case
	Modules []string `json:"modules,omitempty"` // required by .pc files, privately too
	Libs    []string `json:"libs,omitempty"`    // that .pc files link, after -l
	Headers []string `json:"headers,omitempty"` // included, without those that the package has itself
}

// factsKind changes when looking into a package finds other facts.
const factsKind = "pacman-facts-1"

type wantKind int

const (
	wantDLL wantKind = iota
	wantModule
	wantLibrary
	wantHeader
)

// want is one thing that a package asks of others.
type want struct {
	kind wantKind
	name string
}

func (w want) String() string {
	switch w.kind {
	case wantModule:
		return "requires " + w.name
	case wantLibrary:
		return "links " + w.name
	case wantHeader:
		return "includes " + w.name
	}
	return "imports " + w.name
}

func (f *facts) wants() []want {
	var out []want
	for kind, list := range [][]string{wantDLL: f.DLLs, wantModule: f.Modules, wantLibrary: f.Libs, wantHeader: f.Headers} {
		for _, name := range list {
			out = append(out, want{wantKind(kind), name})
		}
	}
	return out
}

func factsKey(d digest.Digest) digest.Digest {
	return digest.NewKey(factsKind).AddDigest("package", d).Digest()
}

// remembers says whether a package was looked into before.
func (r *Repository) remembers(i int) bool {
	if r.known[i] != nil {
		return true
	}
	b, ok := r.cfg.Store.Record(factsKind, factsKey(r.packages[i].SHA256))
	if !ok {
		return false
	}
	f := &facts{}
	if json.Unmarshal(b, f) != nil {
		return false
	}
	r.known[i] = f
	return true
}

// facts looks into a package, once.
func (r *Repository) facts(ctx context.Context, i int) (*facts, error) {
	if r.remembers(i) {
		return r.known[i], nil
	}
	p := r.pkg(i)
	blob, err := r.cfg.Fetcher.One(ctx, fetch.Item{Name: p.Name, URLs: r.URLs(p), Size: p.Size, SHA256: p.SHA256})
	if err != nil {
		return nil, err
	}
	in, err := os.Open(blob)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	temp, cleanup, err := r.cfg.Store.Temp("inspect")
	if err != nil {
		return nil, err
	}
	defer cleanup()
	f, err := inspect(ctx, p.Path, in, r.cfg.Environment, temp)
	if err != nil {
		return nil, fmt.Errorf("look into package %s: %w", p.Name, err)
	}
	b, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	r.known[i] = f
	return f, r.cfg.Store.PutRecord(factsKind, factsKey(p.SHA256), b)
}

// set gathers names, up to a limit.
type set struct {
	names map[string]bool
	full  bool
}

// maxNames bounds each list of facts; boost's headers include some 700 of others'.
const maxNames = 50_000

func (s *set) add(name string) {
	if s.names == nil {
		s.names = make(map[string]bool)
	}
	if len(s.names) >= maxNames {
		s.full = true
		return
	}
	s.names[strings.Clone(name)] = true
}

func (s *set) sorted() []string {
	out := make([]string, 0, len(s.names))
	for n := range s.names {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}
