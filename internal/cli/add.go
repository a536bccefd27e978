package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/graft-build/graft"
)

func (a *app) addCommand() *cobra.Command {
	var req graft.AddRequest
	var dir string
	c := &cobra.Command{
		Use:   "add PLUGIN…",
		Short: "Add plugins to graft.yaml, or change their versions",
		Long: `Add writes plugins into the list plugins.use of graft.yaml. PLUGIN is a folder,
package@version, or a package without a version: then the newest is looked up and
written down. A package that the list already has gets the new version in its place.

Everything else of the file stays as it is, comments and line ends included. Before
anything is written, the application is composed with its plugins; when that fails,
nothing is changed. A graft.lock that exists is brought up to date.`,
		Example: `  graft add ../myplugin
  graft add example.com/plugin                       the newest version
  graft add example.com/plugin@v1.2.3                this one, also if another is there
  graft add --before example.com/cache ./plugins/log the order of the list is that of registration
  graft add --before forward ./my-dns-plugin         the last element of its path is enough`,
		Args: arguments(1, -1, "plugins: folders, packages or package@version"),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.open(dir)
			if err != nil {
				return err
			}
			req.Dir, req.Plugins = a.Dir, args
			res, err := p.Add(c.Context(), req)
			return a.printEdit(res, err)
		},
	}
	a.editFlags(c, &req, &dir)
	c.Flags().StringVar(&req.Before, "before", "", "plugin of the list that the new ones are put before")
	c.Flags().StringVar(&req.After, "after", "", "plugin of the list that the new ones are put after")
	return c
}

func (a *app) removeCommand() *cobra.Command {
	var req graft.AddRequest
	var dir string
	c := &cobra.Command{
		Use:   "remove PLUGIN…",
		Short: "Remove plugins from graft.yaml",
		Long: `Remove takes plugins out of the list plugins.use of graft.yaml. PLUGIN is a folder, a
package, or package@version as the list has it. Everything else of the file stays as
it is. A graft.lock that exists is brought up to date.`,
		Example: `  graft remove ../myplugin
  graft remove example.com/plugin`,
		Args: arguments(1, -1, "plugins of the manifest"),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.open(dir)
			if err != nil {
				return err
			}
			req.Dir, req.Plugins = a.Dir, args
			res, err := p.Remove(c.Context(), req)
			return a.printEdit(res, err)
		},
		ValidArgsFunction: a.completePlugins(&dir),
	}
	a.editFlags(c, &req, &dir)
	return c
}

func (a *app) editFlags(c *cobra.Command, req *graft.AddRequest, dir *string) {
	c.Flags().StringVarP(dir, "dir", "C", ".", "folder of the project, which has the graft.yaml")
	c.Flags().BoolVar(&req.NoCheck, "no-check", false, "do not compose the application before writing; leaves graft.lock alone")
	c.Flags().BoolVar(&a.offline, "offline", false, "download nothing: use what the store has")
}

// completePlugins offers the plugins that the manifest has.
func (a *app) completePlugins(dir *string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		p, err := a.open(*dir)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var out []string
		for _, u := range p.Manifest().Plugins.Use {
			out = append(out, u.Module)
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

func (a *app) printEdit(res *graft.EditResult, err error) error {
	if err != nil {
		return err
	}
	a.view.close()
	if a.json {
		return a.printJSON(res)
	}
	for _, c := range res.Changes {
		switch {
		case c.Was != "":
			fmt.Fprintf(a.Stdout, "%s %s, was %s\n", c.Change, c.Plugin, c.Was)
		default:
			fmt.Fprintf(a.Stdout, "%s %s\n", c.Change, c.Plugin)
		}
	}
	if res.Lock != nil {
		for _, line := range res.Lock.Changes {
			fmt.Fprintln(a.Stdout, "graft.lock: "+line)
		}
	}
	if res.Stale {
		fmt.Fprintln(a.Stderr, "graft.lock does not fit any more: graft lock brings it up to date")
	}
	return nil
}
