package cli

import (
	"cmp"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/graft-build/graft"
)

func (a *app) outdatedCommand() *cobra.Command {
	var f composition
	var all bool
	c := &cobra.Command{
		Use:   "outdated [APP]",
		Short: "Tell what there is newer than graft.lock has it",
		Long: `Outdated compares the lock with the module proxy and with the indexes of the packages'
suites: the locked version, the newest, and the command that takes it. Of modules it looks at
those that the go.mod files of application and local plugins require themselves; --all takes
indirect ones too. It changes nothing, and its exit status does not depend on the answer.`,
		Example: `  graft outdated
  graft outdated --all --target rpi4
  graft outdated --json`,
		Args: arguments(0, 1, "one application at most"),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.open(a.split(args, &f.req))
			if err != nil {
				return err
			}
			f.req.Dir = a.Dir
			res, err := p.Outdated(c.Context(), f.req, all)
			if err != nil {
				return err
			}
			a.view.close()
			if a.json {
				return a.printJSON(append([]graft.Outdated{}, res...))
			}
			if len(res) == 0 {
				fmt.Fprintln(a.Stdout, "nothing is outdated")
				return nil
			}
			w := tabwriter.NewWriter(a.Stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "NAME\tLOCKED\tNEWEST\tTARGET\tTO TAKE IT")
			for _, o := range res {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", o.Name, cmp.Or(o.Locked, "-"), cmp.Or(o.Newest, "?"), cmp.Or(o.Target, "-"), o.How)
			}
			return w.Flush()
		},
	}
	f.add(c)
	f.addTargets(c)
	a.workFlags(c)
	c.Flags().BoolVarP(&all, "all", "a", false, "indirect Go modules, too")
	c.Flags().StringVarP(&f.req.Out, "out", "o", "dist", "folder of the lock when there is no manifest")
	return c
}
