package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/graft-build/graft"
)

func (a *app) storeCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "store",
		Short: "Show or clean the store of downloads and build results",
		Long: `The store keeps downloads, unpacked packages, kits and build results by their content.
It is in the user's cache folder; GRAFT_STORE moves it. Removing it costs time, nothing else.`,
	}
	c.AddCommand(&cobra.Command{
		Use: "dir", Short: "Print the store's folder", Args: arguments(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			dir, err := graft.StoreDir(a.Env)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(map[string]string{"dir": dir})
			}
			_, err = fmt.Fprintln(a.Stdout, dir)
			return err
		},
	})
	var days int
	gc := &cobra.Command{
		Use: "gc", Short: "Remove what nobody used for a while", Args: arguments(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			freed, err := graft.CollectStore(c.Context(), a.Env, time.Duration(days)*24*time.Hour)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(freed)
			}
			_, err = fmt.Fprintf(a.Stdout, "removed %d entries, %s\n", freed.Entries, size(freed.Bytes))
			return err
		},
	}
	gc.Flags().IntVar(&days, "days", 30, "age of what is removed, in days since its last use")
	c.AddCommand(gc)
	return c
}
