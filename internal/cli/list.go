package cli

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/graft-build/graft"
)

func (a *app) listCommand() *cobra.Command {
	var f composition
	var modules, build bool
	c := &cobra.Command{
		Use:   "list [APP]",
		Short: "List what the composition consists of, with versions and licences",
		Long: `List shows what the lock's composition consists of: application, plugins, Go modules with
--modules, and for each target the packages of C libraries that the program runs with, with
their libraries; those that it is only compiled with follow with --build. Licences are read from
licence files (SPDX names) and from what packages state; "?" is a text that is not known.

Nothing is downloaded: of packages that the store lacks only names and versions are told.`,
		Example: `  graft list
  graft list --modules --target rpi4
  graft list --json`,
		Args: arguments(0, 1, "one application at most"),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.open(a.split(args, &f.req))
			if err != nil {
				return err
			}
			f.req.Dir = a.Dir
			res, err := p.List(c.Context(), f.req)
			if err != nil {
				return err
			}
			a.view.close()
			if a.json {
				return a.printJSON(res)
			}
			return a.printListing(res, modules, build)
		},
	}
	f.add(c)
	f.addTargets(c)
	a.workFlags(c)
	c.Flags().BoolVarP(&modules, "modules", "m", false, "all Go modules, too")
	c.Flags().BoolVarP(&build, "build", "b", false, "packages that are only compiled with, too")
	c.Flags().StringVarP(&f.req.Out, "out", "o", "dist", "folder of the lock when there is no manifest")
	return c
}

func (a *app) printListing(res *graft.Listing, modules, build bool) error {
	w := tabwriter.NewWriter(a.Stdout, 0, 0, 2, ' ', 0)
	line := func(kind string, m graft.ListedModule) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", kind, cmp.Or(m.Package, m.Module), cmp.Or(m.Version, m.Folder), short(m.Licences))
	}
	line("application", res.Application)
	for _, m := range res.Plugins {
		line("plugin", m)
	}
	if modules {
		for _, m := range res.Modules {
			line("module", m)
		}
	}
	fmt.Fprintf(w, "go\t\t%s\t\n", res.Go)
	if res.Zig != "" {
		fmt.Fprintf(w, "zig\t\t%s\t\n", res.Zig)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, t := range res.Targets {
		if err := a.printTarget(t, build); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printTarget(t graft.ListedTarget, build bool) error {
	if t.Repo == "" {
		_, err := fmt.Fprintf(a.Stdout, "%s: no packages\n", t.Target)
		return err
	}
	fmt.Fprintf(a.Stdout, "%s, %s:\n", t.Target, t.Repo)
	w := tabwriter.NewWriter(a.Stdout, 0, 0, 2, ' ', 0)
	for _, p := range t.Packages {
		if !p.Run && !build {
			continue
		}
		licences := short(p.Licences)
		if p.Missing {
			licences = "(not in the store)"
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", p.Name, p.Version, licences, strings.Join(p.Libraries, " "))
	}
	return w.Flush()
}

// short shows the first licences of a list; --json has them all.
func short(licences []string) string {
	const most = 4
	switch n := len(licences); {
	case n == 0:
		return "?"
	case n > most+1:
		return fmt.Sprintf("%s and %d more", strings.Join(licences[:most], ", "), n-most)
	}
	return strings.Join(licences, ", ")
}
