package shim

import (
	"strings"

	"github.com/graft-build/graft/internal/format/pc"
)

// cleanFlags takes out of pkg-config's answers what the compiler shim would drop anyway
// (row 5): the go command refuses some of these flags before the shim sees them, and not
// everything that asks pkg-config hands the answer to the shim.
func cleanFlags(flags []pc.Flag) []pc.Flag {
	out := flags[:0:0]
	for _, f := range flags {
		if f.Type != 0 || !strings.HasPrefix(f.Data, "-Wl,") || len(f.Args) > 0 {
			if !unwanted[strings.Join(f.Words(), " ")] {
				out = append(out, f)
			}
			continue
		}
		if opts := cleanLinker(strings.Split(f.Data[len("-Wl,"):], ",")); len(opts) > 0 {
			f.Data = "-Wl," + strings.Join(opts, ",")
			out = append(out, f)
		}
	}
	return out
}

// unwanted are flags of .pc files that are no linker options and mean nothing to zig.
var unwanted = map[string]bool{"-mthreads": true, "-fno-canonical-system-headers": true, "-static-libgcc": true, "-static-libstdc++": true}

// cleanLinker leaves out the options that are dropped without an effect.
func cleanLinker(args []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		o := parseOption(args[i])
		opt, known := options[o.name]
		next := known && opt.value && !o.has && i+1 < len(args)
		if !known || opt.do != ignore {
			out = append(out, args[i])
			if next {
				out = append(out, args[i+1])
			}
		}
		if next {
			i++
		}
	}
	return out
}
