package cli

import (
	"github.com/spf13/cobra"
)

func (a *app) runCommand() *cobra.Command {
	var f composition
	c := &cobra.Command{
		Use:   "run [APP] [-- ARGUMENTS]",
		Short: "Build an application with its plugins for this machine and start it",
		Long: `Run builds the application for this machine, with the C libraries of the lock, and
starts it in the working folder. Nothing is installed and no artifact is written.
The exit status is the program's.`,
		Example: `  graft run
  graft run examples/image-server -- -addr :9090
  graft run ./app --with ./my-plugin`,
		RunE: func(c *cobra.Command, args []string) error {
			rest := []string{}
			if n := c.ArgsLenAtDash(); n >= 0 {
				args, rest = args[:n], args[n:]
			}
			if err := arguments(0, 1, "one application at most; arguments for it follow --")(c, args); err != nil {
				return err
			}
			p, err := a.open(a.split(args, &f.req))
			if err != nil {
				return err
			}
			f.req.Dir = a.Dir
			prog, err := p.Program(c.Context(), f.req)
			if err != nil {
				return err
			}
			defer prog.Close()
			a.view.close()
			return prog.Run(c.Context(), rest, a.Stdin, a.Stdout, a.Stderr)
		},
	}
	f.add(c)
	f.addTargets(c)
	a.workFlags(c)
	return c
}
