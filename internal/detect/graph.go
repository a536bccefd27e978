package detect

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/compose"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/internal/run"
	"github.com/graft-build/graft/target"
)

// Graph is which Go package of a composition imports which, for one target. It asks the go
// command each time: only explanations need it.
type Graph struct {
	imports map[string][]string // in the order of go list, the standard library's left out
	modules map[string]string   // of each package
}

// NewGraph lists the imports of the composition's packages.
func NewGraph(ctx context.Context, d compose.Deps, comp compose.Composition, t target.Target, tags []string) (*Graph, error) {
	argv := append([]string{d.Go.Exe, "list", "-e", "-deps", "-json=ImportPath,Standard,Imports,ImportMap,Module"}, comp.Flags...)
	if len(tags) > 0 {
		argv = append(argv, "-tags="+strings.Join(tags, ","))
	}
	env := slices.Concat(d.Go.Env, comp.Env, compose.PlatformEnv(t))
	if d.Offline {
		env = append(env, "GOPROXY=off", "GOSUMDB=off")
	}
	out, err := run.Output(ctx, run.Cmd{Argv: append(argv, comp.Package), Env: env, Dir: comp.Dir, Events: d.Events})
	if err != nil {
		return nil, goError(ctx, comp, t, err)
	}
	g := &Graph{imports: map[string][]string{}, modules: map[string]string{}}
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p struct {
			ImportPath string
			Standard   bool
			Imports    []string
			ImportMap  map[string]string
			Module     *struct{ Path string }
		}
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("list imports for %s: read go list's answer: %w", t.Name, err)
		}
		if p.Standard {
			continue
		}
		for i, name := range p.Imports {
			if to, ok := p.ImportMap[name]; ok {
				p.Imports[i] = to
			}
		}
		g.imports[p.ImportPath] = p.Imports
		if p.Module != nil {
			g.modules[p.ImportPath] = p.Module.Path
		}
	}
	return g, nil
}

// Module is the module of a package.
func (g *Graph) Module(pkg string) string { return g.modules[pkg] }

// Path is the shortest way by imports from one package to another that is wanted, both
// included; nil when there is none. Packages of without are not passed.
func (g *Graph) Path(from string, wanted func(pkg string) bool, without ...string) []string {
	before := map[string]string{from: ""}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if wanted(at) {
			var path []string
			for ; at != ""; at = before[at] {
				path = append(path, at)
			}
			slices.Reverse(path)
			return path
		}
		for _, next := range g.imports[at] {
			if _, seen := before[next]; seen || slices.Contains(without, next) {
				continue
			}
			if _, ok := g.imports[next]; !ok {
				continue // the standard library's
			}
			before[next] = at
			queue = append(queue, next)
		}
	}
	return nil
}

// Stated is the place in a package's files where it states a need: file and line, "" and 0
// when it is not found.
func Stated(p Package, n resolve.Need) (file string, line int) {
	for _, name := range p.Files {
		file := filepath.Join(p.Dir, name)
		if fi, err := os.Stat(file); err != nil || !fi.Mode().IsRegular() || fi.Size() > maxSource {
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		i := 0
		for text := range strings.Lines(string(b)) {
			if i++; states(text, n) {
				return file, i
			}
		}
	}
	return "", 0
}

// states says whether a line states a need.
func states(line string, n resolve.Need) bool {
	line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "//"))
	words := strings.Fields(line)
	switch n.Kind {
	case resolve.PkgConfig:
		return strings.HasPrefix(line, "#cgo") && strings.Contains(line, "pkg-config:") && slices.Contains(words, n.Name)
	case resolve.Library:
		return strings.HasPrefix(line, "#cgo") && (slices.Contains(words, "-l"+n.Name) || slices.Contains(words, n.Name))
	case resolve.Header:
		return strings.HasPrefix(line, "#") && strings.Contains(line, "include") && (strings.Contains(line, "<"+n.Name+">") || strings.Contains(line, `"`+n.Name+`"`))
	}
	return false
}
