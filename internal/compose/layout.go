package compose

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/graft-build/graft/digest"
)

// layout is a composition's folder:
//
//	app                        link to the main module
//	modules/<path>@local       links to the folders of local plugins and of replace lines
//	go.mod, go.sum             of the composition
//	plugins.go                 the generated file
//	files/<path>               what templates have made of the main module's files
//	overlay.json               puts these into the main module
//
// The go command runs in app, with PWD saying so, and therefore sees every folder by a
// path below this one. What it writes of paths into a binary, such as the right sides of
// replace lines, is then the same wherever the folders really are.
type layout struct {
	gomod, gosum, file []byte
	files              []file
	name               string // of the generated file in the main package
	rel                string // folder of the main package in its module
}

func (l layout) flags(dir, mod string) []string {
	return []string{
		"-mod=" + mod,
		"-modfile=" + filepath.Join(dir, "go.mod"),
		"-overlay=" + filepath.Join(dir, "overlay.json"),
	}
}

// write fills tmp, which will be found as dir.
func (c *composer) write(l layout, tmp, dir string) error {
	overlay := map[string]string{filepath.Join(dir, "app", l.rel, l.name): filepath.Join(dir, "plugins.go")}
	for _, f := range l.files {
		made := filepath.FromSlash(f.name())
		overlay[filepath.Join(dir, "app", filepath.FromSlash(f.to))] = filepath.Join(dir, made)
		if err := os.MkdirAll(filepath.Join(tmp, filepath.Dir(made)), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(tmp, made), f.data, 0o666); err != nil {
			return err
		}
	}
	overlayJSON, err := json.Marshal(map[string]map[string]string{"Replace": overlay})
	if err != nil {
		return err
	}
	files := []struct {
		name string
		b    []byte
	}{{"go.mod", l.gomod}, {"go.sum", l.gosum}, {"plugins.go", l.file}, {"overlay.json", overlayJSON}}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(tmp, f.name), f.b, 0o666); err != nil {
			return err
		}
	}
	if err := os.Symlink(c.app.mod.root, filepath.Join(tmp, "app")); err != nil {
		return err
	}
	for _, p := range c.replaces {
		if p.mod == nil {
			continue
		}
		link := filepath.Join(tmp, filepath.FromSlash(p.link()))
		if err := os.MkdirAll(filepath.Dir(link), 0o777); err != nil {
			return err
		}
		if err := os.Symlink(p.mod.root, link); err != nil {
			return err
		}
	}
	return nil
}

// place puts the finished layout into the store. Its key has the folders' places beside the
// composition's own.
func (c *composer) place(ctx context.Context, l layout, comp digest.Digest) (string, error) {
	k := digest.NewKey("composition/1").AddDigest("composition", comp).Add("app", c.app.mod.root)
	for _, p := range c.replaces {
		if p.mod != nil {
			k.Add("link", p.link(), p.mod.root)
		}
	}
	key := k.Digest()
	dir, _, err := c.Store.Tree(ctx, "composition", key, func(_ context.Context, tmp string) error {
		if err := c.write(l, tmp, c.Store.TreePath("composition", key)); err != nil {
			return fmt.Errorf("write composition: %w", err)
		}
		return nil
	})
	return dir, err
}
