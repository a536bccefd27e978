package aptrepo

import (
	"bytes"
	"path"
	"slices"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/ulikunitz/xz"

	"github.com/graft-build/graft/digest"
)

// File is a file of an index, below dists/SUITE.
type File struct {
	Path   string // "main/binary-amd64/Packages.gz"
	Data   []byte
	SHA256 digest.Digest
}

// ByHash is the place of the file that keeps its content when the index changes: a client
// that has read a Release finds what it names, whatever is published meanwhile.
func (f File) ByHash() string { return byHash(f.Path, f.SHA256) }

func byHash(name string, sum digest.Digest) string {
	return path.Join(path.Dir(name), "by-hash", "SHA256", sum.Hex())
}

// Files returns what the index consists of, and the Release file, to be signed, that names
// all of it. The date is of the Release: never before that of the index it replaces, for apt
// keeps the newer one.
func (s *Suite) Files(now time.Time) (files []File, release []byte, date time.Time, err error) {
	for _, at := range s.order() {
		plain := text(s.parts[at])
		gz, err := gzipped(plain)
		if err != nil {
			return nil, nil, date, err
		}
		xz, err := xzipped(plain)
		if err != nil {
			return nil, nil, date, err
		}
		for _, f := range []File{{Path: "Packages", Data: plain}, {Path: "Packages.gz", Data: gz}, {Path: "Packages.xz", Data: xz}} {
			f.Path, f.SHA256 = path.Join(at.folder(), f.Path), digest.Of(f.Data)
			files = append(files, f)
		}
	}
	if date = now.UTC().Truncate(time.Second); date.Before(s.Date) {
		date = s.Date
	}
	return files, s.release(date, files), date, nil
}

// Outdated are the by-hash files below dists/SUITE, of those that are there, which neither the new
// index nor the one that it replaces names.
func (s *Suite) Outdated(there []string, files []File) []string {
	keep := slices.Clone(s.files)
	for _, f := range files {
		keep = append(keep, f.ByHash())
	}
	var out []string
	for _, name := range there {
		if !slices.Contains(keep, name) {
			out = append(out, name)
		}
	}
	return out
}

func gzipped(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func xzipped(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := xz.NewWriter(&out)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
