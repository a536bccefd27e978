package sysroot

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/format/alternatives"
)

// alternativeDirs are where links of alternatives matter to a compiler or a program's loader.
var alternativeDirs = []string{"usr/include", "usr/lib"}

// linkAlternatives adds the links that the packages' scripts would make (update-alternatives):
// of several for one name, that of the highest priority.
func linkAlternatives(all map[string]entry, in []Input, trees []string) error {
	type choice struct {
		alternatives.Alternative
		pkg string
	}
	var list []choice
	for i, tree := range trees {
		script, err := os.ReadFile(filepath.Join(tree, "control", "postinst"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, a := range alternatives.Parse(script) {
			list = append(list, choice{a, in[i].Name})
		}
	}
	slices.SortStableFunc(list, func(a, b choice) int {
		return cmp.Or(cmp.Compare(a.Link, b.Link), cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.pkg, b.pkg))
	})
	for _, c := range list {
		link, to := merged(c.Link), merged(c.Path)
		if _, there := all[to]; !there || !inside(link, alternativeDirs) {
			continue
		}
		if _, there := all[link]; there || !addFolders(all, path.Dir(link), c.pkg) {
			continue
		}
		all[link] = entry{from: c.pkg, mode: fs.ModeSymlink | 0o777, link: relativeLink(path.Dir(link), to)}
	}
	return nil
}

// addFolders makes sure that a folder is there; false when something else has its name.
func addFolders(all map[string]entry, dir, pkg string) bool {
	if dir == "." {
		return true
	}
	if e, ok := all[dir]; ok {
		return e.mode.IsDir()
	}
	if !addFolders(all, path.Dir(dir), pkg) {
		return false
	}
	all[dir] = entry{from: pkg, mode: fs.ModeDir | 0o755}
	return true
}

// relativeLink is the text of a link in a folder to a path of the same tree.
func relativeLink(dir, to string) string {
	from, parts := strings.Split(dir, "/"), strings.Split(to, "/")
	for len(from) > 0 && len(parts) > 1 && from[0] == parts[0] {
		from, parts = from[1:], parts[1:]
	}
	return strings.Repeat("../", len(from)) + strings.Join(parts, "/")
}
