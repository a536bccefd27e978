package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/graft-build/graft/internal/format/decompress"
	"github.com/graft-build/graft/internal/format/pacman"
)

// msys2Names are the packages of MSYS2's clang64 with their versions, as its database of May
// 2024 in the test data beside the source has them; none where that is not there. Names and
// versions are all that it has: without file lists nothing is resolved with it.
func msys2Names(root string) (map[string]string, error) {
	const prefix = "mingw-w64-clang-x86_64-"
	f, err := os.Open(filepath.Join(root, "..", "shared", "testdata", "msys2-real", "clang64.db"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := decompress.Open("clang64.db.zst", f)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	names := map[string]string{}
	err = pacman.ReadDatabase(r, pacman.DefaultLimits, pacman.Visitor{Package: func(p *pacman.Package) error {
		names[strings.TrimPrefix(p.Name, prefix)] = p.Version
		return nil
	}})
	return names, err
}
