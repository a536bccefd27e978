package source

import (
	"bytes"
	"fmt"
	"os"

	"github.com/graft-build/graft/digest"
)

// File returns the digest of one file and its size in bytes, remembered like those of a folder.
func (h *Hasher) File(path string) (digest.Digest, int64, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return digest.Digest{}, 0, err
	}
	if !fi.Mode().IsRegular() {
		return digest.Digest{}, 0, fmt.Errorf("read %s: not a regular file", path)
	}
	now := entry{Size: fi.Size(), MTime: fi.ModTime().UnixNano()}
	now.CTime, now.Inode = changed(fi)
	key := digest.NewKey("source-file/1").Add("path", path).Digest()
	before, _ := h.Store.Record("source", key)
	if known := decode(before); len(known) == 1 {
		if now.Sum = known[0].Sum; known[0] == now {
			return now.Sum, now.Size, nil
		}
	}
	if now.Sum, now.Size, err = digest.OfFile(path); err != nil {
		return digest.Digest{}, 0, err
	}
	if max(now.MTime, now.CTime) < h.Now().Add(-racy).UnixNano() {
		if after := encode([]entry{now}); !bytes.Equal(before, after) {
			_ = h.Store.PutRecord("source", key, after)
		}
	}
	return now.Sum, now.Size, nil
}
