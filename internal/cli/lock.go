package cli

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/graft-build/graft"
)

func (a *app) lockCommand() *cobra.Command {
	var f composition
	var update bool
	var systems []string
	c := &cobra.Command{
		Use:   "lock [APP] [--update [NAME…]]",
		Short: "Write graft.lock: choose every input and pin it",
		Long: `Lock composes the application, detects what it needs from C, chooses packages and
modules and writes graft.lock. What the present lock pins and still fits is kept.

--update chooses everything anew from the newest indexes; with names, only these: Go modules
(their newest version, or the one after an @), plugins, packages, and go for the version of Go.
Packages that only go together, such as those of one source, are updated together. graft
outdated tells what there is. With --update a folder is APP, and everything else a name. What
was raised by name stays so until --update without names goes back to what go.mod files require.

--nix records what Nix needs too: the SHA-256 of every file that comes from the module proxy,
and of the Go toolchain for this host, or for the systems it names. It is on by itself where a
flake.nix lies in the folder, and stays on in a lock that has it.`,
		Example: `  graft lock
  graft lock --update
  graft lock --update golang.org/x/net libcairo2
  graft lock --update golang.org/x/net@v0.40.0
  graft lock --target linux/arm64
  graft lock --nix
  graft lock --nix=x86_64-linux,aarch64-darwin`,
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
			if f.req.Hosts, err = hosts(c, systems); err != nil {
				return err
			}
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
	c.Flags().StringSliceVar(&systems, "nix", nil, "record what Nix needs, with Go for this host or for Nix's `SYSTEM`s (--nix=x86_64-linux,…)")
	c.Flags().Lookup("nix").NoOptDefVal = "host"
	c.Flags().BoolVar(&f.req.Images, "images", false, "lock what images need, where formats of the manifest has none")
	c.Flags().StringVarP(&f.req.Out, "out", "o", "dist", "folder of the lock when there is no manifest")
	return c
}

// nixSystems are Nix's names of hosts that Go has a toolchain for, as GOOS/GOARCH.
var nixSystems = map[string]string{
	"x86_64-linux": "linux/amd64", "aarch64-linux": "linux/arm64", "riscv64-linux": "linux/riscv64",
	"x86_64-darwin": "darwin/amd64", "aarch64-darwin": "darwin/arm64",
}

// hosts are what --nix names.
func hosts(c *cobra.Command, systems []string) (out []string, err error) {
	for _, s := range systems {
		host := nixSystems[s]
		if s == "host" {
			host = runtime.GOOS + "/" + runtime.GOARCH
		}
		if host == "" {
			return nil, &usageError{c.CommandPath(), fmt.Errorf("--nix: %q is no system of Nix that Go has a toolchain for (%s)", s, strings.Join(slices.Sorted(maps.Keys(nixSystems)), ", "))}
		}
		out = append(out, host)
	}
	return out, nil
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
