package nixbuild

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/graft-build/graft/event"
)

// Builder is one run of a derivation's builder.
type Builder struct {
	Out        string // the output, which must not be there
	Top        string // the build's own folder
	Executable string // this graft
	GoCache    string // Go's build cache; default: a new one in Top
	Events     event.Sink
}

// Run does what a plan says. On an error Nix throws away what is there of the output.
func (b Builder) Run(ctx context.Context, p Plan) error {
	if !filepath.IsAbs(b.Out) || !filepath.IsAbs(b.Top) {
		return errors.New("nix-builder: out and NIX_BUILD_TOP must be absolute paths")
	}
	if _, err := os.Lstat(b.Out); err == nil {
		return fmt.Errorf("nix-builder: %s is there already", b.Out)
	}
	switch p.Do {
	case "go":
		return b.unpackGo(ctx, p.Zip)
	case "zig":
		return b.unpackZig(ctx, p.Files)
	case "unpack":
		return b.unpackArtifact(ctx, p.Unpack)
	}
	return b.build(ctx, p.Build)
}
