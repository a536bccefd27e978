package cli

import (
	"github.com/spf13/cobra"

	"github.com/graft-build/graft/manifest"
)

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of graft.yaml, for editors",
		Example: "  graft schema > graft.schema.json\n  # first line of graft.yaml: # yaml-language-server: $schema=graft.schema.json",
		Args:    arguments(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			_, err := a.Stdout.Write(manifest.Schema)
			return err
		},
	}
}
