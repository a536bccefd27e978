package compose

import (
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"
)

// ref is how a user names an application or a plugin.
type ref struct {
	text          string
	dir           string // absolute folder, "" for a module
	path, version string // package path and version query, "" for a folder
}

// parseRef reads a folder, relative to base, or package@version.
func parseRef(base, text string) (ref, error) {
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return ref{}, fmt.Errorf("%q: control character in a folder or module name", text)
	}
	path, version, versioned := strings.Cut(text, "@")
	local := text == "" || text == "." || text == ".." || filepath.IsAbs(text) ||
		strings.HasPrefix(text, "./") || strings.HasPrefix(text, "../") ||
		strings.HasPrefix(text, `.\`) || strings.HasPrefix(text, `..\`)
	if local || !versioned {
		dir := text
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(base, dir)
		}
		dir = filepath.Clean(dir)
		if !isDir(dir) {
			return ref{}, missing(text, local)
		}
		return ref{text: text, dir: dir}, nil
	}
	if err := module.CheckPath(path); err != nil {
		return ref{}, fmt.Errorf("%s: %w", text, err)
	}
	if err := checkQuery(version); err != nil {
		return ref{}, fmt.Errorf("%s: %w", text, err)
	}
	return ref{text: text, path: path, version: version}, nil
}

func missing(text string, local bool) error {
	if !local && module.CheckPath(text) == nil {
		return fmt.Errorf("%s: no such folder; a module needs a version: %s@latest", text, text)
	}
	return fmt.Errorf("%s: no such folder", text)
}

// checkQuery allows what the go command takes after the @: versions, branches, commits.
func checkQuery(q string) error {
	if q == "" {
		return fmt.Errorf("no version after the @; the newest is @latest")
	}
	if len(q) > 256 {
		return fmt.Errorf("version is longer than 256 characters")
	}
	for _, c := range q {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.ContainsRune("._-+/", c):
		default:
			return fmt.Errorf("version %q: character %q is not allowed", q, c)
		}
	}
	if q == "none" {
		return fmt.Errorf("version none is no version")
	}
	return nil
}
