package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/graft-build/graft"
)

func (a *app) initCommand() *cobra.Command {
	var req graft.InitRequest
	var dir string
	c := &cobra.Command{
		Use:   "init [APP]",
		Short: "Look at a module and write its graft.yaml",
		Long: `Init writes a commented graft.yaml into this folder. It looks at APP's module (default:
that of this folder): which main packages there are, how plugins get into them, which C
libraries the sources name. APP is a folder, or package@version of somebody else's
application. A module without a main package is a plugin: --app names its application.

What cannot be known is left out or stands in a comment; nothing is asked.`,
		Example: `  graft init
  graft init ./myapp && graft add ../myplugin && graft build
  graft init --app ./cmd/server --target rpi4 --with example.com/plugin
  graft init --app example.com/server@latest       in the repository of a plugin`,
		Args: arguments(0, 1, "one application at most"),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.open(dir)
			if err != nil {
				return err
			}
			req.Dir = a.Dir
			if len(args) > 0 {
				req.Look = args[0]
			}
			res, err := p.Init(c.Context(), req)
			if err != nil {
				return err
			}
			a.view.close()
			if a.json {
				return a.printJSON(res)
			}
			a.printInit(res)
			return nil
		},
	}
	c.Flags().StringVarP(&dir, "dir", "C", ".", "folder that the graft.yaml is written into")
	c.Flags().StringVar(&req.App, "app", "", "the application: the folder of a main package, or package@version")
	c.Flags().StringArrayVarP(&req.With, "with", "w", nil, "plugin: a folder, package@version, or a package for its newest version (repeatable)")
	c.Flags().StringSliceVarP(&req.Targets, "target", "t", nil, "system to build for (graft targets; repeatable)")
	c.Flags().BoolVar(&req.Force, "force", false, "write over a graft.yaml that is there")
	c.Flags().BoolVar(&a.offline, "offline", false, "download nothing: use what the store has")
	c.RegisterFlagCompletionFunc("target", completeTargets)
	return c
}

func (a *app) printInit(res *graft.InitResult) {
	fmt.Fprintf(a.Stdout, "wrote %s\n", res.Path)
	app := res.App
	if app == "" {
		app = "not known: fill in app:"
	}
	fmt.Fprintf(a.Stdout, "  application  %s\n", app)
	if len(res.Plugins) > 0 {
		fmt.Fprintf(a.Stdout, "  plugins      %s\n", strings.Join(res.Plugins, ", "))
	}
	if res.Takes != "" {
		fmt.Fprintf(a.Stdout, "  takes them   %s\n", res.Takes)
	}
	if len(res.Needs) > 0 {
		fmt.Fprintf(a.Stdout, "  C libraries  %s\n", strings.Join(res.Needs, ", "))
	}
}
