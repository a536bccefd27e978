package graft

import (
	"context"
	"os"
	"slices"

	"github.com/graft-build/graft/internal/detect"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/internal/winsys"
	"github.com/graft-build/graft/target"
)

// windowsSystem is what Windows itself provides, as zig's definitions say.
func (s *session) windowsSystem(ctx context.Context, t target.Target) (*winsys.System, error) {
	zig, err := s.zig(ctx)
	if err != nil {
		return nil, err
	}
	return winsys.Load(os.DirFS(zig.Lib), t.GOARCH())
}

// dropSystem takes out of what is needed the libraries that Windows and zig have themselves:
// -lgdi32, -lws2_32.
func (s *session) dropSystem(ctx context.Context, t target.Target, r *detect.Result) error {
	if !slices.ContainsFunc(r.Needs, func(n resolve.Need) bool { return n.Kind == resolve.Library }) {
		return nil
	}
	sys, err := s.windowsSystem(ctx, t)
	if err != nil {
		return err
	}
	r.Needs = slices.DeleteFunc(slices.Clone(r.Needs), func(n resolve.Need) bool {
		return n.Kind == resolve.Library && sys.Links(n.Name)
	})
	return nil
}
