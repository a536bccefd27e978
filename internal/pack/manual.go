package pack

import (
	"fmt"
	"strings"
)

// manSection is the section of the manual page.
func (in In) manSection() int {
	if in.System.Man != nil && in.System.ManSection != 0 {
		return in.System.ManSection
	}
	if len(in.System.Services) > 0 {
		return 8
	}
	return 1
}

// manual is the manual page, as packages have it.
func (in In) manual() (File, error) {
	text := in.System.Man
	if text == nil {
		text = in.manualText()
	}
	b, err := gzipped(text)
	n := in.manSection()
	return File{Path: fmt.Sprintf("/usr/share/man/man%d/%s.%d.gz", n, in.Meta.Name, n), Data: b, Mode: 0o644}, err
}

// manualText is a small page for programs that bring none: what it is, how it is started,
// what was compiled into it.
func (in In) manualText() []byte {
	m := in.Meta
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s %d %s %s\n", roffWord(strings.ToUpper(m.Name)), in.manSection(), roffWord(in.date().Format("2006-01-02")), roffWord(m.Name+" "+m.Version))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(m.Name), roff(or(firstLine(m.Description), m.Name)))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n.RI [ arguments ...]\n", roff(m.Name))
	b.WriteString(".SH DESCRIPTION\n" + roff(or(strings.TrimSpace(m.Description), m.Name)) + "\n")
	if len(in.System.Plugins) > 0 {
		b.WriteString(".PP\nThese plugins are compiled in:\n")
		for _, p := range in.System.Plugins {
			fmt.Fprintf(&b, ".IP \\(bu 2\n%s\n", roff(p))
		}
	}
	for _, s := range in.System.Services {
		fmt.Fprintf(&b, ".PP\nThe service\n.B %s\nstarts it; variables in\n.I %s\nare its environment.\n", roff(s.unit()), roff("/etc/default/"+s.Name))
	}
	if m.Homepage != "" {
		b.WriteString(".SH SEE ALSO\n" + roff(m.Homepage) + "\n")
	}
	if m.Maintainer != "" {
		b.WriteString(".SH AUTHOR\nPackaged by " + roff(m.Maintainer) + ".\n")
	}
	return []byte(b.String())
}

// roff is text that has no meaning to the formatter.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\t", " ").Replace(s)
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
		if strings.TrimSpace(l) == "" {
			lines[i] = ".PP"
		}
	}
	return strings.Join(lines, "\n")
}

// roffWord is one argument of a macro.
func roffWord(s string) string {
	return `"` + strings.ReplaceAll(roff(s), `"`, `\(dq`) + `"`
}
