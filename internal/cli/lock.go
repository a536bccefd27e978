package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/graft-build/graft"
)

func (a *app) lockCommand() *cobra.Command {
	var f composition
	var update bool
	c := &cobra.Command{
		Use:   "lock [APP] [--update [NAME…]]",
		Short: "Write graft.lock: choose every input and pin it",
		Long: `Lock composes the application, detects what it needs from C, chooses packages and
modules and writes graft.lock. What the present lock pins and still fits is kept.

--update chooses everything anew from the newest indexes; with names, only these: Go modules
(their newest version, or the one after an @), plugins, packages, and go for the version of Go.
Packages that only go together, such as those of one source, are updated together. graft
outdated tells what there is. With --update a folder is APP, and everything else a name. What
was raised by name stays so until --update without names goes back to what go.mod files require.`,
		Example: `  graft lock
  graft lock --update
  graft lock --update golang.org/x/net libcairo2
  graft lock --update golang.org/x/net@v0.40.0
  graft lock --target linux/arm64`,
		Args: arguments(0, -1, ""),
		RunE: func(c *cobra.Command, args []string) error {
			args, names := a.names(args, update)
			if len(args) > 1 {
				return &usageError{c.CommandPath(), errors.New("want one application at most")}
			}
			p, err := a.open(a.split(args, &f.req))
			if err != nil {
				return err
			}
			f.req.Dir = a.Dir
			res, err := p.Lock(c.Context(), f.req, graft.Update{All: update && len(names) == 0, Names: names})
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
		ValidArgsFunction: a.completeUpdate,
	}
	f.add(c)
	f.addTargets(c)
	a.workFlags(c)
	c.Flags().BoolVarP(&update, "update", "u", false, "choose everything anew, or only what is named")
	c.Flags().StringVarP(&f.req.Out, "out", "o", "dist", "folder of the lock when there is no manifest")
	return c
}

// names separates the names after --update from the application, which is a folder.
func (a *app) names(args []string, update bool) (apps, names []string) {
	if !update {
		return args, nil
	}
	for _, arg := range args {
		dir := arg
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(a.Dir, dir)
		}
		if fi, err := os.Stat(dir); err == nil && fi.IsDir() {
			apps = append(apps, arg)
		} else {
			names = append(names, arg)
		}
	}
	return apps, names
}

func (a *app) completeUpdate(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	if on, err := c.Flags().GetBool("update"); err != nil || !on {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	return append(graft.LockedNames(a.Dir), "go"), cobra.ShellCompDirectiveDefault
}
