package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/graft-build/graft"
)

func (a *app) diffCommand() *cobra.Command {
	status := false
	c := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Tell how two locks, artifacts or folders of artifacts differ",
		Long: `Diff tells how NEW differs from OLD, for somebody who has to agree to it: versions of plugins,
modules and packages, tools, libraries and files that are new, gone or changed, relations of a
Debian package, sizes.

OLD and NEW are two graft.lock files, two artifacts, or two folders that graft build has written,
whose artifacts of the same kind and target are compared. What artifacts were composed of they say
themselves (graft inspect).

The exit status is 0 whether they differ or not; with --exit-code it is 1 when they do.`,
		Example: `  git show HEAD~1:graft.lock > old.lock && graft diff old.lock graft.lock
  graft diff app_1.0.0_amd64.deb dist/app_1.1.0_amd64.deb
  graft diff --json release/ dist/`,
		Args: arguments(2, 2, "two locks, two artifacts or two folders"),
		RunE: func(c *cobra.Command, args []string) error {
			place := func(name string) string {
				if filepath.IsAbs(name) {
					return name
				}
				return filepath.Join(a.Dir, name)
			}
			res, err := graft.Compare(c.Context(), place(args[0]), place(args[1]))
			if err != nil {
				return err
			}
			res.Old, res.New = args[0], args[1]
			for i := range res.Parts {
				p := &res.Parts[i]
				p.Old, p.New = filepath.Join(args[0], filepath.Base(p.Old)), filepath.Join(args[1], filepath.Base(p.New))
			}
			if a.json {
				err = a.printJSON(res)
			} else {
				err = a.printComparison(res)
			}
			if err == nil && status && !res.Same() {
				return &graft.ExitError{Status: StatusRefused}
			}
			return err
		},
	}
	c.Flags().BoolVar(&status, "exit-code", false, "end with status 1 when they differ")
	return c
}

func (a *app) printComparison(res *graft.Comparison) error {
	if res.Same() {
		_, err := fmt.Fprintln(a.Stdout, "nothing differs")
		return err
	}
	if err := printChanges(a.Stdout, res.Changes); err != nil {
		return err
	}
	for _, p := range res.Parts {
		fmt.Fprintf(a.Stdout, "%s → %s\n", p.Old, p.New)
		if err := printChanges(a.Stdout, p.Changes); err != nil {
			return err
		}
	}
	return nil
}

func printChanges(out io.Writer, list []graft.Change) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, c := range list {
		name := c.Name
		if len(c.Targets) > 0 {
			name += " (" + strings.Join(c.Targets, ", ") + ")"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", c.Subject, printable(name), printable(changeText(c)))
	}
	return w.Flush()
}

func changeText(c graft.Change) string {
	content := c.Subject == "file" || c.Subject == "library"
	sizes := ""
	switch {
	case c.OldSize > 0 && c.NewSize > 0 && c.OldSize != c.NewSize:
		sizes = fmt.Sprintf("%s → %s (%+d bytes)", size(c.OldSize), size(c.NewSize), c.NewSize-c.OldSize)
	case c.OldSize+c.NewSize > 0 && c.OldSize != c.NewSize:
		sizes = size(c.OldSize + c.NewSize)
	case content:
		sizes = "same size"
	}
	what := c.Old + " → " + c.New
	switch {
	case c.Subject == "size":
		return sizes
	case c.Old == "" && content:
		what = "new"
	case c.New == "" && content:
		what = "gone"
	case content:
		what = "changed"
	case c.Old == "":
		what = "new: " + c.New
	case c.New == "":
		what = "gone: " + c.Old
	}
	if sizes != "" {
		what += ", " + sizes
	}
	return what
}
