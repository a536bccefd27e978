package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/graft-build/graft"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of graft, of its Go and of the zig it compiles C with",
		Args:  arguments(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			v := struct {
				Graft string `json:"graft"`
				Build string `json:"build,omitempty"` // the go command's version of what was compiled
				Go    string `json:"go"`
				Zig   string `json:"zig"`
				Host  string `json:"host"`
			}{graft.Version(), graft.Build(), runtime.Version(), graft.ZigVersion, runtime.GOOS + "/" + runtime.GOARCH}
			if a.json {
				return a.printJSON(v)
			}
			var build string
			if v.Build != "" {
				build = v.Build + ", "
			}
			_, err := fmt.Fprintf(a.Stdout, "graft %s (%s%s, zig %s, %s)\n", v.Graft, build, v.Go, v.Zig, v.Host)
			return err
		},
	}
}
