package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/graft-build/graft/internal/nixbuild"
)

// nixBuilderCommand is what the derivations of the flake (nix/) have as their builder.
func (a *app) nixBuilderCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "nix-builder",
		Short:  "Be the builder of a Nix derivation",
		Long:   "What the derivations of graft's flake run: the plan is in the file that planPath names, the output is out. See docs/nix.md.",
		Hidden: true,
		Args:   arguments(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			getenv := func(name string) string { return getenv(a.Env, name) }
			if getenv("out") == "" || getenv("NIX_BUILD_TOP") == "" {
				return &usageError{c.CommandPath(), errors.New("nix-builder is started by Nix, as a derivation's builder")}
			}
			p, err := nixbuild.ReadPlan(getenv)
			if err != nil {
				return err
			}
			// Nix gives its builders a terminal, and what they say goes into a log.
			a.view = newView(a.Stderr, false)
			b := nixbuild.Builder{Out: getenv("out"), Top: getenv("NIX_BUILD_TOP"), Executable: a.Executable, Events: a.view.event}
			return b.Run(c.Context(), p)
		},
	}
}
