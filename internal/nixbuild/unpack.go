package nixbuild

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/unpack"
)

// unpackArtifact takes the one artifact of a format apart and leaves links to what else is in
// its folder beside it.
func (b Builder) unpackArtifact(ctx context.Context, u Unpack) error {
	entries, err := os.ReadDir(u.From)
	if err != nil {
		return err
	}
	artifact := ""
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), "."+u.Format) {
			if artifact != "" {
				return fmt.Errorf("unpack: %s has two artifacts of format %s", u.From, u.Format)
			}
			artifact = filepath.Join(u.From, e.Name())
		}
	}
	if artifact == "" {
		return fmt.Errorf("unpack: %s has no artifact of format %s", u.From, u.Format)
	}
	root, err := makeRoot(filepath.Join(b.Out, filepath.FromSlash(u.Into)))
	if err != nil {
		return err
	}
	defer root.Close()
	if err := unpackInto(ctx, artifact, u.Format, root); err != nil {
		return fmt.Errorf("unpack %s: %w", filepath.Base(artifact), err)
	}
	if u.Into == "" {
		return nil
	}
	for _, e := range entries {
		if err := os.Symlink(filepath.Join(u.From, e.Name()), filepath.Join(b.Out, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// unpackInto leaves out the one folder that all of an artifact is in.
func unpackInto(ctx context.Context, artifact, format string, root *os.Root) error {
	f, err := os.Open(artifact)
	if err != nil {
		return err
	}
	defer f.Close()
	switch format {
	case "zip":
		return unpack.Zip(ctx, f, root, unpack.Limits{}, unpack.ZipOptions{
			Strip:      1,
			Executable: func(name string) bool { return slices.Contains([]string{".exe", ".dll"}, path.Ext(name)) },
		})
	case "tar.gz":
		r, err := unpack.Decompress(artifact, f)
		if err != nil {
			return err
		}
		defer r.Close()
		_, err = unpack.Tar(ctx, r, root, unpack.Limits{}, unpack.Options{Strip: 1})
		return err
	}
	return errors.New("the format is neither tar.gz nor zip")
}

func copyFile(from, to string, mode os.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode|0o200)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
