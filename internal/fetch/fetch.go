// Package fetch brings files into the store: from several mirrors, in parallel, resumed
// after a break, verified while they stream. It feeds every stage that needs something
// from outside.
package fetch

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/store"
)

// Item is one file to fetch, known by its digest.
type Item struct {
	Name   string        // what a person calls it
	URLs   []string      // mirrors, in order of preference; http, https and file
	Size   int64         // in bytes; 0 when not known
	SHA256 digest.Digest // of the content; required
}

// Fetcher fetches into a store. Its fields are set before first use; its methods may be
// called from several goroutines.
type Fetcher struct {
	Client  *http.Client // nil: NewClient()
	Store   *store.Store
	Events  event.Sink
	Offline bool // the network is not used; file addresses still are
	Jobs    int  // transfers at once; 0: DefaultJobs

	pace  pace
	hosts hosts
	once  sync.Once
}

// DefaultJobs is how many transfers run at once unless Jobs says otherwise. Mirrors count
// connections; more of them gain nothing on one line.
const DefaultJobs = 6

// MaxSize bounds a file whose size is not known.
const MaxSize = 4 << 30

// Stats says what All did.
type Stats struct {
	Fetched, Cached int
	Bytes           int64 // that came over the wire or from file addresses
}

// OfflineError is what would have to be fetched while the network may not be used.
type OfflineError struct {
	Missing []string // names, in the order they were asked for
}

func (e *OfflineError) Error() string {
	const show = 10
	names := e.Missing
	more := ""
	if len(names) > show {
		more = fmt.Sprintf(" and %d more", len(names)-show)
		names = names[:show]
	}
	return fmt.Sprintf("offline, and not in the store: %s%s", strings.Join(names, ", "), more)
}

// All brings every item into the store. The first failure ends the other transfers; what
// arrived stays, so that a later call goes on from there. Offline, everything that is
// missing is listed in one *OfflineError.
//
// Each transfer sends event.Bytes. Done falls back to 0 when a server can't go on where
// another connection broke off.
func (f *Fetcher) All(ctx context.Context, items []Item) (Stats, error) {
	var stats Stats
	var missing []Item
	seen := map[digest.Digest]bool{}
	for _, it := range items {
		if err := it.check(); err != nil {
			return stats, err
		}
		if seen[it.SHA256] {
			continue
		}
		seen[it.SHA256] = true
		switch _, ok, err := f.have(it); {
		case err != nil:
			return stats, err
		case ok:
			stats.Cached++
			continue
		}
		missing = append(missing, it)
	}
	if err := f.offline(missing); err != nil {
		return stats, err
	}
	// Everything is announced first, so that a progress bar knows the whole.
	for _, it := range missing {
		f.Events.Send(event.Bytes{ID: it.id(), Label: it.Name, Total: it.total()})
	}
	jobs := f.Jobs
	if jobs <= 0 {
		jobs = DefaultJobs
	}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(jobs)
	for _, it := range missing {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			_, n, err := f.one(ctx, it)
			mu.Lock()
			defer mu.Unlock()
			stats.Bytes += n
			if err == nil {
				stats.Fetched++
			}
			return err
		})
	}
	return stats, g.Wait()
}

// One brings one item into the store and returns the blob's path.
func (f *Fetcher) One(ctx context.Context, it Item) (path string, err error) {
	if err := it.check(); err != nil {
		return "", err
	}
	if path, ok, err := f.have(it); ok || err != nil {
		return path, err
	}
	if err := f.offline([]Item{it}); err != nil {
		return "", err
	}
	path, _, err = f.one(ctx, it)
	return path, err
}

// have looks for an item in the store. One whose size is wrong there as well is refused as it
// would be by a transfer: else what a user finds wrong depends on what his store has.
func (f *Fetcher) have(it Item) (path string, ok bool, err error) {
	if path, ok = f.Store.Blob(it.SHA256); !ok || it.Size == 0 {
		return path, ok, nil
	}
	fi, err := os.Stat(path)
	if err != nil {
		return "", false, fmt.Errorf("fetch %s: %w", it.Name, err)
	}
	if fi.Size() != it.Size {
		return "", false, fmt.Errorf("fetch %s: %w", it.Name, &store.MismatchError{Want: it.SHA256, WantSize: it.Size, GotSize: fi.Size()})
	}
	return path, true, nil
}

// offline refuses items that only the network has.
func (f *Fetcher) offline(items []Item) error {
	if !f.Offline {
		return nil
	}
	var e OfflineError
	for _, it := range items {
		if len(local(it.URLs)) == 0 {
			e.Missing = append(e.Missing, it.Name)
		}
	}
	if len(e.Missing) > 0 {
		return &e
	}
	return nil
}

// mirrors returns the addresses that may be used now.
func (f *Fetcher) mirrors(urls []string) []string {
	if f.Offline {
		return local(urls)
	}
	return f.hosts.order(urls)
}

func local(urls []string) []string {
	var out []string
	for _, u := range urls {
		if strings.HasPrefix(u, "file:") {
			out = append(out, u)
		}
	}
	return out
}

func (it Item) check() error {
	switch {
	case it.SHA256.IsZero():
		return fmt.Errorf("fetch %s: no SHA-256 is known for it", it.Name)
	case len(it.URLs) == 0:
		return fmt.Errorf("fetch %s: no address is known for it", it.Name)
	case it.Size < 0 || it.Size > MaxSize:
		return fmt.Errorf("fetch %s: size of %d bytes is out of bounds", it.Name, it.Size)
	}
	return nil
}

func (it Item) id() string { return "fetch " + it.SHA256.Hex() }

// total is the size for progress events.
func (it Item) total() int64 {
	if it.Size == 0 {
		return -1
	}
	return it.Size
}

// pace is how failures are met.
type pace struct {
	rounds int             // how often the list of mirrors is gone through
	wait   []time.Duration // before each further round
	stall  time.Duration   // without a byte, after which a transfer counts as broken
}

func (f *Fetcher) init() {
	f.once.Do(func() {
		if f.Client == nil {
			f.Client = NewClient()
		}
		if f.pace.rounds == 0 {
			f.pace = pace{rounds: 3, wait: []time.Duration{500 * time.Millisecond, 3 * time.Second}, stall: 30 * time.Second}
		}
	})
}
