package sysroot

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/format/decompress"
	"github.com/graft-build/graft/internal/unpack"
)

// pacmanDocs are the folders of an MSYS2 package that no compiler and no program reads,
// below its environment's. Licences are kept, because they go along with what is shipped.
var pacmanDocs = []string{
	"share/devhelp", "share/doc", "share/gtk-doc", "share/help", "share/info", "share/man",
}

// pacmanTranslations are read by programs alone.
var pacmanTranslations = []string{"share/locale"}

// unpackPacman fills dir from a package of MSYS2. Members such as .PKGINFO and .MTREE are
// pacman's own; names that differ in case alone are one file on Windows, and refused.
func unpackPacman(ctx context.Context, in Input, dir string, ev event.Sink) error {
	return readPackage(in, ev, func(r io.Reader) error {
		content, err := decompress.Open(in.Name, r)
		if err != nil {
			return err
		}
		defer content.Close()
		if err := writeControl(filepath.Join(dir, "control"), nil); err != nil {
			return err
		}
		data := filepath.Join(dir, "data")
		if err := os.Mkdir(data, 0o755); err != nil {
			return err
		}
		root, err := os.OpenRoot(data)
		if err != nil {
			return err
		}
		defer root.Close()
		var stray string
		_, err = unpack.Tar(ctx, content, root, limits, unpack.Options{CaseFold: true, Filter: func(name string, _ *tar.Header) bool {
			rest, ok := strings.CutPrefix(name, in.Prefix)
			switch {
			case !strings.Contains(name, "/") && strings.HasPrefix(name, "."):
				return false
			case !ok || rest != "" && rest[0] != '/':
				stray = name
				return false
			}
			return rest == "" || !inside(rest[1:], pacmanDocs)
		}})
		if err == nil && stray != "" {
			err = fmt.Errorf("file %.200q is outside of /%s, the folder of its environment", stray, in.Prefix)
		}
		return err
	})
}

// forBuild drops what no compiler reads, in both layouts.
func forBuild(in []Input) func(name string) bool {
	prefixes := map[string]bool{}
	for _, p := range in {
		if p.Prefix != "" {
			prefixes[p.Prefix] = true
		}
	}
	return func(name string) bool {
		first, rest, _ := strings.Cut(name, "/")
		if prefixes[first] {
			return inside(rest, pacmanTranslations)
		}
		return dropForBuild(name)
	}
}
