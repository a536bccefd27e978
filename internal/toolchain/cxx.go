package toolchain

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/graft-build/graft/internal/toolchain/shim"
)

// targetCXX finds the distribution's own C++ library in a sysroot of Debian's layout: the
// newest of /usr/include/c++/NN. nil when its development package is not there.
func targetCXX(sysroot, triplet string) (*shim.CXX, error) {
	entries, err := os.ReadDir(filepath.Join(sysroot, "usr", "include", "c++"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	version := 0
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil {
			version = max(version, n)
		}
	}
	if version == 0 {
		return nil, nil
	}
	n := strconv.Itoa(version)
	lib := "/usr/lib/" + triplet
	cxx := &shim.CXX{
		Include: []string{"/usr/include/c++/" + n, "/usr/include/" + triplet + "/c++/" + n, "/usr/include/c++/" + n + "/backward"},
		Shared:  lib + "/libstdc++.so.6", Unwinder: lib + "/libgcc_s.so.1",
		Archive: "/usr/lib/gcc/" + triplet + "/" + n + "/libstdc++.a",
	}
	for _, file := range []string{cxx.Shared, cxx.Unwinder, cxx.Archive} {
		if _, err := os.Stat(filepath.Join(sysroot, filepath.FromSlash(file))); err != nil {
			return nil, fmt.Errorf("find C++ library %s of the target: %w", n, err)
		}
	}
	return cxx, nil
}
