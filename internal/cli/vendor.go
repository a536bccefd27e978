package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/graft-build/graft"
)

// vendor is graft fetch --vendor.
func (a *app) vendor(c *cobra.Command, p *graft.Project, req graft.Request, dir string) error {
	res, kept, err := p.Vendor(c.Context(), req, dir)
	if err != nil {
		return err
	}
	a.view.close()
	if a.json {
		return a.printJSON(struct {
			*graft.FetchResult
			Vendor *graft.Vendored `json:"vendor"`
		}{res, kept})
	}
	fmt.Fprintf(a.Stdout, "%d packages, %s, are in %s; to build from there:\n", kept.Files, size(kept.Bytes), dir)
	for _, m := range kept.Mirrors {
		fmt.Fprintln(a.Stdout, "  "+m)
	}
	return nil
}
