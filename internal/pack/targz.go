package pack

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"

	"github.com/graft-build/graft/internal/closure"
	"github.com/graft-build/graft/internal/pack/bundle"
	"github.com/klauspost/compress/gzip"
)

// TarGz packs a folder that runs from any place on any Linux of its processor, with nothing
// of the system: the program, all its libraries, the loader and the C library among them.
//
//	image-server-1.0.0-linux-amd64/
//	    bin/image-server             finds what it needs in ../lib/image-server (package bundle)
//	    lib/image-server/…           a folder of its own, so that unpacking over /usr/local harms nobody
//	    licences/packages/…          copyright files of the libraries' packages, and of those linked statically
//	    licences/modules/…           licence files of the Go modules
type TarGz struct{}

// Kind returns "tar.gz".
func (TarGz) Kind() string { return "tar.gz" }

// FileName returns image-server-1.0.0-linux-amd64.tar.gz.
func (TarGz) FileName(in In) string { return in.stem() + ".tar.gz" }

// Pack writes the archive.
func (TarGz) Pack(ctx context.Context, in In, w io.Writer) error {
	if err := packTarGz(ctx, in, w); err != nil {
		return fmt.Errorf("pack tar.gz of %s for %s: %w", in.Meta.Name, in.Target.Name, err)
	}
	return nil
}

func packTarGz(ctx context.Context, in In, w io.Writer) error {
	if err := in.check(); err != nil {
		return err
	}
	t, err := bundleTree(in)
	if err != nil {
		return err
	}
	gz := newBlocks(w, in.Memo)
	defer gz.wait()
	if err := t.write(ctx, gz, in.time()); err != nil {
		return err
	}
	return gz.Close()
}

// compress writes what f writes, compressed in one piece, always in the same way.
func compress(w io.Writer, f func(w io.Writer) error) error {
	gz, err := gzip.NewWriterLevel(w, gzipLevel)
	if err != nil {
		return err
	}
	if err := f(gz); err != nil {
		return err
	}
	return gz.Close()
}

// bundleTree lays out the folder.
func bundleTree(in In) (*tree, error) {
	if in.Target.GOOS() == "windows" {
		return windowsTree(in)
	}
	t := newTree()
	program := path.Join(in.stem(), "bin", in.program())
	if in.Closure.Static {
		t.file(program, in.Program, 0o755)
	} else {
		libraries := path.Join("lib", in.Meta.Name)
		layout := bundle.Layout{Libraries: "../" + libraries, Loader: in.Closure.Loader}
		t.changed(program, in.Program, 0o755, func(r io.ReaderAt, size int64) (*bundle.Image, error) {
			return bundle.Relocate(r, size, layout)
		})
		if err := addLibraries(t, path.Join(in.stem(), libraries), in.Closure); err != nil {
			return nil, err
		}
	}
	packages, err := in.owners()
	if err != nil {
		return nil, err
	}
	licences, _, err := Licences(in.Modules, packages, in.all())
	if err != nil {
		return nil, err
	}
	for _, l := range licences {
		t.bytes(path.Join(in.stem(), "licences", l.Name), l.Content)
	}
	return t, nil
}

// addLibraries adds a closure's libraries to a folder, by the names they are asked for.
func addLibraries(t *tree, dir string, c closure.Closure) error {
	first := map[string]string{} // name by path
	for _, l := range c.Libraries {
		if path.Base(l.Name) != l.Name || l.Name == "." || l.Name == ".." {
			return fmt.Errorf("a library is called %q", l.Name)
		}
		if name, seen := first[l.Path]; seen {
			// Asked for by two names it must stay one file, or the loader loads it twice.
			t.link(path.Join(dir, l.Name), name)
			continue
		}
		first[l.Path] = l.Name
		mode := int64(0o644)
		if l.Name == c.Loader {
			mode = 0o755
		}
		name := path.Join(dir, l.Name)
		t.changed(name, l.Path, mode, bundle.WithoutRunpath)
		t.keep(name)
	}
	return nil
}

// owners returns the packages that the closure's libraries are from, and those of which there
// is something in the program itself.
func (in In) owners() ([]Package, error) {
	var owners []Package
	for _, name := range in.Closure.Packages(false) {
		p, ok := in.pkg(name)
		if !ok {
			return nil, fmt.Errorf("a library is from package %s, which is not among the packages", name)
		}
		owners = append(owners, p)
	}
	for _, p := range in.Linked {
		if !slices.ContainsFunc(owners, func(o Package) bool { return o.Package == p.Package }) {
			owners = append(owners, p)
		}
	}
	return owners, nil
}
