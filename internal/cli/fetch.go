package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/graft-build/graft"
)

func (a *app) fetchCommand() *cobra.Command {
	var f composition
	var vendor string
	var nix bool
	c := &cobra.Command{
		Use:   "fetch [APP]",
		Short: "Download everything that a build needs, so that it works offline",
		Long: `Fetch downloads what graft.lock pins (and writes the lock first if there is none):
packages, Go modules, the C toolchain. Afterwards graft build --offline needs no
network. With --vendor the packages are kept in a folder as well, which any later build
can use as a mirror: archives drop old packages, MSYS2 after about a year. With --nix they
are put into Nix's store, for graft's flake: Nix then downloads nothing itself, which private
modules and mirrors of your own need.`,
		Example: `  graft fetch && graft build --offline
  graft fetch --vendor third_party
  graft lock --nix && graft fetch --nix`,
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
			if nix {
				return a.fetchNix(c, p, f.req)
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
	c.Flags().BoolVar(&nix, "nix", false, "put everything that the lock pins into Nix's store")
	c.MarkFlagsMutuallyExclusive("vendor", "nix")
	c.Flags().StringVarP(&f.req.Out, "out", "o", "dist", "folder of the lock when there is no manifest")
	return c
}

// fetchNix is graft fetch --nix.
func (a *app) fetchNix(c *cobra.Command, p *graft.Project, req graft.Request) error {
	res, err := p.AddToNix(c.Context(), req)
	if err != nil {
		return err
	}
	a.view.close()
	if a.json {
		return a.printJSON(res)
	}
	_, err = fmt.Fprintf(a.Stdout, "%d files, %s, are in Nix's store\n", res.Files, size(res.Bytes))
	return err
}
