// Package draft writes the first graft.yaml of a project: what is known as values, the most
// important other keys as comments that say what they do. Equal facts give equal bytes.
package draft

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/graft-build/graft/internal/survey"
)

// Facts is what a manifest shall say.
type Facts struct {
	Name    string   // of the program
	App     string   // folder or package@version; "" leaves it to be filled in
	Mains   []string // other main packages, for a comment
	Plugin  bool     // the folder is a plugin of App
	Use     []string // plugins
	Seam    survey.Seam
	Inherit bool     // the application's own manifest says how it takes plugins
	Needs   []string // C libraries, for a comment
	Targets []string // names of targets
}

// Write returns the manifest.
func Write(f Facts) []byte {
	var b strings.Builder
	b.WriteString("# What graft builds here. graft build builds it, graft run starts it; docs/manifest.md\n# of graft describes every key, and graft schema prints a schema for editors.\n\n")
	f.head(&b)
	f.plugins(&b)
	f.tail(&b)
	return []byte(b.String())
}

// rows aligns the comments of a group of lines.
type rows struct {
	w *tabwriter.Writer
}

func group(b *strings.Builder) rows {
	return rows{tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.DiscardEmptyColumns)}
}

func (r rows) add(line, comment string) {
	if comment != "" {
		line += "\t# " + comment
	}
	fmt.Fprintln(r.w, line)
}

func (f Facts) head(b *strings.Builder) {
	r := group(b)
	r.add("name: "+Scalar(f.Name), "of the program and its packages")
	r.add("# version: 1.0.0", "of the packages")
	r.add("# maintainer: Name <mail@example.com>", "for .deb packages")
	switch {
	case f.App == "":
		r.add("app:", "FILL IN the application: a folder, or package@version")
	case strings.Contains(f.App, "@"):
		r.add("app: "+Scalar(f.App), "the application, package@version; or a folder")
	default:
		r.add("app: "+Scalar(f.App), "folder of the main package; or package@version")
	}
	for _, m := range f.Mains {
		r.add("# app: "+Scalar(m), "another main package")
	}
	r.w.Flush()
}

func (f Facts) plugins(b *strings.Builder) {
	b.WriteString("\n")
	comment := func(lines ...string) {
		for _, l := range lines {
			b.WriteString("# " + oneLine(l) + "\n")
		}
	}
	s := f.Seam
	switch {
	case f.Inherit:
		comment("How the application takes plugins is in its own graft.yaml.")
	case s.From != "":
		comment("Seen: "+s.Why+". For plugins whose order or kind", "counts: graft import "+s.From+" writes what such a list needs.")
	case s.Register != "":
		comment("Seen: " + s.Why + ".")
	case s.Why != "":
		comment("Plugins are imported, and register themselves in their init functions.", "Seen: "+s.Why+".")
	default:
		comment("Plugins are imported; graft add FOLDER or graft add MODULE adds one. An application", "that wants more says what its plugins are and what is done with each:",
			"  interface: example.com/api.Plugin", "  entry: Plugin", "  register: plugins = append(plugins, {{.Entry}}())")
	}
	if (s.Register == "" || f.Inherit) && len(f.Use) == 0 {
		return
	}
	b.WriteString("plugins:\n")
	if s.Register != "" && !f.Inherit {
		r := group(b)
		r.add("  interface: "+Scalar(s.Interface), "what an entry function returns; checked before compiling")
		r.add("  entry: "+Scalar(s.Entry), "the function that every plugin exports")
		r.add("  register: "+Scalar(s.Register), "Go statement for each plugin")
		r.w.Flush()
	}
	if len(f.Use) > 0 {
		b.WriteString("  use:\n")
		for _, u := range f.Use {
			b.WriteString("    - " + Scalar(u) + "\n")
		}
	}
}

func (f Facts) tail(b *strings.Builder) {
	b.WriteString("\n")
	r := group(b)
	if len(f.Targets) > 0 {
		r.add("targets: ["+strings.Join(f.Targets, ", ")+"]", "graft targets lists them")
	} else {
		r.add("# targets: [linux/amd64, rpi4, windows/amd64]", "default: this machine; graft targets lists them")
	}
	r.add("# formats: [tar.gz, deb, oci, zip]", "default: those of each target")
	r.w.Flush()
	if len(f.Needs) > 0 {
		b.WriteString("\n# C libraries that the sources name, whose packages graft finds:\n")
		for _, need := range f.Needs {
			b.WriteString("#   " + oneLine(need) + "\n")
		}
		b.WriteString("# Where its choice is not yours, or a header alone is included:\n# packages:\n#   debian: {build: [libfoo-dev], choose: {\"" + oneLine(f.Needs[0]) + "\": libbar-dev}}\n")
	}
}

// oneLine is text that stays in its comment.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, s)
}

// Scalar is text as YAML: plain where it can't be read as anything else.
func Scalar(s string) string {
	switch {
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return strconv.Quote(s)
	case plain(s):
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// plain says whether text needs no quotes in a block of YAML.
func plain(s string) bool {
	letter := s != "" && (s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z')
	path := s == "." || s == ".." || strings.HasPrefix(s, "./") || strings.HasPrefix(s, "../") || strings.HasPrefix(s, "/")
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "y", "n", "null":
		return false
	}
	return (letter || path) && !strings.Contains(s, ": ") && !strings.Contains(s, " #") && !strings.HasSuffix(s, ":") && strings.TrimSpace(s) == s
}
