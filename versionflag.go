package graft

import "github.com/graft-build/graft/internal/compose"

// versionVariables are those that known applications print as their version, by the module.
// Caddy looks for itself among the dependencies of the main module, where a composition,
// whose main module it is, does not have it; CustomVersion is its own way to be told.
var versionVariables = map[string]string{
	"github.com/caddyserver/caddy/v2": "github.com/caddyserver/caddy/v2.CustomVersion",
}

// versionFlag is the linker's flag that tells a downloaded application its version. Flags of
// the manifest come after it and win.
func versionFlag(c compose.Composition) string {
	name := versionVariables[c.Module]
	if name == "" || c.Version == "" {
		return ""
	}
	return " -X " + name + "=" + c.Version
}
