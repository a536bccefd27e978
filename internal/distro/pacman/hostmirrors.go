package pacman

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/distro/mirror"
)

// HostKeyring is where MSYS2 and hosts with its keyring package keep the packagers' keys.
const HostKeyring = "usr/share/pacman/keyrings/msys2.gpg"

// hostLists are the mirror lists of an MSYS2 installation; the environments share the first.
var hostLists = []string{"etc/pacman.d/mirrorlist.mingw", "etc/pacman.d/mirrorlist.clang64", "etc/pacman.d/mirrorlist.ucrt64", "etc/pacman.d/mirrorlist.mingw64"}

// maxMirrorList bounds one mirror list.
const maxMirrorList = 1 << 20

// HostMirrors reads the addresses that an MSYS2 installation in fsys is set up with:
// pacman.conf(5)'s Server lines of its mirror lists. What is not laid out as MSYS2's mirrors
// are is passed over. A host without MSYS2 has none.
func HostMirrors(fsys fs.FS) (mirrors []string, problems []error) {
	for _, name := range hostLists {
		if err := readMirrorList(fsys, name, &mirrors); err != nil && !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, fmt.Errorf("read mirror list %s: %w", name, err))
		}
	}
	return mirrors, problems
}

func readMirrorList(fsys fs.FS, name string, mirrors *[]string) error {
	f, err := fsys.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxMirrorList+1))
	if err != nil {
		return err
	}
	if len(text) > maxMirrorList {
		return fmt.Errorf("longer than %d bytes", maxMirrorList)
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		key, address, ok := strings.Cut(line, "=")
		if !ok || strings.TrimSpace(key) != "Server" {
			continue
		}
		address = strings.TrimRight(strings.TrimSpace(address), "/")
		for _, ending := range []string{"/mingw/$repo", "/mingw/clang64", "/mingw/ucrt64", "/mingw/mingw64"} {
			base, ok := strings.CutSuffix(address, ending)
			if !ok {
				continue
			}
			if base, err := mirror.Clean(base); err == nil && !slices.Contains(*mirrors, base) {
				*mirrors = append(*mirrors, base)
			}
		}
	}
	return nil
}
