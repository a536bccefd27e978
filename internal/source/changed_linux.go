package source

import (
	"io/fs"
	"syscall"
)

// changed returns the time of a file's last change of any kind, in nanoseconds, and its inode.
func changed(fi fs.FileInfo) (int64, uint64) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return st.Ctim.Nano(), st.Ino
}
