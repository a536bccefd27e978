package pacman

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/distro/mirror"
	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/format/decompress"
	"github.com/graft-build/graft/internal/format/pacman"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/lock"
)

// Config says which repository to open, and with what.
type Config struct {
	Environment Environment
	// Mirrors are base addresses (http, https, file) in the order of preference; the
	// official ones come after them.
	Mirrors []string
	// Keyring holds further keys of packagers, such as the host's msys2.gpg; only pinned
	// ones of it count. nil: the built-in keys alone.
	Keyring []byte
	// Trusted is the keyring of a mirror of the user's own: its keys are believed, and no others.
	Trusted []byte
	// Unsigned takes databases and packages without signatures: the user says so of a
	// repository of his own. Then only its checksums hold it together, and the official
	// addresses are not asked.
	Unsigned bool
	// Declared makes Depends return what packages declare, not what they are found to need.
	Declared bool

	Fetcher *fetch.Fetcher
	Store   *store.Store
	Events  event.Sink
	Now     time.Time // for the validity of signatures

	keys *Keyring // instead of MSYS2's, in tests
}

// maxDatabase bounds a compressed database; MSYS2's files databases have about 6 MB.
const maxDatabase = 256 << 20

// Repository is one environment's packages at one time. It implements resolve.Repository.
// Its methods are called from one goroutine at a time.
type Repository struct {
	cfg   Config
	keys  *Keyring // nil with cfg.Unsigned
	bases []string
	state lock.Repository
	blob  string // path of the database in the store
	*index
	known map[int]*facts // of packages that were looked into
}

var _ resolve.Repository = (*Repository)(nil)

// Open fetches the environment's database, verifies it, and parses it. The files database is
// asked for first, since it holds all that the other does; a repository without one answers
// only what dependencies and names tell.
func Open(ctx context.Context, cfg Config) (*Repository, error) {
	r, err := prepare(cfg)
	if err != nil {
		return nil, err
	}
	files := cfg.Environment.Name + ".files"
	err = r.fetch(ctx, files, true)
	if fetch.IsNotFound(err) {
		cfg.Events.Send(event.Warning{Text: fmt.Sprintf("%s has no %s: graft follows the dependencies that its packages declare", r.state.Name, files)})
		err = r.fetch(ctx, cfg.Environment.Name+".db", false)
	}
	if err != nil {
		return nil, fmt.Errorf("open repository %s: %w", r.state.Name, err)
	}
	return r, nil
}

// Reopen opens the state that a lock records, from the store alone. The error is
// os.ErrNotExist when the store no longer has it.
func Reopen(cfg Config, state lock.Repository) (*Repository, error) {
	r, err := prepare(cfg)
	if err != nil {
		return nil, err
	}
	blob, ok := cfg.Store.Blob(state.Index)
	if !ok || state.Name != r.state.Name {
		return nil, fmt.Errorf("open repository %s as of %s: %w", r.state.Name, state.Date, os.ErrNotExist)
	}
	f, err := os.Open(blob)
	if err != nil {
		return nil, fmt.Errorf("open repository %s: %w", r.state.Name, err)
	}
	defer f.Close()
	r.state, r.blob = state, blob
	if r.index, err = readIndex(r.state.Name, f, cfg.Environment, true); err != nil {
		return nil, fmt.Errorf("open repository %s: %w", r.state.Name, err)
	}
	if len(r.files.headers)+len(r.files.dlls) == 0 {
		r.files = nil // it was a database without file lists
	}
	return r, nil
}

func prepare(cfg Config) (*Repository, error) {
	r := &Repository{cfg: cfg, known: make(map[int]*facts)}
	r.state = lock.Repository{
		Name: cfg.Environment.ID(), Format: Format, Suite: cfg.Environment.Name, Base: Official[0], ID: cfg.Environment.ID(),
	}
	addresses := append([]string(nil), cfg.Mirrors...)
	if !cfg.Unsigned {
		addresses = append(addresses, Official...)
	}
	var err error
	if r.bases, err = clean(addresses); err != nil {
		return nil, err
	}
	if cfg.Unsigned {
		if len(r.bases) == 0 {
			return nil, fmt.Errorf("open repository %s: one without signatures needs an address of its own", r.state.Name)
		}
		r.state.Base = "" // it has no place that others know
		return r, nil
	}
	if cfg.keys != nil {
		r.keys = cfg.keys
		return r, nil
	}
	if cfg.Trusted != nil {
		r.keys, err = trusted(cfg.Trusted)
		return r, err
	}
	var more [][]byte
	if cfg.Keyring != nil {
		more = append(more, cfg.Keyring)
	}
	r.keys, err = NewKeyring(more...)
	return r, err
}

// fetch gets one database and its signature from the same mirror: another's may be of
// another hour.
func (r *Repository) fetch(ctx context.Context, name string, withFiles bool) error {
	b, from, err := r.cfg.Fetcher.Get(ctx, mirror.Join(r.bases, r.cfg.Environment.path(name)), maxDatabase)
	if err != nil {
		return err
	}
	if r.keys != nil {
		sig, _, err := r.cfg.Fetcher.Get(ctx, []string{from + ".sig"}, maxSignature)
		if fetch.IsNotFound(err) {
			return &SignatureError{What: from, Reason: "it has no signature"}
		}
		if err != nil {
			return err
		}
		signer, err := r.keys.Verify(from, bytes.NewReader(b), sig, r.cfg.Now, true)
		if err != nil {
			return err
		}
		r.state.Date = signer.Time.Format(time.RFC3339)
	}
	if r.index, err = readIndex(name, bytes.NewReader(b), r.cfg.Environment, withFiles); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if r.keys == nil {
		r.state.Date = newest(r.packages).Format(time.RFC3339)
	}
	r.state.Index, r.blob, err = r.cfg.Store.PutBytes(b)
	return err
}

// newest is when the youngest package was built.
func newest(packages []*pacman.Package) time.Time {
	var last int64
	for _, p := range packages {
		last = max(last, p.BuildDate)
	}
	return time.Unix(last, 0).UTC()
}

// State is the repository as a lock records it.
func (r *Repository) State() lock.Repository { return r.state }

// URLs returns the addresses of a package's file, best first.
func (r *Repository) URLs(p resolve.Package) []string { return mirror.Join(r.bases, p.Path) }

// Fetch brings packages into the store.
func (r *Repository) Fetch(ctx context.Context, packages ...resolve.Package) error {
	items := make([]fetch.Item, len(packages))
	for i, p := range packages {
		items[i] = fetch.Item{Name: p.Name, URLs: r.URLs(p), Size: p.Size, SHA256: p.SHA256}
	}
	_, err := r.cfg.Fetcher.All(ctx, items)
	return err
}

// Verify fetches the detached signatures of packages, and the packages where the store lacks
// them, and checks each. What was found good once is not asked for again. It is for packages
// that are locked for the first time: from then on their digest stands for them.
func (r *Repository) Verify(ctx context.Context, packages ...resolve.Package) error {
	if r.keys == nil {
		return nil
	}
	for _, p := range packages {
		key := digest.NewKey("pacman-signature/1").AddDigest("package", p.SHA256).Add("keys", r.keys.fingerprints()...).Digest()
		if _, ok := r.cfg.Store.Record("pacman-signature", key); ok {
			continue
		}
		signer, err := r.verify(ctx, p)
		if err != nil {
			return fmt.Errorf("verify package %s: %w", p.Name, err)
		}
		if err := r.cfg.Store.PutRecord("pacman-signature", key, []byte(signer.Fingerprint)); err != nil {
			return err
		}
	}
	return nil
}

func (r *Repository) verify(ctx context.Context, p resolve.Package) (Signer, error) {
	urls := r.URLs(p)
	blob, err := r.cfg.Fetcher.One(ctx, fetch.Item{Name: p.Name, URLs: urls, Size: p.Size, SHA256: p.SHA256})
	if err != nil {
		return Signer{}, err
	}
	for i, u := range urls {
		urls[i] = u + ".sig"
	}
	sig, from, err := r.cfg.Fetcher.Get(ctx, urls, maxSignature)
	if fetch.IsNotFound(err) {
		return Signer{}, &SignatureError{What: p.Path, Reason: "it has no signature"}
	}
	if err != nil {
		return Signer{}, err
	}
	f, err := os.Open(blob)
	if err != nil {
		return Signer{}, err
	}
	defer f.Close()
	return r.keys.Verify(from, f, sig, r.cfg.Now, false)
}

// scan calls each for every path of every file list, in the database's order.
func (r *Repository) scan(each func(dir, path string) error) error {
	f, err := os.Open(r.blob)
	if err != nil {
		return err
	}
	defer f.Close()
	return scanFiles(r.state.Name, f, each)
}

// errStop ends a scan early.
var errStop = errors.New("enough")

func scanFiles(name string, in io.Reader, each func(dir, path string) error) error {
	content, err := decompress.Open(name, in)
	if err != nil {
		return err
	}
	defer content.Close()
	err = pacman.ReadDatabase(content, limits, pacman.Visitor{File: each})
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}
