package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/graft-build/graft"
)

func (a *app) importCommand() *cobra.Command {
	var req graft.ImportRequest
	var dir string
	c := &cobra.Command{
		Use:   "import FILE | -- xcaddy build …",
		Short: "Write graft.yaml from what another builder is told",
		Long: `Import reads what another builder is told and writes a graft.yaml that builds the same
into this folder, with the files that it needs:

  a manifest of the OpenTelemetry collector's builder (ocb): main.go, go.mod and a
  template of components.go; the components are the plugins
  CoreDNS's plugin.cfg: templates of the two files that list its plugins
  an xcaddy command line, with GOOS=… before it or without

What has no counterpart is listed by line. Versions that are not named are looked up.
Paths in FILE are relative to its folder.`,
		Example: `  graft import builder-config.yaml
  graft import plugin.cfg --app github.com/coredns/coredns@v1.12.4
  graft import -C mycaddy -- GOOS=linux xcaddy build v2.8.4 --with example.com/plugin@v1.0.0`,
		Args: func(c *cobra.Command, args []string) error {
			if dash := c.ArgsLenAtDash(); dash == 0 && len(args) > 0 || dash < 0 && len(args) == 1 {
				return nil
			}
			return &usageError{c.CommandPath(), errors.New("want one file, or -- and a command line")}
		},
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.open(dir)
			if err != nil {
				return err
			}
			req.Dir = a.Dir
			if c.ArgsLenAtDash() == 0 {
				req.Command = args
			} else {
				req.File = args[0]
			}
			res, err := p.Import(c.Context(), req)
			if err != nil {
				return err
			}
			a.view.close()
			if a.json {
				return a.printJSON(res)
			}
			fmt.Fprintf(a.Stdout, "wrote %s\n", strings.Join(res.Files, ", "))
			for _, n := range res.Notes {
				place := "xcaddy"
				if req.File != "" {
					place = req.File
				}
				if n.Line > 0 {
					place = fmt.Sprintf("%s:%d", place, n.Line)
				}
				fmt.Fprintf(a.Stderr, "%s: %s\n", place, printable(n.Text))
			}
			return nil
		},
	}
	c.Flags().StringVarP(&dir, "dir", "C", ".", "folder that the files are written into")
	c.Flags().StringVar(&req.App, "app", "", "for plugin.cfg: the CoreDNS to build, a folder or package@version")
	c.Flags().BoolVar(&req.Force, "force", false, "write over files that are there")
	c.Flags().BoolVar(&req.AsIs, "no-check", false, "look no versions up: write @latest where none is named")
	c.Flags().BoolVar(&a.offline, "offline", false, "download nothing: use what the store has")
	return c
}
