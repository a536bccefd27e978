// Package unpack extracts archives that nobody vouches for into a folder. It feeds
// internal/sysroot with packages and internal/toolchain with tarballs.
//
// What it promises, for any input: nothing outside the folder is written or linked to,
// limits on size and count hold, no file of the archive is written through a link of the
// archive, modes do not depend on the umask, and a symbolic link that it made, followed any
// number of times, stays inside.
package unpack

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/graft-build/graft/internal/format/decompress"
)

// Limits bound what an archive may make. A zero field means the default of DefaultLimits.
type Limits struct {
	Entries   int   // files, folders and links
	Bytes     int64 // content of all files
	FileBytes int64 // content of one file
}

// DefaultLimits are well above the largest packages and toolchains that graft handles.
var DefaultLimits = Limits{Entries: 200_000, Bytes: 8 << 30, FileBytes: 4 << 30}

// Names are limited to what file systems take.
const (
	maxName  = 4096
	maxPart  = 255
	maxDepth = 128
	maxNames = 64 << 20 // of all names together, which stay in memory
)

// Options say how an archive is laid out.
type Options struct {
	// Strip drops that many leading parts of each name; entries with no more parts than
	// that are left out.
	Strip int
	// Rename maps every name, and the place that every link leads to, before it is used.
	// Both are clean and relative, with slashes. "" leaves an entry out.
	Rename func(name string) string
	// Filter says which entries are kept, by the name that they will have.
	Filter func(name string, hdr *tar.Header) bool
	// CaseFold refuses two names that differ in case alone, for file systems that take
	// them for one.
	CaseFold bool
	// SkipSpecial leaves devices, pipes and sockets out; else they are an error.
	SkipSpecial bool
}

// Stats says what was made.
type Stats struct {
	Files, Dirs, Links int // Links are symbolic; a hard link counts as a file
	Bytes              int64
}

// Decompress opens an xz, zstd, gzip or plain stream; see decompress.Open.
func Decompress(name string, r io.Reader) (io.ReadCloser, error) { return decompress.Open(name, r) }

// Tar extracts the tar stream r into root, which should be empty: an entry whose name
// exists is an error. It reads r to its end, so that a decoder's integrity check has run
// when it returns nil. On an error root is left half filled.
func Tar(ctx context.Context, r io.Reader, root *os.Root, lim Limits, opt Options) (Stats, error) {
	x := &extractor{ctx: ctx, root: root, lim: lim.orDefault(), opt: opt, seen: map[string]kind{".": kindDir}}
	if opt.CaseFold {
		x.folded = map[string]string{}
	}
	tr := tar.NewReader(r)
	for {
		if err := ctx.Err(); err != nil {
			return x.stats, err
		}
		hdr, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return x.stats, x.drain(r)
		}
		if err != nil {
			return x.stats, fmt.Errorf("unpack: %w", err)
		}
		if err := x.entry(hdr, tr); err != nil {
			return x.stats, fmt.Errorf("unpack %q: %w", shorten(hdr.Name), err)
		}
	}
}

func (l Limits) orDefault() Limits {
	if l.Entries == 0 {
		l.Entries = DefaultLimits.Entries
	}
	if l.Bytes == 0 {
		l.Bytes = DefaultLimits.Bytes
	}
	if l.FileBytes == 0 {
		l.FileBytes = DefaultLimits.FileBytes
	}
	return l
}

// maxTail is how much may follow the end of the archive. Tape blocks are filled up with
// zeros to 10 KiB; some writers fill up more.
const maxTail = 1 << 20

func (x *extractor) drain(r io.Reader) error {
	n, err := io.Copy(io.Discard, io.LimitReader(r, maxTail+1))
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	if n > maxTail {
		return errors.New("unpack: more data follows the end of the archive")
	}
	return nil
}

// clean returns the relative, slash-separated form of a name in an archive, "." for the
// top. It refuses what leaves the top or no file system takes.
func clean(name string) (string, error) {
	switch {
	case name == "":
		return "", errors.New("name is empty")
	case len(name) > maxName:
		return "", fmt.Errorf("name is longer than %d bytes", maxName)
	case strings.HasPrefix(name, "/"):
		return "", errors.New("name is absolute")
	case strings.ContainsRune(name, 0):
		return "", errors.New("name holds a zero byte")
	}
	parts := strings.Split(name, "/")
	if len(parts) > maxDepth {
		return "", fmt.Errorf("name has more than %d parts", maxDepth)
	}
	for _, p := range parts {
		if p == ".." {
			return "", errors.New(`name holds ".."`)
		}
		if len(p) > maxPart {
			return "", fmt.Errorf("a part of the name is longer than %d bytes", maxPart)
		}
	}
	return path.Clean(name), nil
}

// shorten keeps a hostile name from filling the screen.
func shorten(name string) string {
	const most = 200
	if len(name) > most {
		return name[:most] + "…"
	}
	return name
}
