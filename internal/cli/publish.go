package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/graft-build/graft"
)

func (a *app) publishCommand() *cobra.Command {
	var f composition
	var tags []string
	c := &cobra.Command{
		Use:   "publish oci://HOST/NAME[:TAG] [APP]",
		Short: "Build container images and push them to a registry",
		Long: `Publish builds what the manifest says, and an image of each Linux target, unless all
of it is up to date, and pushes the image to a registry: several targets as one index,
from which each machine gets its own. Without TAG and --tag the tag is the version.

What the registry has is not sent again. Tags come last: an interrupted push leaves
them as they were, and a second one goes on where it ended.

Users and passwords are those of docker login, podman login or skopeo login, and
their credential helpers. Registries are asked over https; over http only on this
machine, or where the address says oci+http://.`,
		Example: `  graft publish oci://registry.example.com/team/app
  graft publish oci://registry.example.com/team/app:1.0.0 --tag 1.0 --tag latest ./app --target linux/amd64 --target linux/arm64
  graft publish oci://localhost:5000/app --json`,
		Args: arguments(1, 2, "oci://HOST/NAME:TAG and one application at most"),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.open(a.split(args[1:], &f.req))
			if err != nil {
				return err
			}
			f.req.Dir = a.Dir
			res, err := p.Publish(c.Context(), f.req, args[0], tags...)
			if err != nil {
				return err
			}
			a.view.close()
			return a.printPublished(res)
		},
	}
	f.add(c)
	f.addTargets(c)
	a.workFlags(c)
	c.Flags().StringSliceVar(&tags, "tag", nil, "tag beside the address's (repeatable)")
	c.Flags().StringVarP(&f.req.Out, "out", "o", "dist", "folder for the artifacts")
	c.Flags().StringVar(&f.req.Name, "name", "", "name of the program and its artifacts")
	c.Flags().StringVar(&f.req.Version, "app-version", "", "version of the artifacts")
	return c
}

func (a *app) printPublished(res *graft.Published) error {
	if a.json {
		return a.printJSON(res)
	}
	for _, tag := range res.Tags {
		if _, err := fmt.Fprintf(a.Stdout, "%s:%s@%s\n", res.Repository, tag, res.Digest); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.Stderr, "sent %s of %s: %d layers sent, %d taken from other repositories, %d there already\n",
		size(res.BytesSent), size(res.BytesTotal), res.Layers.Sent, res.Layers.Mounted, res.Layers.Present)
	return nil
}
