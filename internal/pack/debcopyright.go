package pack

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// common are the licences that every Debian system has in /usr/share/common-licenses, which
// policy (12.5) asks to refer to, by words of their texts in the order to look for them.
var common = []struct {
	file, short string
	words       []string
}{
	{"Apache-2.0", "Apache-2.0", []string{"Apache License", "Version 2.0, January 2004", "END OF TERMS AND CONDITIONS"}},
	{"LGPL-3", "LGPL-3", []string{"GNU LESSER GENERAL PUBLIC LICENSE", "Version 3, 29 June 2007"}},
	{"LGPL-2.1", "LGPL-2.1", []string{"GNU LESSER GENERAL PUBLIC LICENSE", "Version 2.1, February 1999"}},
	{"GPL-3", "GPL-3", []string{"GNU GENERAL PUBLIC LICENSE", "Version 3, 29 June 2007"}},
	{"GPL-2", "GPL-2", []string{"GNU GENERAL PUBLIC LICENSE", "Version 2, June 1991"}},
	{"MPL-2.0", "MPL-2.0", []string{"Mozilla Public License Version 2.0", "Exhibit A - Source Code Form License Notice"}},
}

// expressions are SPDX names of licences that copyright files call otherwise.
var expressions = map[string]string{"MIT": "Expat"}

// copyrightText is the machine-readable copyright file of the package (DEP 5): the program's
// own licence and those of all modules that it is compiled from. Shared libraries are not in
// the package, and bring their own.
func copyrightText(m Meta, licences []Licence) []byte {
	var b strings.Builder
	b.WriteString("Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n")
	fmt.Fprintf(&b, "Upstream-Name: %s\n", m.Name)
	if m.Maintainer != "" {
		fmt.Fprintf(&b, "Upstream-Contact: %s\n", m.Maintainer)
	}
	if m.Homepage != "" {
		fmt.Fprintf(&b, "Source: %s\n", m.Homepage)
	}
	own := or(expressions[m.License], or(m.License, "unstated"))
	fmt.Fprintf(&b, "Comment: The program is compiled from the application and from Go modules.\n Each module has a paragraph here, under its path.\n")
	fmt.Fprintf(&b, "\nFiles: *\nCopyright: %s\nLicense: %s\n", or(m.Maintainer, "the authors of "+m.Name), own)
	if own == "unstated" {
		b.WriteString(" The manifest of the program does not state its licence.\n")
	} else {
		b.WriteString(" The program itself is under this licence.\n")
	}
	texts := map[string]string{own: ""}
	for i := 0; i < len(licences); {
		j := i
		for j < len(licences) && licences[j].Of == licences[i].Of {
			j++
		}
		moduleParagraph(&b, licences[i:j], texts)
		i = j
	}
	return []byte(b.String())
}

// moduleParagraph writes the paragraph of one module. texts has the licences that have been
// written so far, short name to text.
func moduleParagraph(b *strings.Builder, files []Licence, texts map[string]string) {
	folder := strings.TrimPrefix(files[0].Name[:strings.LastIndexByte(files[0].Name, '/')], "modules/")
	var holders, text []string
	short := ""
	for _, f := range files {
		holders = append(holders, copyrightLines(f.Content)...)
		if i := slices.IndexFunc(common, func(c struct {
			file, short string
			words       []string
		}) bool {
			return !slices.ContainsFunc(c.words, func(w string) bool { return !bytes.Contains(f.Content, []byte(w)) })
		}); i >= 0 {
			c := common[i]
			text = append(text, fmt.Sprintf("On Debian systems, the text of this licence is in\n/usr/share/common-licenses/%s.", c.file))
			if short == "" {
				short = c.short
			}
			continue
		}
		text = append(text, strings.TrimRight(strings.ToValidUTF8(string(f.Content), "?"), " \t\n"))
	}
	body := strings.Join(text, "\n\n")
	if short == "" || len(files) > 1 {
		short = "licence-of-" + folder
	}
	// The same text is written once.
	for name, t := range texts {
		if t == body {
			short = name
		}
	}
	slices.Sort(holders)
	holders = slices.Compact(holders)
	if len(holders) == 0 {
		holders = []string{"the authors of " + folder}
	}
	fmt.Fprintf(b, "\nFiles: %s/*\nCopyright: %s\nLicense: %s\n", fileWord(folder), strings.Join(holders, "\n "), fileWord(short))
	if t, ok := texts[short]; !ok || t != body {
		texts[short] = body
		for line := range strings.SplitSeq(body, "\n") {
			line = strings.TrimRight(strings.Map(func(r rune) rune {
				if r < ' ' && r != '\t' || r == 0x7f {
					return -1
				}
				return r
			}, line), " \t")
			b.WriteString(" " + or(line, ".") + "\n")
		}
	}
}

// fileWord has no space, which would end a name in the fields Files and License.
func fileWord(s string) string { return strings.ReplaceAll(s, " ", "?") }

var holder = regexp.MustCompile(`(?i)^\W{0,4}copyright\s+(?:\(c\)\s*|©\s*)?((?:\d{4}|by\s).{2,200})$`)

// copyrightLines are the lines of a licence that say whose copyright it is.
func copyrightLines(text []byte) (out []string) {
	for line := range bytes.Lines(text) {
		if m := holder.FindSubmatch(bytes.TrimSpace(line)); m != nil && len(out) < 64 {
			out = append(out, strings.Join(strings.Fields(strings.ToValidUTF8(string(m[1]), "?")), " "))
		}
	}
	return out
}
