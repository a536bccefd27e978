package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/graft-build/graft/digest"
)

// maxMarks is how many files Marks looks at: beyond, asking for each costs more than it saves.
const maxMarks = 20_000

// ErrMany says that a folder has too many files for Marks.
var ErrMany = fmt.Errorf("more than %d files", maxMarks)

// Marks is the digest of what the file system says of every file in a folder: names, sizes,
// times, modes. No content is read and nothing is left out but what skip, which is given
// absolute paths of folders, says. settled is false when a file changed so recently that another
// change might leave the same marks.
func (h *Hasher) Marks(ctx context.Context, root string, skip func(dir string) bool) (d digest.Digest, settled bool, err error) {
	k := digest.NewKey("marks/1").Add("root", root)
	newest, n := int64(0), 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if d.IsDir() {
			if path != root && skip(path) {
				return fs.SkipDir
			}
			return nil
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		if n++; n > maxMarks {
			return ErrMany
		}
		ctime, inode := changed(fi)
		newest = max(newest, fi.ModTime().UnixNano(), ctime)
		k.Add(strings.TrimPrefix(path, root), fmt.Sprint(fi.Size(), fi.ModTime().UnixNano(), ctime, inode, uint32(fi.Mode())))
		return nil
	})
	if err != nil {
		return digest.Digest{}, false, fmt.Errorf("look at folder %s: %w", root, err)
	}
	return k.Digest(), newest < h.Now().Add(-racy).UnixNano(), nil
}
