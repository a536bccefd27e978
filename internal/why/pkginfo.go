package why

import (
	"archive/tar"
	"errors"
	"io"
	"os"

	"github.com/graft-build/graft/internal/format/decompress"
)

// PackageInfo reads what a package file of pacman's format declares to depend on.
func PackageInfo(name, file string) ([]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := decompress.Open(name, f)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	// pacman's own members stand before the files.
	t := tar.NewReader(io.LimitReader(content, maxText))
	for {
		h, err := t.Next()
		if err != nil {
			return nil, errors.New("it has no .PKGINFO")
		}
		if h.Name == ".PKGINFO" {
			return DeclaredPacman(t), nil
		}
	}
}
