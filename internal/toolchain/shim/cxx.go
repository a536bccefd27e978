package shim

import "path/filepath"

// isCXX says whether a file's name is that of C++.
func isCXX(name string) bool {
	switch filepath.Ext(name) {
	case ".cc", ".cpp", ".cxx", ".c++", ".C", ".CPP", ".cp", ".ii", ".mm", ".hh", ".hpp", ".hxx":
		return true
	}
	return false
}

// targetCXX puts the target's own C++ library behind the caller's flags: its headers in front
// of all system folders, because they include the next stdlib.h and the like, which zig's are
// (zig puts the caller's -isystem behind its own); its libraries by their paths, because zig
// takes -lstdc++ and -lgcc_s for its own libc++ and libunwind.
func (t *translation) targetCXX() {
	s := t.spec
	if (t.cxx || t.cxxCode) && t.sources && !t.nostdinc {
		t.emit("-nostdinc++")
		for _, d := range s.CXX.Include {
			t.emit("-I" + s.inSysroot(d))
		}
	}
	if !t.linksCxx() && !(t.mode == link && t.cxxCode) || t.partial {
		return
	}
	if t.cxx && !t.noCXX && !t.noLibs || t.stdcxx {
		lib := s.CXX.Shared
		if t.archived {
			lib = s.CXX.Archive
		}
		t.emit(s.inSysroot(lib), s.inSysroot(s.CXX.Unwinder))
	}
	t.emit("-nostdlib++")
}
