// Package licence names the licences of what a composition consists of, as SPDX identifiers
// where texts are known ones and else as a package states them. It feeds the facade's List.
package licence

import (
	"bytes"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"

	"github.com/graft-build/graft/internal/format/deb822"
)

const (
	maxText = 1 << 20
	// enough is how much of a licence file known texts must make up, in percent: what is less
	// is a text with a quotation in it.
	enough = 50
)

// OfText returns the identifiers of the licences that a licence file consists of, sorted;
// none when it is not a known text.
func OfText(b []byte) []string {
	found := licensecheck.Scan(b[:min(len(b), maxText)])
	if found.Percent < enough {
		return nil
	}
	var out []string
	for _, m := range found.Match {
		if !m.IsURL {
			out = append(out, m.ID)
		}
	}
	return sorted(out)
}

// whole is how much of a licence file one text must make up to be all of it, in percent: the rest
// are names and years.
const whole = 90

// IsOnly says whether a licence file is one known text and nothing beside it that somebody would miss.
func IsOnly(b []byte) bool {
	if len(b) > maxText {
		return false
	}
	found := licensecheck.Scan(b)
	var names []string
	for _, m := range found.Match {
		if !m.IsURL {
			names = append(names, m.ID)
		}
	}
	slices.Sort(names)
	return found.Percent >= whole && len(slices.Compact(names)) == 1
}

// Texts are the places of known texts in a licence file, from and to, in order.
func Texts(b []byte) [][2]int {
	var out [][2]int
	for _, m := range licensecheck.Scan(b[:min(len(b), maxText)]).Match {
		if !m.IsURL {
			out = append(out, [2]int{m.Start, m.End})
		}
	}
	return out
}

// commonLicence is how Debian's copyright files refer to texts that every system has.
var commonLicence = regexp.MustCompile(`/usr/share/common-licenses/([A-Za-z][A-Za-z0-9.-]*[A-Za-z0-9])`)

// OfCopyright returns the licences that a Debian copyright file states, sorted: the short
// names of one in the machine-readable format, which are nearly SPDX's, or else the known
// texts in it and those of /usr/share/common-licenses that it names.
func OfCopyright(b []byte) []string {
	b = b[:min(len(b), maxText)]
	if names := machineReadable(b); len(names) > 0 {
		return names
	}
	var out []string
	for _, m := range licensecheck.Scan(b).Match {
		if !m.IsURL {
			out = append(out, m.ID)
		}
	}
	for _, m := range commonLicence.FindAllSubmatch(b, -1) {
		out = append(out, string(m[1]))
	}
	return sorted(out)
}

// machineReadable reads the format of
// https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/.
func machineReadable(b []byte) []string {
	var out []string
	r := deb822.NewReader(bytes.NewReader(b))
	for first := true; ; first = false {
		p, err := r.Next()
		if err != nil {
			if err != io.EOF {
				return nil
			}
			return sorted(out)
		}
		if first && p.Get("Format") == "" {
			return nil
		}
		if p.Get("Files") == "" && !first {
			continue // a text that others refer to
		}
		if p.Get("Files") == "debian/*" {
			continue // of the packaging
		}
		name, _, _ := strings.Cut(p.Get("License"), "\n")
		out = append(out, strings.TrimSpace(name))
	}
}

func sorted(names []string) []string {
	names = slices.DeleteFunc(names, func(s string) bool { return s == "" })
	slices.Sort(names)
	return slices.Compact(names)
}
