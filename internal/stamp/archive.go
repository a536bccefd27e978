package stamp

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/graft-build/graft/internal/format/ar"
	"github.com/graft-build/graft/internal/format/cpio"
	"github.com/graft-build/graft/internal/format/rpm"
)

func (r *reader) deb(in io.Reader) error {
	members, err := ar.NewReader(in)
	if err != nil {
		return err
	}
	for {
		h, err := members.Next()
		if err == io.EOF {
			return errors.New("it has no data.tar; only Debian packages are read of ar archives")
		}
		if err != nil {
			return err
		}
		if strings.HasPrefix(h.Name, "data.tar") {
			_, err := r.stream(h.Name, members, 1)
			return err
		}
	}
}

func (r *reader) rpm(in io.Reader) error {
	payload, err := rpm.Payload("it", in)
	if err != nil {
		return err
	}
	defer payload.Close()
	c := cpio.NewReader(&meter{r, payload})
	for {
		h, err := c.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if !h.Regular() {
			continue
		}
		name := member(h.Name)
		if _, err := r.stream(name, c, 1); err != nil {
			return fmt.Errorf("%.200q: %w", name, err)
		}
	}
}

// member is the name of a member without what says nothing: "./usr/bin/x", "/usr/bin/x".
func member(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

// tar reads the regular files of a tar archive. Images and packages are known by the files
// that their formats demand.
func (r *reader) tar(in io.Reader, depth int) (kind string, err error) {
	seen := map[string]bool{}
	t := tar.NewReader(in)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return kindOf(seen), nil
		}
		if err != nil {
			return kindOf(seen), r.inside(err, depth)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		name := member(h.Name)
		content := bufio.NewReaderSize(t, 512)
		switch name {
		case "oci-layout", ".PKGINFO", ".MTREE":
			seen[name] = true
		case "manifest.json":
			head, _ := content.Peek(64) // what cannot be read is said below
			seen[name] = bytes.HasPrefix(head, []byte("[")) && bytes.Contains(head, []byte(`"Config":`))
		}
		if _, err := r.stream(name, content, depth+1); err != nil {
			return kindOf(seen), fmt.Errorf("%.200q: %w", name, err)
		}
	}
}

// kindOf names an archive with some files at its top. What docker load takes may be an OCI
// layout as well; pacman's packages have a list of files, Alpine's have none.
func kindOf(seen map[string]bool) string {
	switch {
	case seen["manifest.json"]:
		return "docker"
	case seen["oci-layout"]:
		return "oci"
	case seen[".PKGINFO"] && seen[".MTREE"]:
		return "archlinux"
	case seen[".PKGINFO"]:
		return "apk"
	}
	return "tar"
}
