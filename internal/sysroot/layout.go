package sysroot

import (
	"archive/tar"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// mergedDirs are the folders that an installed Debian has as links into /usr: bookworm's
// packages still use both places.
var mergedDirs = []string{"bin", "lib", "lib32", "lib64", "libo32", "libx32", "sbin"}

// merged maps a name of a package to the one in a tree.
func merged(name string) string {
	first, _, _ := strings.Cut(name, "/")
	if slices.Contains(mergedDirs, first) {
		return "usr/" + name
	}
	return name
}

// linkMerged adds the links that stand in for what merged moved.
func linkMerged(root *os.Root) error {
	for _, d := range mergedDirs {
		fi, err := root.Lstat("usr/" + d)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !fi.IsDir() {
			continue
		}
		if err != nil {
			return err
		}
		if err := root.Symlink("usr/"+d, d); err != nil {
			return err
		}
	}
	return nil
}

// docs are the folders that no compiler and no program reads. Copyright files in
// usr/share/doc are kept, because they go along with what is shipped.
var docs = []string{
	"usr/share/bug",
	"usr/share/devhelp",
	"usr/share/doc",
	"usr/share/doc-base",
	"usr/share/gtk-doc",
	"usr/share/help",
	"usr/share/info",
	"usr/share/lintian",
	"usr/share/man",
}

// translations are read by programs alone.
var translations = []string{"usr/share/i18n", "usr/share/locale"}

// keep says which entries of a package go into its tree.
func keep(name string, hdr *tar.Header) bool {
	if hdr.Typeflag == tar.TypeSymlink && strings.HasPrefix(name, "usr/") && slices.Contains(mergedDirs, name[len("usr/"):]) {
		return false // base-files' own lib → usr/lib
	}
	if !inside(name, docs) {
		return true
	}
	rest, ok := strings.CutPrefix(name, "usr/share/doc/")
	if !ok {
		return false
	}
	pkg, file, _ := strings.Cut(rest, "/")
	return file == "copyright" || file == "" && pkg != "" && hdr.Typeflag == tar.TypeSymlink
}

func dropForBuild(name string) bool { return inside(name, translations) }

func isDoc(name string) bool { return inside(name, docs) }

// inside says whether name is one of the folders or lies in one.
func inside(name string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(d string) bool {
		return name == d || strings.HasPrefix(name, d+"/")
	})
}
