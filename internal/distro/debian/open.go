package debian

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/distro/debian/table"
	"github.com/graft-build/graft/internal/distro/mirror"
	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/format/decompress"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/lock"
)

// Config says which repository to open, and with what.
type Config struct {
	Name    string // "debian-bookworm"
	Arch    string // Debian's name: "armhf"
	Triplet string // of the library folders: "arm-linux-gnueabihf"
	Mirrors Mirrors
	Keyring []byte    // content of the host's HostKeyring; nil: the archive's own package is asked
	Trusted []byte    // keyring of a mirror of the user's own: its keys are believed, and no others
	Now     time.Time // what the validity of signatures and indexes is measured against
	Fetcher *fetch.Fetcher
	Store   *store.Store
	Events  event.Sink

	// WithoutSecurity lets Open go on, with a warning, whatever keeps it from the security
	// archive's index. It is not for a user who does not ask for it: whoever stands between
	// him and a mirror could keep updates from him. A mirror that merely lags behind its own
	// index for an architecture, as happens for days, is always only warned of.
	WithoutSecurity bool

	pins []pin // nil: those of the source
}

// Repository is an opened archive. Its methods must not be called from several goroutines
// at once. It implements resolve.Repository, resolve.Evidence and resolve.Suggester.
type Repository struct {
	config Config
	layout layout
	suites []*openSuite
	files  *openTable // of Contents-<arch> of the first suite
	all    *openTable // of Contents-all, once it was needed
	names  map[string][]record
	read   map[digest.Digest]*reading
}

// openSuite is a suite whose index was verified.
type openSuite struct {
	Suite
	release *releaseFile
	signed  digest.Digest // of InRelease
	bases   []string      // the one that the index came from first
	index   *openTable
}

// openTable is a table with its file.
type openTable struct {
	*table.Table
	file *os.File
}

func (t *openTable) close() {
	if t != nil {
		t.Table.Close()
		t.file.Close()
	}
}

// Open verifies the current indexes of a repository and reads what of them is new. Close
// the Repository when it is no longer needed.
//
// An index that cannot be believed is a *SignatureError, *ExpiredError or *ReleaseError;
// content that is not what the index says is a store.MismatchError.
func Open(ctx context.Context, c Config) (*Repository, error) {
	if c.pins == nil {
		c.pins = pins
	}
	r := &Repository{
		config: c, layout: layout{c.Triplet},
		names: map[string][]record{}, read: map[digest.Digest]*reading{},
	}
	if err := r.open(ctx); err != nil {
		r.Close()
		return nil, fmt.Errorf("open repository %s for %s: %w", c.Name, c.Arch, err)
	}
	return r, nil
}

func (r *Repository) open(ctx context.Context) error {
	def, err := Lookup(r.config.Name)
	if err != nil {
		return err
	}
	keys := &keys{config: r.config, suite: def.Suites[0]}
	opened := make([]*openSuite, len(def.Suites))
	for i, s := range def.Suites {
		o, err := openRelease(ctx, r.config, keys, s)
		if err = r.tolerate(ctx, s, err, false); err != nil {
			return err
		}
		if o != nil && !o.release.has(r.config.Arch) {
			if s.Kind != Security {
				return &ReleaseError{Suite: s.ID, Reason: fmt.Sprintf("it has no packages for %s, but for %v", r.config.Arch, o.release.architectures)}
			}
			r.config.Events.Send(event.Note{Text: fmt.Sprintf("%s has no packages for %s", s.ID, r.config.Arch)})
			o = nil
		}
		opened[i] = o
	}
	return r.openTables(ctx, opened)
}

// openTables opens the tables of the suites whose index was verified.
func (r *Repository) openTables(ctx context.Context, opened []*openSuite) error {
	g, gctx := errgroup.WithContext(ctx)
	for i, s := range opened {
		if s == nil {
			continue
		}
		g.Go(func() (err error) {
			s.index, err = r.openIndex(gctx, s)
			if err != nil {
				opened[i] = nil
			}
			return r.tolerate(gctx, s.Suite, err, behind(err))
		})
	}
	main := opened[0]
	g.Go(func() (err error) {
		r.files, err = r.openFileList(gctx, main, r.config.Arch)
		return err
	})
	err := g.Wait()
	for _, s := range opened {
		if s != nil {
			r.suites = append(r.suites, s)
		}
	}
	return err
}

// tolerate turns the failure of a security suite into a warning, when that is wanted or the
// mirrors lag behind. Nothing that somebody changed on the way is tolerated.
func (r *Repository) tolerate(ctx context.Context, s Suite, err error, lag bool) error {
	if err == nil || s.Kind != Security {
		return err
	}
	err = &SecurityError{Suite: s.ID, Err: err}
	if !r.config.WithoutSecurity && !lag || ctx.Err() != nil || final(err) {
		return err
	}
	reason := err.Error()
	if lag {
		reason = "the mirrors do not have the package list that their signed index names"
	}
	r.config.Events.Send(event.Warning{Text: fmt.Sprintf("%s is left out for %s, so packages may lack security updates until graft lock --update: %s", s.ID, r.config.Arch, reason)})
	return nil
}

// behind says whether an index could not be had because mirrors lag behind their own signed
// index: what it names by hash is not there, and what has the plain name is of another day.
// Content of a wrong hash under the name of its hash is no lag.
func behind(err error) bool {
	var all *fetch.Error
	if !errors.As(err, &all) {
		return false
	}
	for _, cause := range all.Causes {
		var at *fetch.MirrorError
		if !errors.As(cause, &at) {
			return false
		}
		var status *fetch.StatusError
		switch {
		case errors.As(at.Err, &status) && status.Code == http.StatusNotFound:
		case errors.Is(at.Err, fs.ErrNotExist):
		case store.IsMismatch(at.Err) && !strings.Contains(at.URL, "/by-hash/"):
		default:
			return false
		}
	}
	return len(all.Causes) > 0
}

// Close frees what the repository holds.
func (r *Repository) Close() {
	for _, s := range r.suites {
		s.index.close()
	}
	r.files.close()
	r.all.close()
}

// Records are the repository's suites as the lock records them.
func (r *Repository) Records() []lock.Repository {
	var out []lock.Repository
	for _, s := range r.suites {
		out = append(out, lock.Repository{
			Name: r.config.Name, Format: "deb", Suite: s.ID, Base: s.Base,
			Date: s.release.date.Format(time.RFC3339), Index: s.signed, ID: s.ID,
		})
	}
	return out
}

// openIndex opens the table of a suite's package list.
func (r *Repository) openIndex(ctx context.Context, s *openSuite) (*openTable, error) {
	dir := component + "/binary-" + r.config.Arch + "/Packages"
	f, ok := s.release.best(dir+".xz", dir+".gz")
	if !ok {
		return nil, &ReleaseError{Suite: s.ID, Reason: "it names no " + dir + ".xz"}
	}
	key := digest.NewKey(indexVersion).AddDigest("packages", f.sha256).Add("arch", r.config.Arch).Digest()
	return r.openTable(ctx, s, "debian-packages", key, f, func(in *os.File, out *os.File) error {
		d, err := decompress.Open(f.path, in)
		if err != nil {
			return err
		}
		defer d.Close()
		return writeIndex(d, out, r.config.Arch)
	})
}

// openFileList opens the table of a suite's Contents file.
func (r *Repository) openFileList(ctx context.Context, s *openSuite, arch string) (*openTable, error) {
	name := component + "/Contents-" + arch
	f, ok := s.release.best(name+".xz", name+".gz")
	if !ok {
		return nil, &ReleaseError{Suite: s.ID, Reason: "it names no " + name + ".gz"}
	}
	key := digest.NewKey(indexVersion).AddDigest("contents", f.sha256).Add("triplet", r.layout.triplet).Digest()
	return r.openTable(ctx, s, "debian-files", key, f, func(in *os.File, out *os.File) error {
		d, err := decompress.Open(f.path, in)
		if err != nil {
			return err
		}
		defer d.Close()
		return writeFileList(d, out, r.layout)
	})
}

const tableName = "table"

// openTable opens the table made of an index file, and makes it first when the store does
// not have it.
func (r *Repository) openTable(ctx context.Context, s *openSuite, kind string, key digest.Digest, f indexFile, write func(in, out *os.File) error) (*openTable, error) {
	dir, _, err := r.config.Store.Tree(ctx, kind, key, func(ctx context.Context, dir string) error {
		blob, err := r.config.Fetcher.One(ctx, s.item(f))
		if err != nil {
			return err
		}
		in, err := os.Open(blob)
		if err != nil {
			return err
		}
		defer in.Close()
		out, err := os.Create(filepath.Join(dir, tableName))
		if err != nil {
			return err
		}
		if err := write(in, out); err != nil {
			out.Close()
			return fmt.Errorf("read %s of %s: %w", f.path, s.ID, err)
		}
		return out.Close()
	})
	if err != nil {
		return nil, err
	}
	file, err := os.Open(filepath.Join(dir, tableName))
	if err != nil {
		return nil, err
	}
	fi, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, err
	}
	t, err := table.New(file, fi.Size())
	if err != nil {
		file.Close()
		return nil, err
	}
	return &openTable{Table: t, file: file}, nil
}

// item is an index file as something to fetch: by hash when the archive has it so, since
// the plain name may already lead to a newer file.
func (s *openSuite) item(f indexFile) fetch.Item {
	dir := "dists/" + s.ID + "/"
	var urls []string
	if s.release.byHash {
		parent := path.Dir(f.path)
		urls = mirror.Join(s.bases, dir+parent+"/by-hash/SHA256/"+f.sha256.Hex())
	}
	urls = append(urls, mirror.Join(s.bases, dir+f.path)...)
	return fetch.Item{Name: s.ID + " " + f.path, URLs: urls, Size: f.size, SHA256: f.sha256}
}

// packageItem is a package as something to fetch.
func (r *Repository) packageItem(p resolve.Package) (fetch.Item, error) {
	for _, s := range r.suites {
		if s.ID == p.RepoID {
			return fetch.Item{Name: p.Name, URLs: mirror.Join(s.bases, p.Path), Size: p.Size, SHA256: p.SHA256}, nil
		}
	}
	return fetch.Item{}, errors.New("package " + p.Name + " is of no suite of " + r.config.Name)
}
