package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) fetchCommand() *cobra.Command {
	var f composition
	var vendor string
	c := &cobra.Command{
		Use:   "fetch [APP]",
		Short: "Download everything that a build needs, so that it works offline",
		Long: `Fetch downloads what graft.lock pins (and writes the lock first if there is none):
packages, Go modules, the C toolchain. Afterwards graft build --offline needs no
network. With --vendor the packages are kept in a folder as well, which any later build
can use as a mirror: archives drop old packages, MSYS2 after about a year.`,
		Example: `  graft fetch && graft build --offline
  graft fetch --vendor third_party`,
		Args: arguments(0, 1, "one application at most"),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.open(a.split(args, &f.req))
			if err != nil {
				return err
			}
			f.req.Dir = a.Dir
			if vendor != "" {
				return a.vendor(c, p, f.req, vendor)
			}
			res, err := p.Fetch(c.Context(), f.req)
			if err != nil {
				return err
			}
			a.view.close()
			if a.json {
				return a.printJSON(res)
			}
			fmt.Fprintf(a.Stdout, "fetched %d files, %s; %d were here already\n", res.Fetched, size(res.Bytes), res.Cached)
			return nil
		},
	}
	f.add(c)
	f.addTargets(c)
	a.workFlags(c)
	c.Flags().StringVar(&vendor, "vendor", "", "folder to keep the packages in")
	c.Flags().StringVarP(&f.req.Out, "out", "o", "dist", "folder of the lock when there is no manifest")
	return c
}
