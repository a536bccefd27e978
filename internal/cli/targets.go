package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/graft-build/graft/target"
)

// targetRow is a target as graft targets --json writes it.
type targetRow struct {
	Name       string   `json:"name"`
	Aliases    []string `json:"aliases,omitempty"`
	Platform   string   `json:"platform"`
	Repository string   `json:"repository,omitempty"`
	Libc       string   `json:"libc,omitempty"`
	Formats    []string `json:"formats"`
}

func (a *app) targetsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "targets",
		Short: "List the systems that graft builds for",
		Long: `Targets lists the presets: the platform, where its C libraries come from, its C library
and the artifacts that are written by default. Every other GOOS/GOARCH that Go knows is a
target too, without C. --format asks for other artifacts: deb, rpm, apk, archlinux, oci
and docker for Linux, zip for Windows, tar.gz for all.`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			rows := []targetRow{}
			for _, t := range target.All() {
				rows = append(rows, targetRow{t.Name, t.Aliases, t.Platform.String(), t.Repo, t.ABI.Libc, t.Formats})
			}
			if a.json {
				return a.printJSON(rows)
			}
			w := tabwriter.NewWriter(a.Stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "TARGET\tALSO\tPLATFORM\tPACKAGES\tLIBC\tFORMATS")
			for _, r := range rows {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, strings.Join(r.Aliases, " "), r.Platform, or(r.Repository, "-"), r.Libc, strings.Join(r.Formats, " "))
			}
			fmt.Fprintln(w, "GOOS/GOARCH\t\tany of Go\t-\tno C\ttar.gz")
			return w.Flush()
		},
	}
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
