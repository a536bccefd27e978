// Package cli is graft's command line: one file a command, each turning flags into a call of
// the facade and its result into text or JSON. Only this package prints.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/graft-build/graft"
	"github.com/graft-build/graft/event"
)

// World is everything that the command line has from its process.
type World struct {
	Args       []string // without the program's name
	Env        []string
	Dir        string // working folder
	Executable string // path of this program
	Stdin      io.Reader
	Stdout     io.Writer // results
	Stderr     io.Writer // progress, messages
	Terminal   bool      // Stderr is one
}

// app is one run of the command line.
type app struct {
	World
	view    *view
	verbose bool
	json    bool
	offline bool
	jobs    int
}

// Main runs a command line and returns the exit status (see Status in status.go).
func Main(ctx context.Context, w World) int {
	a := &app{World: w}
	a.view = newView(w.Stderr, w.Terminal)
	root := a.root()
	root.SetArgs(w.Args)
	root.SetIn(w.Stdin)
	root.SetOut(w.Stdout)
	root.SetErr(w.Stderr)
	err := root.ExecuteContext(ctx)
	a.view.close()
	return a.fail(ctx, err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "graft",
		Short: "Build a Go program with the plugins you picked, for every system you need",
		Long: `graft builds a Go application together with plugins, for every system you need,
C libraries included, and packages the result as that system expects.

A folder's graft.yaml says what to build; flags alone are enough as well.`,
		Example: `  graft build                                     what ./graft.yaml says
  graft build ./app --with ./plugin               an application with a plugin
  graft build ./app --with example.com/p@v1.2.3 --target rpi4 --format deb
  graft run ./app --with ./plugin                 build for this machine and start it
  graft exec --target rpi4 -- go build ./...      any command with the target's compiler and libraries`,
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRun: func(*cobra.Command, []string) { a.view.verbose, a.view.quiet = a.verbose, a.json },
	}
	root.PersistentFlags().BoolVarP(&a.verbose, "verbose", "v", false, "show each command that is run, with its environment, and every decision")
	root.PersistentFlags().BoolVar(&a.json, "json", false, "write the result as JSON")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return &usageError{c.CommandPath(), err} })
	root.AddCommand(
		a.nixBuilderCommand(),
		a.buildCommand(), a.runCommand(), a.lockCommand(), a.fetchCommand(), a.execCommand(),
		a.initCommand(), a.importCommand(), a.addCommand(), a.removeCommand(), a.publishCommand(),
		a.listCommand(), a.outdatedCommand(), a.whyCommand(), a.inspectCommand(), a.diffCommand(), a.verifyCommand(),
		a.targetsCommand(), a.schemaCommand(), a.storeCommand(), a.versionCommand(),
	)
	root.CompletionOptions.HiddenDefaultCmd = false
	return root
}

// open opens the project that a command works on, with this run's settings.
func (a *app) open(dir string) (*graft.Project, error) {
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(a.Dir, dir)
	}
	return graft.Open(dir, graft.Config{
		Env: a.Env, Events: event.Sink(a.view.event), Offline: a.offline, Jobs: a.jobs, Executable: a.Executable,
	})
}

// workFlags are those of every command that may download and build.
func (a *app) workFlags(c *cobra.Command) {
	c.Flags().BoolVar(&a.offline, "offline", false, "download nothing: use what the store has")
	c.Flags().IntVarP(&a.jobs, "jobs", "j", 0, "targets to build at once (default: one a processor)")
}

// printJSON writes a result for machines.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// arguments says how many arguments a command takes, as an error of usage.
func arguments(least, most int, want string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < least || most >= 0 && len(args) > most {
			return &usageError{c.CommandPath(), errors.New("want " + want)}
		}
		return nil
	}
}
