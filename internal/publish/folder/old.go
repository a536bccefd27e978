package folder

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/graft-build/graft/internal/format/deb822"
	"github.com/graft-build/graft/internal/publish/aptrepo"
)

// maxSmall bounds what is read of the folder's small files.
const maxSmall = 16 << 20

// readOld reads what was published before.
func (j *job) readOld() error {
	names, err := fs.ReadDir(j.root.FS(), "dists")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, d := range names {
		s, err := j.readSuite(d.Name())
		if err != nil {
			return err
		}
		if s == nil {
			continue
		}
		j.suites = append(j.suites, s)
		if s.Name == j.Suite {
			j.suite = s
		}
	}
	text, err := j.readSmall(sumsName)
	if err != nil {
		return err
	}
	if j.sums, err = parseSums(text); err != nil {
		return err
	}
	for name := range j.sums {
		if !j.isThere(name) {
			delete(j.sums, name)
		}
	}
	return nil
}

// readSuite reads a suite's index, nil when it has none. A package whose file was removed
// from pool is no longer of it.
func (j *job) readSuite(name string) (*aptrepo.Suite, error) {
	dist := path.Join("dists", name)
	signed, err := j.readSmall(path.Join(dist, "InRelease"))
	if err != nil || signed == nil {
		return nil, err
	}
	opened, err := j.Key.Open(signed)
	if err != nil {
		return nil, fmt.Errorf("read %s/InRelease: %w", dist, err)
	}
	if name == j.Suite && !opened.Own {
		j.res.Before = opened.Signer
	}
	sub, err := fs.Sub(j.root.FS(), dist)
	if err != nil {
		return nil, err
	}
	s, err := aptrepo.Read(name, opened.Text, sub)
	if err != nil {
		return nil, err
	}
	s.Keep(func(p aptrepo.Package) bool { return j.isThere(p.File) })
	return s, nil
}

func (j *job) isThere(name string) bool {
	fi, err := j.root.Stat(name)
	return err == nil && fi.Mode().IsRegular()
}

// readSmall reads a file, nil when there is none.
func (j *job) readSmall(name string) ([]byte, error) {
	f, err := j.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSmall+1))
	if len(b) > maxSmall {
		return nil, fmt.Errorf("%s is longer than %d bytes", name, maxSmall)
	}
	return b, err
}

// byHash are the files in the by-hash folders of a suite, below dist.
func (j *job) byHash(dist string) []string {
	sub, err := fs.Sub(j.root.FS(), dist)
	if err != nil {
		return nil
	}
	out, err := fs.Glob(sub, "*/*/by-hash/SHA256/*")
	if err != nil {
		return nil
	}
	return out
}

// address is where the folder is served, as far as anybody said.
func (j *job) address() string {
	if j.URL != "" || j.suite == nil {
		return j.URL
	}
	b, err := j.readSmall(j.sourcesName())
	if err != nil || b == nil {
		return ""
	}
	p, err := deb822.NewReader(strings.NewReader(string(b))).Comments().Next()
	if err != nil {
		return ""
	}
	return p.Get("URIs")
}
