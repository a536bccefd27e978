package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/graft-build/graft"
	"github.com/graft-build/graft/manifest"
	"github.com/graft-build/graft/target"
)

// composition are the flags that say what is built.
type composition struct {
	req graft.Request
}

func (f *composition) add(c *cobra.Command) {
	c.Flags().StringArrayVarP(&f.req.With, "with", "w", nil, "plugin beside the manifest's: a folder, or package@version (repeatable)")
	c.Flags().StringArrayVar(&f.req.Plugins, "plugin", nil, "plugin instead of the manifest's (repeatable; \"\" for none)")
	c.Flags().StringSliceVar(&f.req.Tags, "tags", nil, "build tags beside the manifest's")
	c.Flags().StringVar(&f.req.Interface, "interface", "", "what a plugin's entry function returns: example.com/api.Plugin")
	c.Flags().StringVar(&f.req.Entry, "entry", "", "name of a plugin's entry function")
	c.Flags().StringVar(&f.req.Register, "register", "", "Go statement for each plugin, such as 'plugins = append(plugins, {{.Entry}})'")
	c.Flags().BoolVar(&f.req.Locked, "locked", false, "fail when graft.lock would have to change")
}

func (f *composition) addTargets(c *cobra.Command) {
	c.Flags().StringSliceVarP(&f.req.Targets, "target", "t", nil, "system to build for (graft targets; repeatable)")
	c.RegisterFlagCompletionFunc("target", completeTargets)
}

// addOrigin adds the flags of what lies beside artifacts.
func (f *composition) addOrigin(c *cobra.Command) {
	c.Flags().StringSliceVar(&f.req.SBOM, "sbom", nil, "bill of materials beside each artifact: cyclonedx, spdx or none (default cyclonedx; repeatable)")
	c.Flags().StringVar(&f.req.ProvenanceKey, "provenance-key", "", "file with the private key (PEM, Ed25519 or ECDSA) that signs the provenance (default $GRAFT_PROVENANCE_KEY)")
	c.RegisterFlagCompletionFunc("sbom", cobra.FixedCompletions([]string{"cyclonedx", "spdx", "none"}, cobra.ShellCompDirectiveNoFileComp))
}

func completeTargets(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var out []string
	for _, t := range target.All() {
		out = append(out, t.Name+"\t"+t.Platform.String())
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// split separates the APP argument into the project's folder and the application: a folder
// is a project, package@version is an application built from the working folder's settings.
func (a *app) split(args []string, req *graft.Request) (dir string) {
	if len(args) == 0 {
		return "."
	}
	if strings.Contains(args[0], "@") {
		req.App = args[0]
		return "."
	}
	return args[0]
}

func (a *app) buildCommand() *cobra.Command {
	var f composition
	c := &cobra.Command{
		Use:   "build [APP]",
		Short: "Build an application with its plugins and package it for its targets",
		Long: `Build builds the application APP with its plugins for each target and writes the
artifacts to the folder dist, with artifacts.json and SHA256SUMS. Beside each artifact lies
its bill of materials (NAME.cdx.json) and its provenance (NAME.intoto.jsonl): what it was
built from, signed when there is a key.

APP is a folder (default: this one) or package@version. A graft.yaml in the folder
says the rest; flags add to it. The first build writes graft.lock beside the
manifest (without a manifest: beside the artifacts), which pins every input;
later builds use exactly those and ask no index.`,
		Example: `  graft build
  graft build examples/image-server --target rpi4
  graft build ./app --with ./plugin --with example.com/p@v1.2.3 --format deb --out dist
  graft build ./app --plugin ./one --plugin ./two --from-lock app/graft.lock --from-lock two/graft.lock`,
		Args: arguments(0, 1, "one application at most"),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.open(a.split(args, &f.req))
			if err != nil {
				return err
			}
			f.req.Dir = a.Dir
			res, err := p.Build(c.Context(), f.req)
			if err != nil {
				return err
			}
			a.view.close()
			return a.printArtifacts(res)
		},
	}
	f.add(c)
	f.addTargets(c)
	a.workFlags(c)
	c.Flags().StringSliceVarP(&f.req.Formats, "format", "f", nil, "artifact to write: "+strings.Join(manifest.Formats, ", ")+" (repeatable)")
	f.addOrigin(c)
	c.Flags().StringVarP(&f.req.Out, "out", "o", "dist", "folder for the artifacts")
	c.Flags().StringVar(&f.req.Name, "name", "", "name of the program and its artifacts")
	c.Flags().StringVar(&f.req.Version, "app-version", "", "version of the artifacts")
	c.Flags().StringArrayVar(&f.req.Locks, "from-lock", nil, "`FILE` of a lock that versions are taken from; nothing is chosen that none of those given has (repeatable)")
	c.Flags().BoolVar(&f.req.Snapshot, "snapshot", false, "add the git commit to the version: 1.2.0~5.gabc1234, which is before 1.2.0")
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(manifest.Formats, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (a *app) printArtifacts(res *graft.Result) error {
	if a.json {
		return a.printJSON(res)
	}
	w := tabwriter.NewWriter(a.Stdout, 0, 0, 2, ' ', 0)
	for _, art := range res.Artifacts {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", art.Path, art.Target, art.Kind, size(art.Size))
	}
	return w.Flush()
}
