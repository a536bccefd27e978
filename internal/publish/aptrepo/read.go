package aptrepo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/format/deb822"
)

// Limits of an index that is read. A repository of one publisher stays far below.
const (
	MaxRelease  = 3 << 20
	maxPackages = 256 << 20
	maxParts    = 1 << 10
)

// Read reads the suite that a Release file, whose signature is checked, describes. dist is
// the folder dists/SUITE. Only by-hash files are read, so that it is the index which the
// Release names whatever was interrupted since.
func Read(name string, release []byte, dist fs.FS) (*Suite, error) {
	s := New(name)
	if err := s.read(release, dist); err != nil {
		return nil, fmt.Errorf("read index of suite %s: %w", name, err)
	}
	return s, nil
}

func (s *Suite) read(release []byte, dist fs.FS) error {
	in := deb822.NewReader(bytes.NewReader(release))
	fields, err := in.Next()
	if err != nil {
		return fmt.Errorf("parse Release: %w", err)
	}
	if _, err := in.Next(); !errors.Is(err, io.EOF) {
		return errors.New("parse Release: more than one paragraph")
	}
	s.Origin = fields.Get("Origin")
	if s.Date, err = time.Parse(dateForm, fields.Get("Date")); err != nil {
		return fmt.Errorf("parse Release: Date: %w", err)
	}
	for line := range strings.SplitSeq(fields.Get("SHA256"), "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		if err := s.readLine(line, dist); err != nil {
			return err
		}
	}
	return nil
}

// readLine reads a line of the Release's list, and the index it names unless that is a
// compressed one.
func (s *Suite) readLine(line string, dist fs.FS) error {
	f := strings.Fields(line)
	if len(f) != 3 || !fs.ValidPath(f[2]) {
		return fmt.Errorf("parse Release: SHA256: %q is no digest, size and path", line)
	}
	sum, err := digest.Parse(f[0])
	if err != nil {
		return fmt.Errorf("parse Release: SHA256: %w", err)
	}
	size, err := strconv.ParseInt(f[1], 10, 64)
	if err != nil || size < 0 || size > maxPackages {
		return fmt.Errorf("parse Release: SHA256: size of %s is %q", f[2], f[1])
	}
	s.files = append(s.files, byHash(f[2], sum))
	component, rest, _ := strings.Cut(path.Dir(f[2]), "/")
	arch, binary := strings.CutPrefix(rest, "binary-")
	if path.Base(f[2]) != "Packages" {
		return nil
	}
	if !binary || CheckName(component) != nil || CheckName(arch) != nil {
		return fmt.Errorf("parse Release: %s is no index that graft writes", f[2])
	}
	at := part{component, arch}
	if _, twice := s.parts[at]; twice || len(s.parts) >= maxParts {
		return fmt.Errorf("parse Release: %s is there twice, or there are too many", f[2])
	}
	b, err := content(dist, byHash(f[2], sum), size, sum)
	if err != nil {
		return err
	}
	s.parts[at], err = readPackages(f[2], arch, b)
	return err
}

// content reads a file of which everything is known.
func content(dist fs.FS, name string, size int64, sum digest.Digest) ([]byte, error) {
	f, err := dist.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, size+1))
	if err != nil {
		return nil, err
	}
	if digest.Of(b) != sum {
		return nil, fmt.Errorf("%s has another content than its name says", name)
	}
	return b, nil
}

func readPackages(name, arch string, b []byte) ([]Package, error) {
	list := []Package{}
	in := deb822.NewReader(bytes.NewReader(b))
	for {
		fields, err := in.Next()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, fmt.Errorf("parse %s: %w", name, err)
		}
		p, err := fromIndex(fields)
		if err == nil && p.Arch != arch {
			err = fmt.Errorf("architecture %q", p.Arch)
		}
		if err != nil {
			return nil, fmt.Errorf("parse %s: %w", name, err)
		}
		list = append(list, p)
	}
}
