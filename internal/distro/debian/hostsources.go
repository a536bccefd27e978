package debian

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/distro/mirror"
	"github.com/graft-build/graft/internal/format/deb822"
)

// maxSources bounds one file of apt's configuration.
const maxSources = 1 << 20

// HostSources reads the addresses that the host's apt is set up with, sources.list(5):
// etc/apt/sources.list, *.list and *.sources in etc/apt/sources.list.d of fsys. Addresses of
// other distributions and methods that graft has not are passed over, as are entries that it
// does not understand: problems says which. A host without apt has none.
//
// An entry counts by its suite and component alone, for all suites of its archive: a mirror
// that has one release has the others too, and one that has not is passed over when asked.
// What it leads to still has to bear Debian's signature.
func HostSources(fsys fs.FS) (m Mirrors, problems []error) {
	m = Mirrors{}
	names := []string{"etc/apt/sources.list"}
	for _, pattern := range []string{"*.list", "*.sources"} {
		more, _ := fs.Glob(fsys, path.Join("etc/apt/sources.list.d", pattern)) // only a bad pattern fails
		names = append(names, more...)
	}
	slices.Sort(names[1:])
	for _, name := range names {
		if err := readSources(fsys, name, m); err != nil && !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, fmt.Errorf("read apt source %s: %w", name, err))
		}
	}
	return m, problems
}

func readSources(fsys fs.FS, name string, m Mirrors) error {
	f, err := fsys.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSources+1))
	if err != nil {
		return err
	}
	if len(text) > maxSources {
		return fmt.Errorf("longer than %d bytes", maxSources)
	}
	if strings.HasSuffix(name, ".sources") {
		return readDeb822Sources(string(text), m)
	}
	readOneLineSources(string(text), m)
	return nil
}

func readDeb822Sources(text string, m Mirrors) error {
	r := deb822.NewReader(strings.NewReader(text)).Comments()
	for {
		p, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if no := strings.ToLower(p.Get("Enabled")); no == "no" || no == "false" || no == "0" || no == "off" || no == "disable" {
			continue
		}
		if !slices.Contains(strings.Fields(p.Get("Types")), "deb") {
			continue
		}
		for _, uri := range strings.Fields(p.Get("URIs")) {
			for _, s := range strings.Fields(p.Get("Suites")) {
				m.take(uri, s, strings.Fields(p.Get("Components")))
			}
		}
	}
}

// readOneLineSources reads "deb [options] uri suite component…" lines.
func readOneLineSources(text string, m Mirrors) {
	for line := range strings.SplitSeq(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "deb")
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '\t' {
			continue
		}
		rest = strings.TrimSpace(rest)
		if strings.HasPrefix(rest, "[") {
			if _, rest, ok = strings.Cut(rest, "]"); !ok {
				continue
			}
		}
		if f := strings.Fields(rest); len(f) >= 3 {
			m.take(f[0], f[1], f[2:])
		}
	}
}

// releases are the names that the suites of Debian's archives begin with.
var releases = []string{
	"bullseye", "bookworm", "trixie", "forky", "sid", "oldoldstable", "oldstable", "stable", "testing", "unstable",
}

// archiveOf says which archive a suite is in.
func archiveOf(suite string) (Kind, bool) {
	for _, r := range releases {
		rest, ok := strings.CutPrefix(suite, r)
		if !ok {
			continue
		}
		switch rest {
		case "", "-updates", "-backports", "-proposed-updates":
			return Archive, true
		case "-security", "/updates":
			return Security, true
		}
	}
	return "", false
}

// take adds an address when its entry is one of Debian's.
func (m Mirrors) take(uri, suite string, components []string) {
	if !slices.Contains(components, component) && !slices.Contains(components, "updates/"+component) {
		return
	}
	kind, ok := archiveOf(strings.TrimSuffix(suite, "/"))
	if !ok {
		return
	}
	// apt takes "file:/path" too, and other methods that are no addresses.
	if path, ok := strings.CutPrefix(uri, "file:/"); ok {
		uri = "file:///" + strings.TrimLeft(path, "/")
	}
	base, err := mirror.Clean(uri)
	if err == nil && !slices.Contains(m[kind], base) {
		m[kind] = append(m[kind], base)
	}
}
