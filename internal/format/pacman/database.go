package pacman

import (
	"archive/tar"
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits bound what a database may hold.
type Limits struct {
	Packages int   // records
	Record   int64 // bytes of one desc
	Files    int64 // bytes of one package's file list
	Total    int64 // bytes of the whole uncompressed archive
}

// DefaultLimits are ten times what MSYS2's largest database needs (3,000 packages; its
// files database unpacks to some 150 MB).
var DefaultLimits = Limits{Packages: 100_000, Record: 4 << 20, Files: 256 << 20, Total: 4 << 30}

// Visitor takes what ReadDatabase finds. A nil function takes nothing.
type Visitor struct {
	// Package takes each complete record, in the order of the archive's end of each.
	Package func(*Package) error
	// File takes each path of each file list. dir is the package's folder in the archive,
	// Package.Dir. Folders end in a slash. It may come before the package's record.
	File func(dir, path string) error
}

// ReadDatabase reads a db or files database, uncompressed: a tar of name-version/desc and
// name-version/files. A record's folder must be what its name and version say, and no two
// may have the same name.
func ReadDatabase(r io.Reader, lim Limits, v Visitor) error {
	bounded := &capReader{r: r, left: lim.Total}
	d := &database{lim: lim, visit: v, names: make(map[string]bool), parts: make(map[string]bool)}
	archive := tar.NewReader(bounded)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read database: %w", err)
		}
		if err := d.member(h, archive); err != nil {
			return fmt.Errorf("read database: %w", err)
		}
	}
}

type database struct {
	lim   Limits
	visit Visitor
	names map[string]bool // of packages seen
	parts map[string]bool // "dir/desc" seen
}

func (d *database) member(h *tar.Header, r io.Reader) error {
	if h.Typeflag == tar.TypeDir {
		return nil
	}
	if h.Typeflag != tar.TypeReg {
		return fmt.Errorf("member %q is neither file nor folder", clip(h.Name))
	}
	dir, part, ok := strings.Cut(strings.TrimPrefix(h.Name, "./"), "/")
	if !ok || strings.Contains(part, "/") || checkName(dir) != nil {
		return fmt.Errorf("member %q is not a package's record", clip(h.Name))
	}
	if d.parts[dir+"/"+part] {
		return fmt.Errorf("member %q occurs twice", clip(h.Name))
	}
	if len(d.parts) >= 4*d.lim.Packages {
		return fmt.Errorf("more than %d packages", d.lim.Packages)
	}
	d.parts[dir+"/"+part] = true
	var err error
	switch part {
	case "desc":
		err = d.desc(dir, h.Size, r)
	case "files":
		err = d.files(dir, h.Size, r)
	}
	if err != nil {
		return fmt.Errorf("package %s: %w", clip(dir), err)
	}
	return nil
}

func (d *database) desc(dir string, size int64, r io.Reader) error {
	if size > d.lim.Record {
		return fmt.Errorf("desc has %d bytes, more than %d", size, d.lim.Record)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	p, err := ParseDesc(b)
	if err != nil {
		return err
	}
	if p.Dir() != dir {
		return fmt.Errorf("its record says %s", clip(p.Dir()))
	}
	if d.names[p.Name] {
		return fmt.Errorf("a second package has the name %s", p.Name)
	}
	if len(d.names) >= d.lim.Packages {
		return fmt.Errorf("more than %d packages", d.lim.Packages)
	}
	d.names[p.Name] = true
	if d.visit.Package == nil {
		return nil
	}
	return d.visit.Package(p)
}

// maxPath is the longest path of a file list; Windows and Linux both stop at 4,096.
const maxPath = 4096

func (d *database) files(dir string, size int64, r io.Reader) error {
	if d.visit.File == nil {
		return nil
	}
	if size > d.lim.Files {
		return fmt.Errorf("file list has %d bytes, more than %d", size, d.lim.Files)
	}
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, maxPath), maxPath+1)
	in := false
	for s.Scan() {
		line := s.Text()
		switch {
		case line == "":
			in = false
		case line == "%FILES%":
			in = true
		case line[0] == '%' && strings.HasSuffix(line, "%"):
			in = false // %BACKUP% and the like
		case in:
			if !cleanPath(line) {
				return fmt.Errorf("path %q leaves the package", clip(line))
			}
			if err := d.visit.File(dir, line); err != nil {
				return err
			}
		}
	}
	return s.Err()
}

// cleanPath says whether a path of a file list is relative and stays below its root.
func cleanPath(p string) bool {
	start := 0
	for i := 0; i <= len(p); i++ {
		if i < len(p) && p[i] != '/' {
			if p[i] == 0 || p[i] == '\\' {
				return false
			}
			continue
		}
		switch p[start:i] {
		case "":
			if i < len(p) || start == 0 { // only a folder's last slash may be followed by nothing
				return false
			}
		case ".", "..":
			return false
		}
		start = i + 1
	}
	return true
}

var errTotal = errors.New("the archive is larger than it may be")

// capReader fails when more than left bytes are read, where io.LimitReader would pretend
// that the archive ends there.
type capReader struct {
	r    io.Reader
	left int64
}

func (c *capReader) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errTotal
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.r.Read(p)
	c.left -= int64(n)
	return n, err
}
