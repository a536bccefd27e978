package pack

import (
	"fmt"
	"strings"
	"time"
)

// changelog is the file that policy (12.7) asks for, with what is known: that there is this
// version. Its name depends on whether the version has a Debian revision.
func changelog(in In) (File, error) {
	name, version := debName(in.Meta.Name), debVersion(in)
	text := fmt.Sprintf("%s (%s) unstable; urgency=medium\n\n  * Version %s.\n\n -- %s  %s\n",
		name, version, version, maintainer(in.Meta), in.date().Format(time.RFC1123Z))
	b, err := gzipped([]byte(text))
	file := "changelog.gz"
	if strings.Contains(version, "-") {
		file = "changelog.Debian.gz"
	}
	return File{Path: "/usr/share/doc/" + name + "/" + file, Data: b, Mode: 0o644}, err
}

// extended is the description after the synopsis, which policy (5.6.13) asks for: the
// manifest's further lines, else what is known of the program.
func extended(in In) string {
	if _, rest, ok := strings.Cut(strings.TrimSpace(in.Meta.Description), "\n"); ok && strings.TrimSpace(rest) != "" {
		return strings.TrimSpace(rest)
	}
	text := "This package has the program " + in.Meta.Name
	if n := len(in.System.Services); n == 1 {
		text += " and a service that keeps it running"
	} else if n > 1 {
		text += fmt.Sprintf(" and %d services that keep it running", n)
	}
	text = wrap(text + ".")
	if len(in.System.Plugins) > 0 {
		text += "\n\n" + wrap("Plugins compiled in: "+strings.Join(in.System.Plugins, ", ")+".")
	}
	return text
}

// wrap breaks text into lines as policy wants them, shorter than 80 columns.
func wrap(text string) string {
	var b strings.Builder
	width := 0
	for _, w := range strings.Fields(text) {
		switch {
		case width == 0:
		case width+1+len(w) > 78:
			b.WriteString("\n")
			width = 0
		default:
			b.WriteString(" ")
			width++
		}
		b.WriteString(w)
		width += len(w)
	}
	return b.String()
}
