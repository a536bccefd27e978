// Package store is the content-addressed cache that every stage reads and writes: blobs by
// their SHA-256, unpacked or built trees and small records by the key of the stage that
// made them. Several graft processes share one store at once.
//
// Its layout below the store's folder:
//
//	blobs/sha256/ab/abcd…      verified content, read-only
//	partial/abcd…              downloads under way, never trusted
//	trees/<kind>/<key>/        finished folders, files read-only
//	records/<kind>/ab/<key>    small results, each with a checksum of itself
//	locks/<name>.lock          locks that callers name
//	tmp/                       what is being made; each entry has a lock file beside it,
//	                           held by the process that makes it
//
// Nothing is trusted before it was renamed out of tmp or partial, and that happens only
// when it is complete. A process that was killed therefore leaves only files that the next
// one to make the same thing, or GC, removes.
package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/graft-build/graft/digest"
)

// layout is the version of the folder's layout, kept in the file "version".
const layout = "graft store 1\n"

// Store is one store folder. Its methods may be called from several goroutines, and several
// processes may use the same folder.
type Store struct {
	dir   string
	queue queue

	// now tells when an entry was last used. It decides only what GC may remove: no output
	// depends on it.
	now func() time.Time
	// tap wraps every writer of content; tests put failing disks there.
	tap func(io.Writer) io.Writer
}

// Open returns the store in dir, an absolute path, and creates what is missing of it. A
// folder that holds anything else than a store of this layout is refused.
func Open(dir string) (*Store, error) {
	if !filepath.IsAbs(dir) {
		return nil, fmt.Errorf("open store %s: path is not absolute", dir)
	}
	s := &Store{
		dir: filepath.Clean(dir),
		now: time.Now, //nolint:forbidigo // see the field
		tap: func(w io.Writer) io.Writer { return w },
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	for _, d := range []string{"blobs", "partial", "trees", "records", "locks", "tmp"} {
		if err := os.MkdirAll(filepath.Join(s.dir, d), 0o755); err != nil {
			return nil, fmt.Errorf("open store %s: %w", dir, err)
		}
	}
	return s, nil
}

// check reads the layout's version and writes it in a new store.
func (s *Store) check() error {
	name := filepath.Join(s.dir, "version")
	b, err := os.ReadFile(name)
	if err == nil && string(b) == layout {
		return nil
	}
	if err == nil {
		return fmt.Errorf("its layout is %q, this graft knows only %q", strings.TrimSpace(string(b)), strings.TrimSpace(layout))
	}
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		// Another process may be creating the same store now.
		switch e.Name() {
		case "blobs", "partial", "trees", "records", "locks", "tmp", "version", "CACHEDIR.TAG":
		default:
			if !strings.HasPrefix(e.Name(), ".") && e.Name() != "lost+found" {
				return fmt.Errorf("the folder is not empty and no store: it holds %s", e.Name())
			}
		}
	}
	// Backup programs leave a folder out that says so: bford.info/cachedir.
	tag := "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is graft's cache; it can be deleted.\n"
	if err := s.writeFile(s.dir, filepath.Join(s.dir, "CACHEDIR.TAG"), []byte(tag)); err != nil {
		return err
	}
	return s.writeFile(s.dir, name, []byte(layout))
}

// Dir returns the store's folder.
func (s *Store) Dir() string { return s.dir }

// writeFile writes a whole file by way of a temporary one in folder tmp of the same file system.
func (s *Store) writeFile(tmp, name string, b []byte) error {
	f, err := os.CreateTemp(tmp, ".new*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err = s.tap(f).Write(b); err == nil {
		err = f.Chmod(0o444)
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return rename(f.Name(), name)
}

// fresh is how long an entry counts as just used, so that looking it up again writes nothing.
const fresh = time.Hour

// use says whether the entry at path exists, and marks it as used so that GC keeps it.
func (s *Store) use(path string) (os.FileInfo, bool) {
	fi, err := os.Lstat(path)
	if err != nil {
		return nil, false
	}
	if now := s.now(); now.Sub(fi.ModTime()) < fresh {
		return fi, true
	}
	// GC removes nothing while this lock is held, and afterwards it sees the new time.
	unlock, err := share(s.gcLock())
	if err != nil {
		return fi, true // a store that cannot be written to cannot be collected either
	}
	defer unlock()
	if fi, err = os.Lstat(path); err != nil {
		return nil, false
	}
	now := s.now()
	os.Chtimes(path, now, now) // best effort: it only delays GC
	return fi, true
}

func (s *Store) gcLock() string { return filepath.Join(s.dir, "locks", "gc.lock") }

// checkKind guards the names that become folders.
func checkKind(kind string) error {
	if kind == "" || len(kind) > 40 {
		return fmt.Errorf("store: kind %q: want 1 to 40 characters", kind)
	}
	for _, c := range []byte(kind) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return fmt.Errorf("store: kind %q: want lower-case letters, digits and -", kind)
		}
	}
	return nil
}

var errNoDigest = errors.New("no digest given")

func checkDigest(d digest.Digest) error {
	if d.IsZero() {
		return errNoDigest
	}
	return nil
}
