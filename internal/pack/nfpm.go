package pack

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/files"

	"github.com/graft-build/graft/internal/format/elf"
)

// Noter is a packer that leaves something out which the manifest asks for.
type Noter interface {
	Packer
	// Note says what is left out, "" for nothing.
	Note(in In) string
}

// nfpmInfo is what packages of rpm, apk and pacman have in common. It states everything: what
// nfpm finds empty it takes from the environment, the clock or the files' own times and modes.
// dir is for files that it reads.
func (in In) nfpmInfo(dir string) (*nfpm.Info, error) {
	if in.Target.GOOS() != "linux" {
		return nil, fmt.Errorf("target %s is no Linux", in.Target.Name)
	}
	licences, err := in.linkedLicences()
	if err != nil {
		return nil, err
	}
	list, err := in.installed()
	if err != nil {
		return nil, err
	}
	list = append(list, File{Path: licencePlace(in), Data: copyrightText(in.Meta, licences, false), Mode: 0o644})
	for i, f := range list {
		// Debian alone has a folder of its own for zsh.
		if rest, ok := strings.CutPrefix(f.Path, "/usr/share/zsh/vendor-completions/"); ok {
			list[i].Path = "/usr/share/zsh/site-functions/" + rest
		}
	}
	slices.SortFunc(list, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	info := &nfpm.Info{
		Name: in.Meta.Name, VersionSchema: "none", Platform: "linux",
		Maintainer: maintainer(in.Meta), Homepage: in.Meta.Homepage, License: or(in.Meta.License, "unknown"),
		Description: or(firstLine(in.Meta.Description), "application built with graft"),
		MTime:       in.date(), DisableGlobbing: true,
	}
	info.Contents, err = nfpmContents(list, dir, in.date())
	if err != nil {
		return nil, err
	}
	return info, checkFiles(list)
}

// licencePlace is the file with the licences in packages that are not Debian's.
func licencePlace(in In) string { return "/usr/share/licenses/" + in.Meta.Name + "/copyright" }

func nfpmContents(list []File, dir string, at time.Time) (files.Contents, error) {
	var out files.Contents
	for i, f := range list {
		c, err := nfpmContent(f, filepath.Join(dir, strconv.Itoa(i)), at)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// nfpmContent is a file as nfpm takes it; one that is only in memory goes to path first.
func nfpmContent(f File, path string, at time.Time) (*files.Content, error) {
	c := &files.Content{
		Source: f.Source, Destination: f.Path,
		FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: fs.FileMode(f.Mode), MTime: at},
	}
	if f.Config {
		c.Type = files.TypeConfig
	}
	if f.Source == "" {
		c.Source = path
		return c, os.WriteFile(path, f.Data, 0o644)
	}
	return c, nil
}

// packNfpm writes a package of a format of nfpm's.
func packNfpm(ctx context.Context, in In, w io.Writer, p nfpm.Packager, complete func(info *nfpm.Info, f *elf.File, dir string) error) error {
	if err := in.check(); err != nil {
		return err
	}
	f, err := readELF(in.Program)
	if err != nil {
		return err
	}
	dir, remove, err := in.scratch()
	if err != nil {
		return err
	}
	defer remove()
	info, err := in.nfpmInfo(dir)
	if err != nil {
		return err
	}
	if err := complete(info, f, dir); err != nil {
		return err
	}
	out := &keepError{w: &ctxWriter{ctx, w}}
	if err := p.Package(info, out); err != nil {
		return err
	}
	return out.err
}

// keepError remembers an error of a writer for packagers that pass over it.
type keepError struct {
	w   io.Writer
	err error
}

func (k *keepError) Write(p []byte) (int, error) {
	n, err := k.w.Write(p)
	if k.err == nil {
		k.err = err
	}
	return n, err
}

func readELF(name string) (*elf.File, error) {
	r, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	fi, err := r.Stat()
	if err != nil {
		return nil, err
	}
	return elf.Parse(r, fi.Size())
}

// processor is the target's in the words of a distribution, by GOARCH and, for arm, its variant.
func (in In) processor(names map[string]string) (string, error) {
	p := in.Target.Platform
	key := p.Arch
	if p.Arch == "arm" {
		key += or(p.Variant, "v7")
	}
	name, ok := names[key]
	if !ok {
		return "", fmt.Errorf("there are no packages of this format for %s", p)
	}
	return name, nil
}
