package graft

import (
	"runtime/debug"
	"strings"
)

// release is the version of this source: that of the next release, with -dev, while it is
// worked on. It is not asked of the build, because programs say which graft made them: one
// source has to write the same bytes whether the go command, Nix or graft compiled it.
const release = "v0.1.0-dev"

// Version is that of this graft.
func Version() string { return release }

// released says whether the version is one that others can get.
func released() bool { return !strings.HasSuffix(release, "-dev") }

// Build is what the go command knows of how this graft was built, such as its commit; "" when
// it knows nothing.
func Build() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return ""
}
