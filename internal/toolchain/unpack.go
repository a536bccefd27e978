package toolchain

import (
	"archive/tar"
	"context"
	"os"
	"path"
	"strings"

	"github.com/graft-build/graft/internal/unpack"
)

// limits of what an archive of zig unpacks to; 0.16 has 350 MB in 20,000 files.
var limits = unpack.Limits{Entries: 60_000, Bytes: 2 << 30, FileBytes: 1 << 30}

// unpackArchive unpacks what matters of an official archive: zig and lib. All is below one
// folder, which has the archive's name.
func (c *ZigConfig) unpackArchive(ctx context.Context, name, blob, dir string) error {
	f, err := os.Open(blob)
	if err != nil {
		return err
	}
	defer f.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	keep := func(n string) bool {
		lib, ok := strings.CutPrefix(n, "lib/")
		return n == c.exeName() || ok && keepLib(lib)
	}
	if strings.HasSuffix(name, ".zip") {
		return unpack.Zip(ctx, f, root, limits, unpack.ZipOptions{Strip: 1, Keep: keep})
	}
	r, err := unpack.Decompress(name, f)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = unpack.Tar(ctx, r, root, limits, unpack.Options{
		Strip:  1,
		Filter: func(n string, _ *tar.Header) bool { return keep(n) },
	})
	return err
}

// unpackPackage unpacks an npm package, all of which is below the folder "package".
func (c *ZigConfig) unpackPackage(ctx context.Context, p Package, blob, dir string) error {
	f, err := os.Open(blob)
	if err != nil {
		return err
	}
	defer f.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	r, err := unpack.Decompress(p.File.Name, f)
	if err != nil {
		return err
	}
	defer r.Close()
	rename := func(n string) string {
		n, ok := strings.CutPrefix(n, "package/")
		switch {
		case !ok:
			return ""
		case p.Dir != "":
			if !keepLib(n) {
				return ""
			}
			return path.Join(p.Dir, n)
		case n == "bin/"+c.exeName():
			return c.exeName()
		}
		return ""
	}
	_, err = unpack.Tar(ctx, r, root, limits, unpack.Options{Rename: rename})
	return err
}
