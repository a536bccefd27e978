package toolchain

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/run"
	"github.com/graft-build/graft/internal/toolchain/shim"
)

// warm links a small program, once for each target and zig. zig then has compiled the start
// files, the C library's stubs and its own runtime; several zigs that do so at the same time
// get into each other's way (ziglang/zig#20689). The marker that it is done lies in the cache,
// and goes with it.
func (k Kit) warm(ctx context.Context, c KitConfig) error {
	key := digest.NewKey("zig-warm/1").AddDigest("zig", c.Zig.Digest).Add("target", k.Spec.Target, k.Spec.CPU, k.Spec.Libc).Digest()
	marker := filepath.Join(k.Spec.Cache, "warm-c-"+key.Short())
	if exists(marker) {
		return nil
	}
	unlock, err := c.Store.Lock(ctx, "zig-warm-"+key.Short())
	if err != nil {
		return err
	}
	defer unlock()
	if exists(marker) {
		return nil
	}
	tmp, done, err := c.Store.Temp("warm")
	if err != nil {
		return err
	}
	defer done()
	for _, how := range warmUps(k.Spec) {
		cmd := run.Cmd{
			Argv:   append([]string{k.Tool("cc"), "-x", "c", "-", "-o", filepath.Join(tmp, "out")}, how...),
			Env:    []string{"PWD=" + tmp, "TMPDIR=" + tmp, "TMP=" + tmp, "PATH="},
			Dir:    tmp,
			Stdin:  strings.NewReader("#include <stdio.h>\n#include <math.h>\nint main(int c, char **v) { return printf(\"%f\", sin(c)) < 0; }\n"),
			Events: event.Sink(c.Events),
		}
		if _, err := run.Output(ctx, cmd); err != nil {
			return err
		}
	}
	return os.WriteFile(marker, nil, 0o644)
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// warmUps lists the kinds of link for which zig compiles different start files.
func warmUps(s shim.Spec) [][]string {
	switch s.OS {
	case "windows": // zig compiles all for a stripped program once more; see stripFlags
		return [][]string{{"-s"}}
	case "linux":
	default:
		return [][]string{nil}
	}
	return [][]string{{"-no-pie", "-rdynamic", "-lm"}, {"-pie", "-lm"}}
}
