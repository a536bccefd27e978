package cli

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/graft-build/graft"
)

func (a *app) whyCommand() *cobra.Command {
	var f composition
	c := &cobra.Command{
		Use:   "why NAME [APP]",
		Short: "Tell what pulls something into the composition",
		Long: `Why prints, for each target of the lock, the chain that leads from the application or a
plugin to NAME: a Go module or package, a package of the distribution, a shared library or DLL,
a header, a .pc file, or a need such as lib:pcap. Of a package that is left out, though others
depend on it, it says so.

The answer comes from graft.lock, the composition's imports and the packages in the store; no
index is asked and nothing is downloaded. graft fetch brings packages that the store lacks.`,
		Example: `  graft why libfreetype6
  graft why libcairo.so.2 --target rpi4
  graft why cairo.h
  graft why golang.org/x/sys`,
		Args: arguments(1, 2, "a name, and one application at most"),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.open(a.split(args[1:], &f.req))
			if err != nil {
				return err
			}
			f.req.Dir = a.Dir
			res, err := p.Why(c.Context(), f.req, args[0])
			if err != nil {
				return err
			}
			a.view.close()
			if a.json {
				return a.printJSON(res)
			}
			a.printWhy(res)
			return nil
		},
		ValidArgsFunction: a.completeLocked,
	}
	f.add(c)
	f.addTargets(c)
	a.workFlags(c)
	c.Flags().StringVarP(&f.req.Out, "out", "o", "dist", "folder of the lock when there is no manifest")
	return c
}

// printWhy writes the answers; those of several targets once, when they are the same.
func (a *app) printWhy(res *graft.Explanation) {
	w := a.Stdout
	var texts []string
	targets := map[string][]string{}
	for _, t := range res.Targets {
		text := answer(res, t)
		if targets[text] == nil {
			texts = append(texts, text)
		}
		targets[text] = append(targets[text], t.Target)
	}
	for _, text := range texts {
		if text != "" {
			fmt.Fprintf(w, "%s: %s", strings.Join(targets[text], ", "), text)
		}
	}
	for _, chain := range res.Modules {
		fmt.Fprintf(w, "no package of %s is imported; it is in the build list because\n", res.Name)
		for _, m := range chain {
			fmt.Fprintf(w, "  %s requires %s\n", m.Module, m.Requires)
		}
	}
	if n := len(res.Lacking); n > 0 {
		fmt.Fprintf(w, "not looked into, because the store lacks them (graft fetch): %s\n", strings.Join(res.Lacking, ", "))
	}
}

func answer(res *graft.Explanation, t graft.WhyTarget) string {
	var w strings.Builder
	switch {
	case len(t.Chains) > 0:
		fmt.Fprintf(&w, "%s\n", res.Name)
		for _, c := range t.Chains {
			printChain(&w, c)
		}
	case len(t.LeftOut) > 0:
		fmt.Fprintf(&w, "%s is left out\n", res.Name)
		for _, l := range t.LeftOut {
			fmt.Fprintf(&w, "  %s depends on %s, but %s\n", l.By, l.States, l.Reason)
		}
	case len(res.Modules) == 0:
		fmt.Fprintf(&w, "nothing is called %s\n", res.Name)
	}
	return w.String()
}

// printChain writes a chain, a link a line, each below what leads to it.
func printChain(w io.Writer, c graft.Chain) {
	for _, l := range c {
		switch l.Kind {
		case "application", "plugin":
			text := l.Kind + " " + cmp.Or(l.Place, l.Name)
			if l.Place != "" && l.Place != l.Name {
				text += " (" + l.Name + ")"
			}
			fmt.Fprintf(w, "  %s%s\n", text, version(l))
		case "import":
			fmt.Fprintf(w, "    imports %s%s\n", l.Name, version(l))
		case "need":
			fmt.Fprintf(w, "    %s %s", l.Reason, l.Name)
			if l.Place != "" {
				fmt.Fprintf(w, " (%s)", l.Place)
			}
			fmt.Fprintln(w)
		case "package":
			fmt.Fprintf(w, "    package %s%s", l.Name, version(l))
			if l.Reason != "" {
				fmt.Fprintf(w, ": %s", l.Reason)
			}
			fmt.Fprintln(w)
		case "root":
			fmt.Fprintf(w, "  %s\n", l.Name)
		default:
			fmt.Fprintf(w, "    %s %s\n", l.Reason, l.Name)
		}
	}
}

func version(l graft.Link) string {
	if l.Version == "" {
		return ""
	}
	return " " + l.Version
}

// completeLocked offers the names of the lock in the working folder.
func (a *app) completeLocked(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return graft.LockedNames(a.Dir), cobra.ShellCompDirectiveNoFileComp
}
