// Package mirror is the addresses of package archives: what users, manifests and host
// configurations name, checked, and the files below them. Every distribution uses it.
package mirror

import (
	"fmt"
	"net/url"
	"strings"
)

// Clean checks a base address, which is http, https or file, and drops slashes from its end.
func Clean(base string) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", fmt.Errorf("parse address of a mirror: %w", err)
	}
	switch {
	case u.Scheme == "http" || u.Scheme == "https":
		if u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
			return "", fmt.Errorf("parse address of a mirror %q: want a host and a path", u.Redacted())
		}
	case u.Scheme == "file":
		if u.Path == "" || u.Host != "" && u.Host != "localhost" {
			// file:relative has no Path
			return "", fmt.Errorf("parse address of a mirror %q: want file:///path", base)
		}
		u = &url.URL{Scheme: "file", Path: u.Path}
	default:
		return "", fmt.Errorf("parse address of a mirror %q: want http, https or file", base)
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// Join returns the addresses of a file, whose path has slashes, below each base address.
func Join(bases []string, path string) []string {
	out := make([]string, len(bases))
	for i, b := range bases {
		out[i] = b + "/" + (&url.URL{Path: path}).EscapedPath()
	}
	return out
}
