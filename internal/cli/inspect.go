package cli

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/graft-build/graft"
)

func (a *app) inspectCommand() *cobra.Command {
	all := false
	c := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Tell what a program or artifact was composed of",
		Long: `Inspect tells what the programs in FILE were composed of: application, plugins, the
digest of the lock, versions of Go and zig, packages of C libraries. FILE is a program, a .deb,
.rpm, .apk or .pkg.tar.zst, a .zip, a tar archive however compressed, an OCI image (a tar, or a
folder with its layout) or what docker save writes.

The answer comes from what graft writes into every program that it builds, not from names. Of
other Go programs inspect says what the go command wrote into them, and that graft did not make
them. A plugin from a folder has no version: it is named by the digest of its compiled files.`,
		Example: `  graft inspect dist/image-server_1.0.0_armhf.deb
  graft inspect --json /usr/bin/image-server`,
		Args: arguments(1, 1, "one file"),
		RunE: func(c *cobra.Command, args []string) error {
			file := args[0]
			if !filepath.IsAbs(file) {
				file = filepath.Join(a.Dir, file)
			}
			res, err := graft.Inspect(c.Context(), file)
			if err != nil {
				return err
			}
			res.File = args[0]
			if a.json {
				return a.printJSON(res)
			}
			return a.printInspection(res, all)
		},
	}
	c.Flags().BoolVar(&all, "modules", false, "list the Go modules too")
	return c
}

func (a *app) printInspection(res *graft.Inspection, modules bool) error {
	if len(res.Programs) == 0 {
		_, err := fmt.Fprintf(a.Stdout, "%s (%s) holds no Go program\n", res.File, res.Kind)
		return err
	}
	for _, p := range res.Programs {
		w := tabwriter.NewWriter(a.Stdout, 0, 0, 2, ' ', 0)
		name := cmp.Or(p.Path, res.File)
		switch {
		case p.Composition != nil:
			printComposition(w, name, p.Composition)
		case p.Go == "" && p.Main == "":
			fmt.Fprintf(w, "%s is no Go program, and graft did not make it\n", name)
		default:
			fmt.Fprintf(w, "%s was not made by graft\n", name)
			row(w, "go", p.Go)
			row(w, "package", p.Main)
		}
		if modules || p.Composition == nil {
			for _, m := range p.Modules {
				text := ref(m.Path, m.Version)
				if m.Replace != "" {
					text += " => " + m.Replace
				}
				row(w, "module", text)
			}
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func printComposition(w io.Writer, file string, c *graft.Composition) {
	fmt.Fprintf(w, "%s\n", file)
	row(w, "program", c.Name+" "+c.Version+" for "+c.Target)
	row(w, "application", part(c.App.Package, c.App.Module, c.App.Version, c.App.Source.String()))
	for _, p := range c.Plugins {
		row(w, "plugin", part(p.Package, p.Module, p.Version, p.Source.String()))
	}
	for _, p := range c.Folders {
		row(w, "folder", part(p.Package, p.Module, p.Version, p.Source.String()))
	}
	row(w, "tags", strings.Join(c.Tags, ","))
	row(w, "lock", c.Lock.String())
	row(w, "go", c.Go)
	row(w, "zig", c.Zig)
	row(w, "graft", c.Graft)
	var build, run []string
	for _, p := range c.Packages {
		if p.Run {
			run = append(run, p.Name+" "+p.Version)
		} else {
			build = append(build, p.Name+" "+p.Version)
		}
	}
	row(w, "built with", strings.Join(build, ", "))
	row(w, "runs with", strings.Join(run, ", "))
}

// part is a package with its version, or with the digest of a folder's files.
func part(pkg, module, version, source string) string {
	switch {
	case version == "":
		return pkg + " (a folder, " + source + ")"
	case module != pkg:
		return pkg + " (" + ref(module, version) + ")"
	}
	return ref(pkg, version)
}

func ref(path, version string) string {
	if version == "" {
		return path
	}
	return path + "@" + version
}

func row(w io.Writer, name, value string) {
	if value != "" {
		fmt.Fprintf(w, "  %s\t%s\n", name, value)
	}
}
