package compose

import "context"

// LocatePlugin finds one plugin as Compose would, by a folder or package@query, and says
// which version it is. A module is downloaded; whether it fits the application is not asked.
func LocatePlugin(ctx context.Context, d Deps, dir, ref string) (Plugin, error) {
	c := &composer{Deps: d, spec: Spec{Dir: dir}}
	p, err := c.locatePlugin(ctx, PluginSpec{Ref: ref})
	if err != nil {
		return Plugin{}, err
	}
	return Plugin{Ref: ref, Path: p.pkg, Module: p.mod.path, Version: p.mod.version, Dir: p.dir, Root: p.mod.root}, nil
}
