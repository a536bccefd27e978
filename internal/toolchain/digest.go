package toolchain

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/graft-build/graft/digest"
)

// LibDigest returns the tree digest of zig's lib folder: the SHA-256 of its lines
// "<sha256>  <path>\n", sorted by path, which is what sha256sum prints. Modes and empty folders
// don't count, and neither do the three files that npm packages add.
func LibDigest(dir string) (digest.Digest, error) {
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if !d.Type().IsRegular() {
			return fmt.Errorf("%s is no regular file", path)
		}
		if rel = filepath.ToSlash(rel); keepLib(rel) {
			names = append(names, rel)
		}
		return nil
	})
	if err != nil {
		return digest.Digest{}, fmt.Errorf("digest %s: %w", dir, err)
	}
	sort.Strings(names)
	return listDigest(os.DirFS(dir), names)
}

func listDigest(fsys fs.FS, names []string) (digest.Digest, error) {
	h := sha256.New()
	for _, n := range names {
		f, err := fsys.Open(n)
		if err != nil {
			return digest.Digest{}, err
		}
		d, _, err := digest.FromReader(f)
		f.Close()
		if err != nil {
			return digest.Digest{}, fmt.Errorf("digest %s: %w", n, err)
		}
		fmt.Fprintf(h, "%s  %s\n", d.Hex(), n)
	}
	return digest.Sum(h), nil
}

// keepLib says whether a file of the lib folder belongs to zig. What npm never packs or always
// adds is left out whichever way the folder came, so that every way has the same content.
func keepLib(name string) bool {
	switch name {
	case "README.md", "LICENSE", "package.json":
		return false
	}
	for _, part := range strings.Split(name, "/") {
		if strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".orig") {
			return false
		}
	}
	return true
}
