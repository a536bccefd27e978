// Package deb reads Debian binary packages, the format of deb(5) version 2: what the
// package says of itself (control, shlibs, symbols, md5sums, …) and the tar stream of its
// files. It feeds internal/sysroot.
package deb

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/format/ar"
	"github.com/graft-build/graft/internal/format/decompress"
)

// Limits of the control part. The largest in Debian's archive, symbols and md5sums of
// packages with many files, stay below a tenth of them.
const (
	maxControlBytes = 32 << 20
	maxControlFiles = 256
)

// Archive is an opened package. It is read once, in order, and not safe for use by several
// goroutines.
type Archive struct {
	// Control has the members of the control part by name: "control", "md5sums",
	// "shlibs", "symbols", "conffiles", "postinst". "control" is always there.
	Control map[string][]byte

	name string
	data io.ReadCloser
}

// Open reads the control part of a package and stops before its files. name is only for
// errors. Close the Archive when it is no longer needed; r is left to the caller.
func Open(name string, r io.Reader) (*Archive, error) {
	a := &Archive{name: name}
	if err := a.open(r); err != nil {
		return nil, fmt.Errorf("read package %s: %w", name, err)
	}
	return a, nil
}

// Data returns the uncompressed tar stream of the package's files. Names in it begin with
// "./"; they are hostile input like all else.
func (a *Archive) Data() io.Reader { return a.data }

// Close releases what the decoder holds.
func (a *Archive) Close() error { return a.data.Close() }

func (a *Archive) open(r io.Reader) error {
	members, err := ar.NewReader(r)
	if err != nil {
		return err
	}
	if err := version(members); err != nil {
		return err
	}
	control, err := part(members, "control.tar")
	if err != nil {
		return err
	}
	a.Control, err = readControl(control)
	control.Close()
	if err != nil {
		return err
	}
	a.data, err = part(members, "data.tar")
	return err
}

// version reads the first member, debian-binary.
func version(members *ar.Reader) error {
	h, err := members.Next()
	if errors.Is(err, io.EOF) {
		return errors.New("archive is empty")
	}
	if err != nil {
		return err
	}
	if h.Name != "debian-binary" || h.Size > 256 {
		return fmt.Errorf("first member is %s of %d bytes, want debian-binary", h.Name, h.Size)
	}
	b, err := io.ReadAll(members)
	if err != nil {
		return err
	}
	// Minor versions are compatible by definition; more lines may follow.
	if line, _, _ := strings.Cut(string(b), "\n"); !strings.HasPrefix(line, "2.") {
		return fmt.Errorf("format version is %q, want 2.x", line)
	}
	return nil
}

// part opens the next member, which must be base with or without an ending of a known
// compression. Members whose name begins with an underscore are skipped, as deb(5) demands.
func part(members *ar.Reader, base string) (io.ReadCloser, error) {
	for {
		h, err := members.Next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("there is no %s: %w", base, io.ErrUnexpectedEOF)
		}
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(h.Name, "_") {
			continue
		}
		ext, ok := strings.CutPrefix(h.Name, base)
		if !ok {
			return nil, fmt.Errorf("next member is %s, want %s", h.Name, base)
		}
		if !slices.Contains([]string{"", ".gz", ".xz", ".zst"}, ext) {
			return nil, fmt.Errorf("compression of %s is not supported, want xz, zst or gz", h.Name)
		}
		return decompress.Open(h.Name, members)
	}
}

// readControl reads the control part into memory.
func readControl(r io.Reader) (map[string][]byte, error) {
	lr := &io.LimitedReader{R: r, N: maxControlBytes}
	tr := tar.NewReader(lr)
	control := map[string][]byte{}
	for range maxControlFiles {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			if len(control["control"]) == 0 {
				return nil, errors.New("control.tar holds no control file")
			}
			return control, nil
		}
		if err != nil {
			return nil, controlError(lr, err)
		}
		name := strings.TrimPrefix(h.Name, "./")
		if h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if h.Typeflag != tar.TypeReg || name != path.Base(name) || strings.ContainsAny(name, "/\\\x00") || name == ".." || name == "." {
			return nil, fmt.Errorf("control.tar: %q is not a plain file at its top", h.Name)
		}
		if _, ok := control[name]; ok {
			return nil, fmt.Errorf("control.tar: %s occurs twice", name)
		}
		// A sparse file may claim more than the stream holds.
		if h.Size > maxControlBytes {
			return nil, fmt.Errorf("control.tar: %s is larger than %d bytes", name, maxControlBytes)
		}
		b, err := io.ReadAll(io.LimitReader(tr, maxControlBytes))
		if err != nil {
			return nil, controlError(lr, err)
		}
		control[name] = b
	}
	return nil, fmt.Errorf("control.tar holds more than %d files", maxControlFiles)
}

func controlError(lr *io.LimitedReader, err error) error {
	if lr.N <= 0 {
		return fmt.Errorf("control.tar is larger than %d bytes", maxControlBytes)
	}
	return fmt.Errorf("control.tar: %w", err)
}
