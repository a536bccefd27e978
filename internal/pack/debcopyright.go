package pack

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/licence"
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
// own licence, those of all modules that it is compiled from, and of packages whose static
// libraries are linked to it. Shared libraries are not in the package, and bring their own. On
// Debian common texts are referred to.
func copyrightText(m Meta, licences []Licence, debian bool) []byte {
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
	if slices.ContainsFunc(licences, Licence.ofPackage) {
		b.WriteString(" So have the packages whose libraries are part of it, under packages.\n")
	}
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
		paragraph(&b, licences[i:j], texts, debian)
		i = j
	}
	return []byte(b.String())
}

// ofPackage says whether the licence is that of a distribution's package.
func (l Licence) ofPackage() bool { return strings.HasPrefix(l.Name, "packages/") }

// referring is a module's licence file with references in the place of common licences' texts, and
// the short name of the one that it consists of; "" when there is more in it.
func referring(content []byte) (text, short string) {
	var b strings.Builder
	last := 0
	for _, at := range licence.Texts(content) {
		for _, c := range common {
			if slices.ContainsFunc(c.words, func(w string) bool { return !bytes.Contains(content[at[0]:at[1]], []byte(w)) }) {
				continue
			}
			reference := fmt.Sprintf("On Debian systems, the text of this licence is in\n/usr/share/common-licenses/%s.", c.file)
			if licence.IsOnly(content) {
				return reference, c.short
			}
			b.Write(content[last:at[0]])
			b.WriteString(reference + "\n")
			last = at[1]
			break
		}
	}
	b.Write(content[last:])
	return b.String(), ""
}

// paragraph writes the paragraph of one module or package. texts has the licences that have been
// written so far, short name to text.
func paragraph(b *strings.Builder, files []Licence, texts map[string]string, debian bool) {
	folder := strings.TrimPrefix(files[0].Name[:strings.LastIndexByte(files[0].Name, '/')], "modules/")
	var holders, text []string
	short := ""
	for _, f := range files {
		holders = append(holders, copyrightLines(f.Content)...)
		content := string(f.Content)
		if debian && !f.ofPackage() {
			var name string
			content, name = referring(f.Content)
			short = or(short, name)
		}
		text = append(text, strings.TrimRight(strings.ToValidUTF8(content, "?"), " \t\n"))
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
