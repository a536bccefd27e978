package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) execCommand() *cobra.Command {
	var f composition
	var target, dir string
	c := &cobra.Command{
		Use:   "exec [flags] -- COMMAND [ARGUMENTS]",
		Short: "Run a command with a target's compiler, libraries and pkg-config",
		Long: `Exec runs any command in the environment of a target: CC, CXX, AR, PKG_CONFIG, GOOS,
GOARCH and the rest point at the kit that graft builds with, whose libraries are
those of the lock. The command sees the rest of your environment unchanged.
With "env" as COMMAND it prints the environment.`,
		Example: `  graft exec --target rpi4 -- go build ./...
  graft exec --target linux/arm64 -- make
  graft exec -C examples/image-server --target rpi4 -- go vet ./...
  graft exec --target rpi4 -- sh -c '$CC -o hello hello.c'`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &usageError{c.CommandPath(), errors.New("want a command after --")}
			}
			if n := c.ArgsLenAtDash(); n > 0 {
				return &usageError{c.CommandPath(), fmt.Errorf("%q stands before --", strings.Join(args[:n], " "))}
			}
			if target != "" {
				f.req.Targets = []string{target}
			}
			if !filepath.IsAbs(dir) {
				dir = filepath.Join(a.Dir, dir)
			}
			p, err := a.open(dir)
			if err != nil {
				return err
			}
			f.req.Dir = dir
			shell, err := p.Shell(c.Context(), f.req)
			if err != nil {
				return err
			}
			a.view.close()
			return shell.Run(c.Context(), args, dir, a.Stdin, a.Stdout, a.Stderr)
		},
	}
	f.add(c)
	a.workFlags(c)
	c.Flags().StringVarP(&target, "target", "t", "", "system whose environment it is (default: this host)")
	c.Flags().StringVarP(&dir, "chdir", "C", ".", "work in this folder, which is the project's")
	c.RegisterFlagCompletionFunc("target", completeTargets)
	return c
}
