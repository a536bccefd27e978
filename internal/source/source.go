// Package source gives local folders of source their identity: one digest over everything in
// them that a build can read. Nothing changed is the usual case and must cost no more than
// asking for each file's size and times, so digests of files are remembered in the store.
package source

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/store"
)

// MaxFiles is how many files one folder may have.
const MaxFiles = 500_000

// racy is how old a file's modification must be, at the time it was hashed, for its size and
// times to prove later that it is the same: file systems count time in steps, and a second
// write within one step changes neither.
const racy = 2 * time.Second

// Snapshot is the state of a folder.
type Snapshot struct {
	Digest digest.Digest
	Files  int
	// Outside names links that lead out of the folder to another folder, whose content is
	// not part of Digest. Results of such a folder must not be reused.
	Outside []string
}

// Hasher takes snapshots and remembers file digests in a store.
type Hasher struct {
	Store *store.Store
	// Now is the clock that tells how old a modification is.
	Now func() time.Time
}

// entry is what is remembered of a file.
type entry struct {
	Path  string        `json:"p"` // with slashes, relative to the folder
	Size  int64         `json:"s"`
	MTime int64         `json:"m"` // nanoseconds
	CTime int64         `json:"c"` // nanoseconds, 0 where the system has none
	Inode uint64        `json:"i"`
	Exec  bool          `json:"x,omitempty"`
	Link  string        `json:"l,omitempty"` // text of a link to a folder
	Sum   digest.Digest `json:"d"`
}

// Folder takes a snapshot of root. Left out are version control folders, modules inside
// (folders with a go.mod of their own: the go command leaves them out too), graft.lock, and
// the folders of exclude, absolute paths. Errors are those of the file system.
func (h *Hasher) Folder(ctx context.Context, root string, exclude ...string) (Snapshot, error) {
	found, outside, err := list(ctx, root, exclude)
	if err != nil {
		return Snapshot{}, fmt.Errorf("read folder %s: %w", root, err)
	}
	key := digest.NewKey("source/1").Add("root", root).Add("exclude", exclude...).Digest()
	known := map[string]entry{}
	before, _ := h.Store.Record("source", key)
	for _, e := range decode(before) {
		known[e.Path] = e
	}
	limit := h.Now().Add(-racy).UnixNano()
	out := digest.NewKey("folder/1")
	kept := make([]entry, 0, len(found))
	for _, e := range found {
		if err := ctx.Err(); err != nil {
			return Snapshot{}, err
		}
		old, ok := known[e.Path]
		e.Sum = old.Sum
		if !ok || old != e {
			if e.Sum, err = sum(root, e); err != nil {
				return Snapshot{}, fmt.Errorf("read folder %s: %w", root, err)
			}
		}
		out.Add(e.Path, e.Sum.Hex(), fmt.Sprint(e.Exec), e.Link)
		if max(e.MTime, e.CTime) < limit {
			kept = append(kept, e)
		}
	}
	if after := encode(kept); !bytes.Equal(before, after) {
		// Not being able to remember costs time, nothing else.
		_ = h.Store.PutRecord("source", key, after)
	}
	return Snapshot{Digest: out.Digest(), Files: len(found), Outside: outside}, nil
}

func sum(root string, e entry) (digest.Digest, error) {
	if e.Link != "" {
		return digest.OfString(e.Link), nil
	}
	d, _, err := digest.OfFile(filepath.Join(root, filepath.FromSlash(e.Path)))
	return d, err
}

// list finds the files of a folder, sorted by path.
func list(ctx context.Context, root string, exclude []string) (found []entry, outside []string, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if d.IsDir() {
			if path != root && (versionControl(d.Name()) || slices.Contains(exclude, path) || isFile(filepath.Join(path, "go.mod"))) {
				return fs.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if rel == "graft.lock" {
			return nil
		}
		e, leaves, err := inspect(root, path, d)
		if err != nil || e == nil {
			return err
		}
		if leaves {
			outside = append(outside, rel)
		}
		e.Path = rel
		if found = append(found, *e); len(found) > MaxFiles {
			return fmt.Errorf("more than %d files: name the application's own folder", MaxFiles)
		}
		return nil
	})
	slices.SortFunc(found, func(a, b entry) int { return cmp.Compare(a.Path, b.Path) })
	return found, outside, err
}

// inspect describes one file; nil for what no build reads (sockets, pipes, dangling links).
// Links to files count as the file, links to folders as their text.
func inspect(root, path string, d fs.DirEntry) (e *entry, leaves bool, err error) {
	fi, err := d.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil // gone since the folder was read
	}
	if err != nil {
		return nil, false, err
	}
	if fi.Mode()&fs.ModeSymlink != 0 {
		if fi, err = os.Stat(path); err != nil {
			return nil, false, nil
		}
		if fi.IsDir() {
			text, err := os.Readlink(path)
			if err != nil {
				return nil, false, err
			}
			return &entry{Link: text}, !inside(root, path), nil
		}
	}
	if !fi.Mode().IsRegular() {
		return nil, false, nil
	}
	e = &entry{Size: fi.Size(), MTime: fi.ModTime().UnixNano(), Exec: fi.Mode()&0o111 != 0}
	e.CTime, e.Inode = changed(fi)
	return e, false, nil
}

func inside(root, link string) bool {
	real, err := filepath.EvalSymlinks(link)
	if err != nil {
		return false
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return false
	}
	rel, err := filepath.Rel(root, real)
	return err == nil && filepath.IsLocal(rel)
}

func versionControl(name string) bool {
	switch name {
	case ".git", ".hg", ".svn", ".bzr", ".jj":
		return true
	}
	return false
}

func isFile(name string) bool {
	fi, err := os.Stat(name)
	return err == nil && fi.Mode().IsRegular()
}

func encode(entries []entry) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for _, e := range entries {
		if err := enc.Encode(e); err != nil {
			return nil
		}
	}
	return b.Bytes()
}

func decode(b []byte) []entry {
	var out []entry
	dec := json.NewDecoder(bytes.NewReader(b))
	for dec.More() {
		var e entry
		if dec.Decode(&e) != nil {
			return nil
		}
		out = append(out, e)
	}
	return out
}
