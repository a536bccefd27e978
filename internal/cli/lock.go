package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) lockCommand() *cobra.Command {
	var f composition
	var update bool
	c := &cobra.Command{
		Use:   "lock [APP]",
		Short: "Write graft.lock: choose every input and pin it",
		Long: `Lock composes the application, detects what it needs from C, chooses packages and
modules and writes graft.lock. What the present lock pins and still fits is kept;
--update chooses everything anew from the newest indexes.`,
		Example: `  graft lock
  graft lock --update
  graft lock --target linux/arm64`,
		Args: arguments(0, 1, "one application at most"),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.open(a.split(args, &f.req))
			if err != nil {
				return err
			}
			f.req.Dir = a.Dir
			res, err := p.Lock(c.Context(), f.req, update)
			if err != nil {
				return err
			}
			a.view.close()
			if a.json {
				return a.printJSON(res)
			}
			for _, line := range res.Changes {
				fmt.Fprintln(a.Stdout, line)
			}
			if len(res.Changes) == 0 {
				fmt.Fprintf(a.Stdout, "%s is up to date\n", res.Path)
			}
			return nil
		},
	}
	f.add(c)
	f.addTargets(c)
	a.workFlags(c)
	c.Flags().BoolVarP(&update, "update", "u", false, "choose everything anew")
	c.Flags().StringVarP(&f.req.Out, "out", "o", "dist", "folder of the lock when there is no manifest")
	return c
}
